"""Rows of standard input as they come: a table for whatever whole rows have arrived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from nncli.errors import DataError, Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.decoding import is_utf8, moved
from nncli.sources.files import read_table
from nncli.sources.json_lines import read_json
from nncli.sources.spots import SourceText, Spot
from nncli.sources.tables import Reading, Table

STDIN_NAME: Final = "<stdin>"
# An object, or a list of them; `[kg],age` is the header of a table.
_JSON: Final = re.compile(rb"(\xef\xbb\xbf)?\s*(\{|\[\s*[\[{\]])")
_OBJECT: Final = re.compile(rb"(\xef\xbb\xbf)?\s*\{[^\n]*\}\s*$")
_CHUNK_BYTES: Final = 2**20
_MOST_RECORD_BYTES: Final = 64 * 2**20
"""More without the end of a row is no table."""
_CSV, _JSON_LINES = Path("stdin.csv"), Path("stdin.jsonl")


class Incoming(Protocol):
    """A stream of bytes, such as `sys.stdin.buffer`."""

    def read1(self, size: int = ..., /) -> bytes:
        """Reads what is there, and waits only where nothing is; empty at the end."""

    def read(self, size: int = ..., /) -> bytes:
        """Reads to the end."""


@dataclass(frozen=True, slots=True)
class _Later:
    """The text of rows whose lines are counted from further up; those of a header stay where they are."""

    text: SourceText
    lines: int
    header_lines: int
    unit: str = "line"

    def spot(self, line: int, header: str) -> Spot:
        if line <= self.header_lines:
            return self.text.spot(line, header)
        found = self.text.spot(line - self.lines, header)
        return replace(found, place=replace(found.place, line=line))


def streamed_tables(stream: Incoming, reading: Reading) -> Iterator[Table]:
    """Reads rows as they arrive: JSON objects, one a line, where the first line is one, else CSV.

    A JSON list, one object over several lines, and text that is not UTF-8 are read to their end first.
    Raises what the reader of the format raises, with lines counted from the start of the stream.
    """
    start = _first_line(stream)
    line = start.partition(b"\n")[0]
    if not is_utf8(reading.encoding) or (_JSON.match(start) and not _OBJECT.match(line)):
        yield _whole(start + stream.read(), reading)
    elif _OBJECT.match(line):
        yield from _pieces(stream, start, reading, _JSON_LINES)
    else:
        yield from _pieces(stream, start, reading, _CSV)


def whole_table(stream: Incoming, reading: Reading) -> Table:
    """Reads rows to their end, as `streamed_tables` does."""
    return _whole(stream.read(), reading)


def _first_line(stream: Incoming) -> bytes:
    """Reads until there is a line with something in it."""
    start = b""
    while b"\n" not in start.lstrip() and (chunk := stream.read1(_CHUNK_BYTES)):
        start += chunk
        _refuse_endless(start)
    return start


def _whole(content: bytes, reading: Reading) -> Table:
    if _JSON.match(content):
        return read_json(content, STDIN_NAME, reading)
    return read_table(DataFile(_CSV, STDIN_NAME, content), reading)


def _pieces(stream: Incoming, rest: bytes, reading: Reading, path: Path) -> Iterator[Table]:
    header, lines, is_quoted = b"", 0, path == _CSV
    while True:
        end = _last_row_end(rest, is_quoted=is_quoted)
        rows = rest[:end]
        if is_quoted and not header and rows:
            first = _first_row_end(rows)
            header, rows = rows[:first], rows[first:]
            lines, rest = header.count(b"\n"), rest[first:]
            end -= first
        if rows.strip():
            yield _table(header, rows, lines, reading, path)
        if rows:
            lines, rest = lines + rows.count(b"\n"), rest[end:]
        _refuse_endless(rest)
        chunk = stream.read1(_CHUNK_BYTES)
        if not chunk:
            break
        rest += chunk
    if rest.strip() or not lines or (header and lines == header.count(b"\n")):
        # The last row has no line end, or there is nothing but a header, or nothing at all.
        yield _table(header, rest, lines, reading, path)


def _table(header: bytes, rows: bytes, lines: int, reading: Reading, path: Path) -> Table:
    """Reads rows below their header, which stand `lines` further down than they seem to."""
    later = lines - header.count(b"\n")
    try:
        table = read_table(DataFile(path, STDIN_NAME, header + rows), reading)
    except DataError as error:
        places = [each.place.line for each in error.problems if each.place]
        is_below = min(places, default=0) > header.count(b"\n")
        raise (moved(error, later, 0) if is_below else error) from None
    if not later:
        return table
    text = table.source.text
    source = replace(table.source, text=_Later(text, later, header.count(b"\n")) if text else None)
    return replace(table, lines=table.lines + later, source=source)


def _first_row_end(text: bytes) -> int:
    """Finds where the first row ends, behind its line end; one between quotes is none."""
    end = text.find(b"\n")
    while end >= 0 and (text.count(b'"', 0, end) % 2 or not text[:end].strip()):
        end = text.find(b"\n", end + 1)
    return end + 1 if end >= 0 else len(text)


def _last_row_end(text: bytes, *, is_quoted: bool) -> int:
    """Finds where the last whole row ends; 0 where there is none."""
    end = text.rfind(b"\n") + 1
    if is_quoted and text.count(b'"', 0, end) % 2:
        # A quoted field goes on over the last line end: what is before its quote is whole.
        opening = text.rfind(b'"', 0, end)
        end = text.rfind(b"\n", 0, opening) + 1
        while end and text.count(b'"', 0, end) % 2:
            end = text.rfind(b"\n", 0, end - 1) + 1
    return end


def _refuse_endless(text: bytes) -> None:
    if len(text) > _MOST_RECORD_BYTES:
        raise failure("record-long", Place(STDIN_NAME, 1, 1), most=f"{_MOST_RECORD_BYTES:,}")
