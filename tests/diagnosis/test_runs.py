"""What runs say of themselves: trained in the process, judged by their outcome and history."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.diagnosis.cases import NOISY, RINGS, WINE, spec, training
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


DIES = spec(
    RINGS,
    "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]",
    training("CrossEntropyLoss", "{SGD: {lr: 50}}", epochs=8),
)


def test_a_layer_that_died_is_told_with_its_step(
    made: Path, findings: Callable[[str, str], list[dict[str, object]]]
) -> None:
    (first, *others) = findings("dies", DIES)
    every = [first, *others, *first["explains"]]  # type: ignore[misc]
    (dead,) = [each for each in every if each["id"] == "dead_units"]
    assert ", since step " in str(dead["evidence"])
    rows = [json.loads(line) for line in (made / "dies" / "statistics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "activations" in row] == [10, 50]


RAW = spec(
    "builtin:wine",
    "[Linear: 16, Sigmoid, Linear: $classes]",
    training("CrossEntropyLoss", "{SGD: {lr: 0.1}}", 8),
).replace("data: builtin:wine", f"data: {WINE}")


def test_train_ends_with_inputs_that_are_not_scaled(made: Path) -> None:
    (made / "raw.yaml").write_text(RAW)
    said = invoke(made, "train", "raw.yaml", "--run", "raw").err
    assert "[unscaled_inputs] proline (raw.yaml:1)" in said
    scaled = RAW.replace("scale: none", "scale: standard")
    (made / "scaled.yaml").write_text(scaled)
    assert "unscaled_inputs" not in invoke(made, "train", "scaled.yaml", "--run", "scaled").err


def test_two_networks_keep_statistics_of_each(tmp_path: Path) -> None:
    gan = (Path(__file__).parents[2] / "specs" / "digits-gan.yaml").read_text()
    (tmp_path / "gan.yaml").write_text(gan.replace("epochs: 150", "epochs: 1"))
    assert invoke(tmp_path, "train", "gan.yaml", "--run", "gan").code == 0
    rows = (tmp_path / "gan" / "statistics.jsonl").read_text()
    assert '"generator.linear":' in rows and '"discriminator.linear":' in rows
    assert '"activations":{' in rows and '"generator.relu":{' in rows
    answer = invoke(tmp_path, "inspect-gradients", "gan", "--strict")
    assert answer.code == 0, answer.out
