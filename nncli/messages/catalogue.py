"""Every code with its words, and the one way to raise and to say a problem."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeVar

from nncli.errors import SET_FILE, NncliError, Place, Problem, printable
from nncli.messages import (
    command_line,
    data,
    diagnoses,
    diagnoses_of_runs,
    findings,
    media,
    models,
    network,
    own_code,
    pretrained,
    running,
    spec,
    structure,
    tensors,
    texts,
    updates,
    updating,
    usage,
    weights,
    wiring,
    writing,
    yaml,
)
from nncli.messages.words import Words

Result = TypeVar("Result")
TABLES: Final = (
    own_code.TABLE,
    command_line.TABLE,
    usage.TABLE,
    yaml.TABLE,
    spec.TABLE,
    structure.TABLE,
    network.TABLE,
    wiring.TABLE,
    tensors.TABLE,
    data.TABLE,
    findings.TABLE,
    diagnoses.TABLE,
    diagnoses_of_runs.TABLE,
    media.TABLE,
    texts.TABLE,
    weights.TABLE,
    models.TABLE,
    pretrained.TABLE,
    running.TABLE,
    updating.TABLE,
    updates.TABLE,
    writing.TABLE,
)
CATALOGUE: Final[dict[str, Words]] = {code: words for table in TABLES for code, words in table.items()}


def failure(code: str, place: Place | None = None, path: str = "", **facts: object) -> NncliError:
    """Makes the exception for one problem: `raise failure("file-missing", file=path)`."""
    return failures([Problem(code, place, path, facts)])


def failures(problems: Iterable[Problem]) -> NncliError:
    """Makes one exception for several problems, sorted by place; its exit code is the lowest."""
    ordered = sorted(problems, key=_order)
    kinds = [CATALOGUE[problem.code].error for problem in ordered if problem.severity == "error"]
    said = "; ".join(message_of(problem) for problem in ordered)
    return min(kinds, key=lambda kind: kind.exit_code)(*ordered, said=said)


def require_all(steps: Iterable[Callable[[], Result]]) -> list[Result]:
    """Runs steps that do not depend on each other; returns what they give, or raises all their problems."""
    problems: list[Problem] = []
    results: list[Result] = []
    for step in steps:
        try:
            results.append(step())
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return results


def _order(problem: Problem) -> tuple[str, int, int]:
    place = problem.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)


def message_of(problem: Problem) -> str:
    """Fills the message of a problem; text from files is made printable."""
    return _filled(CATALOGUE[problem.code].message, problem)


def hint_of(problem: Problem) -> str:
    """Fills the first hint whose facts are all given and not empty; empty where none fits.

    For what came by `--set` there are more facts: `option`, which is `--set`; `set`, its path; and
    `set_nearest`, the same path with the nearest name at its end. What the hint writes as YAML for that path
    is written as a `--set`.
    """
    given = replace(problem, facts={**problem.facts, **_facts_of_set(problem)})
    for template in CATALOGUE[problem.code].hints:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        if all(given.facts.get(name) not in (None, "", (), []) for name in names):
            return _as_typed(_filled(template, given), problem)
    return ""


def _as_typed(hint: str, problem: Problem) -> str:
    """Writes `epochs: 20` as `--set training.epochs=20` where the mistake came by `--set`."""
    key = problem.path.rpartition(".")[2]
    if problem.place is None or problem.place.file != SET_FILE or not key:
        return hint

    def typed(found: re.Match[str]) -> str:
        text = f"{problem.path}={found.group(1)}"
        return f"`{SET_FILE} '{text}'`" if set(text) & set(" {[") else f"`{SET_FILE} {text}`"

    return re.sub(rf"`{re.escape(key)}: ([^`]+)`", typed, hint)


def _facts_of_set(problem: Problem) -> dict[str, str]:
    if problem.place is None or problem.place.file != SET_FILE:
        return {}
    near = problem.facts.get("nearest")
    section = problem.path.rpartition(".")[0]
    return {
        "option": SET_FILE,
        "set": problem.path,
        "set_nearest": ".".join(filter(None, (section, str(near)))) if near else "",
    }


def _filled(template: str, problem: Problem) -> str:
    return template.format_map({name: _shown(value) for name, value in problem.facts.items()})


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    return printable(str(value))


def nearest(word: str, known: Iterable[str]) -> str:
    """Names the known word that was probably meant, or nothing."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    if word.lower() in lowered:
        return lowered[word.lower()]
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return found[0] if found else ""
