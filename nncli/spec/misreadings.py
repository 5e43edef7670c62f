"""Text that is YAML, but that YAML surely reads as something else than was meant."""

from __future__ import annotations

import re
from typing import Final

from nncli.errors import Problem
from nncli.spec.nodes import Scalar

CLOSING: Final = {"[": "]", "{": "}", "(": ")"}


def explain_key(key: Scalar) -> Problem | None:
    """Explains a plain key that YAML read where nobody meant it: `{lr:0.1}` is one key."""
    if _is_open(key.text):
        return _cut(key)
    found = re.match(r"([^\s:]+):(.*)$", key.text, re.DOTALL)
    if found:
        facts = {"text": key.text, "meant": f"{found.group(1)}: {found.group(2)}"}
        return Problem("colon-space", key.place, "", facts)
    if re.match(r"-[A-Za-z]", key.text):
        return Problem("dash-space", key.place, "", {"meant": f"- {key.text[1:]}"})
    return None


def explain_value(value: Scalar) -> Problem | None:
    """Explains a plain value inside [] or {} that was cut at a comma: `{a: f(x, y)}`.

    A bracket that no later part closes, as in `[a (b, c]`, is taken as it stands.
    """
    if value.text.count("(") <= value.text.count(")"):
        return None
    problem = _cut(value)
    return None if _is_open(str(problem.facts["whole"])) else problem


def explain_item(item: Scalar) -> Problem | None:
    """Explains `- Linear:10`, a word with a colon in it, and `- ReLU` with another layer below it."""
    first, _, second = item.text.partition(" ")
    is_alone = item.place.text[item.place.column - 1 :] == first and first[:1].isupper()
    if is_alone and second.isidentifier() and second[:1].isupper():
        facts = {"text": second, "where": " on the line below", "column": item.place.text.find("- ") + 1}
        return Problem("dash-missing", item.place, "", facts)
    found = re.match(r"([A-Z][A-Za-z0-9]*):([\[{0-9].*)$", item.text)
    if not found:
        return None
    facts = {"text": item.text, "meant": f"{found.group(1)}: {found.group(2)}"}
    return Problem("colon-space", item.place, "", facts)


def _cut(node: Scalar) -> Problem:
    whole = whole_value(node.place.text, node.place.column - 1)
    return Problem("comma-splits", node.place, "", {"text": node.text, "whole": whole})


def whole_value(line: str, column: int) -> str:
    """Reads a value with its brackets from a column on, across the commas inside them."""
    depth = 0
    for position in range(column, len(line)):
        character = line[position]
        if depth == 0 and character in ",]})":
            return line[column:position].strip()
        depth += (character in "([{") - (character in ")]}")
    return line[column:].strip()


def _is_open(text: str) -> bool:
    return any(text.count(opening) != text.count(closing) for opening, closing in CLOSING.items())
