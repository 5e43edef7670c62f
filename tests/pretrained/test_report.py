from __future__ import annotations

from nncli.pretrained.report import WeightsReport, WrongShape, shortened
from tests.pretrained.files import planned


def test_each_count_is_a_line_with_its_first_names() -> None:
    wanted = {f"b.{number}.weight": (2, 2) for number in range(6)} | {"head.bias": (3,)}
    available = {f"h.{number}.weight": (2, 2) for number in range(6)} | {"mask": (9,), "fc.bias": (3,)}
    plan = planned(wanted, available, 'rename: {"h.": "b."}\nskip: [mask]')
    assert plan.report.lines() == [
        "loaded: 6 (b.0.weight, b.1.weight, b.2.weight, b.3.weight, b.4.weight and 1 more)",
        f"renamed: 6 ({', '.join(f'h.{n}.weight → b.{n}.weight' for n in range(5))} and 1 more)",
        "skipped: 1 (mask)",
        "missing: 1 (head.bias)",
        "left over: 1 (fc.bias)",
        "fc.bias of the file may be head.bias of the network",
    ]


def test_nothing_loaded_is_said() -> None:
    assert WeightsReport().lines() == ["loaded: 0"]


def test_wrong_shapes_say_both() -> None:
    wrong = WrongShape("a", "b", (2, 3), (3, 2))
    assert wrong.is_transposed
    assert WeightsReport(wrong_shape=(wrong,)).lines()[1] == (
        "wrong shape: 1 (a ([2, 3] in the file, [3, 2] in the network))"
    )


def test_names_of_a_file_cannot_move_the_cursor() -> None:
    assert WeightsReport(left_over=("\x1b[2Ja",)).lines()[1] == "left over: 1 (\\x1b[2Ja)"


def test_few_names_are_all_shown() -> None:
    assert shortened(["a", "b"]) == "a, b"
