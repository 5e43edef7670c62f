"""The verbs of nncli with their arguments and options, read once from the Typer app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, get_args

import typer

from nncli.cli import app
from nncli.data.builtin_sets import BUILTIN as SETS
from nncli.data.builtin_sets import PREFIX
from nncli.diagnosis.findings import FindingId
from nncli.explaining.words import word_groups

Value: TypeAlias = tuple[str, ...]
"""What may stand in a place: fixed words, and `@specs`, `@runs`, `@files` or `@folders`."""

HELP: Final = ("-h", "--help")

BUILTIN: Final = tuple(PREFIX + name for name in sorted(SETS))

# Words that the language itself has: those of torch depend on what is installed.
WORDS: Final = tuple(
    word
    for group, words in word_groups().items()
    for word in words
    if group != "error code" and re.fullmatch(r"[A-Za-z][\w.]*", word)
)

# What a metavar of cli.py stands for; the rest is one of a few words, free text or a number.
VALUES: Final[Mapping[str, Value]] = {
    "SPEC": ("@specs",),
    "SPEC|RUN…": ("@specs", "@runs"),
    "RUN": ("@runs",),
    "RUN…": ("@runs",),
    "SPEC|RUN": ("@specs", "@runs"),
    "RUN|SPEC": ("@runs", "@specs"),
    "FILE": ("@files",),
    "FILE|-": ("@files",),
    "DIR": ("@folders",),
    "FOLDER": ("@folders",),
    "RUN RUN": ("@runs",),
    "STATE": ("training", "done", "interrupted", "failed", "killed", "damaged"),
    "DEVICE": ("auto", "cpu", "cuda", "cuda:0"),
    "ID": get_args(FindingId),
    "FILE|FOLDER|builtin:NAME": ("@files", *BUILTIN),
    "WORD": WORDS,
}


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its names, shortest first, and what follows it; `metavar` is empty for a switch."""

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    value: Value = ()
    repeatable: bool = False

    @property
    def long(self) -> str:
        """The name with two dashes."""
        return self.names[-1]


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument by position."""

    metavar: str
    value: Value
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb with everything that may follow it."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The program: what may stand before a verb, and the verbs."""

    options: tuple[Option, ...]
    verbs: tuple[Verb, ...]


def read_tree() -> Tree:
    """Walks the command that Typer makes of `nncli.cli.app`."""
    program: Any = typer.main.get_command(app)
    verbs = (_verb(name, command) for name, command in program.commands.items())
    return Tree(_options(program.params), tuple(verbs))


def _verb(name: str, command: Any) -> Verb:
    arguments = (
        Argument(each.metavar, VALUES[each.metavar], each.nargs == -1)
        for each in command.params
        if each.param_type_name == "argument"
    )
    return Verb(name, command.help.partition("\n")[0], tuple(arguments), _options(command.params))


def _options(parameters: list[Any]) -> tuple[Option, ...]:
    options = [_option(each) for each in parameters if each.param_type_name == "option"]
    return (*options, Option(HELP, "Show this message and exit."))


def _option(parameter: Any) -> Option:
    names = tuple(sorted(parameter.opts, key=len))
    if parameter.is_flag:
        return Option(names, parameter.help)
    value = tuple(getattr(parameter.type, "choices", ())) or VALUES.get(parameter.metavar, ())
    return Option(names, parameter.help, parameter.metavar, value, parameter.multiple)
