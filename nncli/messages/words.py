"""The form of an entry in the tables of messages."""

from __future__ import annotations

from dataclasses import dataclass

from nncli.errors import NncliError


@dataclass(frozen=True, slots=True)
class Words:
    """How one code is said.

    `message` and `hints` are `str.format` templates over the facts of a problem. The first hint
    whose facts are all given and not empty is shown. `about` explains the code in docs/errors.md.
    """

    error: type[NncliError]
    message: str
    hints: tuple[str, ...] = ()
    about: str = ""
