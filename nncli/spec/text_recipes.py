"""What `generate:` and `decode:` of a recipe say: how a network writes text, token by token."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure
from nncli.spec.habits import unknown_key
from nncli.spec.nodes import Mapping, Scalar
from nncli.spec.scopes import Written, resolved

MOST_TOKENS: Final = 1_000_000
MOST_BEAMS: Final = 64
_GENERATE: Final = ("prompt", "temperature", "top_k", "top_p", "length")
_DECODE: Final = ("beams", "length")


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How the next token is chosen, and how many there are.

    At a `temperature` of 0 the likeliest token is taken; `top_k` and `top_p` leave only the likeliest ones,
    by their number and by what they have of the probability. `length` counts the tokens that are written
    at most. `beams` counts the texts that `decode:` follows side by side.
    """

    prompt: str = ""
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    length: int | None = None
    beams: int = 1


@dataclass(frozen=True, slots=True)
class TextRecipeSpec:
    """One way to write text: `generate` goes on from a prompt, `decode` answers rows."""

    name: str
    kind: Literal["generate", "decode"]
    options: TextOptions
    place: Place
    path: str


TEXT_KINDS: Final = ("generate", "decode")
"""The words with which a recipe writes text."""


def text_kind(node: object) -> Literal["generate", "decode"] | None:
    """Tells which word of texts a recipe is written with; None for one that computes."""
    if isinstance(node, Mapping) and len(node.entries) == 1:
        ((word, within),) = node.entries
        is_name = isinstance(within, Mapping) and {"compute", "generate", "decode"} & set(within.keys())
        if word.text == "generate" and not is_name:
            return "generate"
        if word.text == "decode" and not is_name:
            return "decode"
    return None


def read_text_recipe(
    name: str, kind: Literal["generate", "decode"], written: Written, problems: list[Problem]
) -> TextRecipeSpec:
    """Reads what stands below `generate:` or `decode:`.

    Problems: `unknown-key`, `text-option`. Raises SpecError `text-recipe-form`.
    """
    node = written.known_node()
    known = _GENERATE if kind == "generate" else _DECODE
    if isinstance(node, Scalar) and node.value is None:
        return TextRecipeSpec(name, kind, TextOptions(), node.place, written.path)
    if not isinstance(node, Mapping):
        raise failure("text-recipe-form", node.place, written.path, kind=kind, known=list(known))
    found: dict[str, object] = {}
    for key, value in node.entries:
        if key.text not in known:
            problems.append(unknown_key(key, written.path, known))
            continue
        try:
            found[key.text] = _option(key.text, resolved(written.child(value, key.text)))
        except NncliError as error:
            problems.extend(error.problems)
    return TextRecipeSpec(name, kind, TextOptions(**found), node.place, written.path)  # type: ignore[arg-type]


def _option(key: str, written: Written) -> object:
    node = written.known_node()
    value = node.value if isinstance(node, Scalar) else None
    if needed := needed_of(key, value):
        received = node.text if isinstance(node, Scalar) else "a list or mapping"
        raise failure("text-option", node.place, written.path, key=key, needed=needed, received=received)
    return value


def needed_of(key: str, value: object) -> str:
    """Says what an option needs to be, where a value is not that; empty where it is."""
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number):
        number = math.nan
    whole = number if isinstance(number, int) else math.nan
    needed, fits = {
        "prompt": ("a text", isinstance(value, str)),
        "temperature": ("a number, 0 or more", number >= 0),
        "top_k": ("a whole number from 1 on", whole >= 1),
        "top_p": ("a number above 0, up to 1", 0 < number <= 1),
        "length": (f"a whole number from 1 to {MOST_TOKENS:,}", 1 <= whole <= MOST_TOKENS),
        "beams": (f"a whole number from 1 to {MOST_BEAMS}", 1 <= whole <= MOST_BEAMS),
    }[key]
    return "" if fits else needed
