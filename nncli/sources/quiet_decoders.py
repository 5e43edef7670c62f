"""Keeps from the terminal what decoders in C and Rust write to standard error, past Python.

libmpg123 writes about sounds that are whole as well as about damaged ones, libtiff and Polars write down what
they refuse as well: nothing follows from any of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Final, final

_STANDARD_ERROR: Final = 2
# An empty line before is theirs, the end of the line before that is not.
_SAID: Final = re.compile(
    rb"(?:(?<=\n)\n|\A\n)?"
    rb"(?:(?:\[[^\]\n]*libmpg123[^\]\n]*\] |Warning: |Note: "
    rb"|tempfile\.tif: |(?:TIFF|LZW|ZIP|PackBits|Fax3)\w+: |More samples per pixel )[^\n]*(?:\n|\Z)"
    rb"|thread '[^'\n]*'[^\n]* panicked at .*?(?:backtrace\.?\n|\Z))",
    re.DOTALL,
)
_STARTS: Final = (
    b"[", b"Warning: ", b"Note: ", b"thread '",
    b"tempfile.tif: ", b"TIFF", b"LZW", b"ZIP", b"PackBits", b"Fax3", b"More samples per pixel ",
)  # fmt: skip
_MOST_BYTES: Final = 2**16


@final
class _Sieve:
    """Standard error while somebody decodes: a pipe, from which a thread hands on what others write."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = -1
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Puts the pipe in the place of standard error, for the first of several."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._open()

    def end(self) -> None:
        """Puts standard error back after the last one."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._thread is not None:
                os.dup2(self._before, _STANDARD_ERROR)
                self._thread.join()
                self._thread = None
                os.close(self._before)

    def _open(self) -> None:
        try:
            self._before = os.dup(_STANDARD_ERROR)
        except OSError:
            # There is no standard error to keep anything from.
            return
        reading, writing = os.pipe()
        os.dup2(writing, _STANDARD_ERROR)
        os.close(writing)
        self._thread = Thread(target=self._hand_on, args=(reading,), daemon=True)
        self._thread.start()

    def _hand_on(self, reading: int) -> None:
        waiting = b""
        while written := os.read(reading, _MOST_BYTES):
            waiting += written
            # At the end of what was read so far, a line or a stack may still go on.
            end = _begun(waiting)
            self._write(waiting[:end])
            waiting = waiting[end:]
        self._write(waiting)
        os.close(reading)

    def _write(self, text: bytes) -> None:
        others = _SAID.sub(b"", text)
        if others:
            os.write(self._before, others)


def _begun(text: bytes) -> int:
    """Finds where the last thing begins that may be a decoder's, and is not over yet."""
    found = re.search(rb"\n?thread '(?!.*backtrace\.?\n)", text, re.DOTALL)
    if found:
        return found.start()
    last = text.rfind(b"\n") + 1
    line = text[last:]
    may_be = any(line.startswith(start) or start.startswith(line) for start in _STARTS)
    is_after_empty_line = text[:last].endswith(b"\n\n") or text[:last] == b"\n"
    return last - is_after_empty_line if line and may_be else len(text)


_sieve: Final = _Sieve()


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keeps what decoders write from the terminal; several threads may be here at once."""
    _sieve.begin()
    try:
        yield
    finally:
        _sieve.end()
