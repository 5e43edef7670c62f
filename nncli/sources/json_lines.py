"""JSONL and JSON: flat objects, one a line or in a list; numbers keep the digits that are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.decoding import decoded
from nncli.sources.tables import Reading, Source, Table

# Numbers stay text, so that 1e400 and 123456789012345678901 reach the checks of their column as
# written; objects come as tuples of pairs, so that a repeated key is seen.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)


def read_json_lines(content: bytes, file: str, reading: Reading) -> Table:
    """Reads a JSONL file; every cell becomes text, booleans `true` and `false`.

    Raises `data-empty`, `json-syntax`, `json-object`, `json-nested`, `json-repeated`, `data-encoding`,
    `data-nul`.
    """
    text = decoded(content, file, reading.encoding).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    rows = {
        number: _cells(_value(line, Place(file, number, 1, line)), Place(file, number, 1, line))
        for number, line in enumerate(text.decode("utf-8").split("\n"), 1)
        if line.strip()
    }
    return _table(rows, Source(file, text), reading)


def read_json(content: bytes, file: str, reading: Reading) -> Table:
    """Reads what a program writes to a pipe: JSONL, a list of objects, or one object over several lines.

    Rows that are no lines are named by number. Raises as `read_json_lines` does.
    """
    text = decoded(content, file, reading.encoding).decode("utf-8").strip()
    if not text.startswith("[") and text.partition("\n")[0].rstrip().endswith("}"):
        return read_json_lines(content, file, reading)
    value = _value(text, Place(file, 1, 1))
    objects = value if isinstance(value, list) else [value]
    rows = {number: _cells(each, Place(file, number, 1)) for number, each in enumerate(objects, 1)}
    return _table(rows, Source(file), reading)


def _table(rows: Mapping[int, Sequence[tuple[str, str | None]]], source: Source, reading: Reading) -> Table:
    import polars as pl

    columns: dict[str, list[str | None]] = {}
    for count, pairs in enumerate(rows.values()):
        for key, value in pairs:
            cells = columns.setdefault(key, [])
            cells.extend([None] * (count - len(cells)))
            cells.append(value)
    if not rows or not columns:
        raise failure("data-empty", Place(source.file, 1, 1))
    for cells in columns.values():
        cells.extend([None] * (len(rows) - len(cells)))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(frame, np.array(list(rows), np.int64), source, reading)


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
    return [(key, _text(key, value, place)) for key, value in found]


def _text(key: str, value: object, place: Place) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise failure("json-nested", place, key=key)
    if not value.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise failure("json-syntax", place, reason="an escape is half of a surrogate pair")
    return value
