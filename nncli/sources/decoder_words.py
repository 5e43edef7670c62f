"""What a decoder in C writes to standard error, past Python: kept from the terminal, and read."""

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
_one_at_a_time: Final = Lock()


@contextmanager
def refusing_what_is_said() -> Iterator[None]:
    """Refuses a file over which libmpg123 says anything: it goes on with silence or noise in its place.

    One file at a time, so that it is clear of which it is said. Whatever else is written to standard error
    meanwhile is written there behind it. Raises MediaError.
    """
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
            others = _SAID.sub(b"", written)
            if others:
                os.write(_STANDARD_ERROR, others)
    if found := _SAID.search(written):
        said = found[1].decode("ascii", "replace").removeprefix("error: ").rstrip(".!")
        raise MediaError(f"it is damaged: {said[:1].lower()}{said[1:100]}")
