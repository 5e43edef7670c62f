"""CSV and TSV: records found and counted here, cells read by Polars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from nncli.cores import worked
from nncli.counted import counted
from nncli.errors import DataError, NncliError, Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.decoding import moved
from nncli.sources.delimited_cells import CellReader
from nncli.sources.delimited_records import (
    PieceText,
    Records,
    WrongRecords,
    fields_of,
    first_record,
    likely_records,
    piece_text,
    records_of,
)
from nncli.sources.lines import Lines
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.spots import Index, Mark, Spot
from nncli.sources.tables import SHOWN, Reading
from nncli.sources.text_pieces import TextPiece, refuse_cut, text_pieces

if TYPE_CHECKING:
    import polars as pl

_NO_TEXT: Final = ("data-encoding", "data-nul")
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class _Head:
    """The piece that has the header: its number, its text, and where the rows begin in it."""

    number: int
    text: PieceText
    end: int
    place: Place


@dataclass(frozen=True, slots=True)
class _Worked:
    """What became of one piece; `line_ends` counts those before its records."""

    line_ends: int
    records: Records
    frame: pl.DataFrame | None


def open_delimited(file: DataFile, delimiter: str, reading: Reading) -> DelimitedFile:
    """Reads the header of a CSV or TSV file.

    Raises `data-empty`, `header-blank`, `header-repeated`, `delimiter-wrong`, `data-encoding`, `data-nul`,
    `quote-unclosed`, `quote-inside`, `record-long`, `data-changing`.
    """
    line_ends = 0
    for number, piece in enumerate(text_pieces(file, reading.encoding, is_quoted=True)):
        try:
            text = _checked(piece, file, delimiter)
        except DataError as error:
            # What is no text at all has no delimiter either.
            if number == 0 and error.problems[0].code not in _NO_TEXT:
                _refuse_other_delimiter(piece, file, delimiter)
            raise moved(error, line_ends, piece.offset) from None
        record, line, end = first_record(text)
        if record:
            place = Place(file.shown, line_ends + line, 1, record.split("\n")[0])
            second = first_record(text.after(end))[0]
            headers = _headers(record, second, delimiter, place)
            return DelimitedFile(file, headers, delimiter, reading, _Head(number, text, end, place))
        line_ends += text.content.count(b"\n")
    raise failure("data-empty", Place(file.shown, 1, 1))


@final
@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A CSV or TSV file with its header read."""

    file: DataFile
    headers: tuple[str, ...]
    delimiter: str
    reading: Reading
    head: _Head

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether the file is read in pieces."""
        return self.file.content is None

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the rows; every cell stays text, but for those of `wanted.numbers`.

        Raises `header-only`, `row-fields`, and what `open_delimited` raises.
        """
        reader = CellReader(self.headers, wanted.numbers, self.reading.nulls)
        wrong = _WrongSoFar()
        line_ends, rows = 0, 0

        def work(numbered: tuple[int, TextPiece]) -> _Worked:
            return self._work(*numbered, reader, wrong)

        texts = text_pieces(self.file, self.reading.encoding, is_quoted=True)
        for (_, piece), result in worked(work, enumerate(texts), at_once=self.file.content is None):
            try:
                done = result()
            except DataError as error:
                raise moved(error, line_ends, piece.offset) from None
            before = line_ends + done.line_ends
            wrong.add(done.records, before)
            if done.frame is not None and done.records.rows:
                yield Piece(done.frame, done.records.lines + before, Mark(0, 0, piece.offset, line_ends + 1))
            rows += done.records.rows
            line_ends = before + done.records.line_ends
        if rows == 0:
            raise failure("header-only", self.head.place)
        if wrong.count:
            raise wrong.failure(self.file.shown, len(self.headers))

    def text(self, index: Index) -> DelimitedText:
        """Finds lines again."""
        lines = Lines(self.file, self.reading.encoding, self.delimiter, index)
        return DelimitedText(lines, self.headers)

    def _work(self, number: int, piece: TextPiece, reader: CellReader, wrong: _WrongSoFar) -> _Worked:
        head, file = self.head, self.file.shown
        line_ends = 0
        text = head.text if number == head.number else _checked(piece, self.file, self.delimiter)
        if number <= head.number:
            end = head.end if number == head.number else len(text.content)
            line_ends = text.content.count(b"\n", 0, end)
            text = text.after(end)
        likely = None if wrong.count else likely_records(text, self.delimiter, len(self.headers))
        if likely is not None and likely.rows:
            with suppress(DataError):
                return _Worked(line_ends, likely, reader.frame(likely, file, self.delimiter))
        records = records_of(text, self.delimiter, len(self.headers))
        # Where rows are wrong anyway, they are only counted.
        is_wrong = records.wrong or wrong.count
        frame = None if is_wrong or not records.rows else reader.frame(records, file, self.delimiter)
        return _Worked(line_ends, records, frame)


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """Finds cells in the lines of a CSV or TSV file."""

    lines: Lines
    headers: tuple[str, ...]
    unit: str = "line"

    def spot(self, line: int, header: str) -> Spot:
        """Finds a cell by its line; at its start where the cell is further below."""
        following = self.lines.from_line(line)
        text = following[0] if following else ""
        if header not in self.headers or not following:
            return Spot(Place(self.lines.file.shown, line, 1, text))
        record = text
        for each in following[1:]:
            if record.count('"') % 2 == 0:
                break
            record += "\n" + each
        number, delimiter = self.headers.index(header), self.lines.delimiter
        fields = fields_of(record, delimiter)
        cell = fields[number] if number < len(fields) else None
        return Spot(Place(self.lines.file.shown, line, _field_start(text, number, delimiter), text), cell)


