from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nncli.sources.data_files import DataFile, find_file
from nncli.sources.files import FORMATS, format_problem, read_table
from nncli.sources.readers import READERS
from nncli.sources.tables import Reading

# One cell, and columns without texts or names: these have tests of their own.
OTHERS = (".txt", ".npy", ".safetensors")
FRAME = pl.DataFrame({"x": ["1", "2"], "y": ["a", "b"]})


@pytest.mark.parametrize("suffix", [*(each for each in READERS if each not in OTHERS), ".CSV"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".parquet":
        FRAME.write_parquet(path)
    elif suffix in (".jsonl", ".ndjson"):
        FRAME.write_ndjson(path)
    elif suffix in (".arrow", ".feather"):
        FRAME.write_ipc(path)
    elif suffix == ".npz":
        np.savez(path, **{each.name: np.array(each.to_list()) for each in FRAME})
    else:
        FRAME.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    file = find_file(path, "rows")
    assert isinstance(file, DataFile) and format_problem(path) is None
    table = read_table(file, Reading())
    assert table.frame.equals(FRAME)
    assert table.texts("y").to_list() == ["a", "b"]


@pytest.mark.parametrize("name", ["rows.xlsx", "rows.pkl", "rows", "rows.gz", "rows.parquet.gz"])
def test_other_formats_are_refused_by_their_suffix(name: str) -> None:
    problem = format_problem(Path(name))
    assert problem is not None and problem.code == "data-format"


def test_every_format_has_a_reader() -> None:
    assert tuple(READERS) == FORMATS
