"""Problems gathered from steps that do not depend on each other, each said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, final

from nncli.errors import NncliError, Problem
from nncli.spec.habits import misspelt_keys

Result = TypeVar("Result")


@final
class Collected:
    """Problems gathered from steps that do not depend on each other."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self._read = tuple(path for problem in problems for path in _paths(problem))
        self._undeclared: frozenset[str] = frozenset()

    def expect_without(self, paths: Iterable[str]) -> None:
        """Takes the columns among the paths of a file as there, though something is wrong with them.

        That nothing is called as they are follows from that.
        """
        parts = [path.split(".") for path in paths]
        self._undeclared = frozenset(each[2] for each in parts if len(each) == 3 and each[0] == "data")

    def tried(self, step: Callable[[], Result]) -> Result | None:
        """Runs a step; what it refuses is kept, unless it was found wrong when it was read."""
        try:
            return step()
        except NncliError as error:
            for problem in error.problems:
                if problem not in self.problems and not self._follows(problem):
                    self.problems.append(problem)
            return None

    def _follows(self, problem: Problem) -> bool:
        """Tells whether a mistake follows from one in the same value, in a part of it, or around it."""
        path = problem.path
        if problem.code == "value-unknown" and problem.facts["name"] in self._undeclared:
            return True
        pairs = [(path, each) for each in self._read] + [(each, path) for each in self._read]
        return any(f"{inner}.".startswith(f"{outer}.") for inner, outer in pairs)


def _paths(problem: Problem) -> Iterator[str]:
    """Lists the path of a mistake, and of a key that nobody knows those that it was meant to have."""
    if problem.path:
        yield problem.path
    if problem.code == "unknown-key":
        section = problem.path.rpartition(".")[0]
        for meant in misspelt_keys([problem]):
            yield f"{section}.{meant}".lstrip(".")
