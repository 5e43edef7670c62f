"""What decoders in C and Rust write to standard error, past Python: kept from the terminal, and read."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from nncli.sources.media_files import MediaError

_STANDARD_ERROR: Final = 2
# libmpg123 says so what libsndfile hands on to nobody.
_SAID: Final = re.compile(rb"(?:\[[^\]\n]*libmpg123[^\]\n]*\] |Warning: |Note: )([^\n]*)\n?")
# What Polars raises as an exception, its runtime writes down as well, with its stack.
_PANIC: Final = re.compile(rb"\n?thread '[^'\n]*'[^\n]* panicked at .*?(?:backtrace\.?\n|\Z)", re.DOTALL)
_one_at_a_time: Final = Lock()


@contextmanager
def refusing_what_is_said() -> Iterator[None]:
    """Refuses a file over which libmpg123 says anything: it goes on with silence or noise in its place.

    One file at a time, so that it is clear of which it is said. Whatever else is written to standard error
    meanwhile is written there behind it. Raises MediaError.
    """
    said: list[bytes] = []
    with _kept_from_terminal(_SAID, said):
        yield
    if said:
        words = said[0].decode("ascii", "replace").removeprefix("error: ").rstrip(".!")
        raise MediaError(f"it is damaged: {words[:1].lower()}{words[1:100]}")


@contextmanager
def without_panics() -> Iterator[None]:
    """Keeps from the terminal what Polars writes over damaged bytes beside raising an exception."""
    with _kept_from_terminal(_PANIC, []):
        yield


@contextmanager
def _kept_from_terminal(pattern: re.Pattern[bytes], said: list[bytes]) -> Iterator[None]:
    """Takes what matches out of standard error, and gives its groups; the rest is written behind."""
    with _one_at_a_time, tempfile.TemporaryFile() as kept:
        try:
            before = os.dup(_STANDARD_ERROR)
        except OSError:
            # There is no standard error to keep anything from.
            yield
            return
        os.dup2(kept.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(before, _STANDARD_ERROR)
            os.close(before)
            kept.seek(0)
            written = kept.read()
            others = pattern.sub(b"", written)
            if others:
                os.write(_STANDARD_ERROR, others)
            said.extend(found.group(pattern.groups) for found in pattern.finditer(written))
