from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from nncli.cache_folder import list_cache
from nncli.errors import DataError, Problem
from nncli.sources import data_files
from nncli.sources.data_files import DataFile, find_file


def found(path: Path) -> DataFile:
    file = find_file(path, path.name)
    assert isinstance(file, DataFile)
    return file


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "rows.csv").write_text("x\n1\n")
    problems = {name: find_file(tmp_path / name, name) for name in ("pipe.csv", ".", "row.csv", "a\0b")}
    codes = {name: problem.code for name, problem in problems.items() if isinstance(problem, Problem)}
    assert codes == {
        "pipe.csv": "data-irregular",
        ".": "data-irregular",
        "row.csv": "data-missing",
        "a\0b": "data-closed",
    }
    missing = problems["row.csv"]
    assert isinstance(missing, Problem) and missing.facts["nearest"] == "rows.csv"


def test_a_small_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x\n1\n")
    file = found(path)
    path.unlink()
    assert file.content == b"x\n1\n" and file.size_bytes == 4
    assert list(file.chunks(3)) == [b"x\n1", b"\n"]
    assert file.digest() == hashlib.sha256(b"x\n1\n").hexdigest()


@pytest.mark.usefixtures("no_file_is_small")
def test_a_large_file_is_read_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"0123456789")
    file = found(path)
    assert file.content is None and file.size_bytes == 10
    assert list(file.chunks(4, offset=2)) == [b"2345", b"6789"]
    path.write_bytes(b"012345678x")
    with pytest.raises(DataError) as caught:
        file.digest()
    assert caught.value.problems[0].code == "data-changing"
    assert found(path).digest() == hashlib.sha256(b"012345678x").hexdigest()


@pytest.mark.usefixtures("no_file_is_small")
def test_the_digest_of_a_very_large_file_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "_KEPT_BYTES", 5)
    path = tmp_path / "rows.csv"
    path.write_bytes(b"0123456789")
    digest = hashlib.sha256(b"0123456789").hexdigest()
    # It was written just now: who knows whether it will be again, at the same time.
    assert found(path).digest() == digest and list_cache() == ()
    data_files._digested.clear()
    monkeypatch.setattr(data_files, "_SETTLED_SECONDS", -1)
    assert found(path).digest() == digest
    (entry,) = list_cache()
    assert (entry.kind, entry.about) == ("digests", "rows.csv")
    monkeypatch.setattr(DataFile, "chunks", None)
    assert found(path).digest() == digest
    data_files._digested.clear()
    assert found(path).digest() == digest
    path.write_bytes(b"0123456789")
    with pytest.raises(TypeError):
        found(path).digest()
