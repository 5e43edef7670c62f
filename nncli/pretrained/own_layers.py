"""The layers of a network as its weights file records them."""

from __future__ import annotations

from nncli.network.compiled import CompiledNetwork
from nncli.runs.layer_record import LayerRecord


def layer_records(network: CompiledNetwork) -> dict[str, LayerRecord]:
    """Lists the layers of a network with their operations and lines, in order."""
    return {call.name: LayerRecord(call.type, call.place.line) for call in network.layers}
