"""The layers of a network in its weights file: name to operation and line, so that a moved name is noticed.

The metadata key `nncli.layers` holds a JSON object in the order of the network: {NAME: [OPERATION, LINE], …},
such as {"linear": ["Linear", 4], "linear_2": ["Linear", 6]}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LAYERS_KEY: Final = "nncli.layers"


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """What a layer is, as the spec says it, and the line on which it stands, counted from 1."""

    operation: str
    line: int


def layers_text(layers: Mapping[str, LayerRecord]) -> str:
    """Makes the text that stands under `nncli.layers`."""
    return json.dumps({name: [layer.operation, layer.line] for name, layer in layers.items()})


def read_layers(text: str) -> dict[str, LayerRecord]:
    """Reads the text under `nncli.layers`; a text that is not in this form tells of no layer."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    layers = {}
    for name, fields in found.items() if isinstance(found, dict) else ():
        if not isinstance(fields, list) or len(fields) != 2:
            return {}
        operation, line = fields
        if not isinstance(operation, str) or type(line) is not int:
            return {}
        layers[name] = LayerRecord(operation, line)
    return layers
