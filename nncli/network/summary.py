"""What a compiled network is: its layers with shapes, parameters and memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.network.sizing import weight_bytes

FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """A network in figures; a shared weight counts once.

    Units: bytes of float32. `training_bytes` counts weights, gradients, two moments per weight, and
    what one batch leaves behind for the way back: one result per layer.
    """

    layers: tuple[LayerCall, ...]
    parameters: int
    trainable: int
    batch_size: int
    weight_bytes: int
    training_bytes: int

    def document(self) -> dict[str, Any]:
        """Writes the summary for `--json`; rows are left out of shapes."""
        layers = [
            {
                "name": layer.name,
                "type": layer.type,
                "input": list(layer.input_shapes[0][1:]),
                "output": list(layer.output_shape[1:]),
                "parameters": layer.parameters,
            }
            for layer in self.layers
        ]
        return {"parameters": self.parameters, "trainable": self.trainable, "layers": layers}


def summarise(network: CompiledNetwork, batch_size: int) -> Summary:
    """Counts parameters and estimates the memory of training with a batch size."""
    weights = weight_bytes(network.module)
    values = sum(prod(layer.output_shape[1:]) for layer in network.calls)
    activations = values * batch_size * FLOAT_BYTES
    trainable = sum(weight.numel() for weight in network.module.parameters() if weight.requires_grad)
    return Summary(
        layers=network.calls,
        parameters=network.parameters(),
        trainable=trainable,
        batch_size=batch_size,
        weight_bytes=weights,
        training_bytes=weights + activations + 3 * trainable * FLOAT_BYTES,
    )
