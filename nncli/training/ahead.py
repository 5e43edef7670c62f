"""Rows of the next step, read and copied to the device while this one is worked out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import torch
from torch import Tensor

from nncli.columns.stored import Taken
from nncli.cores import usable_cores
from nncli.draws import Draw

# Takes rows of a column, by number on the CPU, to the device.
Fetch: TypeAlias = Callable[[Tensor, Draw | None], Taken]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Rows that will be taken: `rows` as they will be asked for, and the same on the CPU."""

    rows: Tensor
    on_cpu: Tensor
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class _Coming:
    rows: Tensor
    columns: dict[Hashable, Future[tuple[Taken, Any]]]


def pays(device: torch.device) -> bool:
    """Tells whether a thread has a core to read ahead on.

    Beside several threads of a step it would make them wait: theirs spin until the last one is there.
    """
    return device.type == "cuda" or (torch.get_num_threads() == 1 and usable_cores() > 1)


@final
class Ahead:
    """Reads columns ahead on a thread of its own, and copies them on a stream of its own where there are."""

    def __init__(self, columns: Mapping[Hashable, Fetch], device: torch.device) -> None:
        self._columns = columns
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._stream: Any = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._now: list[_Coming] = []
        self._next: list[_Coming] = []

    def turn(self, upcoming: Sequence[Upcoming]) -> None:
        """Begins a step: its rows were said before; those of the next one are read from now on."""
        self._now = self._next
        self._next = [
            _Coming(
                each.rows,
                {
                    column: self._thread.submit(self._fetched, fetch, each)
                    for column, fetch in self._columns.items()
                },
            )
            for each in upcoming
        ]

    def found(self, column: Hashable, rows: Tensor) -> Taken | None:
        """Gives a column of rows that were read ahead, once, since a layer may change it in place.

        None of others. Raises what reading them raises.
        """
        for each in self._now:
            if each.rows is rows and column in each.columns:
                taken, copied = each.columns.pop(column).result()
                return taken if copied is None else _handed_over(taken, copied)
        return None

    def _fetched(self, fetch: Fetch, upcoming: Upcoming) -> tuple[Taken, Any]:
        if self._stream is None:
            return fetch(upcoming.on_cpu, upcoming.draw), None
        with torch.cuda.stream(self._stream):
            taken = fetch(upcoming.on_cpu, upcoming.draw)
            return taken, self._stream.record_event()


def _handed_over(taken: Taken, copied: Any) -> Taken:
    """Lets the steps wait for a copy, and its memory for the steps."""
    stream = torch.cuda.current_stream(taken.values.device)
    stream.wait_event(copied)
    for each in (taken.values, taken.mask):
        if each is not None:
            each.record_stream(stream)
    return taken
