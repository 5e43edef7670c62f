"""What is exported: networks with their weights and the texts that go along, trained or not"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from nncli.models.opened import Opened
from nncli.network.compiled import CompiledNetwork, stored_tensors, together

_OPTION: Final = "--network {}"
# What writing a weights file adds by itself.
_OWN_KEYS: Final = ("nncli.digest", "nncli.format", "nncli.version")


@dataclass(frozen=True)
class Subject:
    """Networks on the CPU, in eval mode: one, or all those of a file.

    `tensors` are their weights, each once, under the name of its owner; of several networks each has its
    own below its name. `metadata` holds `nncli.spec`, `nncli.encoders` and `nncli.outputs` as JSON texts;
    without data it has the spec alone. `focus` is the network that is spoken of, empty for the only one.
    `option` is what a command that exports the same adds to its words.
    """

    name: str
    networks: Mapping[str, CompiledNetwork]
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    focus: str = ""
    option: str = ""

    @property
    def network(self) -> CompiledNetwork:
        """The only network, or the one that is spoken of."""
        return self.networks[self.focus] if self.focus else next(iter(self.networks.values()))

    def parts(self) -> Iterator[Subject]:
        """Speaks of every network in turn."""
        return (replace(self, focus=name) for name in self.networks)

    def parameters(self) -> int:
        """Counts the numbers in the weights; a shared weight counts once."""
        return sum(weight.numel() for weight in together(self.networks).parameters())

    def outputs(self) -> tuple[str, ...]:
        """Names what the network returns, in order."""
        return tuple(self.network.outputs)

    def run(self, inputs: list[Tensor]) -> list[Tensor]:
        """Runs rows through the network itself."""
        with torch.no_grad():
            return results(self.network.module(*inputs))


def results(returned: Tensor | tuple[Tensor, ...] | list[Tensor]) -> list[Tensor]:
    """Makes a list of what a network returned."""
    return [returned] if isinstance(returned, Tensor) else list(returned)


def subject_of(opened: Opened, network: str | None, *, takes_one: bool) -> Subject:
    """Takes the network that is named, or all; `takes_one` where the format holds no more.

    Raises UsageError `network-unknown`, `network-not-chosen`.
    """
    if (network or takes_one) and (name := opened.chosen(network, _OPTION)) and len(opened.networks) > 1:
        one = _subject(f"{opened.spec.name}-{name}", opened.only(name))
        return replace(one, option=f" {_OPTION.format(name)}")
    return _subject(opened.spec.name, opened)


def _subject(name: str, opened: Opened) -> Subject:
    whole = together(opened.networks).eval()
    tensors = {each: tensor.detach() for each, tensor in stored_tensors(whole).items()}
    metadata = {key: text for key, text in opened.metadata.items() if key not in _OWN_KEYS}
    return Subject(name, opened.networks, tensors, metadata)
