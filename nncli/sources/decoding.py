"""Bytes of a text file to UTF-8, or the reason why not."""

from __future__ import annotations

import codecs
from typing import Final

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures

_BOM: Final = codecs.BOM_UTF8
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
        raise _wrong(content, file, encoding, start) from None
    except LookupError:
        raise failure("encoding-unknown", encoding=encoding) from None
    # The bytes that were just checked are the text already; other encodings are rewritten.
    utf8 = content if codec.name == "utf-8" else text.encode("utf-8", "surrogatepass")
    utf8 = utf8.removeprefix(_BOM)
    nul = utf8.find(b"\0")
    if nul >= 0:
        line = utf8.count(b"\n", 0, nul) + 1
        column = nul - utf8.rfind(b"\n", 0, nul)
        raise failures([Problem("data-nul", Place(file, line, column), "", _appearance(content))])
    return utf8


def _wrong(content: bytes, file: str, encoding: str, start: int) -> NncliError:
    line = content.count(b"\n", 0, start) + 1
    column = start - content.rfind(b"\n", 0, start)
    found = f"0x{content[start]:02x}" if start < len(content) else "the end"
    facts = {"byte": start, "found": found, "encoding": encoding} | _appearance(content)
    return failures([Problem("data-encoding", Place(file, line, column), "", facts)])


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
