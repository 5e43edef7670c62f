"""What repeat says: rows of values, one for each repetition, nested loops outer first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from nncli.errors import Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.arithmetic import words_read
from nncli.spec.budget import MOST_ITEMS
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, scalars_in
from nncli.spec.scopes import Scope, Written, known, resolved

Repetition: TypeAlias = tuple[tuple[int, ...], Scope]


def repetitions(repeat: Written) -> Iterator[Repetition]:
    """Walks the repetitions of a loop, or of nested ones, each with its index and its scope.

    Raises SpecError `repeat-form`, `repeat-lengths`, `repeat-waits`, `name-form`, `name-reserved`;
    TooLarge.
    """
    written = resolved(repeat, "repeat-waits")
    loops: tuple[Written, ...] = (written,)
    if isinstance(written.node, Sequence):
        loops = tuple(written.child(node, number) for number, node in enumerate(written.node.items))
    if not loops:
        raise failure("repeat-form", written.place, written.path)
    return _nested(loops, written.scope, repeat.scope, ())


def loop_names(written: Written) -> frozenset[str]:
    """Names what a loop gives, without working it out."""
    node = resolved(written, "repeat-waits").node
    nodes = node.items if isinstance(node, Sequence) else (node,)
    keys = [key for each in nodes if isinstance(each, Mapping) for key in each.keys()]
    return frozenset(name.strip() for key in keys for name in key.split(","))


def mentions(node: Node, names: frozenset[str]) -> bool:
    """Tells whether `$` in a tree reads one of some names."""
    return any(names & words_read(scalar.text) for scalar in scalars_in([node]))


def _nested(
    loops: tuple[Written, ...], reading: Scope, scope: Scope, index: tuple[int, ...]
) -> Iterator[Repetition]:
    """Walks loops that are read in one scope, and gives their values to another, that of the item."""
    if not loops:
        yield index, scope
        return
    # The inner loop may use what the outer one gives.
    loop = resolved(Written(loops[0].node, reading, loops[0].path), "repeat-waits")
    columns = _columns(loop)
    for number in range(columns[0][1]):
        scope.budget.spend_items()
        row = {name: _at(values, number, loop) for name, _, values in columns if name}
        yield from _nested(loops[1:], Scope(row, reading), Scope(row, scope), (*index, number))


Column: TypeAlias = tuple[str, int, list[Written] | None]


def _columns(loop: Written) -> list[Column]:
    """Reads one loop: names with their values; None where they count from 0."""
    if isinstance(loop.node, Scalar):
        return [("", _count(loop), None)]
    if not isinstance(loop.node, Mapping) or not loop.node.entries:
        raise failure("repeat-form", loop.place, loop.path)
    columns: list[Column] = []
    for key, node in loop.node.entries:
        value = resolved(loop.child(node, key.text), "repeat-waits")
        names = [name.strip() for name in key.text.split(",")]
        problems = [_check(name, key, loop.path) for name in names]
        if any(problems):
            raise failures([problem for problem in problems if problem])
        found = _table(names, value) if len(names) > 1 else [_column(names[0], value)]
        if columns and columns[0][1] != found[0][1]:
            facts = {"names": names, "count": found[0][1], "other": columns[0][0], "others": columns[0][1]}
            raise failures([Problem("repeat-lengths", key.place, f"{loop.path}.{key.text}", facts)])
        columns.extend(found)
    return columns


def _check(name: str, key: Scalar, path: str) -> Problem | None:
    return check_name(Scalar(name, name, True, key.place), path, becomes_attribute=False)


def _column(name: str, value: Written) -> Column:
    if not isinstance(value.node, Sequence):
        return name, _count(value), None
    rows = [value.child(node, number) for number, node in enumerate(value.node.items)]
    return name, len(rows), rows


def _table(names: list[str], value: Written) -> list[Column]:
    if not isinstance(value.node, Sequence):
        raise failure("repeat-form", value.place, value.path)
    rows: list[list[Written]] = []
    for number, node in enumerate(value.node.items):
        row = resolved(value.child(node, number), "repeat-waits")
        if not isinstance(row.node, Sequence):
            raise failure("repeat-form", node.place, row.path)
        if len(row.node.items) != len(names):
            facts = {"names": names, "count": len(row.node.items), "expected": len(names)}
            raise failures([Problem("repeat-row", node.place, row.path, facts)])
        rows.append([row.child(cell, position) for position, cell in enumerate(row.node.items)])
    return [(name, len(rows), [row[position] for row in rows]) for position, name in enumerate(names)]


def _count(written: Written) -> int:
    value = written.node.value if isinstance(written.node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        name = value if isinstance(value, str) and value in written.scope else ""
        fraction = value if isinstance(value, float) else ""
        raise failure("repeat-form", written.place, written.path, name=name, fraction=fraction)
    if value > MOST_ITEMS:
        written.scope.budget.spend_items(value)
    return value


def _at(values: list[Written] | None, number: int, loop: Written) -> Written:
    return values[number] if values is not None else known(number, loop.place, loop.scope, loop.path)
