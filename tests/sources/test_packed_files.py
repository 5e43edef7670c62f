from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nncli.errors import DataError
from nncli.sources import data_files, packed_files
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.files import find_source, read_table
from nncli.sources.frames import StoredFrame
from nncli.sources.pieces import Wanted
from nncli.sources.tables import Reading, Table

ROWS = "x,t\n" + "".join(f"{n},text {n * n}\n" for n in range(500))


def read(path: Path) -> Table:
    found = find_source(path.parent, path.name)
    assert isinstance(found, DataFile)
    return read_table(found, Reading(), lambda _: Wanted(None, frozenset({"x"})))


@pytest.mark.parametrize("is_large", [False, True])
def test_a_packed_table_is_the_table(tmp_path: Path, is_large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_large:
        monkeypatch.setattr(data_files, "LARGE_BYTES", 2000)
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode()))
    table = read(path)
    assert isinstance(table.cells, StoredFrame) is is_large
    assert np.array_equal(table.series("x").to_numpy(), np.arange(500))
    assert table.place(300, "t").text == "300,text 90000"
    (tmp_path / "rows.csv").write_text(ROWS)
    assert table.frame.equals(read(tmp_path / "rows.csv").frame)


def test_objects_may_be_packed_too(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(b'{"x": 1}\n'))
    assert read(tmp_path / "rows.jsonl.gz").series("x").to_list() == [1.0]


@pytest.mark.parametrize("is_large", [False, True])
def test_what_grows_beyond_measure_is_refused(
    tmp_path: Path, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_files, "_SPARE_BYTES", 0)
    if is_large:
        monkeypatch.setattr(data_files, "LARGE_BYTES", 0)
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"x\n" + b"1\n" * 1_000_000))
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.problems[0].code == "data-bomb"


@pytest.mark.parametrize("cut", [5, 50, -1])
def test_damage_is_refused(tmp_path: Path, cut: int) -> None:
    content = bytearray(gzip.compress(ROWS.encode()))
    (tmp_path / "rows.csv.gz").write_bytes(content[:cut])
    content[len(content) // 2] ^= 1
    (tmp_path / "other.csv.gz").write_bytes(content)
    for name in ("rows.csv.gz", "other.csv.gz"):
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert caught.value.problems[0].code == "data-unreadable"


def test_nothing_is_unpacked_unasked(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(gzip.compress(ROWS.encode()))
    with pytest.raises(DataError) as caught:
        read(tmp_path / "rows.csv")
    assert caught.value.problems[0].facts["packed"] == "gzip"
    (tmp_path / "rows.gz").write_bytes(b"")
    assert find_file(tmp_path / "rows.parquet.gz", "rows").code == "data-missing"  # type: ignore[union-attr]
    problem = find_source(tmp_path, "rows.gz")
    assert not isinstance(problem, DataFile) and problem.code == "data-format"  # type: ignore[union-attr]
