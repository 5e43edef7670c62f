"""How the record of a value passes through functions of tensors, and which of them leave padding out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final, TypeAlias

import torch
from torch.nn import functional

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.beyond_torch.masked_functions import (
    filled_padding,
    masked_amax,
    masked_amin,
    masked_mean,
    masked_softmax,
    masked_std,
    masked_var,
    stretched_mask,
)
from nncli.network.functions.axes import (
    MOVING,
    PRODUCTS,
    SEVERAL,
    adds_axes,
    axes_of,
    einsum_order,
    index_along,
    order_of,
)
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Value, values_in
from nncli.network.layers.padding import Filling

_MASKED: Final[Mapping[str, Callable[..., Any]]] = {
    "mean": masked_mean, "amax": masked_amax, "amin": masked_amin, "var": masked_var, "std": masked_std,
    "adaptive_avg_pool1d": masked_mean, "adaptive_max_pool1d": masked_amax,
}  # fmt: skip
# What stands in the place of padding while these work along time, so that it weighs nothing.
_FILLED: Final[Mapping[str, Filling]] = {
    "sum": "zero", "nansum": "zero", "norm": "zero", "count_nonzero": "zero", "any": "zero",
    "normalize": "zero", "prod": "one", "all": "one",
    "max": "lowest", "argmax": "lowest", "logsumexp": "lowest", "topk": "lowest", "log_softmax": "lowest",
    "min": "highest", "amin": "highest", "argmin": "highest",
}  # fmt: skip
# Nothing that could stand in the place of padding weighs nothing here.
_COUNTING: Final = frozenset("median nanmean quantile kthvalue".split())
# They read the steps around a step, or put steps beside one another: there padding counts as zeros.
_WINDOWS: Final = frozenset(
    "conv1d conv2d conv3d avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d lp_pool1d "
    "lp_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d "
    "group_norm".split()
)
_GROUPING: Final = frozenset("flatten reshape view".split())
# Along their axis the steps of a result are others than before.
_SHUFFLING: Final = frozenset(
    "flip roll sort argsort gather index_select take_along_dim repeat_interleave topk scatter scatter_add "
    "index_add".split()
)
_POOLS: Final = frozenset("max_pool1d max_pool2d max_pool3d".split())

# A call: what is called, and with what.
Using: TypeAlias = "tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]"


def carried_call(
    tape: Tape,
    target: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    spot: Spot,
) -> Any:
    """Records a call of a function of tensors, with the record of its result; `spot.label` is its name.

    Reductions, softmax and windows over time leave padding out. What is not clear of a record ends.
    Returns and raises as `Tape.call` does; SpecError `padding-counted` for what cannot leave padding out.
    """
    using = (target, arguments, keywords)
    if _is_mean_with_rows(spot.label, using):
        result: Any = _mean_with_rows(tape, spot, using)
    else:
        result = tape.call(*_without_padding(tape, spot, using), spot)
    if spot.label in ("max", "min") and isinstance(result, tuple):
        result = _with_zeros_for_nothing(tape, spot, using, result)
    if isinstance(result, tuple):
        return tuple(_recorded(tape, spot, using, each) for each in result)
    return _recorded(tape, spot, using, result)


def _without_padding(tape: Tape, spot: Spot, using: Using) -> Using:
    """Finds the form of a call in which padding weighs nothing."""
    name, (target, arguments, keywords) = spot.label, using
    if name in PRODUCTS:
        return target, _filled_products(tape, spot, arguments), keywords
    value = arguments[0] if arguments else None
    if not isinstance(value, Value) or value.mask is None or value.time is None:
        return using
    axes = axes_of(name, arguments, keywords)
    if name in ("adaptive_avg_pool1d", "adaptive_max_pool1d") and _given(using, 1, "output_size") in (
        1,
        (1,),
    ):
        return _MASKED[name], (value, value.mask, value.time, True), {}
    if name == "softmax" and axes == (value.time,):
        return masked_softmax, (value, value.mask, value.time), {}
    if name in ("mean", "amax", "amin", "var", "std") and value.time in axes and 0 not in axes:
        return _reduced(tape, spot, using, axes)
    if name in _COUNTING and value.time in axes:
        raise _counted(spot, value)
    wanted = _FILLED.get(name) if value.time in axes else None
    if (name in _WINDOWS and value.time > 1) or name in ("pad", "unfold"):
        wanted = "zero"
    if name in _GROUPING and value.time not in (order_of(name, arguments, keywords, len(value.shape)) or ()):
        wanted = "zero"
    if wanted is None:
        return using
    filled = tape.call(filled_padding, (value, value.mask, value.time, wanted), {}, spot)
    return target, (filled, *arguments[1:]), keywords


def _counted(spot: Spot, value: Value) -> NncliError:
    fix = "mean, sum, std, amax and amin over time leave it out; `from: {mask: none}` counts it"
    facts = {"layer": spot.label, "value": value.origin, "fix": fix}
    return failure("padding-counted", spot.place, spot.path, **facts)


def _filled_products(tape: Tape, spot: Spot, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Makes the steps over which a matrix product adds up weigh nothing where they are padding."""
    filled = []
    for operand, back in zip(operands, (1, 2), strict=False):
        is_added = isinstance(operand, Value) and operand.mask is not None and len(operand.shape) >= back
        if is_added and operand.time == len(operand.shape) - back:
            made = tape.call(filled_padding, (operand, operand.mask, operand.time), {}, spot)
            operand = replace(operand, node=made.node, sample=made.sample)
        filled.append(operand)
    return tuple(filled)


