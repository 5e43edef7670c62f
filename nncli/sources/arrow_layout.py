"""Where the messages of an Arrow file are, and how much memory each takes, read before Polars does.

Both forms are a row of messages: the stream, and the file (Feather), which has a magic word before them and
a footer behind. Each is a flatbuffer of which only a few fields are looked at here.
Source: the Arrow columnar format, Message.fbs and Schema.fbs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final, final

_MAGIC: Final = b"ARROW1"
END: Final = b"\xff\xff\xff\xff\0\0\0\0"
MOST_BATCH_BYTES: Final = 2 * 2**30
"""A batch is decoded as a whole: this is the most that one may take in memory."""
_MARK: Final = b"\xff\xff\xff\xff"
_MOST_METADATA_BYTES: Final = 64 * 2**20
_TAIL_BYTES: Final = 4 + len(_MAGIC)
_BUFFER_BYTES, _BLOCK_BYTES = 16, 24
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_VERSION: Final = 4
_CELL_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One message: where it begins in the file, with all its bytes; rows of a batch, else 0."""

    offset: int
    size_bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class ArrowLayout:
    """The messages of a file: the bytes of its schema, its dictionaries, and its batches."""

    schema: bytes
    dictionaries: tuple[Message, ...]
    batches: tuple[Message, ...]


def arrow_layout(stream: BinaryIO, size_bytes: int) -> ArrowLayout:
    """Walks over the messages of a stream or file.

    Raises ValueError, with the reason, for one that cannot be true or would take too much memory.
    """
    is_file = stream.read(len(_MAGIC)) == _MAGIC
    return _file_layout(stream, size_bytes) if is_file else _stream_layout(stream, size_bytes)


def _stream_layout(stream: BinaryIO, size_bytes: int) -> ArrowLayout:
    position, schema = 0, b""
    dictionaries: list[Message] = []
    batches: list[Message] = []
    while position < size_bytes:
        stream.seek(position)
        if stream.read(len(END)) == END:
            break
        kind, message = _message(stream, position, size_bytes)
        if kind == _BATCH and schema:
            batches.append(message)
        elif kind == _DICTIONARY and schema and not batches:
            dictionaries.append(message)
        elif kind == _SCHEMA and not schema:
            stream.seek(position)
            schema = stream.read(message.size_bytes)
        else:
            raise ValueError("its messages are in another order than they should be")
        position += message.size_bytes
    if not schema:
        raise ValueError("it has no schema")
    return ArrowLayout(schema, tuple(dictionaries), tuple(batches))


def _file_layout(stream: BinaryIO, size_bytes: int) -> ArrowLayout:
    stream.seek(max(size_bytes - _TAIL_BYTES, 0))
    tail = stream.read(_TAIL_BYTES)
    footer_bytes = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or footer_bytes > min(_MOST_METADATA_BYTES, size_bytes - _TAIL_BYTES):
        raise ValueError("it does not end as an Arrow file does")
    stream.seek(size_bytes - _TAIL_BYTES - footer_bytes)
    content = stream.read(footer_bytes)
    try:
        footer = _Table(content, struct.unpack_from("<I", content, 0)[0])
        schema = footer.table(1)
        dictionaries, batches = (_listed(footer.vector(field, _BLOCK_BYTES), content) for field in (2, 3))
    except (struct.error, IndexError):
        raise ValueError("its footer cannot be read") from None
    if schema is None:
        raise ValueError("it has no schema")
    return ArrowLayout(
        _schema_message(content, schema.position),
        tuple(_message(stream, offset, size_bytes)[1] for offset in dictionaries),
        tuple(_message(stream, offset, size_bytes)[1] for offset in batches),
    )


def _schema_message(footer: bytes, position: int) -> bytes:
    """Makes the schema that stands in a footer the first message of a stream.

    Places in a flatbuffer are told from where they are told, so the footer is kept whole behind a table
    that leads into it.
    """
    # The root; the fields of the table by number: version, kind, content; the table itself.
    head = struct.pack("<I5H2x", 16, 10, 12, 8, 10, 4)
    head += struct.pack("<iIhBx4x", 12, 32 + position - 20, _VERSION, _SCHEMA)
    metadata = head + footer + bytes(-(len(head) + len(footer)) % 8)
    return _MARK + struct.pack("<I", len(metadata)) + metadata


