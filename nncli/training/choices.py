"""How the arithmetic of a run is done on this machine: what was measured, or given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nncli.messages.catalogue import failure
from nncli.training.compiling import compiled
from nncli.training.linear_kernels import Products, Size, products_by
from nncli.training.wide_attention import attention_in_float32

_SWITCHES = ("channels_last", "compiled", "wide_attention")
_PRODUCTS = ("output", "inputs", "weights")


@dataclass(frozen=True)
class Choices:
    """What decides how quick a step is, and the last bits of what it gives.

    `threads` is None where it was not measured. `linear` has the sizes some of whose products go through
    oneDNN; all else is torch's own. `channels_last` keeps the weights of convolutions as they are quickest.
    `compiled` networks go through torch.compile. `wide_attention` is in float32 in steps of 16 bits.
    """

    threads: int | None = None
    linear: Mapping[Size, Products] = field(default_factory=dict)
    channels_last: bool = False
    compiled: bool = False
    wide_attention: bool = False

    def to_json(self) -> dict[str, object]:
        """Writes what differs from torch's own way, as environment.json has it: empty where nothing does."""
        written: dict[str, object] = {}
        if self.threads is not None:
            written["threads"] = self.threads
        written |= {name: True for name in _SWITCHES if getattr(self, name)}
        if self.linear:
            sizes = sorted(self.linear.items())
            written["onednn"] = {f"{i} to {o}": _names(products) for (i, o), products in sizes}
        return written

    @classmethod
    def from_json(cls, document: object) -> Choices:
        """Reads what `to_json` wrote. Errors: ValueError, where it is something else."""
        if not isinstance(document, dict):
            raise ValueError("choices are a mapping")
        threads, linear = document.get("threads"), document.get("onednn", {})
        if not (threads is None or (type(threads) is int and threads > 0)) or not isinstance(linear, dict):
            raise ValueError("choices have another form")
        found = {_size(key): _products(names) for key, names in linear.items()}
        return cls(threads, found, *(document.get(name) is True for name in _SWITCHES))


def _names(products: Products) -> list[str]:
    return [name for name in _PRODUCTS if getattr(products, name)]


def _size(text: str) -> Size:
    first, _, last = text.partition(" to ")
    return int(first), int(last)


def _products(names: Any) -> Products:
    if not isinstance(names, list) or not all(name in _PRODUCTS for name in names):
        raise ValueError("choices have another form")
    return Products(**dict.fromkeys(names, True))


def recorded_choices(environment: Mapping[str, object], run: Path | None) -> Choices:
    """Reads what a run was begun with from its environment.json. Raises WeightsError `run-damaged`."""
    try:
        return Choices.from_json(environment.get("choices", {}))
    except ValueError as error:
        raise failure("run-damaged", run=run, file="environment.json") from error


@contextmanager
def applied(choices: Choices, networks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Makes networks compute as was chosen while the block runs; weights and their names stay.

    What is restored into the networks or their optimisers is restored within the block.
    """
    with ExitStack() as held:
        if choices.channels_last:
            held.enter_context(_channels_last(networks))
        held.enter_context(products_by(networks.values(), choices.linear))
        if choices.wide_attention:
            held.enter_context(attention_in_float32())
        if choices.compiled:
            held.enter_context(compiled(networks.values()))
        yield


@contextmanager
def _channels_last(networks: Mapping[str, nn.Module]) -> Iterator[None]:
    _lay_out(networks, torch.channels_last)
    try:
        yield
    finally:
        _lay_out(networks, torch.contiguous_format)


def _lay_out(networks: Mapping[str, nn.Module], form: torch.memory_format) -> None:
    for module in networks.values():
        for parameter in module.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=form)
