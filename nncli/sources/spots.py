"""Where cells stand: in a line of a file, in one of several files, or in a row that is told by its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

from nncli.errors import Place


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a cell stands, and its text as written there; None where that is not known."""

    place: Place
    cell: str | None = None


class Mark(NamedTuple):
    """Where a piece of a source begins: the number of its file, and its offset in it, in bytes.

    `before` is what the lines of all files before are counted up to, `line` the first line of the piece
    in its own file.
    """

    file: int
    before: int
    offset: int
    line: int


START: Final = Mark(0, 0, 0, 1)
Index: TypeAlias = tuple[Mark, ...]


class SourceText(Protocol):
    """The text that rows were read from."""

    @property
    def unit(self) -> str:
        """What a row is named by: its line, or its number."""

    def spot(self, line: int, header: str) -> Spot:
        """Finds a cell by the line that its row begins on; without a header, the line itself.

        The place is the start of the line where it cannot be told further.
        """
