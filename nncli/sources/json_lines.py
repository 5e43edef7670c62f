"""JSONL and JSON: flat objects, one a line or in a list; numbers keep the digits that are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import numpy as np

from nncli.cores import worked
from nncli.errors import DataError, Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.decoding import check_utf8, moved
from nncli.sources.json_alike import keys_alike, read_alike
from nncli.sources.lines import Lines
from nncli.sources.number_texts import has_numbers, numbers_of
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.spots import Index, Mark, Spot
from nncli.sources.storing import table_of
from nncli.sources.tables import Reading, Rows, Source, Table
from nncli.sources.text_pieces import TextPiece, refuse_cut, text_pieces

if TYPE_CHECKING:
    import polars as pl

# Numbers stay text, so that 1e400 and 123456789012345678901 reach the checks of their column as
# written; objects come as tuples of pairs, so that a repeated key is seen.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)


def open_json_lines(file: DataFile, reading: Reading) -> JsonLinesFile:
    """Looks into a JSONL file: its headers are the keys of its first piece, which is all of a small file.

    Raises `data-empty`, `json-syntax`, `json-object`, `json-nested`, `json-repeated`, `record-long`,
    `data-encoding`, `data-nul`, `data-changing`.
    """
    for piece in text_pieces(file, reading.encoding, is_quoted=False):
        opened = JsonLinesFile(file, (), reading)
        text = opened.checked(piece)
        keys = keys_alike(text)
        if keys:
            return JsonLinesFile(file, keys, reading)
        frame, lines = opened.slowly(text)
        if frame.columns:
            return JsonLinesFile(file, tuple(frame.columns), reading, Piece(frame, lines))
        break
    raise failure("data-empty", Place(file.shown, 1, 1))


@final
@dataclass(frozen=True, slots=True)
class JsonLinesFile:
    """A JSONL file whose keys are known; `first` is its first piece where that was read for it."""

    file: DataFile
    headers: tuple[str, ...]
    reading: Reading
    first: Piece | None = None

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether the file is read in pieces."""
        return self.file.content is None

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the rows: every cell becomes text, booleans `true` and `false`, those of numbers float64.

        Raises what `open_json_lines` raises.
        """
        numbers = frozenset[str]() if has_numbers(self.reading.nulls) else wanted.numbers
        line_ends = 0

        def work(numbered: tuple[int, TextPiece]) -> tuple[Piece, int]:
            number, piece = numbered
            text = self.checked(piece)
            if number == 0 and self.first:
                frame, lines = self.first.frame, self.first.lines
            else:
                alike = read_alike(text, self.headers, numbers)
                frame, lines = self.slowly(text) if alike is None else (alike, np.arange(1, alike.height + 1))
            read = (
                numbers_of(each, self.reading.nulls)
                for each in frame
                if each.name in wanted.numbers and not each.dtype.is_float()
            )
            return Piece(frame.with_columns(read), lines), text.count(b"\n")

        texts = text_pieces(self.file, self.reading.encoding, is_quoted=False)
        for (_, piece), result in worked(work, enumerate(texts), at_once=self.file.content is None):
            try:
                found, ends = result()
            except DataError as error:
                raise moved(error, line_ends, piece.offset) from None
            if len(found.lines):
                yield Piece(found.frame, found.lines + line_ends, Mark(0, 0, piece.offset, line_ends + 1))
            line_ends += ends

    def text(self, index: Index) -> JsonText:
        """Finds lines again."""
        return JsonText(Lines(self.file, self.reading.encoding, "", index))

    def checked(self, piece: TextPiece) -> bytes:
        """Checks the characters of a piece, and gives it with LF line ends."""
        check_utf8(piece.content, self.file.shown)
        refuse_cut(piece, self.file)
        content = piece.content
        return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content

    def slowly(self, text: bytes) -> tuple[pl.DataFrame, Rows]:
        """Reads any lines, and tells the line of each row; blank lines are no rows."""
        rows = {}
        for number, line in enumerate(text.decode("utf-8").split("\n"), 1):
            if line.strip():
                place = Place(self.file.shown, number, 1, line)
                rows[number] = _cells(_value(line, place), place)
        return _frame(list(rows.values()), self.headers), np.array(list(rows), np.int64)


@dataclass(frozen=True, slots=True)
class JsonText:
    """Finds cells in the lines of a JSONL file."""

    lines: Lines
    unit: str = "line"

    def spot(self, line: int, header: str) -> Spot:
        """Finds a cell by its line and its key."""
        following = self.lines.from_line(line)
        text = following[0] if following else ""
        column = text.find(json.dumps(header, ensure_ascii=False)) + 1 if header else 1
        place = Place(self.lines.file.shown, line, max(column, 1), text)
        try:
            return Spot(place, dict(_cells(_value(text, place), place)).get(header))
        except DataError:
            return Spot(place)


def read_json(content: bytes, file: str, reading: Reading) -> Table:
    """Reads what a program writes to a pipe: JSONL, a list of objects, or one object over several lines.

    Rows that are no lines are named by number. Raises as `open_json_lines` does.
    """
    given = DataFile(Path(file), file, content)
    text = b"".join(piece.content for piece in text_pieces(given, reading.encoding, is_quoted=False))
    check_utf8(text, file)
    start = text.lstrip()
    if not start.startswith(b"[") and start.partition(b"\n")[0].rstrip().endswith(b"}"):
        return table_of(open_json_lines(given, reading), Wanted())
    value = _value(text.decode("utf-8").strip(), Place(file, 1, 1))
    objects = value if isinstance(value, list) else [value]
    rows = [_cells(each, Place(file, number, 1)) for number, each in enumerate(objects, 1)]
    frame = _frame(rows, ())
    if frame.is_empty():
        raise failure("data-empty", Place(file, 1, 1))
    return Table(frame, np.arange(1, frame.height + 1), Source(file), reading)


def _frame(rows: Sequence[Sequence[tuple[str, str | None]]], headers: Sequence[str]) -> pl.DataFrame:
    """Puts rows side by side; those without a key have no value there."""
    import polars as pl

    columns: dict[str, list[str | None]] = {header: [] for header in headers}
    for count, pairs in enumerate(rows):
        for key, value in pairs:
            cells = columns.setdefault(key, [])
            cells.extend([None] * (count - len(cells)))
            cells.append(value)
    for cells in columns.values():
        cells.extend([None] * (len(rows) - len(cells)))
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _value(text: str, place: Place) -> object:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        lines = text.split("\n")
        at = Place(place.file, place.line + error.lineno - 1, error.colno, lines[error.lineno - 1])
        raise failure("json-syntax", at, reason=error.msg) from None
    except RecursionError:
        raise failure("json-syntax", place, reason="brackets are nested too deep") from None


def _cells(found: object, place: Place) -> list[tuple[str, str | None]]:
    if not isinstance(found, tuple):
        raise failure("json-object", place)
    if len(dict(found)) < len(found):
        keys = [key for key, _ in found]
        raise failure("json-repeated", place, key=next(key for key in keys if keys.count(key) > 1))
    return [(_whole(key, place), _text(key, value, place)) for key, value in found]


def _text(key: str, value: object, place: Place) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise failure("json-nested", place, key=key)
    return _whole(value, place)


def _whole(text: str, place: Place) -> str:
    if not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise failure("json-syntax", place, reason="an escape is half of a surrogate pair")
    return text