def _reduced(tape: Tape, spot: Spot, using: Using, axes: tuple[int, ...]) -> Using:
    """Reduces time without its padding, then other axes as they are."""
    name, (target, arguments, keywords) = spot.label, using
    value = arguments[0]
    masked = (value, value.mask, value.time)
    if len(axes) > 1:
        if name in ("var", "std"):
            raise _counted(spot, value)
        kept = tape.call(_MASKED[name], (*masked, True), {}, spot)
        return target, (kept, *arguments[1:]), keywords
    names = ("keepdim",) if name in ("mean", "amax", "amin") else ("unbiased", "keepdim")
    given = {**dict(zip(names, arguments[2:], strict=False)), **keywords}
    options: dict[str, Any] = {key: given[key] for key in ("keepdim", "correction") if key in given}
    if given.get("unbiased") is False:
        options["correction"] = 0
    return _MASKED[name], masked, options


def _given(using: Using, position: int, name: str) -> Any:
    """Reads an argument by its position or its name."""
    _, arguments, keywords = using
    return arguments[position] if len(arguments) > position else keywords.get(name, ())


def _is_mean_with_rows(name: str, using: Using) -> bool:
    _, arguments, keywords = using
    value = arguments[0] if arguments else None
    if name != "mean" or not isinstance(value, Value) or value.mask is None:
        return False
    axes = axes_of(name, arguments, keywords)
    return 0 in axes and value.time in axes


def _mean_with_rows(tape: Tape, spot: Spot, using: Using) -> Any:
    """Takes the mean over rows and time at once: every valid step of any row has the same weight."""
    _, arguments, keywords = using
    value = arguments[0]
    axes = axes_of("mean", arguments, keywords)
    filled = tape.call(filled_padding, (value, value.mask, value.time), {}, spot)
    total = tape.call(torch.sum, (filled, *arguments[1:]), keywords, spot)
    valid = tape.call(torch.clamp, (tape.call(torch.sum, (value.mask,), {}, spot),), {"min": 1}, spot)
    others = [size for axis, size in enumerate(value.shape) if axis in axes and axis not in (0, value.time)]
    count = tape.call(operator.mul, (valid, prod(others)), {}, spot) if others else valid
    return tape.call(operator.truediv, (total, count), {}, spot)


def _with_zeros_for_nothing(tape: Tape, spot: Spot, using: Using, result: tuple[Any, ...]) -> tuple[Any, ...]:
    """Gives zeros for the largest of no valid step, where a stand-in would overflow further on."""
    _, arguments, keywords = using
    value = arguments[0]
    if not isinstance(value, Value) or value.mask is None or value.time is None:
        return result
    if axes_of(spot.label, arguments, keywords) != (value.time,):
        return result
    masked = masked_amax if spot.label == "max" else masked_amin
    keepdim = bool(_given(using, 2, "keepdim"))
    return tape.call(masked, (value, value.mask, value.time, keepdim), {}, spot), *result[1:]


