"""Where each axis of a value lies after a function of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from nncli.network.graph.values import Value
from nncli.network.layers.padding import is_alone
from nncli.spec.functions import names_in

# For each axis of a result the old axis that lies there, None for a new one; no list where nobody knows.
Order: TypeAlias = "list[int | None] | None"

_VALUE_BY_VALUE: Final = names_in(
    "Value by value", "Activations", "Comparison and logic", "Kinds of numbers", "Gradients"
)
_SIGNS: Final = "+ - * / // % ** == != < <= > >= and"
_OTHERS: Final = (
    "residual cat chunk split tensor_split narrow roll flip repeat_interleave tile expand "
    "expand_as broadcast_to pad channel_shuffle gather index_select take_along_dim topk sort argsort "
    "masked_fill tril triu scatter scatter_add index_add normalize linear interpolate conv1d conv2d conv3d "
    "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d "
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d cumsum cumprod cummax cummin logcumsumexp diff softmax log_softmax glu "
    "gumbel_softmax group_norm layer_norm rms_norm local_response_norm bernoulli "
    "full_like ones_like zeros_like rand_like randint_like randn_like"
)
# Each axis of their results is the one it was.
STAYING: Final = frozenset([*_VALUE_BY_VALUE, *_SIGNS.split(), *_OTHERS.split()])
# They put axes elsewhere, as their author wants them.
MOVING: Final = frozenset("permute transpose swapaxes movedim unsqueeze stack".split())
PRODUCTS: Final = ("@", "matmul", "bmm")
# They read the record of every tensor that flows in; of the others the first one has it.
SEVERAL: Final = STAYING | {"stack", "einsum"}
_REDUCING: Final = names_in("Reductions") | {"select", "unbind"}
# Where `dim` stands behind the tensor, and what it is where it is left out; None stands for all axes.
_DIM: Final[Mapping[str, tuple[int, int | None]]] = {
    "normalize": (2, 1), "topk": (2, -1), "roll": (2, None), "sort": (1, -1), "argsort": (1, -1),
    "repeat_interleave": (2, None), "take_along_dim": (2, None), "quantile": (2, None), "kthvalue": (2, -1),
    "norm": (2, None), "cat": (1, 0), "stack": (1, 0), "unbind": (1, 0),
}  # fmt: skip


def axes_of(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[int, ...]:
    """Reads along which axes a function works: all of them where it says none."""
    value = arguments[0]
    rank = len((value[0] if isinstance(value, (list, tuple)) else value).shape) + (name == "stack")
    position, default = _DIM.get(name, (1, None))
    given = keywords.get("dim", keywords.get("dims"))
    if given is None:
        given = arguments[position] if position < len(arguments) else default
    if given is None:
        return tuple(range(rank))
    dims = given if isinstance(given, (tuple, list)) else (given,)
    return tuple(dim % rank for dim in dims if type(dim) is int)


def order_of(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any], left: int) -> Order:
    """Says which axes of the tensor of a function stand where in its result, which has `left` axes."""
    value = arguments[0][0] if isinstance(arguments[0], (list, tuple)) else arguments[0]
    rank = len(value.shape)
    axes: list[int | None] = list(range(rank))
    if name in ("permute", "transpose", "swapaxes", "movedim"):
        return _permuted(name, arguments, keywords, rank)
    if name == "unflatten":
        axis = axes_of(name, arguments, keywords)[0]
        return [*axes[:axis], *[None] * (left - rank + 1), *axes[axis + 1 :]]
    if name in ("unsqueeze", "stack"):
        axis = _number(arguments, keywords) % (rank + 1)
        return [*axes[:axis], None, *axes[axis:]]
    if name == "[…]":
        return _indexed(arguments[1], rank)
    if name in PRODUCTS and left == rank:
        return _multiplied(arguments, keywords, axes)
    if name in ("reshape", "view"):
        return _reshaped(arguments, keywords, value, left)
    if name == "flatten":
        return _flattened(arguments, keywords, value)
    if name == "squeeze":
        gone = axes_of(name, arguments, keywords) or range(rank)
        return [axis for axis in range(rank) if axis not in gone or value.shape[axis] != 1]
    if name in _REDUCING and left < rank:
        gone = axes_of(name, arguments, keywords)
        return [axis for axis in range(rank) if axis not in gone]
    if name in _REDUCING and left == rank:
        gone = axes_of(name, arguments, keywords)
        return [None if axis in gone else axis for axis in axes]
    return axes if name in STAYING and left == rank else None


def einsum_order(equation: str, number: int) -> Order:
    """Says where the axes of one operand of `b t c, c d -> b t d` are in the result."""
    operands, _, result = equation.replace(" ", "").partition("->")
    letters = operands.split(",")[number]
    if "." in equation or not result:
        return None
    return [letters.index(letter) if letter in letters else None for letter in result]


def _multiplied(arguments: Sequence[Any], keywords: Mapping[str, Any], axes: list[int | None]) -> Order:
    """A product keeps all axes but the last, which a plain matrix maps to other channels."""
    left, right = [*arguments, *keywords.values()][:2]
    is_mapped = len(right.shape) == 2 and left.time != axes[-1]
    return axes if is_mapped else [*axes[:-1], None]


def _number(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> int:
    given = keywords.get("dim", arguments[1] if len(arguments) > 1 else 0)
    return given if isinstance(given, int) else 0


def _permuted(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any], rank: int) -> Order:
    given = [*arguments[1:], *keywords.values()]
    if name == "permute":
        order = given[0] if isinstance(given[0], (list, tuple)) else given
        return [axis % rank for axis in order]
    one, other = ([axis] if isinstance(axis, int) else list(axis) for axis in given[:2])
    if name == "movedim":
        places = {there % rank: here % rank for here, there in zip(one, other, strict=True)}
        rest = iter(axis for axis in range(rank) if axis not in places.values())
        return [places[axis] if axis in places else next(rest) for axis in range(rank)]
    order = list(range(rank))
    first, second = one[0] % rank, other[0] % rank
    order[first], order[second] = second, first
    return list(order)


def _indexed(index: Any, rank: int) -> Order:
    """Follows axes through `x[:, -1]`, `x[:, none]` and `x[..., 0]`."""
    order: list[int | None] = []
    axes = iter(range(rank))
    for item in _whole_index(index, rank):
        if item is None:
            order.append(None)
            continue
        axis = next(axes)
        if isinstance(item, slice):
            order.append(axis)
        elif type(item) is not int:
            return None
    return order


def adds_axes(index: Any) -> bool:
    """Tells whether an index puts new axes between the old ones, as `x[:, none]` does."""
    return index is None or (isinstance(index, tuple) and None in index)


def index_along(index: Any, axis: int, rank: int) -> slice | None:
    """Finds the slice that an index takes of an axis; None where it takes all of it, or is no slice."""
    found = [item for item in _whole_index(index, rank) if item is not None][axis]
    return found if isinstance(found, slice) and found != slice(None) else None


def _whole_index(index: Any, rank: int) -> list[Any]:
    """Puts as many whole axes into an index as `...`, or its end, stands for."""
    items = list(index) if isinstance(index, tuple) else [index]
    taken = sum(item is not None and item is not ... for item in items)
    at = next((number for number, item in enumerate(items) if item is ...), len(items))
    return [*items[:at], *[slice(None)] * (rank - taken), *items[at + 1 :]]


def _reshaped(arguments: Sequence[Any], keywords: Mapping[str, Any], value: Value, left: int) -> Order:
    """Axes stay as long as sizes are the same from the front."""
    given = [*arguments[1:], *keywords.values()]
    sizes = given[0] if given and isinstance(given[0], (list, tuple)) else given
    order: list[int | None] = [None] * left
    for axis, size in enumerate(sizes[: len(value.shape)]):
        if axis and size != value.shape[axis]:
            break
        order[axis] = axis
    return order


def _flattened(arguments: Sequence[Any], keywords: Mapping[str, Any], value: Value) -> Order:
    """Axes that are put together have the channels, if one of them has."""
    rank = len(value.shape)
    start = keywords.get("start_dim", arguments[1] if len(arguments) > 1 else 0) % rank
    end = keywords.get("end_dim", arguments[2] if len(arguments) > 2 else -1) % rank
    if start < end and is_alone(value, range(start, end + 1)):
        return [*range(start), value.time, *range(end + 1, rank)]
    together = value.channels if start <= (-1 if value.channels is None else value.channels) <= end else None
    if start == end:
        return list(range(rank))
    return [*range(start), together, *range(end + 1, rank)]