def _listed(blocks: _Vector, content: bytes) -> list[int]:
    return [
        int(struct.unpack_from("<q", content, blocks.start + _BLOCK_BYTES * number)[0])
        for number in range(blocks.count)
    ]


def _message(stream: BinaryIO, position: int, size_bytes: int) -> tuple[int, Message]:
    """Checks the message at a position, and tells its kind."""
    if not 0 <= position <= size_bytes - 8:
        raise ValueError("one of its messages lies outside of it")
    stream.seek(position)
    start = stream.read(8)
    length = int.from_bytes(start[4:], "little")
    if not start.startswith(_MARK) or length > min(_MOST_METADATA_BYTES, size_bytes - position - 8):
        raise ValueError("it does not begin, or go on, as an Arrow file does")
    try:
        kind, rows, body = _checked(stream.read(length), stream, position + 8 + length, size_bytes)
    except (struct.error, IndexError):
        raise ValueError("one of its messages cannot be read") from None
    return kind, Message(position, 8 + length + body, rows)


def _checked(metadata: bytes, stream: BinaryIO, body_start: int, size_bytes: int) -> tuple[int, int, int]:
    """Checks a message, and gives its kind, its rows and the bytes of its body."""
    message = _Table(metadata, struct.unpack_from("<I", metadata, 0)[0])
    kind, body = message.number(1, "B"), message.number(3, "q")
    if not 0 <= body <= size_bytes - body_start:
        raise ValueError("one of its messages is said to be longer than the file")
    batch = message.table(2) if kind == _BATCH else None
    if kind == _DICTIONARY:
        dictionary = message.table(2)
        batch = dictionary.table(1) if dictionary else None
    if batch is None:
        return kind, 0, body
    rows, nodes = batch.number(0, "q"), batch.vector(1, _BUFFER_BYTES).count
    buffers = batch.vector(2, _BUFFER_BYTES)
    total_bytes = max(rows, 0) * nodes * _CELL_BYTES
    is_packed = batch.table(3) is not None
    for at in range(buffers.count):
        offset, length = struct.unpack_from("<qq", metadata, buffers.start + _BUFFER_BYTES * at)
        if not 0 <= offset <= offset + length <= body:
            raise ValueError("one of its columns lies outside of it")
        if is_packed and length >= 8:
            stream.seek(body_start + offset)
            length = max(length, int.from_bytes(stream.read(8), "little", signed=True))
        total_bytes += length
    if rows < 0 or total_bytes > MOST_BATCH_BYTES:
        raise ValueError(
            f"one of its batches holds {rows:,} rows, which take more than {MOST_BATCH_BYTES // 2**30} GB; "
            "write it with smaller ones"
        )
    return kind, rows if kind == _BATCH else 0, body


@dataclass(frozen=True, slots=True)
class _Vector:
    """Where the items of a vector begin, and how many there are."""

    start: int
    count: int


@final
@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer; struct.error for what lies outside of it."""

    content: bytes
    position: int

    def number(self, field: int, kind: str) -> int:
        """Gives a number, by the letter of its type; 0 where it is left out."""
        place = self._place(field)
        return int(struct.unpack_from(f"<{kind}", self.content, place)[0]) if place else 0

    def table(self, field: int) -> _Table | None:
        """Gives a table inside of this one."""
        place = self._place(field)
        return _Table(self.content, self._target(place)) if place else None

    def vector(self, field: int, item_bytes: int) -> _Vector:
        """Gives a vector of structures."""
        place = self._place(field)
        if not place:
            return _Vector(0, 0)
        start = self._target(place)
        count = struct.unpack_from("<I", self.content, start)[0]
        if count * item_bytes > len(self.content) - start:
            raise IndexError
        return _Vector(start + 4, count)

    def _place(self, field: int) -> int:
        """Gives where a field stands; 0 where it is left out."""
        table_start = self.position - struct.unpack_from("<i", self.content, self.position)[0]
        if table_start < 0:
            raise IndexError
        size = struct.unpack_from("<H", self.content, table_start)[0]
        if 4 + 2 * field >= size:
            return 0
        offset = struct.unpack_from("<H", self.content, table_start + 4 + 2 * field)[0]
        return self.position + offset if offset else 0

    def _target(self, place: int) -> int:
        target: int = place + struct.unpack_from("<I", self.content, place)[0]
        return target
