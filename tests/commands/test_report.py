from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nncli.commands.report import run_names
from tests.end_to_end.program import contents, invoke
from tests.reports.conftest import runs

__all__ = ["runs"]


def test_it_writes_report_html_and_changes_nothing_in_the_run(runs: Path, tmp_path: Path) -> None:
    before = contents(runs / "runs/iris")
    answer = invoke(tmp_path, "report", runs / "runs/iris")
    assert (answer.code, answer.out, answer.err) == (0, "", "report written to report.html\n")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert contents(runs / "runs/iris") == before
    again = invoke(tmp_path, "report", runs / "runs/iris")
    assert again.code == 8 and "error[output-exists]" in again.err
    # The same run gives the same page.
    assert invoke(tmp_path, "report", runs / "runs/iris", "-o", "again.html").code == 0
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "report.html").read_bytes()


def test_png_are_the_plots_alone(runs: Path, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "report", runs / "runs/iris", "--png", "plots/iris")
    assert answer.code == 0, answer.err
    files = sorted(path.name for path in (tmp_path / "plots/iris").iterdir())
    told = [
        "accuracy",
        "activation-health",
        "activations",
        "calibration-species",
        "confusion-species",
        "gradient-flow",
        "loss",
    ]
    assert files == [f"{name}.png" for name in [*told, "update-ratios"]]
    assert all((tmp_path / "plots/iris" / name).read_bytes()[:4] == b"\x89PNG" for name in files)
    assert [path.name for path in tmp_path.iterdir()] == ["plots"]
    again = invoke(tmp_path, "report", runs / "runs/iris", "--png", "plots/iris")
    assert again.code == 8 and "error[output-exists]" in again.err


def test_the_terminal_needs_no_matplotlib(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    answer = invoke(tmp_path, "report", runs / "runs/iris", runs / "runs/wide", "--terminal")
    assert (answer.code, answer.err) == (0, "")
    assert "iris validation" in answer.out and "wide train" in answer.out
    assert "iris: best validation.loss " in answer.out
    page = invoke(tmp_path, "report", runs / "runs/iris")
    assert page.code == 2 and "pip install 'nncli[plots]'" in page.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_epochs_has_no_curves(runs: Path, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "report", runs / "runs/diverged", "--terminal")
    assert (answer.code, answer.out) == (0, "no epoch is complete yet\n")


def test_what_is_no_run_is_refused(runs: Path, tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none", "run-missing"), (tmp_path, "run-foreign")):
        answer = invoke(tmp_path, "report", path)
        assert answer.code == 5 and f"error[{code}]" in answer.err, answer.err
    answer = invoke(tmp_path, "report", runs / "runs/iris", "-o", "no/where.html")
    assert answer.code == 2 and "error[output-folder]" in answer.err


def test_names_are_as_long_as_needed() -> None:
    assert run_names([Path("runs/iris"), Path("runs/wine")]) == ("iris", "wine")
    assert run_names([Path("/a/iris/1"), Path("/a/wine/1")]) == ("iris/1", "wine/1")
    assert run_names([Path("/a/iris"), Path("/a/iris")]) == ("iris", "iris")
