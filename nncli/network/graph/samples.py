"""Calls run on samples: two rows, or one more, through a function or a layer, with nothing left behind."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import torch
from torch import nn

from nncli.network.graph.values import MOST_VALUES, Count, DeviceOf, Value, values_in


def run_rows(module: nn.Module, everything: tuple[Any, Any], *, on_meta: bool, wider: bool = False) -> object:
    """Runs samples through a layer in train mode, leaving generator and buffers as they were.

    `everything` is what flows in, in order and by name. Where `on_meta`, the layer is on the meta device,
    and its rows are put there. Two rows run, or three where `wider`.
    Raises what the layer raises where the sizes do not fit.
    """
    kept = [buffer.clone() for buffer in module.buffers()]
    try:
        return ran(module, everything, on_meta=on_meta, wider=wider)
    finally:
        for buffer, before in zip(module.buffers(), kept, strict=True):
            buffer.copy_(before)


def ran(
    target: Callable[..., Any], everything: tuple[Any, Any], *, on_meta: bool, wider: bool = False
) -> object:
    """Runs a call on the samples of what flows in; `everything` is its arguments and its keywords."""

    def sample(value: object) -> object:
        if isinstance(value, Count):
            return value.wider if wider else value.number
        if isinstance(value, DeviceOf):
            return torch.device("meta" if on_meta else "cpu")
        if isinstance(value, Value):
            found = _with_a_row_more(value) if wider else value.sample
            if on_meta:
                return found.to("meta")
            # What is known by its shape alone is zeros where numbers are needed.
            return torch.zeros_like(found, device="cpu") if found.is_meta else found
        return value

    arguments, keywords = mapped(everything, sample)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if on_meta:
            with torch.device("meta"):
                return target(*arguments, **keywords)
        return target(*arguments, **keywords)


def _with_a_row_more(value: Value) -> torch.Tensor:
    """Repeats the first rows of a sample behind them, along each axis that grows with the rows."""
    made = value.sample
    for axis, size in enumerate(value.wider or ()):
        if size != made.shape[axis]:
            made = made.index_select(axis, torch.arange(size, device=made.device) % made.shape[axis])
    return made


def takes_long(everything: object) -> bool:
    """Tells whether a call could take long on the CPU: by the sizes of what it is given."""
    values = list(values_in(everything))
    sizes = [max(1, value.sample.numel()) for value in values]
    # A matrix product, cdist and outer work through each pair of numbers of their two operands at most.
    return any(value.sample.is_meta for value in values) or prod(sorted(sizes)[-2:]) > MOST_VALUES * 64


def could_be_large(everything: object) -> bool:
    """Tells whether a result could be large: by the numbers in a call, which may be sizes or just numbers."""
    numbers = [abs(number) for number in _numbers(everything) if abs(number) > 1]
    sizes = [max(1, value.sample.numel()) for value in values_in(everything)]
    return prod(numbers) * max([1, *sizes]) > MOST_VALUES


def _numbers(value: object) -> Iterator[int]:
    if type(value) is int:
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, dict):
        yield from _numbers(list(value.values()))


def leaves(value: Any) -> list[Any]:
    """Lists every leaf of nested lists, tuples, dicts and slices."""
    found: list[Any] = []
    mapped(value, found.append)
    return found


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Walks the tensors inside a result."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from tensors_in(each)


def noded(value: Any) -> Any:
    """Puts nodes in the place of Values, Counts and devices, for the arguments of a node."""
    return mapped(value, lambda leaf: leaf.node if isinstance(leaf, (Value, Count, DeviceOf)) else leaf)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Applies a change to every leaf of nested lists, tuples, dicts and slices."""
    if type(value) in (tuple, list):
        return type(value)(mapped(each, change) for each in value)
    if isinstance(value, dict):
        return {key: mapped(each, change) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(*(mapped(each, change) for each in (value.start, value.stop, value.step)))
    return change(value)
