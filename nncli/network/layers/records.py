"""The record beside a value: how axes and masks pass through layers, and which layers use a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import torch
from torch import nn

from nncli.messages.catalogue import failure
from nncli.network.beyond_torch.masked_functions import filled_padding, mean_of_valid, padding_of
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Value
from nncli.network.layers.padding import filling, is_alone, is_softmax_over_time, pools_to_one, way_of_mask
from nncli.network.layers.torch_layers import SEQUENCES, SPECTRA, channel_axis_read, spatial_dimensions

# Layers of torch that take a padding mask: the keyword, and which input it belongs to. There, true
# means that a step is padding.
PADDING_MASKS: Final[Mapping[str, Mapping[str, int]]] = {
    "MultiheadAttention": {"key_padding_mask": 1},
    "TransformerEncoderLayer": {"src_key_padding_mask": 0},
    "TransformerDecoderLayer": {"tgt_key_padding_mask": 0, "memory_key_padding_mask": 1},
    "Transformer": {
        "src_key_padding_mask": 0, "tgt_key_padding_mask": 1, "memory_key_padding_mask": 0
    },
}  # fmt: skip
# Layers of nncli, and of people: in a keyword of this name true means that a step is valid.
VALID_MASKS: Final[Mapping[str, int]] = {"mask": 0, "memory_mask": 1}
# The input whose steps are those of the result, where it is not the first.
LEADING: Final[Mapping[str, str]] = {"Transformer": "tgt"}


def sequence_mask(value: Value | None) -> Value | None:
    """Finds the mask of a value whose steps lie behind its rows, as layers over sequences want them."""
    return value.mask if value is not None and value.time == 1 else None


def without_padding(
    tape: Tape, layer: tuple[str, nn.Module], value: Value, shape: tuple[int, ...], spot: Spot
) -> Value:
    """Fills the padding of what flows into a layer that works along time; `shape` is that of the result.

    Raises SpecError `padding-counted` for an EmbeddingBag that cannot tell padding from an index.
    """
    kind, module = layer
    if value.mask is None:
        return value
    if kind == "EmbeddingBag":
        index = getattr(module, "padding_idx", None)
        if index is None:
            fix = "give it an index that stands for padding, such as `padding_idx: 0`"
            facts = {"layer": kind, "value": value.origin, "fix": fix}
            raise failure("padding-counted", spot.place, spot.path, **facts)
        made: Value = tape.call(torch.where, (value.mask, value, index), {}, spot)
        return _like(made, value)
    way = way_of_mask(kind, module, value, _axes(layer, value, shape)[1], shape)
    wanted = filling(kind, module, value, shape, way)
    if wanted is None:
        return value
    return _like(tape.call(filled_padding, (value, value.mask, value.time, wanted), {}, spot), value)


def _like(made: Value, value: Value) -> Value:
    return replace(value, node=made.node, sample=made.sample)


def with_record(
    tape: Tape, layer: tuple[str, nn.Module], value: Value | None, made: Value, spot: Spot
) -> Value:
    """Adds to the result of a layer what is known about its axes and its mask.

    `layer` is its class by name, empty where nothing is known of it, and the module. `value` is what
    flowed in, before its padding was filled.
    """
    channels, time = _axes(layer, value, made.shape)
    record = replace(made, channels=channels, time=time)
    if value is None:
        return record
    record = replace(record, is_arranged=_is_arranged(layer[0], value, record), rate=value.rate_in(record))
    return _with_mask(tape, layer, value, record, spot) if value.mask is not None else record


def _is_arranged(kind: str, value: Value, made: Value) -> bool:
    """Once a layer has read channels where the record has them, nothing is arranged any more."""
    read = channel_axis_read(kind, len(value.shape))
    return value.is_arranged and value.channels == made.channels and read != value.channels


def _with_mask(tape: Tape, layer: tuple[str, nn.Module], value: Value, made: Value, spot: Spot) -> Value:
    kind, module = layer
    way = way_of_mask(kind, module, value, made.time, made.shape)
    mask = value.mask if way is not None else None
    if mask is not None and way is not None and way.target is not None:
        # It is still that of the same input, with other steps.
        named = replace(spot, label=mask.origin)
        mask = replace(tape.call(way.target, (mask, *way.numbers), {}, named), time=1)
    if pools_to_one(kind, value, made.shape):
        return _pooled(tape, kind, value, made, spot)
    is_largest = "MaxPool" in kind and filling(kind, module, value, made.shape, way) == "lowest"
    if mask is not None and (is_largest or is_softmax_over_time(kind, module, value)):
        made = _with_zeros(tape, made, mask, spot)
    return replace(made, mask=mask)


def _pooled(tape: Tape, kind: str, value: Value, made: Value, spot: Spot) -> Value:
    if "Avg" in kind:
        result: Value = tape.call(mean_of_valid, (made, value.mask), {}, spot)
        return replace(made, node=result.node, sample=result.sample)
    some: Value = tape.call(torch.any, (value.mask, 1, True), {}, spot)
    return _with_zeros(tape, made, some, spot)


def _with_zeros(tape: Tape, made: Value, mask: Value, spot: Spot) -> Value:
    """Numbers that stood for nothing would overflow further on."""
    return _like(tape.call(filled_padding, (made, mask, made.time), {}, spot), made)


def _axes(
    layer: tuple[str, nn.Module], value: Value | None, shape: tuple[int, ...]
) -> tuple[int | None, int | None]:
    """Finds the axes of channels and time in the result of a layer."""
    kind, module = layer
    rank = len(shape)
    if kind == "Embedding":
        return rank - 1, value.time if value else None
    if not kind:
        return _axes_kept(value, shape)
    if kind in SEQUENCES and rank == 3:
        return 2, 1
    if kind in SPECTRA:
        return 1, rank - 1
    if spatial_dimensions(kind):
        kept = value.time if value is not None and value.time is not None and 1 < value.time < rank else None
        return 1, 2 if rank == 3 else kept
    if value is None:
        return (1 if rank == 2 else None), None
    if kind in ("Flatten", "Unflatten"):
        return _regrouped(module, value, rank)
    if len(value.shape) != rank:
        return (1 if rank == 2 else None), None
    read = channel_axis_read(kind, rank)
    channels = value.channels if value.is_arranged and value.channels is not None else read
    if channels is None:
        channels = value.channels if rank > 2 else 1
    return channels, value.time if value.time != read else None


def _axes_kept(before: Value | None, shape: tuple[int, ...]) -> tuple[int | None, int | None]:
    """Takes over the axes where nobody knows the layer: all of one shape, and steps that are as many."""
    if before is not None and before.shape == shape:
        return before.channels, before.time
    channels = 1 if len(shape) == 2 else None
    if before is None or before.time is None or before.time >= len(shape):
        return channels, None
    return channels, before.time if before.shape[before.time] == shape[before.time] else None


def _regrouped(module: nn.Module, value: Value, rank: int) -> tuple[int | None, int | None]:
    """Follows axes through Flatten and Unflatten; those that are put together have channels, if any has."""
    first = getattr(module, "start_dim", getattr(module, "dim", 0)) % len(value.shape)
    last = getattr(module, "end_dim", first) % len(value.shape)

    def moved(axis: int | None) -> int | None:
        if axis is None or axis < first:
            return axis
        return axis + rank - len(value.shape) if axis > last else None

    if last > first and is_alone(value, range(first, last + 1)):
        return moved(value.channels), first
    channels = moved(value.channels)
    if channels is None and last > first and (rank == 2 or first <= (value.channels or 0) <= last):
        channels = first
    return channels, moved(value.time)


def padding_arguments(
    tape: Tape, kind: str, takes: Mapping[str, bool], inputs: Mapping[int, Value], spot: Spot
) -> dict[str, Value]:
    """Makes the keyword arguments through which a layer is told what is padding.

    `takes` names the inputs of the layer's forward; `inputs` are those that flow in, by position.
    """
    found: dict[str, Value] = {}
    for name, position in PADDING_MASKS.get(kind, {}).items():
        mask = sequence_mask(inputs.get(position))
        if mask is not None:
            found[name] = tape.call(padding_of, (mask,), {}, spot)
    if kind in PADDING_MASKS:
        return found
    for name, position in VALID_MASKS.items():
        mask = sequence_mask(inputs.get(position))
        if name in takes and mask is not None:
            found[name] = mask
    return found
