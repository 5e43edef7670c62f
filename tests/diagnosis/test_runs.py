"""What runs say of themselves: trained in the process, judged by their outcome and history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.diagnosis.cases import NOISY, RINGS, spec, training
from bench.diagnosis.faults import FAULTS
from tests.end_to_end.program import invoke

CASES = {case.name: case for case in FAULTS}
# One of each kind that only a run can show, and that a moment is enough for.
SHOWN = ("rate-50", "rate-tiny-sgd", "rate-diverges", "decay-3", "labels-shuffled", "one-hidden-unit")


@pytest.fixture
def findings(made: Path) -> Callable[[str, str], list[dict[str, object]]]:
    """Trains a spec and inspects its run."""

    def found(name: str, text: str) -> list[dict[str, object]]:
        (made / f"{name}.yaml").write_text(text)
        assert invoke(made, "train", f"{name}.yaml", "--run", name, "-q").code in (0, 7)
        (document,) = invoke(made, "inspect-gradients", name, "--json").rows()
        listed: list[dict[str, object]] = document["findings"]
        return listed

    return found


@pytest.mark.parametrize("name", SHOWN)
def test_a_fault_shows_in_its_run(name: str, findings: Callable[[str, str], list[dict[str, object]]]) -> None:
    case = CASES[name]
    (first, *_) = findings(name, case.text)
    assert first["id"] in case.roots
    assert any(str(first["path"]).startswith(place) for place in case.places)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "tanh",
            spec(RINGS, "[Linear: 32, Tanh, Linear: $classes]", training("CrossEntropyLoss", epochs=40)),
        ),
        (
            "noise",
            spec(NOISY, "[Linear: 8, ReLU, Linear: 1]", training("MSELoss", "{AdamW: {lr: 3e-3}}", 25)),
        ),
    ],
)
def test_healthy_runs_raise_no_alarm(
    name: str, text: str, findings: Callable[[str, str], list[dict[str, object]]]
) -> None:
    assert [each["id"] for each in findings(name, text) if each["severity"] != "note"] == []


def test_a_run_without_its_rows_of_figures_is_judged_by_its_weights(
    made: Path, findings: Callable[[str, str], list[dict[str, object]]]
) -> None:
    text = spec(RINGS, "[Linear: 16, ReLU, Linear: $classes]", training("CrossEntropyLoss", epochs=20))
    findings("bare", text)
    for file in ("metrics.jsonl", "statistics.jsonl", "log.jsonl"):
        (made / "bare" / file).unlink()
    answer = invoke(made, "inspect-gradients", "bare", "--strict")
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("more", ["precision: bf16", "accumulate: 3", "average: {ema: 0.9}"])
def test_other_ways_of_training_are_measured_too(
    more: str, findings: Callable[[str, str], list[dict[str, object]]]
) -> None:
    text = spec(
        RINGS, "[Linear: 32, ReLU, Linear: $classes]", training("CrossEntropyLoss", epochs=30, more=more)
    )
    assert findings(more.partition(":")[0], text) == []


def test_two_networks_keep_statistics_of_each(tmp_path: Path) -> None:
    gan = (Path(__file__).parents[2] / "specs" / "digits-gan.yaml").read_text()
    (tmp_path / "gan.yaml").write_text(gan.replace("epochs: 150", "epochs: 1"))
    assert invoke(tmp_path, "train", "gan.yaml", "--run", "gan").code == 0
    rows = (tmp_path / "gan" / "statistics.jsonl").read_text()
    assert '"generator.linear":' in rows and '"discriminator.linear":' in rows
    answer = invoke(tmp_path, "inspect-gradients", "gan")
    assert answer.code != 70 and "Traceback" not in answer.err
