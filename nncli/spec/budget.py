"""How much a file may expand to: items, values and levels, counted while they are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nncli.errors import Place, Problem

MOST_ITEMS: Final = 20_000
MOST_VALUES: Final = 1_000_000
MOST_LEVELS: Final = 40


class TooLarge(Exception):
    """Ends the reading of a network that passes a limit: every further item would pass it again."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Budget:
    """What is left of the limits; a limit that is passed is told at the repeat or call around it.

    Every method raises TooLarge with the problem `spec-too-large`.
    """

    def __init__(self) -> None:
        self._items = 0
        self._values = 0
        self._keys = 0
        self._around: list[tuple[Place | None, str]] = [(None, "")]
        self._levels = 0

    @contextmanager
    def within(self, place: Place, path: str, levels: int = 1) -> Iterator[None]:
        """Goes into a network, repeat, call or structure."""
        self._around.append((place, path))
        self._levels += levels
        try:
            if self._levels > MOST_LEVELS:
                raise self._passed(f"{MOST_LEVELS} levels of blocks and structures")
            yield
        finally:
            self._levels -= levels
            self._around.pop()

    def spend_items(self, count: int = 1) -> None:
        """Counts items, or repetitions, before they are made."""
        self._items += count
        if self._items > MOST_ITEMS:
            raise self._passed(f"{MOST_ITEMS:,} items")

    def spend_values(self, count: int) -> None:
        """Counts values of arguments."""
        self._values += count
        if self._values > MOST_VALUES:
            raise self._passed(f"{MOST_VALUES:,} values")

    def next_key(self) -> int:
        """Makes a number that no other Waiting of the spec has."""
        self._keys += 1
        return self._keys

    def _passed(self, limit: str) -> TooLarge:
        place, path = self._around[-1]
        return TooLarge(Problem("spec-too-large", place, path, {"limit": limit}))
