"""JSONL: one flat object a line; numbers keep the digits that are written."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from nncli.data.decoding import decoded
from nncli.data.tables import Reading, Source, Table
from nncli.errors import Place
from nncli.messages.catalogue import failure

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
    import polars as pl

    text = decoded(content, file, reading.encoding).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines: list[int] = []
    columns: dict[str, list[str | None]] = {}
    for number, line in enumerate(text.decode("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        for key, value in _cells(line, Place(file, number, 1, line)):
            cells = columns.setdefault(key, [])
            cells.extend([None] * (len(lines) - len(cells)))
            cells.append(value)
        lines.append(number)
    if not lines or not columns:
        raise failure("data-empty", Place(file, 1, 1))
    for cells in columns.values():
        cells.extend([None] * (len(lines) - len(cells)))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(frame, np.array(lines, np.int64), Source(file, text), reading)


def _cells(line: str, place: Place) -> list[tuple[str, str | None]]:
    try:
        found = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        at = Place(place.file, place.line, error.colno, line)
        raise failure("json-syntax", at, reason=error.msg) from None
    except RecursionError:
        raise failure("json-syntax", place, reason="brackets are nested too deep") from None
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
