from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.runs import rows

if TYPE_CHECKING:
    from tests.runs.conftest import Refused


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows.append_row(path, {"epoch": 1, "train": {"loss": 0.1}})
    rows.append_row(path, {"epoch": 2, "train": {"loss": 1e-300}})
    assert rows.read_rows(path) == [
        {"epoch": 1, "train": {"loss": 0.1}},
        {"epoch": 2, "train": {"loss": 1e-300}},
    ]
    assert path.read_text().splitlines()[0] == '{"epoch":1,"train":{"loss":0.1}}'


def test_a_number_that_is_not_finite_is_null() -> None:
    row = {"z": math.nan, "a": [math.inf, (-math.inf, 1.5)]}
    assert rows.row_text(row) == '{"z":null,"a":[null,[null,1.5]]}'


def test_labels_stay_ascii() -> None:
    assert rows.row_text({"\x1b[31m": "\u202eé\ud800"}) == '{"\\u001b[31m":"\\u202e\\u00e9\\ud800"}'


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(derandomize=True)
def test_numbers_keep_every_bit(number: float) -> None:
    import json

    assert json.loads(rows.row_text({"n": number}))["n"] == number


def test_a_missing_file_has_no_rows(tmp_path: Path) -> None:
    assert rows.read_rows(tmp_path / "metrics.jsonl") == []
    assert rows.synced_size(tmp_path / "metrics.jsonl") == 0
    rows.truncate_after(tmp_path / "metrics.jsonl", 0)


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":')
    assert rows.read_rows(path) == [{"a": 1}]
    rows.truncate_after(path)
    assert path.read_bytes() == b'{"a":1}\n'


def test_rows_beyond_the_checkpoint_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows.append_row(path, {"epoch": 1})
    noted = rows.synced_size(path)
    kept = path.read_bytes()
    assert noted == len(kept)
    rows.append_row(path, {"epoch": 2})
    rows.truncate_after(path, noted)
    assert path.read_bytes() == kept
    rows.append_row(path, {"epoch": 2})
    assert [row["epoch"] for row in rows.read_rows(path)] == [1, 2]


@pytest.mark.parametrize("content", [None, b"", b'{"epoch":1}', b'{"epoch":1}\n{"a'])
def test_rows_that_the_checkpoint_counted_on_are_missed(
    tmp_path: Path, content: bytes | None, refused: Refused
) -> None:
    path = tmp_path / "metrics.jsonl"
    if content is not None:
        path.write_bytes(content)
    with refused("rows-short"):
        rows.truncate_after(path, 14)
    assert not path.exists() if content is None else path.read_bytes() == content


@pytest.mark.parametrize("line", [b"not json", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: bytes, refused: Refused) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"a":1}\n' + line + b'\n{"a":2}\n')
    with refused("rows-damaged"):
        rows.read_rows(tmp_path / "log.jsonl")


def test_a_link_is_neither_read_nor_cut(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "mine").write_bytes(b"mine\nmine\n")
    path = tmp_path / "metrics.jsonl"
    path.symlink_to(tmp_path / "mine")
    with refused("file-linked"):
        rows.read_rows(path)
    with refused("file-linked"):
        rows.truncate_after(path, 5)
    with refused("file-linked"):
        rows.synced_size(path)
    assert (tmp_path / "mine").read_bytes() == b"mine\nmine\n"
