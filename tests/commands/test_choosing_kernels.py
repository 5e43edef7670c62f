"""A run computes as was recorded, as torch does, or as was measured once for its network on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nncli.commands.choosing_kernels import is_thread_count_open
from nncli.training import measuring
from nncli.training.choices import Choices
from nncli.training.linear_kernels import Products
from tests.end_to_end.program import invoke, results
from tests.end_to_end.specs import write_flowers

FOUND = Choices(linear={(4, 16): Products(True, True, True)})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Counts measurements, all of which find the same; notes which were asked for threads."""
    asked: list[bool] = []

    def measure(job: Any, state: Any, *, with_threads: bool) -> Choices:
        asked.append(with_threads)
        return FOUND

    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path / "cache"))
    write_flowers(tmp_path)
    return asked


def _train(folder: Path, run: str, *arguments: object) -> dict[str, Any]:
    answer = invoke(folder, "train", "flowers.yaml", "--run", run, *arguments)
    assert answer.code == 0, answer.err
    environment: dict[str, Any] = json.loads((folder / run / "environment.json").read_text())
    return environment


def test_what_is_measured_is_recorded_and_kept(tmp_path: Path, measured: list[bool]) -> None:
    first = _train(tmp_path, "first")
    assert first["choices"] == FOUND.to_json() and first["threads"] == torch.get_num_threads()
    assert _train(tmp_path, "second")["choices"] == FOUND.to_json()
    assert measured == [False]
    assert results(tmp_path / "first") == results(tmp_path / "second")
    _train(tmp_path, "third", "--set", "training.batch_size=7")
    assert len(measured) == 2


def test_what_is_kept_and_damaged_is_measured_again(tmp_path: Path, measured: list[bool]) -> None:
    _train(tmp_path, "first")
    (kept,) = (tmp_path / "cache" / "choices").glob("*/choices.json")
    kept.write_text('{"threads": "many"}')
    assert _train(tmp_path, "second")["choices"] == FOUND.to_json()
    assert len(measured) == 2


def test_fixed_measures_nothing(tmp_path: Path, measured: list[bool]) -> None:
    assert "choices" not in _train(tmp_path, "run", "--set", "training.choices=fixed")
    assert measured == []


def test_compiled_where_the_spec_says_so_with_the_products_of_the_compiler(
    tmp_path: Path, measured: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda plain, **_: plain)
    answer = invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--set", "training.compile=on")
    assert "goes through torch.compile" in answer.err
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["choices"] == {"compiled": True}


def test_a_run_goes_on_as_it_began(
    tmp_path: Path, measured: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _train(tmp_path, "whole", "--epochs", 4)
    _train(tmp_path, "run", "--epochs", 2)
    monkeypatch.setattr(measuring, "measure", None)
    assert _train(tmp_path, "run", "--resume", "--epochs", 4)["choices"] == whole["choices"]
    path = tmp_path / "run" / "environment.json"
    path.write_text(json.dumps({**whole, "choices": ["fast"]}))
    answer = invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--resume", "--epochs", 5)
    assert answer.code == 5 and "environment.json" in answer.err


def test_steps_are_done_again_as_the_run_did_them(tmp_path: Path, measured: list[bool]) -> None:
    _train(tmp_path, "run")
    answer = invoke(tmp_path, "check", "run", "--replay", 3)
    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    ("asked", "wished", "is_open"), [(None, "", True), (2, "", False), (None, "4", False), (1, "4", False)]
)
def test_threads_that_are_given_are_not_measured(asked: int | None, wished: str, is_open: bool) -> None:
    assert is_thread_count_open(asked, {"OMP_NUM_THREADS": wished}) == is_open


def test_threads_that_were_measured_are_set_and_recorded(
    tmp_path: Path, measured: list[bool], monkeypatch: pytest.MonkeyPatch, restore_threads: Callable[[], None]
) -> None:
    monkeypatch.setattr(measuring, "measure", lambda *_, **__: Choices(threads=2))
    environment = _train(tmp_path, "run")
    assert environment["threads"] == 2 and environment["choices"] == {"threads": 2}


@pytest.fixture
def restore_threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
