"""Layers whose automatic names moved since a file was written: `linear_2` there is `linear_3` here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final, TypeAlias

from nncli.pretrained.stored import Shape
from nncli.runs.layer_record import LayerRecord

# Comparing two lists of layers takes time with the product of their lengths.
_MOST_LAYERS: Final = 2000

_Kind: TypeAlias = tuple[str, tuple[tuple[str, Shape], ...]]


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a file and of a network, in order, by name; empty where they are not known."""

    stored: Mapping[str, LayerRecord] = field(default_factory=dict)
    wanted: Mapping[str, LayerRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """A layer called `stored` in the file and `wanted` in the network, where it stands on `line`."""

    stored: str
    wanted: str
    line: int


def moved_layers(
    layers: Layers, stored: Mapping[str, Shape], wanted: Mapping[str, Shape]
) -> tuple[Move, ...]:
    """Finds layers that differ in nothing but the number at the end of their automatic name.

    The layers of both sides are put side by side in order, by their operation and the shapes of their
    tensors. Between layers that are alike in both, the earlier are taken to be the same.
    """
    if not layers.stored or len(layers.stored) + len(layers.wanted) > _MOST_LAYERS:
        return ()
    old, new = _kinds(layers.stored, stored), _kinds(layers.wanted, wanted)
    old_names, new_names = list(old), list(new)
    matcher = SequenceMatcher(None, list(old.values()), list(new.values()), autojunk=False)
    moves = {}
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            before, after = old_names[block.a + offset], new_names[block.b + offset]
            move = _move(before, after, layers.wanted)
            if move and old[before][1]:
                moves[move.stored] = move
    return tuple(moves.values())


def _kinds(layers: Mapping[str, LayerRecord], shapes: Mapping[str, Shape]) -> dict[str, _Kind]:
    """The operation and the tensors of every layer; a tensor belongs to the longest name above it."""
    tensors: dict[str, list[tuple[str, Shape]]] = {name: [] for name in layers}
    for tensor, shape in shapes.items():
        owner, own = tensor, ""
        while owner and owner not in layers:
            owner, _, part = owner.rpartition(".")
            own = f"{part}.{own}"
        if owner:
            tensors[owner].append((own, shape))
    return {name: (layer.operation, tuple(sorted(tensors[name]))) for name, layer in layers.items()}


def _move(before: str, after: str, layers: Mapping[str, LayerRecord]) -> Move | None:
    """Compares two names up to the first part that differs, which may be that of a scope."""
    old, new = before.split("."), after.split(".")
    for position, (one, other) in enumerate(zip(old, new, strict=False), start=1):
        if one == other:
            continue
        if _without_number(one) != _without_number(other):
            return None
        wanted = ".".join(new[:position])
        return Move(".".join(old[:position]), wanted, layers.get(wanted, layers[after]).line)
    return None


def _without_number(part: str) -> str:
    """`linear_2` without its count; the number of a repetition stays."""
    start, _, number = part.rpartition("_")
    if part.isdecimal():
        return part
    return start if start and number.isdecimal() else part
