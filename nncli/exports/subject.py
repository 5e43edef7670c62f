"""What is exported: a network with its weights and the texts that go along, trained or not"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nncli.model import Model
from nncli.network.compiled import CompiledNetwork, stored_tensors
from nncli.runs.weights_file import read_weights

_OWN_KEYS = ("nncli.digest", "nncli.format", "nncli.version")


@dataclass(frozen=True)
class Subject:
    """A network on the CPU, in eval mode.

    `tensors` are its weights, each once, under the name of its owner. `metadata` holds `nncli.spec`,
    `nncli.encoders` and `nncli.outputs` as JSON texts; without data it has the spec alone.
    """

    name: str
    network: CompiledNetwork
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]

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


def subject_of_model(model: Model) -> Subject:
    """Takes a trained network with what its weights file holds."""
    weights = read_weights(model.path)
    metadata = {key: value for key, value in weights.metadata.items() if key not in _OWN_KEYS}
    return Subject(model.spec.name, model.network, weights.tensors, metadata)


def subject_of_network(name: str, network: CompiledNetwork, metadata: Mapping[str, str]) -> Subject:
    """Takes a network with the initial weights that it was compiled with; puts it in eval mode."""
    network.module.eval()
    tensors = {name: tensor.detach() for name, tensor in stored_tensors(network.module).items()}
    return Subject(name, network, tensors, metadata)