def _recorded(tape: Tape, spot: Spot, using: Using, result: Any) -> Any:
    """Adds the record of a result; several tensors that flow in have to agree, or the first one has it."""
    name, (_, arguments, keywords) = spot.label, using
    values = list(values_in(list(arguments)))
    if not isinstance(result, Value) or not values:
        return result
    rank = len(result.shape)
    kept: list[tuple[Value, Value]] = []
    for number, value in enumerate(values if name in SEVERAL else values[:1]):
        if name == "einsum":
            order = einsum_order(arguments[0], number)
        else:
            first = arguments[0] if isinstance(arguments[0], (list, tuple)) else value
            order = order_of(name, (first, *arguments[1:]), keywords, rank)
        if order is not None and len(order) == rank:
            moved = _moved(result, value, order)
            # A mask has the rows in front.
            source = value if order[:1] == [0] else replace(value, mask=None)
            kept.append((source, moved))
    channels = next((part.channels for _, part in kept if part.channels is not None), None)
    if name in PRODUCTS and len(values) > 1 and values[1].channels == len(values[1].shape) - 1 == rank - 1:
        # The last axis of a product is that of its second factor.
        channels = rank - 1
    time = next((part.time for _, part in kept if part.time not in (None, channels)), None)
    if channels is None and rank == 2 and time is None:
        channels = 1
    is_moved = name in MOVING or (name == "[…]" and adds_axes(arguments[1]))
    arranged = is_moved or any(part.is_arranged for _, part in kept)
    made = replace(result, channels=channels, time=time, is_arranged=arranged)
    made = replace(made, rate=next((rate for source, _ in kept if (rate := source.rate_in(made))), None))
    masks = [_mask(tape, spot, using, value, made) for value, part in kept if part.time == time is not None]
    return replace(made, mask=_both(tape, spot, [mask for mask in masks if mask is not None]))


def _moved(result: Value, before: Value, order: Sequence[int | None]) -> Value:
    """Follows the axes of a value to where they are now."""
    channels = order.index(before.channels) if before.channels in order and before.channels else None
    time = order.index(before.time) if before.time in order and before.time else None
    arranged = before.is_arranged and channels is not None
    return replace(result, channels=channels, time=time, is_arranged=arranged)


def _mask(tape: Tape, spot: Spot, using: Using, value: Value, made: Value) -> Value | None:
    """Finds which steps of a result are valid; None where nobody knows, or rows are others than before."""
    name, (_, arguments, keywords) = spot.label, using
    mask = value.mask
    if mask is None or made.time is None or value.time is None or name in _POOLS:
        return None
    spot = replace(spot, label=f"{mask.origin}")
    axes = axes_of(name, arguments, keywords) if name in _SHUFFLING or name == "cat" else ()
    if name in _SHUFFLING and (not axes or value.time in axes):
        return None
    if name == "cat" and axes == (made.time,):
        return _in_front(tape, spot, arguments[0], made)
    rank = len(value.shape)
    if name == "[…]":
        if index_along(arguments[1], 0, rank) is not None:
            return None
        steps = index_along(arguments[1], value.time, rank)
        if steps is not None:
            mask = tape.call(operator.getitem, (mask, (slice(None), steps)), {}, spot)
    around = _given(using, 1, "pad") if name == "pad" else ()
    if len(around) >= 2 * (rank - value.time):
        start = 2 * (rank - value.time - 1)
        more = sum(around[start : start + 2])
        mask = tape.call(stretched_mask, (mask, 1, more), {}, spot) if more else mask
    fits = mask.shape == (made.shape[0], made.shape[made.time])
    return replace(mask, time=1) if fits else None


def _in_front(tape: Tape, spot: Spot, parts: Sequence[Value], made: Value) -> Value | None:
    """Joins masks along time, where only the last part has padding: so it stays at the end of the rows."""
    *front, last = parts
    if last.mask is None or any(part.mask is not None for part in front):
        return None
    more = made.shape[made.time or 0] - last.mask.shape[1]
    joined: Value = tape.call(functional.pad, (last.mask, [more, 0]), {"value": True}, spot)
    return replace(joined, time=1)


def _both(tape: Tape, spot: Spot, masks: Sequence[Value]) -> Value | None:
    """A step of a result is valid where it is in everything that it comes from."""
    different = list({mask.node: mask for mask in masks}.values())
    if not different:
        return None
    both = different[0]
    for mask in different[1:]:
        spot = replace(spot, label=both.origin)
        both = replace(tape.call(torch.logical_and, (both, mask), {}, spot), time=1)
    return both
