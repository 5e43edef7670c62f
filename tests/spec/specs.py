"""Specs for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.items import Item
from nncli.spec.opening import Origin, parse_spec, read_text
from nncli.spec.spec import Spec

SPEC = """\
data: builtin:iris
vars: {width: 8}
network:
  - Linear: $width
    name: first
  - ReLU
  - Linear: [4, bias: false]
  - {Linear: {out_features: 5}, name: third}
  - Linear: $classes
    name: head
training:
  loss: CrossEntropyLoss
  optimizer: AdamW
  epochs: 20
"""


def parsed(text: str = SPEC, sets: Sequence[str] = ()) -> Spec:
    return parse_spec(text, Origin("a.yaml", Path(), text), sets)


def problems(text: str = SPEC, sets: Sequence[str] = ()) -> list[Problem]:
    """Reads a spec that is refused; every problem can be said."""
    with pytest.raises(NncliError) as caught:
        parsed(text, sets)
    for problem in caught.value.problems:
        assert message_of(problem) and hint_of(problem) is not None
    return list(caught.value.problems)


def places(text: str = SPEC, sets: Sequence[str] = ()) -> list[tuple[str, str, int, int]]:
    """Reads a spec that is refused; returns code, file, line and column of every problem."""
    found = []
    for problem in problems(text, sets):
        assert problem.place is not None
        found.append((problem.code, problem.place.file, problem.place.line, problem.place.column))
    return found


def with_training(*lines: str) -> str:
    return SPEC + "".join(f"  {line}\n" for line in lines)


def problems_of(text: str, sets: Sequence[str] = ()) -> list[tuple[str, int, int]]:
    """Reads a spec as far as it goes; returns code, line and column of every problem, sorted."""
    try:
        _, found = read_text(text, Origin("a.yaml", Path(), text), sets)
    except NncliError as error:
        found = list(error.problems)
    assert all(message_of(problem) and problem.place for problem in found), found
    places = ((each.code, each.place) for each in found)
    return sorted(
        ((code, place.line, place.column) for code, place in places if place), key=lambda each: each[1:]
    )


def items(text: str, network: str = "network") -> tuple[Item, ...]:
    return parsed(text).networks[network].layers
