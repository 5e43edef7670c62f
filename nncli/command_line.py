"""The command line as it is read: what typer refuses is said in nncli's words."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, final

import typer
from typer.core import TyperGroup

from nncli.errors import Exit

# Its base is the error of everything that is wrong on a command line; typer gives it no name of its own.
_REFUSED: Final[Any] = typer.BadParameter.__mro__[1]
_VALUE: Final = re.compile(r"(?P<quote>['\"]?)(?P<value>.*?)(?P=quote) is not ")
_QUOTED: Final = re.compile(r"(?P<quote>['\"])(?P<value>.*?)(?P=quote)")
EXAMPLE: Final = re.compile(r"^\s*(nncli .*)$", re.MULTILINE)
"""An example in the text that ends a help."""
_EXTRA: Final = re.compile(r"unexpected extra argument\S* \((.*)\)")
_KINDS: Final = {"int": "a whole number", "float": "a number", "boolean": "true or false"}


@final
class Verbs(TyperGroup):
    """The verbs of nncli."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **more: Any) -> Any:
        """Runs a verb and leaves with its exit code; what cannot be read leaves with USAGE."""
        try:
            code = super().main(args, *others, **{**more, "standalone_mode": False})
        except typer.Abort:
            code = int(Exit.ABORTED)
        except _REFUSED as error:
            # Without a verb the help was shown already.
            if type(error).__name__ != "NoArgsIsHelpError":
                _show(error, self, sys.argv[1:] if args is None else args)
            code = int(Exit.USAGE)
        sys.exit(code if isinstance(code, int) else 0)


def _show(error: Any, verbs: Verbs, words: Sequence[str]) -> None:
    from nncli.errors import Problem
    from nncli.terminal.problems import show_problem
    from nncli.terminal.streams import open_streams

    # Some errors do not say where they come from.
    verb = next((word for word in words if word in verbs.commands), "")
    command = error.ctx.command if error.ctx is not None else verbs.commands.get(verb, verbs)
    name = "nncli" if command is verbs else f"nncli {command.name}"
    code, facts = _said(error, command, name)
    show_problem(open_streams(), Problem(code, facts=facts))


def _said(error: Any, command: Any, name: str) -> tuple[str, dict[str, object]]:
    """Tells the code and the facts of what typer refused of a command with a name."""
    message, kind, facts = str(error.message), type(error).__name__, {"command": name}
    parameter = getattr(error, "param", None)
    if kind == "NoSuchOption":
        # Without dashes, which make all of them alike.
        known = {each.lstrip("-"): each for each in [*_options(command), "--help"]}
        near = known.get(_nearest(error.option_name.lstrip("-"), known), "")
        return "option-unknown", {**facts, "option": error.option_name, "nearest": near}
    if kind == "BadOptionUsage":
        takes = "does not take" not in message
        wanted = "needs a value" if takes else "takes no value"
        metavar = _metavar(_options(command).get(error.option_name)) if takes else ""
        return "option-form", {**facts, "option": error.option_name, "wanted": wanted, "metavar": metavar}
    if kind == "MissingParameter" and parameter is not None:
        meaning = f": {parameter.help}".rstrip(".") if parameter.help else ""
        found = EXAMPLE.search(command.epilog or "")
        example = found[1] if found else ""
        return "command-short", {**facts, "name": _name(parameter), "meaning": meaning, "example": example}
    if parameter is not None and (given := _VALUE.match(message)):
        return "option-value", {**facts, **_of_value(parameter, given["value"])}
    if message.startswith("No such command"):
        return "verb-unknown", {**facts, **_of_verb(command, message)}
    if extra := _EXTRA.search(message):
        takes_words = [_name(each) for each in command.params if _is_argument(each)]
        return "command-long", {**facts, "extra": extra[1], "takes": takes_words}
    return "command-wrong", {**facts, "said": message.rstrip(".")}


def _nearest(word: str, known: Iterable[str]) -> str:
    from nncli.messages.catalogue import nearest

    return nearest(word, known)


def _options(command: Any) -> dict[str, Any]:
    """Lists the options of a command by each of their names."""
    return {name: each for each in command.params if not _is_argument(each) for name in each.opts}


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _metavar(parameter: Any) -> str:
    return "VALUE" if parameter is None else parameter.metavar or str(parameter.name).upper()


def _name(parameter: Any) -> str:
    """Names an argument as help does, and an option by its long form with what it takes."""
    metavar = _metavar(parameter)
    return metavar if _is_argument(parameter) else f"{max(parameter.opts, key=len)} {metavar}"


def _of_value(parameter: Any, value: str) -> dict[str, object]:
    wanted = parameter.type
    choices = [str(each) for each in getattr(wanted, "choices", ())]
    if choices:
        expected = f"one of {', '.join(choices)}"
    else:
        expected = _KINDS.get(wanted.name.removesuffix(" range"), wanted.name) + _range(wanted)
    option = _metavar(parameter) if _is_argument(parameter) else max(parameter.opts, key=len)
    return {"option": option, "received": value, "expected": expected, "nearest": _nearest(value, choices)}


def _range(wanted: Any) -> str:
    """Writes the range of a number: ` from 1 on`, ` above 0 up to 1`; empty for any number."""
    low, high = getattr(wanted, "min", None), getattr(wanted, "max", None)
    first = "above" if getattr(wanted, "min_open", False) else "from"
    last = "below" if getattr(wanted, "max_open", False) else "up to"
    words = [f"{first} {low}"] if low is not None else []
    words += [f"{last} {high}"] if high is not None else ["on"] if first == "from" and words else []
    return "".join(f" {each}" for each in words)


def _of_verb(group: Any, message: str) -> dict[str, object]:
    found = _QUOTED.search(message)
    verb = found["value"] if found else ""
    spec = verb if verb.lower().endswith((".yaml", ".yml")) else ""
    known = list(group.commands)
    return {"verb": verb, "spec": spec, "nearest": _nearest(verb, known), "known": known}
