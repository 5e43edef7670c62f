"""What a call gives with three rows: what fits two by chance is told where it stands."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import torch
from torch import fx, nn

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure
from nncli.network.graph.samples import leaves, ran, run_rows, tensors_in
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import ROWS, Count, Shape, Value, shown_sizes
from nncli.network.parametrized import kind_of
from nncli.spec.evaluation import ARITHMETIC, ORDER

# Shapes in the form of a result: one, or a list with one for each part; None where nobody knows.
Wider: TypeAlias = "Shape | list[Wider] | None"
_ELEMENTWISE: Final = frozenset(
    {*ARITHMETIC.values(), *ORDER.values(), operator.pow, operator.eq, operator.ne}
)
# Functions of larger values are not run once more.
_MOST_RUN: Final = 2**22


def wider_call(
    target: Callable[..., Any], everything: tuple[Any, Any], result: object, where: tuple[Place, str, str]
) -> Wider:
    """Finds the shapes of a function's result with three rows, where two gave `result`.

    `where` is the place of the call, its path and what people call it. Raises SpecError `rows-fixed`.
    """
    values, is_certain = _varying(everything)
    if not is_certain:
        return None
    if not values:
        return _shapes(result)
    of_nncli = getattr(target, "__module__", "").startswith("nncli.")
    if of_nncli or sum(value.sample.numel() for value in values) > _MOST_RUN:
        return like_rows(everything, result)
    try:
        if target in _ELEMENTWISE:
            return _broadcast([leaf.wider for leaf in leaves(everything) if isinstance(leaf, Value)])
        on_meta = any(tensor.is_meta for tensor in tensors_in(result))
        return _parallel(result, ran(target, everything, on_meta=on_meta, wider=True))
    # Two rows went through: whatever is raised here comes of the third.
    except Exception as error:
        raise _fixed(target, everything, where) from error


def _broadcast(shapes: list[Shape | None]) -> Shape:
    """Finds the shape of values that meet number by number; torch's own function imports much."""
    longest = max(len(shape or ()) for shape in shapes)
    aligned = [(1,) * (longest - len(shape or ())) + (shape or ()) for shape in shapes]
    sizes = [set(axis) - {1} for axis in zip(*aligned, strict=True)]
    if any(len(size) > 1 for size in sizes):
        raise ValueError
    return tuple(max(size, default=1) for size in sizes)


def wider_layer(
    module: nn.Module, everything: tuple[Any, Any], result: object, where: tuple[Place, str, str]
) -> Wider:
    """Finds the shapes of a layer's result with three rows; a layer keeps the rows that it gets.

    Where the rows lie on another axis, the layer is run. Raises SpecError `rows-fixed`.
    """
    values, is_certain = _varying(everything)
    if not is_certain or not kind_of(module).__module__.startswith(("torch.", "nncli.")):
        return None
    if all(_rows_come_first(value) for value in values):
        return like_rows(everything, result)
    is_large = sum(value.sample.numel() for value in values) > _MOST_RUN
    if is_large or any(tensor.is_meta for tensor in (*module.parameters(), *tensors_in(result))):
        return None
    try:
        return _parallel(result, run_rows(module, everything, on_meta=False, wider=True))
    except Exception as error:
        raise _fixed(module, everything, where) from error


def like_rows(everything: object, result: object) -> Wider:
    """Follows the rows through what keeps them: to the first axis of the first part of a result."""
    if isinstance(result, (tuple, list)):
        first = like_rows(everything, result[0]) if result else None
        return [first, *(None for _ in result[1:])]
    values, is_certain = _varying(everything)
    if not is_certain or not isinstance(result, torch.Tensor):
        return None
    if not values:
        return tuple(result.shape)
    grown = (each.wider for each in values if each.shape[:1] == tuple(result.shape[:1]))
    found = next(grown, None)
    return (found[0], *result.shape[1:]) if found and all(map(_rows_come_first, values)) else None


def without_rows(value: Value, place: Place, path: str) -> Problem:
    """Says that an output is not one row for each row, at the call that took the rows away.

    Problems: `output-without-rows` at the output where rows never flowed in, `rows-lost`.
    """
    lost = _rows_lost(value.node)
    if lost is None:
        return Problem("output-without-rows", place, path, {"shape": value.sizes})
    facts = {"call": lost.meta["label"], "shape": shown_sizes(lost)}
    facts["whole"] = lost.meta["label"] if lost.meta["shape"] == () else ""
    facts["flow"] = ways_to([value], "the output", place)
    return Problem("rows-lost", lost.meta["place"], lost.meta["path"], facts)


def _rows_lost(node: fx.Node) -> fx.Node | None:
    """Finds the call, nearest to a result without rows, into which rows flowed; None where none did."""
    ahead = [node]
    for each in ahead:
        before = each.all_input_nodes
        if _has_other_rows(each) and any(map(_has_rows, before)):
            return each
        ahead.extend(other for other in before if other not in ahead)
    return None


def _has_other_rows(node: fx.Node) -> bool:
    return node.meta.get("wider") is not None and "place" in node.meta and not _has_rows(node)


def _has_rows(node: fx.Node) -> bool:
    wider = node.meta.get("wider")
    return wider is not None and node.meta["shape"][:1] == (ROWS,) and wider[:1] == (ROWS + 1,)


def _varying(everything: object) -> tuple[list[Value], bool]:
    """Lists the values that grow with the rows, and tells whether all sizes with three rows are known.

    A number of rows counts as such a value through the one that it was counted in.
    """
    found: list[Value] = []
    for leaf in leaves(everything):
        if isinstance(leaf, (Value, Count)) and leaf.wider is None:
            return [], False
        if isinstance(leaf, Count):
            found.append(leaf.of)
        elif isinstance(leaf, Value) and leaf.wider != leaf.shape:
            found.append(leaf)
    return found, True


def _rows_come_first(value: Value) -> bool:
    return value.wider is not None and value.wider[1:] == value.shape[1:]


def _shapes(result: object) -> Wider:
    if isinstance(result, (tuple, list)):
        return [_shapes(part) for part in result]
    return tuple(result.shape) if isinstance(result, torch.Tensor) else None


def _parallel(result: object, more: object) -> Wider:
    """Takes the shapes of what three rows gave, part by part, where it has the form of what two gave."""
    if isinstance(result, (tuple, list)):
        is_list = isinstance(more, (tuple, list)) and len(more) == len(result)
        parts = more if is_list and isinstance(more, (tuple, list)) else [None] * len(result)
        return [_parallel(part, other) for part, other in zip(result, parts, strict=True)]
    if not isinstance(result, torch.Tensor) or not isinstance(more, torch.Tensor):
        return None
    return tuple(more.shape) if more.dim() == result.dim() else None


def _fixed(target: object, everything: object, where: tuple[Place, str, str]) -> NncliError:
    """Says that a call fits two rows, and no other number of them."""
    place, path, label = where
    values = [leaf for leaf in leaves(everything) if isinstance(leaf, Value)]
    facts: dict[str, object] = {"call": label, "flow": ways_to(values, label, place)}
    facts["received"] = [f"{value.origin} {value.sizes}" for value in values]
    own = next((value for value in values if value.shape[:1] == (ROWS,) and value.wider == value.shape), None)
    if own is not None:
        one = f"[{', '.join(map(str, (1, *own.shape[1:])))}] fits every row"
        meant = one if target in _ELEMENTWISE else "write `batch` in the place of 2"
        facts["fix"] = f"`{own.origin}` has 2 rows of its own, for any batch: {meant}"
    return failure("rows-fixed", place, path, **facts)
