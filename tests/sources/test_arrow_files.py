from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from nncli.errors import DataError
from nncli.sources import arrow_files
from nncli.sources.frames import StoredFrame
from tests.sources.reading import large, refused, small, table_of

FRAME = pl.DataFrame(
    {
        "x": [1.5, None, 3.0] * 100,
        "t": ["a", "b", None] * 100,
        "c": pl.Series(["u", "v", "u"] * 100, dtype=pl.Categorical),
        "^a.*$": [[1, 2], [3], []] * 100,
        "a": range(300),
    }
)
Packing = Literal["uncompressed", "zstd", "lz4"]
PACKINGS: tuple[Packing, ...] = ("uncompressed", "zstd", "lz4")


def written(frame: pl.DataFrame, form: str, packing: Packing = "uncompressed", batches: int = 1) -> bytes:
    stream = io.BytesIO()
    if form == "file":
        frame.write_ipc(stream, compression=packing, record_batch_size=frame.height // batches)
    else:
        # Categories of a stream are said once, before its batches.
        frame.write_ipc_stream(stream, compression=packing)
    return stream.getvalue()


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", ["file", "stream"])
def test_typed_columns_come_as_they_are(form: str, packing: Packing) -> None:
    table = table_of(small(written(FRAME, form, packing), "rows.arrow"))
    assert table.frame.equals(FRAME)
    assert table.texts("c").to_list() == FRAME["c"].cast(pl.String).to_list()
    assert table.lines.tolist() == list(range(1, 301))


@pytest.mark.usefixtures("no_file_is_small")
@pytest.mark.parametrize("form", ["file", "stream"])
def test_many_rows_lie_in_the_cache(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_files, "_PIECE_BYTES", 100)
    table = table_of(large(tmp_path / "rows.feather", written(FRAME, form, batches=6)))
    assert isinstance(table.cells, StoredFrame)
    assert table.frame.equals(FRAME)
    assert table.array("a")[123] == 123


def test_an_empty_file_is_empty() -> None:
    for form in ("file", "stream"):
        assert refused(small(written(FRAME.head(0), form), "rows.arrow")).code == "data-empty"
    assert refused(small(b"", "rows.arrow")).code == "data-empty"


@pytest.mark.parametrize("form", ["file", "stream"])
@pytest.mark.parametrize("cut", [3, 7, 40, 200, -5, -60])
def test_a_cut_file_is_refused(form: str, cut: int) -> None:
    content = written(FRAME, form)[:cut]
    try:
        table = table_of(small(content, "rows.arrow"))
    except DataError as error:
        assert error.problems[0].code in ("data-unreadable", "data-empty")
    else:
        # The mark at the end of a stream may be missing.
        assert form == "stream" and table.frame.equals(FRAME)


SCRIPT = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from nncli.errors import DataError
from tests.sources.reading import small, table_of
for name in sys.argv[1:]:
    try:
        table_of(small(Path(name).read_bytes(), "rows.arrow"))
    except DataError:
        pass
"""


@pytest.mark.parametrize("form", ["file", "stream"])
def test_lengths_that_lie_do_not_take_memory_or_end_the_process(tmp_path: Path, form: str) -> None:
    draw, names = random.Random(0), []
    for number in range(60):
        content = bytearray(written(FRAME, form, PACKINGS[number % 3]))
        if number % 2:
            content[draw.randrange(len(content))] ^= draw.choice([1, 127, 255])
        else:
            start = draw.randrange(0, len(content) - 8, 8)
            content[start : start + 8] = (2 ** draw.choice([31, 36, 60])).to_bytes(8, "little")
        names.append(str(tmp_path / f"{number}.arrow"))
        Path(names[-1]).write_bytes(content)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SCRIPT, *names]
    done = subprocess.run(command, check=False, cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
