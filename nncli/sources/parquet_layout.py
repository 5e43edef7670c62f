"""What the footer of a Parquet file promises, read before Polars takes memory for it.

The footer is Thrift in its compact form: fields with numbers, of which only a few are looked at here.
Source: the Parquet format, parquet.thrift; Thrift compact protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Value: TypeAlias = "int | bytes | list[Value] | dict[int, Value]"

MOST_FOOTER_BYTES: Final = 64 * 2**20
MOST_GROUP_BYTES: Final = 4 * 2**30
"""A row group is decoded as a whole: this is the most that one may take, in a file and in memory."""
CELL_BYTES: Final = 8
_DEEPEST: Final = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file says of itself: the names of its columns, and how many rows they have."""

    headers: tuple[str, ...]
    rows: int


def checked_layout(footer: bytes, file_bytes: int) -> Layout:
    """Reads a footer and checks the sizes in it.

    Raises ValueError, with the reason, where they cannot be true.
    """
    try:
        found = _Reader(footer).struct(0)
        headers = _headers([_struct(each) for each in _list(found.get(2))])
        rows = _whole(found.get(3))
        groups = [_struct(each) for each in _list(found.get(4, []))]
        counts = [_whole(group.get(3)) for group in groups]
        columns = [[_struct(_struct(each).get(3)) for each in _list(group.get(1))] for group in groups]
        for count, chunks in zip(counts, columns, strict=True):
            _check_group(count, chunks, file_bytes)
    except (IndexError, TypeError, UnicodeDecodeError):
        raise ValueError("its footer ends too soon or holds something else") from None
    if sum(counts) != rows:
        raise ValueError(f"it says that it has {rows:,} rows, and {sum(counts):,} in its row groups")
    return Layout(headers, rows)


def _headers(elements: list[dict[int, Value]]) -> tuple[str, ...]:
    """Lists the columns of a schema, a tree written from the top: fields 4 and 5 are name and width."""
    names, position = [], 1
    for _ in range(_whole(elements[0].get(5))):
        name = elements[position].get(4)
        if not isinstance(name, bytes):
            raise TypeError
        names.append(name.decode("utf-8"))
        below = 1
        while below:
            below += _whole(elements[position].get(5, 0)) - 1
            position += 1
    return tuple(names)


def _check_group(rows: int, chunks: list[dict[int, Value]], file_bytes: int) -> None:
    """Checks the columns of a row group: fields 6 and 7 are their bytes unpacked and packed."""
    if sum(_whole(chunk.get(7)) for chunk in chunks) > file_bytes:
        raise ValueError("its columns are said to be longer than the file")
    decoded = sum(_whole(chunk.get(6)) for chunk in chunks)
    if max(decoded, rows * len(chunks) * CELL_BYTES) > MOST_GROUP_BYTES:
        raise ValueError(
            f"one of its row groups holds {rows:,} rows of {len(chunks):,} columns, which is more than "
            f"{MOST_GROUP_BYTES // 2**30} GB; write it with smaller row groups"
        )


def _whole(value: Value | None) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError
    return value


def _list(value: Value | None) -> list[Value]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _struct(value: Value | None) -> dict[int, Value]:
    if not isinstance(value, dict):
        raise TypeError
    return value


class _Reader:
    """Walks over Thrift; IndexError where it ends, TypeError for what is not in the form."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self, depth: int) -> dict[int, Value]:
        if depth > _DEEPEST:
            raise TypeError
        fields: dict[int, Value] = {}
        number = 0
        while (head := self._byte()) & 15 != _STOP:
            kind, step = head & 15, head >> 4
            number = number + step if step else self._signed()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Value:
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind < _DOUBLE:
            return self._signed()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._unsigned()
            # Every item takes a byte at least.
            if count > len(self._content) - self._at or depth > _DEEPEST:
                raise IndexError
            return [self._item(head & 15, depth) for _ in range(count)]
        if kind == _STRUCT:
            return self.struct(depth)
        raise TypeError

    def _item(self, kind: int, depth: int) -> Value:
        return self._value(kind, depth + 1)

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        if count > len(self._content) - self._at:
            raise IndexError
        self._at += count
        return self._content[self._at - count : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise TypeError

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
