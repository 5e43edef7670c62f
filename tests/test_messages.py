"""Codes in the package and entries of the catalogue are the same, and every template can be filled."""

from __future__ import annotations

import ast
import re
import string
from dataclasses import dataclass
from pathlib import Path

import pytest

from nncli.messages.catalogue import CATALOGUE, TABLES

ROOT = Path(__file__).parent.parent
FILES = [path for path in sorted((ROOT / "nncli").rglob("*.py")) if path.parent.name != "messages"]


@dataclass(frozen=True)
class Use:
    """One place that raises a code; `facts` is None where they cannot be seen in the text."""

    code: str
    where: str
    facts: frozenset[str] | None


def _facts_of_failure(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(str(name) for name in names) - {"place", "path"}


def _facts_of_problem(call: ast.Call) -> frozenset[str] | None:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "facts"] + call.args[3:4]
    if not given:
        return frozenset()
    keys = given[0].keys if isinstance(given[0], ast.Dict) else [None]
    if not all(isinstance(key, ast.Constant) for key in keys):
        return None
    return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant))


def _uses() -> list[Use]:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            code = node.args[0]
            if node.func.id in ("failure", "Problem") and isinstance(code, ast.Constant):
                facts = _facts_of_failure(node) if node.func.id == "failure" else _facts_of_problem(node)
                found.append(Use(str(code.value), f"{path.relative_to(ROOT)}:{node.lineno}", facts))
    return found


def _words() -> set[str]:
    """Collects every string of the package, for codes that are chosen at run time."""
    return {
        node.value
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


USES = _uses()
# What `hint_of` adds for a value that came by --set.
OF_SET = {"option", "set", "set_nearest"}


def test_every_code_that_is_raised_has_words() -> None:
    assert [use for use in USES if use.code not in CATALOGUE] == []


def test_every_code_with_words_is_raised() -> None:
    assert sorted(set(CATALOGUE) - _words()) == []


def test_no_code_stands_in_two_tables() -> None:
    assert sum(len(table) for table in TABLES) == len(CATALOGUE)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_codes_and_templates_have_their_form(code: str) -> None:
    words = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)
    for template in (words.message, *words.hints):
        assert all(name.isidentifier() for name in _fields(template)), "a template holds names only"
        assert not re.search(r"\bplease\b|!$", template, re.IGNORECASE)
    assert words.message and not words.message.endswith(".")
    assert words.about


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.code}-{use.where}")
def test_the_message_can_be_filled_where_it_is_raised(use: Use) -> None:
    if use.facts is not None and use.code in CATALOGUE:
        assert _fields(CATALOGUE[use.code].message) - use.facts == set()


@pytest.mark.parametrize("code", sorted({use.code for use in USES} & set(CATALOGUE)))
def test_every_hint_can_be_shown(code: str) -> None:
    given = [use.facts for use in USES if use.code == code]
    raised_elsewhere = None in given
    for hint in CATALOGUE[code].hints:
        fits = any(_fields(hint) - OF_SET <= facts for facts in given if facts is not None)
        assert raised_elsewhere or fits, f"no place gives the facts of {hint!r}"
