from __future__ import annotations

import datetime
import io
import os
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from nncli.errors import DataError, ResourceError
from nncli.messages.catalogue import message_of
from nncli.sources import parquet
from nncli.sources.tables import Table
from tests.sources.reading import refused, small, table_of


def written(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def read(frame: pl.DataFrame) -> Table:
    return table_of(small(written(frame), "rows.parquet"))


def test_typed_columns_read_as_texts() -> None:
    frame = pl.DataFrame(
        {
            "flag": [True, None],
            "count": [2**60 + 1, 3],
            "share": [0.1, float("nan")],
            "day": [datetime.date(2026, 1, 2), None],
        }
    )
    table = read(frame)
    assert table.texts("flag").to_list() == ["true", None]
    assert table.texts("count").to_list() == [str(2**60 + 1), "3"]
    assert table.texts("share").to_list() == ["0.1", None]
    assert table.texts("day").to_list() == ["2026-01-02", None]
    assert table.lines.tolist() == [1, 2]


def test_lists_are_no_cells() -> None:
    with pytest.raises(DataError) as caught:
        read(pl.DataFrame({"x": [[1, 2], [3]]})).texts("x")
    assert caught.value.problems[0].code == "cells-nested"


@pytest.mark.parametrize("cut", [0, 3, 7, 40, -5])
def test_a_damaged_file_is_refused(cut: int) -> None:
    content = written(pl.DataFrame({"x": list(range(100))}))[:cut]
    found = refused(small(content, "rows.parquet")).code
    assert found == ("data-unreadable" if content else "data-empty")


@pytest.mark.parametrize("position", range(4, 400, 13))
def test_a_changed_byte_never_ends_in_a_traceback(position: int) -> None:
    content = bytearray(written(pl.DataFrame({"x": list(range(100)), "y": ["a", "b"] * 50})))
    content[position % len(content)] ^= 0xFF
    try:
        table = table_of(small(bytes(content), "rows.parquet"))
    except DataError as error:
        assert error.problems[0].code == "data-unreadable"
    else:
        assert len(table) > 0


SCRIPT = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from nncli.errors import DataError, ResourceError
from nncli.messages.catalogue import message_of
from nncli.sources import parquet
from tests.sources.reading import small, table_of
for name in sys.argv[1:]:
    try:
        table_of(small(Path(name).read_bytes(), "rows.parquet"))
    except DataError:
        pass
"""


def test_damage_does_not_take_memory_or_end_the_process(tmp_path: Path) -> None:
    draw, names = random.Random(0), []
    frame = pl.DataFrame(
        {"x": [1.5, None, 3.0] * 100, "t": ["a", "b", None] * 100, "l": [[1], [], [2, 3]] * 100}
    )
    for number in range(150):
        stream = io.BytesIO()
        frame.write_parquet(stream, compression=draw.choice(["zstd", "snappy", "uncompressed"]))
        content = bytearray(stream.getvalue())
        for _ in range(draw.choice([1, 1, 4])):
            content[draw.randrange(len(content))] = draw.choice([0, 127, 128, 255])
        names.append(str(tmp_path / f"{number}.parquet"))
        Path(names[-1]).write_bytes(content)
    command = [sys.executable, "-c", SCRIPT, *names]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, check=False, cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX")
@pytest.mark.parametrize("number", [9, 19], ids=["killed", "stopped"])
def test_a_decoder_that_is_lost_is_a_matter_of_resources_and_nobody_waits(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "child.py").write_text(f"import os; os.kill(os.getpid(), {number})")
    monkeypatch.setattr(parquet, "_CHILD", tmp_path / "child.py")
    monkeypatch.setattr(parquet, "PATIENCE", 0.5)
    with pytest.raises(ResourceError) as caught:
        read(pl.DataFrame({"x": [1, 2]}))
    assert caught.value.problems[0].code == "decoder-lost"
    assert "gave no rows for 0.5 s" in message_of(caught.value.problems[0])
