from __future__ import annotations

from nncli.natural_order import natural_order


def test_numbers_count_by_their_value() -> None:
    names = ["part 10", "part 2", "part 02", "a", "2", "part", "\u0662", ""]
    assert sorted(names, key=natural_order) == [
        "",
        "2",
        "a",
        "part",
        "part 02",
        "part 2",
        "part 10",
        "\u0662",
    ]
