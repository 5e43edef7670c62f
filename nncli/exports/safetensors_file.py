"""Export to one safetensors file that carries weights, spec and encoders."""

from __future__ import annotations

from pathlib import Path

from nncli.model import Model
from nncli.runs.weights_file import read_weights, write_weights

OWN_KEYS = ("nncli.digest", "nncli.format", "nncli.version")


def export_safetensors(model: Model, output: Path) -> None:
    """Writes the weights file of a model; what it holds is enough for evaluate and predict."""
    weights = read_weights(model.path)
    metadata = {key: value for key, value in weights.metadata.items() if key not in OWN_KEYS}
    write_weights(output, weights.tensors, metadata)
