"""Skipping, transposing, splitting, joining and renaming, worked out on names and shapes.

The order is fixed: skip, transpose, split, join, rename. All patterns on the left are names of the file, and
only `rename:` leads to names of the network. GPT-2 keeps its linear maps as (in, out), with query, key and
value side by side, so that `h.0.attn.c_attn.weight` of shape [768, 2304] becomes

    transpose: ["*.c_attn.weight"]                       h.0.attn.c_attn.weight              [2304, 768]
    split: {"*.c_attn.*": [query, key, value]}           h.0.attn.query.weight and two more  [768, 768]
    rename: {"h.*.attn.": "block.*.attention."}          block.0.attention.query.weight      [768, 768]

Entries of one key work from top to bottom, each on the names that those above it made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nncli.errors import Place, Problem
from nncli.messages.catalogue import nearest
from nncli.pretrained.stored import Shape
from nncli.spec.patterns import captured, filled, matches, renamed, with_part
from nncli.spec.weights import Parts, Renaming, WeightsSpec


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor of the file, transposed or not, or its rows from `begin` up to `begin + shape[0]`."""

    source: str
    shape: Shape
    is_transposed: bool = False
    begin: int = 0


Pieces: TypeAlias = tuple[Piece, ...]
"""Pieces that are joined along dimension 0."""


@dataclass(slots=True)
class Transformed:
    """The tensors of a file under the names of the network, and what was done to them.

    `origins` keeps the name of each before it was renamed, `first_rules` the pattern that renamed it first,
    by that name.
    """

    tensors: dict[str, Pieces] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    first_rules: dict[str, str] = field(default_factory=dict)
    transposed: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def shape_of(pieces: Pieces) -> Shape:
    """The shape of joined pieces."""
    if len(pieces) == 1:
        return pieces[0].shape
    return (sum(piece.shape[0] for piece in pieces), *pieces[0].shape[1:])


def transform(wanted: Mapping[str, Shape], available: Mapping[str, Shape], spec: WeightsSpec) -> Transformed:
    """Does all that a spec says about the names and shapes of a file, and collects what cannot be done.

    The wanted shapes say how many rows each part of a split has; a part that is not wanted is as large as
    the others. Problems: `pattern-unmatched`, `rename-shadowed`, `tensor-parts`, `tensors-collide`.
    """
    found = Transformed()
    for name, shape in available.items():
        if any(matches(each.pattern, name) for each in spec.skip):
            found.skipped.append(name)
        else:
            found.tensors[name] = (Piece(name, shape),)
    _transpose(found, spec)
    for entry in spec.split:
        _split(found, entry, wanted, spec)
    for entry in spec.join:
        _join(found, entry)
    _rename(found, spec)
    return found


def _transpose(found: Transformed, spec: WeightsSpec) -> None:
    for each in spec.transpose:
        names = [name for name in found.tensors if matches(each.pattern, name)]
        if not names:
            found.problems.append(_unmatched(found, "transpose", each.pattern, each.place))
        for name in names:
            piece = found.tensors[name][0]
            if len(piece.shape) != 2:
                reason = f"`{name}` has {len(piece.shape)} dimensions, and a matrix has 2"
                facts = {"key": "transpose", "pattern": each.pattern, "reason": reason}
                found.problems.append(Problem("tensor-parts", each.place, facts=facts))
                continue
            turned = replace(piece, shape=piece.shape[::-1], is_transposed=not piece.is_transposed)
            found.tensors[name] = (turned,)
            found.transposed.append(name)


def _split(found: Transformed, entry: Parts, wanted: Mapping[str, Shape], spec: WeightsSpec) -> None:
    names = [name for name in found.tensors if matches(entry.pattern, name)]
    if not names:
        found.problems.append(_unmatched(found, "split", entry.pattern, entry.place))
    for name in names:
        texts = captured(entry.pattern, name) or ()
        parts = [filled(with_part(entry.pattern, part), texts) for part in entry.parts]
        piece = found.tensors[name][0]
        rows = _rows(piece.shape, [wanted.get(_final(part, spec)) for part in parts])
        if not rows:
            reason = f"`{name}` has the shape {list(piece.shape)}, which has no {len(parts)} equal parts"
            facts = {"key": "split", "pattern": entry.pattern, "reason": reason}
            found.problems.append(Problem("tensor-parts", entry.place, facts=facts))
            continue
        del found.tensors[name]
        found.split.append(name)
        begin = piece.begin
        for part, count in zip(parts, rows, strict=True):
            cut = replace(piece, shape=(count, *piece.shape[1:]), begin=begin)
            begin += count
            _put(found, part, (cut,), entry.place)


