"""What flows into a network: placeholders of the graph, each with its record and two rows."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Final

import torch
from torch import fx

from nncli.network.graph.tape import IS_MASK, Tape
from nncli.network.graph.values import MOST_VALUES, ROWS, Value
from nncli.spec.network_spec import InputSpec

_NO_ARGUMENTS: Final = frozenset(dir(builtins)) | {"self", "torch"}


def input_values(tape: Tape, inputs: Mapping[str, InputSpec]) -> dict[str, Value]:
    """Records every input with two rows of zeros; a mask stands behind what it belongs to."""
    values: dict[str, Value] = {}
    arguments: set[str] = set()
    for name, given in inputs.items():
        value = _input(tape.graph.placeholder(_argument(name, arguments)), name, given)
        if given.has_mask:
            node = tape.graph.placeholder(_argument(f"{name}_mask", arguments))
            steps = torch.ones(ROWS, *given.steps, dtype=torch.bool)
            node.meta.update({"shape": tuple(steps.shape), "wider": (ROWS + 1, *given.steps), IS_MASK: True})
            value = replace(value, mask=Value(node, steps, f"{name}.mask", None, time=1))
        values[name] = value
    return values


def _argument(name: str, taken: set[str]) -> str:
    """Makes an argument of the generated forward."""
    while keyword.iskeyword(name) or name in taken or name in _NO_ARGUMENTS:
        name += "_"
    taken.add(name)
    return name


def _input(node: fx.Node, name: str, spec: InputSpec) -> Value:
    index = spec.type in ("index", "category")
    shape, kind = (ROWS, *spec.shape), torch.int64 if index else torch.float32
    sample = torch.zeros(shape, dtype=kind, device="meta" if prod(shape) > MOST_VALUES else "cpu")
    node.meta.update(shape=shape, wider=(ROWS + 1, *spec.shape), label=name)
    if spec.type == "audio":
        return Value(node, sample, name, None, channels=1, time=2, rate=spec.rate)
    # A row of indices is a sequence; so is anything with a mask.
    time = (
        1
        if spec.shape and ((index and len(spec.shape) == 1) or spec.has_mask or spec.type == "series")
        else None
    )
    channels = 1 if not index and time is None and (spec.type == "image" or len(spec.shape) == 1) else None
    if time and not index and len(spec.shape) == 2:
        channels = 2
    return Value(node, sample, name, None, channels, time, None, spec.vocabulary)
