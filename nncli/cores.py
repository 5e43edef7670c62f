"""Work done on several cores at once, its results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_MOST_THREADS: Final = 4
"""Each works on some megabytes at a time: more cores must not take more and more memory."""


def usable_cores() -> int:
    """Counts the cores that this process may use, which on a shared machine are fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worked(
    work: Callable[[Item], Result], items: Iterable[Item], *, at_once: bool
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Works on items, on several `at_once` or on one after the other, and gives in order how to get results.

    Items are taken only a few ahead of what was given. Threads are enough for work that releases Python's
    lock.
    """
    if not at_once:
        yield from ((item, partial(work, item)) for item in items)
        return
    count = min(_MOST_THREADS, usable_cores())
    with ThreadPoolExecutor(count) as threads:
        waiting = deque[tuple[Item, Callable[[], Result]]]()
        for item in items:
            waiting.append((item, threads.submit(work, item).result))
            if len(waiting) > count:
                yield waiting.popleft()
        yield from waiting