class _WrongSoFar:
    """Records with too few or too many fields, gathered over the pieces of a file."""

    def __init__(self) -> None:
        self.count = 0
        self._found: list[tuple[int, int]] = []
        self._text = ""
        self._are_all_longer = True

    def add(self, records: Records, line_ends: int) -> None:
        """Notes what is wrong in a piece, before which there are so many lines."""
        found = records.wrong or WrongRecords(0, (), (), "", are_all_longer=not records.rows)
        self._text = self._text or found.text
        self.count += found.count
        self._found += [
            (line + line_ends, fields) for line, fields in zip(found.lines, found.fields, strict=True)
        ]
        self._are_all_longer = self._are_all_longer and found.are_all_longer

    def failure(self, file: str, width: int) -> NncliError:
        """Says it."""
        shown = [f"line {line} has {fields:,}" for line, fields in self._found[:SHOWN]]
        return failure(
            "row-fields",
            Place(file, self._found[0][0], 1, self._text),
            expected=counted(width, "field"),
            rows=[*shown, *(["…"] if self.count > SHOWN else [])],
            count=counted(self.count, "row"),
            all_longer=self._are_all_longer,
        )


def _checked(piece: TextPiece, file: DataFile, delimiter: str) -> PieceText:
    text = piece_text(piece.content, file.shown, delimiter)
    refuse_cut(piece, file)
    return text


def _refuse_other_delimiter(piece: TextPiece, file: DataFile, delimiter: str) -> None:
    """Raises `delimiter-wrong` where the first line says so: with it, quotes stand where they should not."""
    line = piece.content.partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")
    others = [other for other in _DELIMITERS if other != delimiter and other in line]
    if delimiter not in line and len(others) == 1:
        raise _other_delimiter(Place(file.shown, 1, 1, line), delimiter, others[0])


def _other_delimiter(place: Place, delimiter: str, other: str) -> NncliError:
    shown = "\\t" if other == "\t" else other
    return failure("delimiter-wrong", place, delimiter=delimiter, guess=f'"{shown}"')


def _headers(record: str, second: str, delimiter: str, place: Place) -> tuple[str, ...]:
    names = fields_of(record, delimiter)
    if len(names) == 1 and second:
        for other in _DELIMITERS:
            if other != delimiter and 0 < record.count(other) == second.count(other):
                raise _other_delimiter(place, delimiter, other)
    blank = [index for index, name in enumerate(names, 1) if not name.strip()]
    if blank:
        raise failure("header-blank", place, number=blank[0])
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise failure("header-repeated", place, names=[f"`{name}`" for name in repeated])
    return tuple(names)


def _field_start(line: str, index: int, delimiter: str) -> int:
    """Finds the column, from 1, where a field of a line begins; 1 where a quoted field spans lines."""
    quoted = False
    for position, character in enumerate(line):
        if index == 0:
            return position + 1
        if character == '"':
            quoted = not quoted
        elif character == delimiter and not quoted:
            index -= 1
    return len(line) + 1 if index == 0 and not quoted else 1
