"""Files that cells of a table name, images and sounds: read once, decoded on all cores, or refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from nncli.cores import usable_cores
from nncli.regular_files import NotRegularError, read_regular_file

MOST_BYTES: Final = 512 * 2**20
"""A file of 50 million pixels takes at most 400 MB: four channels of 16 bits."""
_TOGETHER: Final = 8
"""Files that a thread takes at once: small ones are decoded faster than handed out."""
_QUICK_SECONDS: Final = 0.0002
"""Two threads that decode files of 0.06 ms take three times as long as one (bench/images.py)."""


class MediaError(Exception):
    """A file cannot be used, and why in a few words; `is_too_large` tells that it would take too much."""

    def __init__(self, reason: str, *, is_too_large: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_too_large = is_too_large


def read_media(path: Path) -> bytes:
    """Reads the bytes of a file. Raises MediaError."""
    try:
        content = read_regular_file(path, most_bytes=MOST_BYTES + 1)
    except NotRegularError as error:
        raise MediaError(error.strerror or "") from None
    except FileNotFoundError:
        raise MediaError("there is no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"it cannot be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise MediaError(f"it has more than {MOST_BYTES // 2**20} MiB", is_too_large=True)
    if not content:
        raise MediaError("it is empty")
    return content


def on_all_cores(count: int, work: Callable[[int], None]) -> dict[int, MediaError]:
    """Does work for every number below `count`; gives what was refused by its number, in order.

    Threads are enough: decoders of images and sounds release Python's lock. Where files are so small that
    threads would mostly wait for it, one of them does all the work.
    """
    refused: dict[int, MediaError] = {}

    def several(first: int) -> None:
        for number in range(first, min(first + _TOGETHER, count)):
            try:
                work(number)
            except MediaError as error:
                refused[number] = error

    def seconds_of(first: int) -> float:
        began = time.perf_counter()
        several(first)
        return time.perf_counter() - began

    # What decodes is imported by the first files.
    is_quick = min(seconds_of(0), seconds_of(_TOGETHER)) < _TOGETHER * _QUICK_SECONDS
    with ThreadPoolExecutor(1 if is_quick else usable_cores()) as pool:
        try:
            for done in [pool.submit(several, first) for first in range(2 * _TOGETHER, count, _TOGETHER)]:
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return dict(sorted(refused.items()))