def _rows(shape: Shape, wanted: Sequence[Shape | None]) -> list[int]:
    """How many rows each part gets: as many as are wanted where these add up, else equally many."""
    if not shape:
        return []
    sizes = [part[0] for part in wanted if part]
    if len(sizes) == len(wanted) and sum(sizes) == shape[0]:
        return sizes
    each, rest = divmod(shape[0], len(wanted))
    return [] if rest else [each] * len(wanted)


def _join(found: Transformed, entry: Parts) -> None:
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    for name in found.tensors:
        for part in entry.parts:
            texts = captured(with_part(entry.pattern, part), name)
            if texts is not None:
                groups.setdefault(texts, {})[part] = name
    if not groups:
        first = with_part(entry.pattern, entry.parts[0])
        found.problems.append(_unmatched(found, "join", first, entry.place))
    for texts, names in groups.items():
        reason = _why_apart(found, entry, texts, names)
        if reason:
            facts = {"key": "join", "pattern": entry.pattern, "reason": reason}
            found.problems.append(Problem("tensor-parts", entry.place, facts=facts))
            continue
        pieces = tuple(piece for part in entry.parts for piece in found.tensors.pop(names[part]))
        whole = filled(entry.pattern, texts)
        found.joined.append(whole)
        _put(found, whole, pieces, entry.place)


def _why_apart(found: Transformed, entry: Parts, texts: tuple[str, ...], names: Mapping[str, str]) -> str:
    """Says why the parts of one tensor cannot be joined; empty where they can."""
    absent = [part for part in entry.parts if part not in names]
    if absent:
        wanted = filled(with_part(entry.pattern, absent[0]), texts)
        return f"the file has `{next(iter(names.values()))}` and no `{wanted}`"
    shapes = [shape_of(found.tensors[name]) for name in names.values()]
    if not all(shape and shape[1:] == shapes[0][1:] for shape in shapes):
        return (
            f"{', '.join(names.values())} have the shapes {', '.join(str(list(shape)) for shape in shapes)}"
        )
    return ""


def _rename(found: Transformed, spec: WeightsSpec) -> None:
    names = {name: name for name in found.tensors}
    for each in spec.rename:
        changed = 0
        for origin, name in names.items():
            new = renamed(each.pattern, each.replacement, name)
            if new is not None:
                names[origin] = new
                found.first_rules.setdefault(origin, each.pattern)
                changed += 1
        if not changed:
            found.problems.append(_unrenamed(found, each, names))
    tensors, found.tensors = found.tensors, {}
    for origin, name in names.items():
        if _put(found, name, tensors[origin], spec.place, origin):
            found.origins[name] = origin


def _final(name: str, spec: WeightsSpec) -> str:
    for each in spec.rename:
        name = renamed(each.pattern, each.replacement, name) or name
    return name


def _put(found: Transformed, name: str, pieces: Pieces, place: Place, origin: str = "") -> bool:
    """Gives pieces a name that nothing else may have."""
    if name in found.tensors:
        other = found.origins.get(name, name)
        facts = {"first": other, "second": origin or pieces[0].source, "name": name}
        found.problems.append(Problem("tensors-collide", place, facts=facts))
        return False
    found.tensors[name] = pieces
    return True


def _unrenamed(found: Transformed, entry: Renaming, names: Mapping[str, str]) -> Problem:
    """Says why an entry of `rename:` matches nothing: another one was first, or no name is like it."""
    for origin, name in names.items():
        if matches(entry.pattern, origin):
            first = found.first_rules[origin]
            facts = {"pattern": entry.pattern, "first": first, "tensor": origin, "name": name}
            facts["replacement"] = entry.replacement
            return Problem("rename-shadowed", entry.place, facts=facts)
    return _unmatched(found, "rename", entry.pattern, entry.place, names.values())


def _unmatched(
    found: Transformed, key: str, pattern: str, place: Place, names: Iterable[str] | None = None
) -> Problem:
    """Says that a pattern matches none of the names, with the part of it that stands in none."""
    names = found.tensors if names is None else names
    left_out = next((name for name in found.skipped if matches(pattern, name)), "")
    parts = {part for name in names for part in name.split(".")}
    strange = next(
        (part for part in pattern.split(".") if part and "*" not in part and part not in parts), ""
    )
    meant = nearest(strange, parts) if strange else ""
    facts = {"key": key, "pattern": pattern, "part": strange, "nearest": meant, "left_out": left_out}
    return Problem("pattern-unmatched", place, facts=facts)
