"""Several files by a glob, and data sets saved by Hugging Face's `datasets`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nncli.errors import DataError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.sources import data_files, files, several
from nncli.sources.files import find_source, read_table
from nncli.sources.frames import StoredFrame
from nncli.sources.pieces import Wanted
from nncli.sources.several import FileSet
from nncli.sources.tables import Column, Reading, Table


def source(folder: Path, pattern: str) -> FileSet:
    found = find_source(folder, pattern)
    assert isinstance(found, FileSet), found
    return found


def read(folder: Path, pattern: str, numbers: tuple[str, ...] = ()) -> Table:
    return read_table(source(folder, pattern), Reading(), lambda _: Wanted(None, frozenset(numbers)))


def refused(folder: Path, pattern: str) -> Problem:
    found = find_source(folder, pattern)
    if isinstance(found, Problem):
        return found
    with pytest.raises(DataError) as caught:
        read_table(found, Reading())
    return caught.value.problems[0]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    for number in (10, 2, 1):
        rows = "".join(f"{number},{row}\n" for row in range(number))
        (tmp_path / "logs" / f"day {number}.csv").write_text(f"day,x\n\n{rows}")
    (tmp_path / "logs" / "folder.csv").mkdir()
    return tmp_path


@pytest.fixture(params=[False, True])
def both_sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        for module in (data_files, files, several):
            monkeypatch.setattr(module, "LARGE_BYTES", 0)
    return bool(request.param)


def test_rows_come_in_the_order_of_the_files(logs: Path, both_sizes: bool) -> None:
    table = read(logs, "logs/*.csv")
    assert isinstance(table.cells, StoredFrame) is both_sizes
    assert table.columns == ("day", "x", "file")
    days = [1, 2, 2, *[10] * 10]
    assert table.series("day").to_list() == list(map(str, days))
    assert table.series("file").to_list() == [f"logs/day {day}.csv" for day in days]


def test_every_cell_is_told_in_its_own_file(logs: Path, both_sizes: bool) -> None:
    (logs / "logs" / "day 2.csv").write_text("day,x\n2,word\n2,1\n")
    (logs / "logs" / "day 10.csv").write_text("x,day\n\nother,10\n")
    table = read(logs, "logs/*.csv", ("x",))
    assert table.series("x").to_list() == [0, np.inf, 1, np.inf]
    problem = table.cells_problem("not-a-number", Column("x", "x", "input"), np.array([1, 3]))
    assert problem.place is not None
    assert problem.place.file == str(logs / "logs" / "day 2.csv")
    assert (problem.place.line, problem.place.column, problem.place.text) == (2, 3, "2,word")
    assert problem.facts["cells"] == ["line 2 of day 2.csv `word`", "line 3 of day 10.csv `other`"]
    assert [table.place(row, "x").line for row in range(4)] == [3, 2, 3, 3]


def test_a_mistake_in_one_file_is_told_there(logs: Path) -> None:
    (logs / "logs" / "day 2.csv").write_text("day,x\n2\n")
    problem = refused(logs, "logs/*.csv")
    assert problem.code == "row-fields" and problem.place is not None
    assert problem.place.file.endswith("day 2.csv")


def test_the_columns_of_all_files_are_the_same(logs: Path) -> None:
    (logs / "logs" / "day 2.csv").write_text("day,y\n2,3\n")
    problem = refused(logs, "logs/*.csv")
    assert problem.code == "files-differ"
    assert hint_of(problem) == "missing: `x`; more: `y`"
    frames = {"1": pl.DataFrame({"x": [1, 2]}), "2": pl.DataFrame({"x": ["a"]})}
    for name, frame in frames.items():
        frame.write_parquet(logs / f"{name}.parquet")
    problem = refused(logs, "*.parquet")
    assert problem.code == "files-columns-differ" and "String" in message_of(problem)


def test_objects_need_not_have_all_keys(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n')
    (tmp_path / "b.jsonl").write_text('{"x": 2, "y": "z"}\n')
    table = read(tmp_path, "?.jsonl")
    assert table.frame.sort("x").rows() == [("1", "a.jsonl", None), ("2", "b.jsonl", "z")]
    assert table.place(1, "y").column == 10


def test_files_without_lines_are_told_by_row(tmp_path: Path, both_sizes: bool) -> None:
    for name in "ab":
        pl.DataFrame({"x": [1.0, 2.0], "file": ["own", "name"]}).write_parquet(tmp_path / f"{name}.parquet")
    table = read(tmp_path, "*.parquet")
    assert table.series("file").to_list() == ["own", "name"] * 2
    problem = table.cells_problem("not-a-number", Column("x", "x", "input"), np.array([0, 3]))
    assert problem.facts["cells"] == ["row 1 of a.parquet `1.0`", "row 2 of b.parquet `2.0`"]


def test_what_a_glob_does_not_find_is_said(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(logs, "logs/*.tsv").code == "glob-empty"
    (logs / "logs" / "more.jsonl").write_text("{}")
    assert refused(logs, "logs/*").facts["forms"] == [".csv", ".jsonl"]
    (logs / "logs" / "more.xls").write_text("")
    assert refused(logs, "logs/*.xls").code == "data-format"
    monkeypatch.setattr(files, "MOST_FILES", 2)
    assert refused(logs, "**/*.csv").code == "glob-many"


def test_a_name_that_looks_like_a_glob_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("x\n1\n")
    found = find_source(tmp_path, "a[1].csv")
    assert isinstance(found, data_files.DataFile)
    (tmp_path / "[b]").mkdir()
    (tmp_path / "[b]" / "c.csv").write_text("x\n1\n")
    assert len(read(tmp_path / "[b]", "*.csv")) == 1


def test_names_and_bytes_are_digested(logs: Path) -> None:
    first = source(logs, "logs/*.csv").digest()
    assert source(logs, "logs/*.csv").digest() == first
    (logs / "logs" / "day 2.csv").rename(logs / "logs" / "day 3.csv")
    assert source(logs, "logs/*.csv").digest() != first
    (logs / "logs" / "day 3.csv").rename(logs / "logs" / "day 2.csv")
    (logs / "logs" / "day 2.csv").write_text("day,x\n2,0\n2,7\n")
    assert source(logs, "logs/*.csv").digest() != first


def saved(folder: Path, names: list[str] | None = None) -> None:
    """Writes what `save_to_disk` writes: streams, and two documents."""
    folder.mkdir()
    kind = pl.Struct({"bytes": pl.Binary, "path": pl.String})
    for number, labels in enumerate([[0, 1], [1, -1]]):
        image = [{"bytes": bytes([label + 1]), "path": "a.png"} for label in labels]
        frame = pl.DataFrame({"image": image, "label": labels}, schema={"image": kind, "label": pl.Int64})
        stream = io.BytesIO()
        frame.write_ipc_stream(stream)
        (folder / f"data-0000{number}-of-00002.arrow").write_bytes(stream.getvalue())
    files = names or [f"data-0000{number}-of-00002.arrow" for number in range(2)]
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in files]}))
    features = {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}, "image": {"_type": "Image"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


def test_a_saved_data_set_has_its_classes_by_name(tmp_path: Path, both_sizes: bool) -> None:
    saved(tmp_path / "pets")
    table = read(tmp_path, "pets")
    assert table.columns == ("image", "label")
    assert table.series("label").to_list() == ["cat", "dog", "dog", None]
    assert table.series("image").to_list() == [b"\1", b"\2", b"\2", b"\0"]


def test_a_saved_data_set_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for number, name in enumerate(["../secret.arrow", "/etc/passwd"]):
        saved(tmp_path / str(number), [name])
        assert refused(tmp_path, str(number)).code == "hub-state"
    saved(tmp_path / "gone", ["data-7.arrow"])
    assert refused(tmp_path, "gone").code == "data-missing"
    for text in ("", "[]", "{}", '{"_data_files": 3}', '{"_data_files": []}', "[" * 10_000):
        (tmp_path / "gone" / "state.json").write_text(text)
        assert refused(tmp_path, "gone").code == "hub-state"
    state = {"_data_files": [{"filename": "a.arrow"}], "_indices_data_files": [{"filename": "i.arrow"}]}
    (tmp_path / "gone" / "state.json").write_text(json.dumps(state))
    assert "flatten_indices" in message_of(refused(tmp_path, "gone"))


def test_one_of_several_parts_has_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    problem = refused(tmp_path, ".")
    assert problem.code == "hub-parts" and hint_of(problem).endswith("/train`")
