"""What can go wrong, as data; the words are made in `messages/`.

NncliError                  every refusal that a person can act on
├── UsageError         2    the command line is wrong
├── SpecError          3    the spec is wrong
├── DataError          4    the data is wrong
├── WeightsError       5    a weights file or run folder is wrong
├── ResourceError      6    memory, disk or device is not enough
├── DivergedError      7    a loss or gradient is not finite
└── BusyError          8    the run is in use, or the output exists

Anything else that reaches the door is a bug of nncli: exit 70.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Literal, TypeAlias

SET_FILE: Final = "--set"
"""The file of every `Place` in a `--set` argument; its line is the number of that argument."""

Severity: TypeAlias = Literal["error", "warning", "note"]


class Exit(IntEnum):
    """Every exit code of the program; the table in README.md is checked against it."""

    DONE = 0
    NO = 1
    USAGE = 2
    SPEC = 3
    DATA = 4
    WEIGHTS = 5
    RESOURCE = 6
    DIVERGED = 7
    BUSY = 8
    BUG = 70
    INTERRUPTED = 75
    ABORTED = 130


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text file, or in a `--set` argument, whose file is `SET_FILE`.

    Units: `line` and `column` count from 1, columns in characters. `text` is the line itself,
    without its end, for the caret that is drawn below it; empty where it is not known.
    """

    file: str
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `code` names an entry of `messages.catalogue.CATALOGUE`, whose template is filled with `facts`.
    `path` is the YAML path, such as `network.2.Conv2d.kernel_size`.
    """

    code: str
    place: Place | None = None
    path: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    severity: Severity = "error"


class NncliError(Exception):
    """One or more problems that end a command; raise it through `messages.catalogue.failure`.

    `said` holds their words, for whoever prints the exception.
    """

    exit_code: ClassVar[Exit] = Exit.BUG

    def __init__(self, *problems: Problem, said: str = "") -> None:
        super().__init__(*problems)
        self.problems = problems
        self.said = said

    def __str__(self) -> str:
        return self.said or ", ".join(problem.code for problem in self.problems)


class UsageError(NncliError):
    """The command line is wrong."""

    exit_code = Exit.USAGE


class SpecError(NncliError):
    """The spec is wrong."""

    exit_code = Exit.SPEC


class DataError(NncliError):
    """The data is wrong."""

    exit_code = Exit.DATA


class WeightsError(NncliError):
    """A weights file or a run folder is wrong."""

    exit_code = Exit.WEIGHTS


class ResourceError(NncliError):
    """Memory, disk or device is not enough."""

    exit_code = Exit.RESOURCE


class DivergedError(NncliError):
    """A loss, a gradient or a weight is not finite."""

    exit_code = Exit.DIVERGED


class BusyError(NncliError):
    """The run is in use, or the output exists."""

    exit_code = Exit.BUSY


def printable(text: str) -> str:
    r"""Makes text from a file safe to show: control, bidi and surrogate characters become `\x..`.

    Source: C0, DEL, C1 (ECMA-48) and the bidirectional controls of Unicode TR 9 can move the
    cursor, set a title or reorder what a person reads.
    """
    return "".join(
        character if character == "\t" or _is_plain(ord(character)) else _escape(ord(character))
        for character in text
    )


def _is_plain(code_point: int) -> bool:
    if code_point < 0x20 or 0x7F <= code_point <= 0x9F or 0xD800 <= code_point <= 0xDFFF:
        return False
    bidi = 0x202A <= code_point <= 0x202E or 0x2066 <= code_point <= 0x2069
    return not bidi and code_point not in (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF)


def _escape(code_point: int) -> str:
    return f"\\x{code_point:02x}" if code_point <= 0xFF else f"\\u{code_point:04x}"
