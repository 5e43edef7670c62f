"""Tables with known damage, from a fixed seed.

`python -m tests.sources.damaged_tables COUNT SEED` reads that many of them, and prints how many were refused
and accepted, and the most memory that it took, in MiB. What is accepted is compared with Python's own
readers, cell by cell; what must be refused is refused with its code, at its line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nncli.errors import DataError
from nncli.messages.catalogue import hint_of, message_of
from nncli.sources import data_files, text_pieces
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.pieces import Wanted
from nncli.sources.readers import READERS
from nncli.sources.tables import Reading

WORDS = (
    "a",
    "north",
    "ä",
    "日本",
    "two words",
    "x,y",
    'say "hi"',
    "two\nlines",
    "cr\rhere",
    "",
    "007",
    "-",
    "é" * 20,
)
NUMBERS = ("0", "1", "-2.5", "1e3", "+7", ".5", "3.", "0012", "123456789.123456789")
NO_NUMBERS = ("word", "nan", "inf", "1e400", "1,5", "0x10", "1_000", "--1", "NA")
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Damaged:
    """A table: its bytes, what was done to it, and what must come of that.

    `code` is that of the refusal, empty where it is accepted, "?" where either may be; `line` is where it
    is told, 0 where that is left open.
    """

    what: str
    suffix: str
    content: bytes
    code: str = ""
    line: int = 0
    delimiter: str = ","


@dataclass(frozen=True)
class Whole:
    """A table that is whole: rows of texts, the second column of numbers, and how it is written."""

    header: list[str]
    rows: list[list[str]]
    end: str
    delimiter: str
    all_quoted: bool = False

    def text(self, rows: list[list[str]] | None = None) -> str:
        stream = io.StringIO(newline="")
        # Python quotes line ends in cells only where they are those of the rows.
        quoting = csv.QUOTE_ALL if self.all_quoted else csv.QUOTE_MINIMAL
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator=self.end, quoting=quoting)
        writer.writerow(self.header)
        writer.writerows(self.rows if rows is None else rows)
        return stream.getvalue()

    def line_of(self, row: int) -> int:
        """Counts where a row begins: line ends within cells are lines too, and returns there are not."""
        before = self.text(self.rows[:row])
        return (
            before.count("\n") + 1
            if "\n" in self.end
            else _outside(before).count("\r") + before.count("\n") + 1
        )


def _outside(text: str) -> str:
    """Leaves out what stands between quotes."""
    return "".join(part for number, part in enumerate(text.split('"')) if number % 2 == 0)


def whole(draw: random.Random) -> Whole:
    """Draws a table of 2 to 5 columns and 1 to 30 rows."""
    width, height, all_quoted = draw.randint(2, 5), draw.randint(1, 30), draw.random() < 0.3
    words = WORDS if all_quoted else [word for word in WORDS if "\n" not in word and "\r" not in word]
    header = ["name", "number", "c 3", 'c"4', "^c.*$"][:width]
    rows = [
        [draw.choice(words), draw.choice(NUMBERS), *(draw.choice(words) for _ in range(width - 2))]
        for _ in range(height)
    ]
    return Whole(header, rows, draw.choice(ENDS), draw.choice(",;\t|"), all_quoted)


def _plain(draw: random.Random, table: Whole) -> Damaged:
    return Damaged("nothing", ".csv", table.text().encode(), delimiter=table.delimiter)


def _harmless(draw: random.Random, table: Whole) -> Damaged:
    text = table.text()
    kinds = {
        "a mark at the start": "\ufeff" + text,
        "no line end at the end": text.removesuffix(table.end),
        "blank lines around": table.end * 2 + text + table.end * 3,
    }
    what = draw.choice(list(kinds))
    return Damaged(what, ".csv", kinds[what].encode(), delimiter=table.delimiter)


def _fields(draw: random.Random, table: Whole) -> Damaged:
    row = draw.randrange(len(table.rows))
    wrong = [list(each) for each in table.rows]
    if draw.random() < 0.5:
        wrong[row].append("more")
    else:
        wrong[row].pop()
        if wrong[row] == [""]:
            wrong[row] = ["short"]
    text = table.text(wrong)
    # One field alone is written with quotes where it is empty, and else as it is.
    return Damaged(
        "a field too many or too few",
        ".csv",
        text.encode(),
        "row-fields",
        table.line_of(row),
        table.delimiter,
    )


def _quote(draw: random.Random, table: Whole) -> Damaged:
    row = draw.randrange(len(table.rows))
    lines, kind = table.text(table.rows[:row]), draw.choice(["quote-unclosed", "quote-inside"])
    bad = {"quote-unclosed": '"open', "quote-inside": '5" nail'}[kind]
    record = table.delimiter.join(["x"] * (len(table.header) - 1) + [bad])
    # No other quote behind it, which could seem to close it.
    text = lines + record + table.end + table.delimiter.join(["z"] * len(table.header)) + table.end
    return Damaged("a stray quote", ".csv", text.encode(), kind, table.line_of(row), table.delimiter)


def _header(draw: random.Random, table: Whole) -> Damaged:
    what = draw.choice(["header-repeated", "header-blank"])
    names = [*table.header[:-1], "name" if what == "header-repeated" else draw.choice(["", "  "])]
    text = Whole(names, table.rows, table.end, table.delimiter, table.all_quoted).text()
    return Damaged("a bad header", ".csv", text.encode(), what, 1, table.delimiter)


def _characters(draw: random.Random, table: Whole) -> Damaged:
    row = draw.randrange(len(table.rows))
    before, after = table.text(table.rows[:row]).encode(), table.text(table.rows[row:]).encode()
    after = after[len(table.text([]).encode()) :]
    kinds = {"data-nul": b"\0", "data-encoding": draw.choice([b"\xff", b"\xc3", b"\xed\xa0\x80"])}
    what = draw.choice(list(kinds))
    return Damaged("a bad byte", ".csv", before + kinds[what] + after, what, 0, table.delimiter)


def _other_file(draw: random.Random, table: Whole) -> Damaged:
    text = table.text()
    kinds: dict[str, tuple[bytes, str]] = {
        "gzip": (gzip.compress(text.encode(), mtime=0), "?!"),
        "utf-16": (text.encode("utf-16"), "?!"),
        "empty": (b"", "data-empty"),
        "blank": (b"\n\r\n\r", "data-empty"),
        "header only": (table.text([]).encode(), "header-only"),
    }
    what = draw.choice(list(kinds))
    content, code = kinds[what]
    return Damaged(what, ".csv", content, code, 0, table.delimiter)


def _delimiter(draw: random.Random, table: Whole) -> Damaged:
    rows = [["n", "1"] for _ in range(3)]
    text = Whole(["a", "b"], rows, "\n", ";").text()
    return Damaged("another delimiter", ".csv", text.encode(), "delimiter-wrong", 1, ",")


def _cells(draw: random.Random, table: Whole) -> Damaged:
    rows = [list(row) for row in table.rows]
    for row in rows:
        if draw.random() < 0.3:
            row[1] = draw.choice((*NO_NUMBERS, "", " 5", "6 "))
    return Damaged("cells that are no numbers", ".csv", table.text(rows).encode(), delimiter=table.delimiter)


def _flips(draw: random.Random, table: Whole) -> Damaged:
    content = bytearray(table.text().encode())
    for _ in range(draw.randint(1, 4)):
        position = draw.randrange(len(content))
        change = draw.choice(["flip", "cut", "double", "swap"])
        if change == "flip":
            content[position] ^= 1 << draw.randrange(8)
        elif change == "cut":
            del content[position : position + draw.randint(1, 5)]
        elif change == "double":
            content[position:position] = content[position : position + draw.randint(1, 20)]
        else:
            content[position : position + 1] = draw.choice(
                [b'"', b"\n", b"\r", table.delimiter.encode(), b" "]
            )
        content = content or bytearray(b"x")
    return Damaged("changed bytes", ".csv", bytes(content), "?", 0, table.delimiter)


def _objects(draw: random.Random, table: Whole) -> Damaged:
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    values = [{**row, "number": draw.choice([1, -2.5, None, "3", True])} for row in rows]
    lines = [json.dumps(row, ensure_ascii=draw.random() < 0.5) for row in values]
    row = draw.randrange(len(lines))
    bad = {
        "": lines[row],
        "json-syntax": draw.choice(
            [lines[row][:-1], "{'x': 1}", lines[row] + "]", '{"x": "\\ud800"}', "{" * 3]
        ),
        "json-object": draw.choice(["[1]", "3", "null"]),
        "json-nested": draw.choice(['{"x": [1]}', '{"x": {}}']),
        "json-repeated": '{"x": 1, "x": 2}',
    }
    code = draw.choice(list(bad))
    lines[row] = bad[code]
    text = draw.choice(["\n", "\r\n"]).join(lines)
    return Damaged("objects", ".jsonl", text.encode(), code, row + 1 if code else 0)


KINDS: tuple[Callable[[random.Random, Whole], Damaged], ...] = (
    _plain, _harmless, _fields, _quote, _header, _characters, _other_file, _delimiter, _cells, _flips, _flips,
    _objects,
)  # fmt: skip


def damaged_tables(count: int, seed: int) -> Iterator[Damaged]:
    """Draws tables, as many of each kind."""
    draw = random.Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](draw, whole(draw))


def read(damaged: Damaged, file: DataFile) -> pl.DataFrame | DataError:
    """Reads a table with its second column as numbers."""
    reading = Reading(damaged.delimiter)
    try:
        opened = READERS[damaged.suffix](file, reading)
        pieces = list(opened.pieces(Wanted(None, frozenset({"number"} & set(opened.headers)))))
    except DataError as error:
        return error
    return pl.concat([piece.frame for piece in pieces], how="diagonal")


def check(damaged: Damaged, found: pl.DataFrame | DataError) -> bool:
    """Checks what came of a table, and tells whether it was accepted."""
    if isinstance(found, DataError):
        problem = found.problems[0]
        assert message_of(problem) and hint_of(problem) is not None and problem.place is not None
        assert damaged.code, f"{problem.code} for {damaged}"
        assert damaged.code in ("?", "?!", problem.code), f"{problem.code} for {damaged}"
        assert damaged.line in (0, problem.place.line), f"line {problem.place.line} for {damaged}"
        return False
    assert damaged.code in ("", "?"), f"accepted {damaged}"
    header, rows = _rows_of_json(damaged) if damaged.suffix == ".jsonl" else _rows_of_csv(damaged)
    assert sorted(found.columns) == sorted(header), damaged
    for number, name in enumerate(header):
        wanted = [row[number] for row in rows]
        cells = found[name].to_list()
        if name == "number":
            assert [_said(cell) for cell in cells] == [_said(_number(text)) for text in wanted], damaged
        else:
            assert cells == wanted, damaged
    return True


def _rows_of_csv(damaged: Damaged) -> tuple[list[str], list[list[str | None]]]:
    text = damaged.content.decode("utf-8").removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=damaged.delimiter, strict=True)
    header, *rows = [row for row in reader if row]
    assert all(len(row) == len(header) for row in rows), damaged
    return header, [list(row) for row in rows]


def _rows_of_json(damaged: Damaged) -> tuple[list[str], list[list[str | None]]]:
    lines = damaged.content.decode("utf-8").replace("\r\n", "\n").split("\n")
    objects = [json.loads(line, parse_int=str, parse_float=str) for line in lines if line.strip()]
    header = list(dict.fromkeys(key for each in objects for key in each))
    said = {True: "true", False: "false"}
    return header, [
        [said.get(v, v) if isinstance(v := each.get(k), bool) else v for k in header] for each in objects
    ]


def _number(text: str | None) -> float:
    stripped = (text or "").strip()
    if not stripped:
        return math.nan
    value = pl.Series([stripped]).cast(pl.Float64, strict=False)[0]
    return value if value is not None and math.isfinite(value) else math.inf


def _said(number: float) -> str:
    return repr(number)


def main() -> None:
    """Reads COUNT tables from SEED, each as a small file, and some as large ones in pieces of 400 bytes."""
    count, seed = map(int, sys.argv[1:3])
    accepted = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        for number, damaged in enumerate(damaged_tables(count, seed)):
            found = read(damaged, DataFile(path, "rows", damaged.content))
            accepted += check(damaged, found)
            if number % 4 == 0:
                path.write_bytes(damaged.content)
                data_files.LARGE_BYTES, text_pieces.PIECE_BYTES = 0, 400 + number % 400  # type: ignore[misc]
                file = find_file(path, "rows")
                assert isinstance(file, DataFile) and file.content is None
                in_pieces = read(damaged, file)
                codes = [each.code for each in in_pieces.problems] if isinstance(in_pieces, DataError) else []
                if codes != ["record-long"]:
                    check(damaged, in_pieces)
                data_files.LARGE_BYTES = 64 * 2**20  # type: ignore[misc]
    peak_kib = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(count - accepted, accepted, peak_kib // 1024)


if __name__ == "__main__":
    main()
