from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.program import invoke
from tests.reports.conftest import report

SECTIONS = (
    "curves verdicts flow activations answers worst data graph spec environment"
).split()  # fmt: skip
MISSING = "Not here: "
DRAWN = {"curves": 2, "flow": 3, "activations": 1, "answers": 2, "graph": 1}


def test_a_run_of_classes_has_every_section(runs: Path) -> None:
    page = report(runs, "runs/iris")
    assert [each["id"] for each in page.named("section")] == [f"run-{name}" for name in SECTIONS]
    assert page.title == "iris"
    assert not any(MISSING in text for text in page.texts.values())
    assert {name: page.inside(f"run-{name}", "svg") for name in DRAWN} == DRAWN
    assert "best: " in page.texts["run-curves"] and "validation" in page.texts["run-curves"]
    assert "checks were made" in page.texts["run-verdicts"]
    assert "linear_2" in page.texts["run-flow"] and "relu" in page.texts["run-activations"]
    assert "On the validation part, 23 rows: loss " in page.texts["run-answers"]
    assert "petal_width" in page.texts["run-worst"] and "virginica" in page.texts["run-worst"]
    assert "train 104, validation 23, test 23" in page.texts["run-data"]
    assert "AdamW: {lr: 1e-2}" in page.texts["run-spec"]
    assert "torch" in page.texts["run-environment"]


def test_numbers_have_their_own_plots_and_rates_are_drawn(runs: Path) -> None:
    page = report(runs, "runs/diabetes")
    assert "learning rate" in page.texts["run-curves"]
    assert "predicted against true" in page.texts["run-answers"]
    assert "errors" in page.texts["run-answers"]
    assert "saturated" in page.texts["run-activations"]


def test_the_worst_images_are_shown(runs: Path) -> None:
    page = report(runs, "runs/digits")
    assert page.inside("run-worst", "img") == 12
    assert all(each["src"].startswith("data:image/png;base64,") for each in page.named("img"))


def test_a_run_that_diverged_says_what_is_missing(runs: Path) -> None:
    page = report(runs, "runs/diverged")
    missing = [name for name in SECTIONS if MISSING in page.texts[f"run-{name}"]]
    assert missing == ["curves", "answers", "worst"]
    assert "no epoch is complete" in page.texts["run-curves"]
    assert "before it saved any weights" in page.texts["run-worst"]
    assert "lr too high" in page.texts["run-verdicts"]
    assert "The last steps before a number was not finite" in page.texts["run-verdicts"]
    assert "initial weights" in page.texts["run-activations"]


def test_a_run_without_validation_is_looked_at_on_its_training_part(runs: Path) -> None:
    page = report(runs, "runs/alone")
    assert "On the train part, 150 rows" in page.texts["run-answers"]
    assert MISSING not in page.texts["run-curves"]


def test_several_networks_have_what_there_is_of_them(runs: Path) -> None:
    page = report(runs, "runs/two")
    missing = [name for name in SECTIONS if MISSING in page.texts[f"run-{name}"]]
    assert missing == ["activations", "answers", "worst"]
    assert "its own updates" in page.texts["run-answers"] and "its own updates" in page.texts["run-verdicts"]
    assert "first.linear" in page.texts["run-flow"]


def test_runs_beside_each_other(runs: Path) -> None:
    page = report(runs, "runs/iris", "runs/wide", "runs/diverged")
    differing = page.texts["differences"]
    assert "network.layers.0.Linear" in differing and "training.optimizer.AdamW.lr" in differing
    assert "epochs" not in differing
    assert page.inside("compared", "svg") == 2
    assert "wide" in page.texts["best"] and "diverged" in page.texts["best"]
    assert [each["id"] for each in page.named("section")][3:5] == ["run1-curves", "run1-verdicts"]


def test_data_that_are_gone_leave_the_rest(runs: Path, tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "rows.csv").write_text(f"size,y\n{rows}")
    data = "{train: rows.csv, inputs: {size: number}, targets: {y: category}}"
    spec = f"data: {data}\nnetwork: [Linear: $classes]\n"
    (tmp_path / "s.yaml").write_text(
        f"{spec}training: {{loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}}\n"
    )
    assert invoke(tmp_path, "train", "s.yaml", "--run", "run", "-q").code == 0
    shutil.move(tmp_path / "rows.csv", tmp_path / "other.csv")
    page = report(tmp_path, "run")
    missing = [name for name in SECTIONS if MISSING in page.texts[f"run-{name}"]]
    assert missing == ["verdicts", "activations", "answers", "worst", "data"]
    other = report(tmp_path, "run", "--data", "other.csv")
    assert "On other.csv, 60 rows" in other.texts["run-answers"]
    assert MISSING in other.texts["run-data"] and MISSING not in other.texts["run-worst"]


HOSTILE = ("</td><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$x^$ & \\frac", "\x1b[31mred")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose classes, columns and description are written to break out of a page."""
    folder = tmp_path_factory.mktemp("hostile")
    cells = [each.replace('"', '""') for each in HOSTILE]
    rows = "".join(f'{n % 4},"{cells[n % 4]}","{cells[(n + 1) % 4]}"\n' for n in range(80))
    (folder / "rows.csv").write_text(f'"</svg><script>",y,<i>z\n{rows}')
    (folder / "s.yaml").write_text(
        "name: s\ndescription: '</p><script>alert(2)</script>'\n"
        "data:\n  train: rows.csv\n  inputs:\n"
        "    a: {type: number, column: '</svg><script>'}\n    b: {type: category, column: '<i>z'}\n"
        "  targets: {y: category}\n"
        "network: [Linear: $classes]\ntraining: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}\n"
    )
    answer = invoke(folder, "train", "s.yaml", "--run", "<b>run", "-q")
    assert answer.code == 0, answer.err
    return folder


def test_nothing_from_a_file_becomes_markup(hostile: Path, runs: Path) -> None:
    page = report(hostile, "<b>run", runs / "runs/iris")
    assert "<b>run" in page.texts["best"] and "<b>run" in page.title
    assert HOSTILE[0] in page.texts["run1-worst"] and HOSTILE[1] in page.texts["run1-worst"]
    assert "</svg><script>" in page.texts["run1-worst"]
    assert "</p><script>alert(2)</script>" in page.texts["run1-spec"]
    assert "</td><script" in page.texts["run1-answers"]
    assert "$x^$ &" in page.texts["run1-answers"]
    assert "\x1b" not in (hostile / "report.html").read_text()
    assert page.named("i") and all(each["style"].startswith("height:") for each in page.named("i"))
