"""Which names a file may give, and why others are refused."""

from __future__ import annotations

import keyword
import re
from typing import Final

from nncli.errors import Problem
from nncli.spec.nodes import Scalar

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
SPEC_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
ITEM_WORDS: Final = frozenset(
    "name from take share init parametrize freeze checkpoint when repeat join shortcut weights".split()
)
# Operations of nncli's own; no block or network may be called so.
STRUCTURES: Final = frozenset(
    "Sequential residual parallel rearrange reduce repeat_axis Parameter compute".split()
)
# Operations that take a pattern of einops.
PATTERNED: Final = ("rearrange", "reduce", "repeat_axis")
RESERVED: Final = frozenset({"x", "batch", "step", "epoch", "true", "false", "none"}) | ITEM_WORDS


def check_name(node: Scalar, path: str, *, becomes_attribute: bool) -> Problem | None:
    """Checks a name that the file gives; layers' names become attributes of a module.

    Problems: `name-form`, `name-reserved`, `name-keyword`.
    """
    text = node.text
    if not NAME.match(text):
        return Problem("name-form", node.place, path, {"name": text})
    if text in RESERVED:
        return Problem("name-reserved", node.place, path, {"name": text})
    if becomes_attribute and keyword.iskeyword(text):
        return Problem("name-keyword", node.place, path, {"name": text})
    return None


def spec_name_from(stem: str) -> str:
    """Makes a spec's name from a file's stem: other characters become `-`."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", stem).lstrip("_.-")[:64]
    return name or "spec"
