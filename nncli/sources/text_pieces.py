"""The text of a file in pieces that end between records, each with its place in the file.

A small file is one piece; a large one is read 16 MB at a time, so that memory does not grow with it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.decoding import decoded_blocks, is_utf8

PIECE_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Whole records as UTF-8; the last one ends with its line even where the file does not.

    `offset` is where the piece begins in the file, in bytes; 0 where the text is decoded from another
    encoding and can only be read from its start. `is_cut` marks a piece without any border, the last one.
    """

    content: bytes
    offset: int
    is_cut: bool = False


def text_pieces(file: DataFile, encoding: str, *, is_quoted: bool, offset: int = 0) -> Iterator[TextPiece]:
    """Reads a file from where a piece began. With `is_quoted`, line ends between quotes are no borders.

    Raises `data-changing`, `data-encoding`, `encoding-unknown`.
    """
    is_plain = is_utf8(encoding)
    most_bytes = PIECE_BYTES if file.content is None else max(len(file.content), 1)
    chunks = file.chunks(most_bytes, offset)
    rest, position = b"", offset
    for chunk in chunks if is_plain else _as_utf8(chunks, file.shown, encoding):
        text = rest + chunk if rest else chunk
        if position == 0:
            text = text.removeprefix(codecs.BOM_UTF8)
        position += len(chunk)
        end = _border(text, is_quoted=is_quoted)
        start = position - len(text) if is_plain else 0
        if end:
            yield TextPiece(text[:end], start)
        elif len(text) >= PIECE_BYTES and file.content is None:
            yield TextPiece(_whole_characters(text), start, is_cut=True)
            return
        rest = text[end:]
    if rest:
        ended = rest if rest.endswith((b"\n", b"\r")) else rest + b"\n"
        yield TextPiece(ended, position - len(rest) if is_plain else 0)


def refuse_cut(piece: TextPiece, file: DataFile) -> None:
    """Raises `record-long` for a piece without a border, at its start."""
    if piece.is_cut:
        raise failure("record-long", Place(file.shown, 1, 1), most=f"{PIECE_BYTES // 2**20} MB")


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Chunks of bytes, read one after the other."""

    chunks: Iterator[bytes]

    def read(self, count: int, /) -> bytes:
        return next(self.chunks, b"")


def _as_utf8(chunks: Iterator[bytes], file: str, encoding: str) -> Iterator[bytes]:
    return (text.encode("utf-8", "surrogatepass") for text in decoded_blocks(_Chunks(chunks), file, encoding))


def _whole_characters(text: bytes) -> bytes:
    """Leaves out the last character where it is of several bytes, since the rest of it may be missing."""
    for back in range(1, min(4, len(text)) + 1):
        if text[-back] >= 0xC0:
            return text[:-back]
    return text


def _border(text: bytes, *, is_quoted: bool) -> int:
    """Finds where the last whole record ends; 0 where none does."""
    # A return at the very end may be the first half of a line end.
    for line_end, last in ((b"\n", len(text)), (b"\r", len(text) - 1)):
        end = text.rfind(line_end, 0, last) + 1
        # Looking for a byte is quick, counting it is not.
        quotes = text.count(b'"', 0, end) if is_quoted and b'"' in text else 0
        # A line end is between records where an even number of quotes stands before it.
        while end and quotes % 2:
            before = text.rfind(line_end, 0, end - 1) + 1
            quotes -= text.count(b'"', before, end)
            end = before
        if end:
            return end
    return 0
