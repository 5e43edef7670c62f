"""What would fit in the place of what does not: worked out from the shapes, for hints"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd, prod
from typing import Any, Final

from nncli.network.graph.values import Value, axes_counted, values_in

# An argument that has to divide another.
_DIVISORS: Final = (
    ("groups", "in_channels"), ("groups", "out_channels"), ("num_groups", "num_channels"),
    ("heads", "embed_dim"), ("num_heads", "embed_dim"), ("nhead", "d_model"), ("kv_heads", "heads"),
)  # fmt: skip
_ELEMENTWISE: Final = frozenset(
    "+ - * / // % ** == != < <= > >= and add sub mul div lerp maximum minimum residual where pow "
    "atan2".split()
)
_PRODUCTS: Final = frozenset({"@", "matmul", "bmm", "mm"})
_RESHAPING: Final = frozenset({"reshape", "view", "unflatten"})


def divisors_near(size: int, wanted: int) -> list[int]:
    """Lists up to four divisors of a size, those nearest to what was wanted, in order."""
    near = [number for number in range(1, min(size, 4 * wanted + 64) + 1) if size % number == 0]
    return sorted(sorted(near, key=lambda number: abs(number - wanted))[:4])


def arguments_that_fit(arguments: Mapping[str, object]) -> str:
    """Says which arguments of a layer would do: a divisor, a share; empty where nobody knows."""
    for name, of in _DIVISORS:
        number, size = arguments.get(name), arguments.get(of)
        if name == "groups" and type(size) is int and type(number) is int and size % max(1, number):
            both = [each for each in (size, arguments.get("out_channels")) if type(each) is int]
            found = ", ".join(map(str, divisors_near(gcd(*both), number)))
            if both[0] != both[-1]:
                return f"`groups` has to divide both {both[0]} and {both[-1]} channels: {found} would do"
        if type(number) is int and type(size) is int and number > 0 and size > 0 and size % number:
            found = ", ".join(map(str, divisors_near(size, number)))
            return f"`{name}` has to divide `{of}`, which is {size} here: {found} would do"
    kernel = arguments.get("kernel_size")
    if arguments.get("padding") == "same" and type(kernel) is int and kernel % 2:
        return f"beside a stride, say how much: `padding: {kernel // 2}`"
    share = arguments.get("p", arguments.get("dropout"))
    if isinstance(share, (int, float)) and share > 1:
        percent = f": `{share / 100:g}` is {share} percent" if 5 <= share < 100 else ", such as `0.2`"
        return f"a share is between 0 and 1{percent}"
    return ""


def layer_that_fits(name: str, arguments: Mapping[str, object], values: Sequence[Value]) -> str:
    """Says what would fit where a layer failed on what flows in; empty where nobody knows."""
    shape = values[0].shape
    dim = arguments.get("dim")
    if type(dim) is int and name != "Unflatten" and not _has(shape, dim):
        return _axes_there(shape)
    stated = arguments.get("normalized_shape")
    if stated is not None:
        return f"leave `normalized_shape` out, or end it with {shape[-1]}: that is what arrives"
    if name == "Unflatten":
        return _factors(arguments.get("unflattened_size"), _size_at(shape, arguments.get("dim")))
    factor = arguments.get("upscale_factor")
    if name == "PixelShuffle" and type(factor) is int:
        below = shape[1] // factor**2 * factor**2
        fitting = " or ".join(str(size) for size in (below, below + factor**2) if size)
        return f"it takes {factor**2} channels for one: {fitting} channels would do, {shape[1]} arrive"
    hidden = arguments.get("hidden_size")
    if hidden is not None and len(values) > 1:
        return f"its first state is as wide as itself: {hidden} here, and {values[1].shape[-1]} arrive"
    return ""


def call_that_fits(label: str, arguments: Any) -> str:
    """Says what would fit where a function of tensors failed; empty where nobody knows.

    `arguments` are the positions and the keywords of the call.
    """
    positions, keywords = arguments
    values = list(values_in(arguments))
    shapes = [value.shape for value in values]
    if label == "cat":
        dim = keywords.get("dim", positions[1] if len(positions) > 1 else 0)
        return _equal_beside(values, dim) if type(dim) is int else ""
    if label in _ELEMENTWISE and len(values) > 1:
        return _broadcast(values)
    if label in _PRODUCTS and len(values) == 2:
        return _product(shapes[0], shapes[1])
    if label in _RESHAPING and values:
        rest = [each for each in (*positions[1:], *keywords.values()) if not isinstance(each, Value)]
        if label == "unflatten" and len(rest) == 2:
            return _factors(rest[1], _size_at(shapes[0], rest[0]))
        return _reshaped(shapes[0], rest) if rest else ""
    if label in ("expand", "broadcast_to") and values:
        sizes = positions[1] if isinstance(positions[1], (list, tuple)) else positions[1:]
        count, missing = len(shapes[0]), len(sizes) - len(shapes[0])
        if missing > 0:
            ones = ", ".join(["1"] * missing + [str(size) for size in shapes[0]])
            return f"it has {axes_counted(count)}, and {len(sizes)} sizes are given: make it [{ones}]"
    if label == "permute" and values:
        axes = list(range(len(shapes[0])))
        return f"name all {axes_counted(len(axes))}, the batch too: {axes} leaves them as they are"
    if label in ("rearrange", "reduce", "repeat_axis"):
        return "what stands in brackets multiplies up to its axis, so that each size divides it"
    return _axis_outside(shapes, positions, keywords)


def _reshaped(shape: tuple[int, ...], rest: Sequence[Any]) -> str:
    """Says what a row can become; a shape without the batch is told what comes first."""
    sizes = rest[0] if isinstance(rest[0], (list, tuple)) else rest
    row, whole = prod(shape[1:]), all(type(size) is int for size in sizes)
    if not whole or prod(sizes) != row:
        return f"a row has {row:,} numbers, and keeps as many"
    written = ", ".join(map(str, sizes))
    flat = "`- Flatten`, or " if len(sizes) == 1 else ""
    return f"the batch comes first: {flat}the sizes [-1, {written}]"


def _axis_outside(
    shapes: Sequence[tuple[int, ...]], positions: Sequence[object], keywords: Mapping[str, object]
) -> str:
    dims = keywords.get("dim", positions[1] if len(positions) > 1 else None)
    dims = dims if isinstance(dims, (list, tuple)) else (dims,)
    outside = [dim for dim in dims if type(dim) is int and shapes and not _has(shapes[0], dim)]
    if not outside:
        return ""
    return _axes_there(shapes[0])


def _axes_there(shape: tuple[int, ...]) -> str:
    return f"what flows in has {axes_counted(len(shape))}: 0 is the batch, {len(shape) - 1} the last"


def _has(shape: tuple[int, ...], dim: int) -> bool:
    return -len(shape) <= dim < len(shape)


def _size_at(shape: tuple[int, ...], dim: object) -> int:
    return shape[dim] if type(dim) is int and _has(shape, dim) else 0


def _factors(sizes: object, size: int) -> str:
    """Says what the sizes multiply up to, and which first one would do."""
    if not size or not isinstance(sizes, (list, tuple)) or not all(type(each) is int for each in sizes):
        return ""
    found = f"{list(sizes)} are {prod(sizes):,} numbers, and {size:,} arrive"
    rest = prod(sizes[1:])
    if rest > 0 and size % rest == 0:
        return f"{found}: {[size // rest, *sizes[1:]]} would do"
    return found


def _equal_beside(values: Sequence[Value], dim: int) -> str:
    """Says which axis keeps values from standing beside each other, and what makes it equal."""
    first = values[0]
    rank = len(first.shape)
    other = next((value for value in values if len(value.shape) != rank), None)
    if other is not None:
        return f"all have to have as many axes: {rank} and {len(other.shape)} differ"
    for other in values[1:]:
        for axis in range(1, rank):
            if axis != dim % rank and other.shape[axis] != first.shape[axis]:
                return _at_axis(first, other, axis)
    return ""


def _broadcast(values: Sequence[Value]) -> str:
    """Says which axis keeps values from meeting number by number."""
    first, second = values[0], values[1]
    few, many = sorted((first, second), key=lambda value: len(value.shape))
    if len(few.shape) == len(many.shape):
        for axis in range(1, len(few.shape)):
            if first.shape[axis] != second.shape[axis] and 1 not in (first.shape[axis], second.shape[axis]):
                return _at_axis(first, second, axis)
        return ""
    missing = len(many.shape) - len(few.shape)
    index = ", ".join([":", *["none"] * missing])
    longer = f"`{few.origin}[{index}]` gives `{few.origin}` {axes_counted(missing)} more"
    return f"axes are compared from the last: {longer}"


def _at_axis(first: Value, second: Value, axis: int) -> str:
    """Says how two values come to one size on an axis."""
    rank, one, two = len(first.shape), first.shape[axis], second.shape[axis]
    start = f"on axis {axis} there are {one} and {two}"
    if rank > 2 and axis == 1 and first.channels == 1:
        return f"{start}: `- Conv{rank - 2}d: [{one}, 1]` behind the second makes {one} channels of {two}"
    if axis == rank - 1 and first.channels in (axis, None):
        return f"{start}: `- Linear: {one}` behind the second makes {one} of {two}"
    if rank == 4:
        size = [max(a, b) for a, b in zip(first.shape[2:], second.shape[2:], strict=True)]
        return f"{start}: stride and pad both alike, or put `- interpolate: {{size: {size}}}` behind one"
    return f"{start}, and they have to be equal"


def _product(first: tuple[int, ...], second: tuple[int, ...]) -> str:
    if len(first) < 2 or len(second) < 2:
        return ""
    start = f"the last axis of the first, {first[-1]}, meets the last but one of the second, {second[-2]}"
    if first[-1] == second[-1]:
        return f"{start}: turn the second with `transpose(…, -2, -1)`"
    return start
