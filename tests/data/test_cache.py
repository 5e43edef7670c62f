from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nncli.cache_folder import FOLDER_VARIABLE
from nncli.data import arrays, first_opening, rows
from nncli.data.cache import cache_key
from nncli.data.dataset import Data
from nncli.data.opening import open_data
from nncli.errors import Place
from nncli.spec.spec import Spec
from tests.data.specs import spec_of


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    rows = "".join(f"{n}.5,{'ab'[n % 2]},7,{'xyz'[n % 3]}\n" for n in range(30))
    (tmp_path / "rows.csv").write_text("age,kind,same,label\n" + rows)
    (tmp_path / "check.csv").write_text("age,kind,same,label\n1,new,7,x\n2,a,7,y\n")
    inputs = {"age": {"type": "number", "missing": {"constant": 0}}, "kind": "category", "same": "number"}
    files = {"train": "rows.csv", "validation": "check.csv"}
    return spec_of(tmp_path, **files, inputs=inputs, targets={"label": "category"})


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "data").glob("*"))


def assert_same(first: Data, second: Data) -> None:
    assert replace(first, parts={}, warnings=()) == replace(second, parts={}, warnings=())
    assert first.warnings == second.warnings
    assert list(first.parts) == list(second.parts)
    for name, part in first.parts.items():
        other = second.parts[name]
        assert torch.equal(part.index, other.index)
        assert list(part.columns.inputs) == list(other.columns.inputs)
        assert list(part.columns.targets) == list(other.columns.targets)
        assert all(torch.equal(part.input(key), other.input(key)) for key in part.columns.inputs)
        assert all(torch.equal(part.target(key), other.target(key)) for key in part.columns.targets)


def test_the_second_start_reads_no_table(spec: Spec, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_data(spec)
    assert {warning.code for warning in first.warnings} == {"category-unseen", "column-constant"}
    assert len(kept(cache)) == 1
    monkeypatch.delattr(first_opening, "read_table")
    assert_same(first, open_data(spec))


def test_a_warning_follows_its_line_in_the_spec(spec: Spec) -> None:
    open_data(spec)
    moved = replace(spec, places={**spec.places, "data.inputs.same": Place("spec.yaml", 99, 1)})
    (constant,) = [each for each in open_data(moved).warnings if each.code == "column-constant"]
    assert constant.place is not None and constant.place.line == 99


def test_whatever_the_result_depends_on_is_in_the_key(spec: Spec, cache: Path, tmp_path: Path) -> None:
    assert spec.data is not None
    open_data(spec)
    split = spec.data.split.model_copy(update={"seed": 1})
    open_data(replace(spec, data=spec.data.model_copy(update={"split": split})))
    order = dict(reversed(list(spec.data.inputs.items())))
    open_data(replace(spec, data=spec.data.model_copy(update={"inputs": order})))
    with (tmp_path / "rows.csv").open("a") as stream:
        stream.write("1,a,7,x\n")
    open_data(spec)
    assert len(kept(cache)) == 4
    assert cache_key(spec.data, "digest", ["a.csv"]) != cache_key(spec.data, "digest", ["b.csv"])


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap", "gone"])
@pytest.mark.parametrize("name", ["document.json", "train.arrays", "index.arrays"])
def test_a_damaged_entry_is_made_again(spec: Spec, cache: Path, name: str, damage: str) -> None:
    first = open_data(spec)
    (entry,) = kept(cache)
    path = entry / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[3] ^= 1
    changed = {"cut": content[:-1], "flip": content, "empty": b"", "swap": os.urandom(500)}
    path.unlink()
    if damage != "gone":
        path.write_bytes(changed[damage])
    assert_same(first, open_data(spec))
    assert kept(cache) == [entry] and path.read_bytes() != changed.get(damage)


def test_large_columns_lie_in_files_of_their_own(
    spec: Spec, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = open_data(spec)
    (entry,) = kept(cache)
    shutil.rmtree(entry)
    monkeypatch.setattr(arrays, "MOST_BYTES_IN_MEMORY", 10)
    monkeypatch.setattr(rows, "SLICE_ROWS", 7)
    first = open_data(spec)
    assert len(list(entry.glob("*.array"))) >= 4
    assert_same(held, first)
    assert_same(first, open_data(spec))


def test_a_disk_that_refuses_is_done_without(
    spec: Spec, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_opening, "write_arrays", _refuse)
    first = open_data(spec)
    assert kept(cache) == []
    monkeypatch.undo()
    monkeypatch.setenv(FOLDER_VARIABLE, str(cache))
    assert_same(first, open_data(spec))


def _refuse(*_: object) -> None:
    raise OSError("no room")


def test_a_cache_that_cannot_be_written_is_done_without(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path / "file" / "below"))
    assert_same(open_data(spec), open_data(spec))


def test_a_cached_start_imports_no_polars(cache: Path) -> None:
    script = """
import sys
from pathlib import Path
sys.path.insert(0, "")
from nncli.data.opening import open_data
from tests.data.specs import spec_of
open_data(spec_of(Path(), train="builtin:iris"))
print("polars" in sys.modules)
"""
    environment: dict[str, Any] = {**os.environ, "NNCLI_CACHE": str(cache)}
    found = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        ).stdout.strip()
        for _ in range(2)
    ]
    assert found == ["True", "False"]
