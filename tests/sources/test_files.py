from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from nncli.errors import Problem
from nncli.sources.files import READERS, format_problem, read_bytes, read_table
from nncli.sources.tables import Reading

FRAME = pl.DataFrame({"x": ["1", "2"], "y": ["a", "b"]})


@pytest.mark.parametrize("suffix", [*(each for each in READERS if each != ".txt"), ".CSV"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".parquet":
        FRAME.write_parquet(path)
    elif suffix in (".jsonl", ".ndjson"):
        FRAME.write_ndjson(path)
    else:
        FRAME.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    content = read_bytes(path)
    assert isinstance(content, bytes) and format_problem(path) is None
    table = read_table(path, content, "rows", Reading())
    assert table.frame.equals(FRAME)
    assert table.texts("y").to_list() == ["a", "b"]


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "rows.csv").write_text("x\n1\n")
    found = {name: read_bytes(tmp_path / name) for name in ("pipe.csv", ".", "row.csv", "a\0b")}
    codes = {name: problem.code for name, problem in found.items() if isinstance(problem, Problem)}
    assert codes == {
        "pipe.csv": "data-irregular",
        ".": "data-irregular",
        "row.csv": "data-missing",
        "a\0b": "data-closed",
    }
    missing = found["row.csv"]
    assert isinstance(missing, Problem) and missing.facts["nearest"] == "rows.csv"


@pytest.mark.parametrize("name", ["rows.xlsx", "rows.pkl", "rows", "rows.csv.gz"])
def test_other_formats_are_refused_by_their_suffix(name: str) -> None:
    problem = format_problem(Path(name))
    assert problem is not None and problem.code == "data-format"
