"""Bytes of a text file to UTF-8, or the reason why not."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures

_BOM: Final = codecs.BOM_UTF8
_BLOCK_BYTES: Final = 2**20
_PACKED: Final = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}


def decoded(content: bytes, file: str, encoding: str) -> bytes:
    """Gives the text of a file as UTF-8 without a byte order mark.

    Raises `encoding-unknown`, `data-encoding`, `data-nul`.
    """
    try:
        codec = codecs.lookup(encoding)
        text = content.decode(encoding)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise _wrong(content, file, encoding, _At(start)) from None
    except LookupError:
        raise failure("encoding-unknown", encoding=encoding) from None
    # The bytes that were just checked are the text already; other encodings are rewritten.
    utf8 = content if codec.name == "utf-8" else text.encode("utf-8", "surrogatepass")
    utf8 = utf8.removeprefix(_BOM)
    _refuse_nul(utf8, file, content)
    return utf8


def is_utf8(encoding: str) -> bool:
    """Tells whether text of an encoding is UTF-8 as it stands. Raises `encoding-unknown`."""
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        raise failure("encoding-unknown", encoding=encoding) from None


def check_utf8(content: bytes, file: str) -> None:
    """Checks a piece of UTF-8 text that ends where a character does.

    Raises `data-encoding`, `data-nul`; lines and bytes count from the start of the piece.
    """
    try:
        if not content.isascii():
            content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(content, file, "utf-8", _At(error.start)) from None
    _refuse_nul(content, file, content)


def moved(error: NncliError, lines: int, first_byte: int) -> NncliError:
    """Gives an error in a piece of a file its place in the file: `lines` and bytes stand before the piece."""
    return failures(_moved(each, lines, first_byte) for each in error.problems)


def _moved(problem: Problem, lines: int, first_byte: int) -> Problem:
    facts, place = dict(problem.facts), problem.place
    if isinstance(facts.get("byte"), int):
        facts["byte"] = cast(int, facts["byte"]) + first_byte
    return replace(problem, facts=facts, place=replace(place, line=place.line + lines) if place else None)


def _refuse_nul(utf8: bytes, file: str, content: bytes) -> None:
    nul = utf8.find(b"\0")
    if nul >= 0:
        place = Place(file, utf8.count(b"\n", 0, nul) + 1, nul - utf8.rfind(b"\n", 0, nul))
        raise failures([Problem("data-nul", place, "", _appearance(content))])


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, count: int, /) -> bytes:
        """Gives so many bytes, fewer at the end, none behind it."""


@dataclass(frozen=True, slots=True)
class _At:
    """A byte of what is decoded, and what was read before that; `in_line` are characters of its line."""

    start: int
    bytes_before: int = 0
    lines_before: int = 0
    in_line: int = 0


def decoded_blocks(stream: Readable, file: str, encoding: str) -> Iterator[str]:
    """Gives the text of a file a megabyte at a time; the same characters as `decoded`.

    Raises what `decoded` raises, at the block where it is met.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise failure("encoding-unknown", encoding=encoding) from None
    lines, read, in_line = 0, 0, 0
    block = b"-"
    while block:
        block = stream.read(_BLOCK_BYTES)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            # What the decoder held back of the block before stands in front of this one.
            held = error.object if isinstance(error, UnicodeDecodeError) else block
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            at = _At(start, read + len(block) - len(held), lines, in_line)
            raise _wrong(held, file, encoding, at) from None
        text = text if read else text.removeprefix("\ufeff")
        nul = text.find("\0")
        if nul >= 0:
            column = nul - text.rfind("\n", 0, nul) + (0 if "\n" in text[:nul] else in_line)
            place = Place(file, lines + text.count("\n", 0, nul) + 1, column)
            raise failures([Problem("data-nul", place, "", _appearance(block))])
        lines += text.count("\n")
        read += len(block)
        in_line = len(text) - text.rfind("\n") - 1 if "\n" in text else in_line + len(text)
        if text:
            yield text


def _wrong(content: bytes, file: str, encoding: str, at: _At) -> NncliError:
    line = at.lines_before + content.count(b"\n", 0, at.start) + 1
    line_start = content.rfind(b"\n", 0, at.start)
    column = at.start - line_start + (at.in_line if line_start < 0 else 0)
    found = f"0x{content[at.start]:02x}" if at.start < len(content) else "the end"
    facts = {"byte": at.bytes_before + at.start, "found": found, "encoding": encoding}
    return failures([Problem("data-encoding", Place(file, line, column), "", facts | _appearance(content))])


def _appearance(content: bytes) -> dict[str, object]:
    """Guesses what the file is instead: an archive, or text in another encoding."""
    for magic, name in _PACKED.items():
        if content.startswith(magic):
            return {"packed": name}
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return {"looks": "utf-16"}
    head = content[:4096]
    if head.count(0) * 4 > len(head):
        return {"looks": "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"}
    if 0 in head:
        return {}
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return {"looks": "latin-1"}
    return {"looks": "cp1252"}
