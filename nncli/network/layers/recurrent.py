"""Recurrent layers: padding packed away where a result depends on it, and their results by name."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nncli.network.beyond_torch.masked_functions import last_states, last_valid
from nncli.network.graph.more_rows import like_rows
from nncli.network.graph.samples import noded
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Named
from nncli.network.layers.records import sequence_mask, with_record


def call_recurrent(
    tape: Tape,
    layer: tuple[str, str, nn.Module],
    flowing: Sequence[Any],
    result: tuple[object, ...],
    spot: Spot,
) -> Named:
    """Records a recurrent layer and names its results; both directions end where rows end.

    `layer` is its dotted name, its class by name, and the module. `flowing` is what flows in, as its
    forward takes it, `result` what two rows gave.
    """
    name, kind, module = layer
    first = flowing[0]
    mask = sequence_mask(first)
    if mask is None:
        sequence, state = tape.call_layer(name, tuple(flowing), {}, result, spot)
    else:
        packed = _packed(tape, name, flowing, mask, spot)
        sequence = tape.recorded(packed[0], result[0], spot, like_rows(flowing, result[0]))
        state = tape.recorded(packed[1], result[1], spot, None)
    sequence = with_record(tape, (kind, module), first, sequence, spot)
    parts = {"sequence": Named(sequence), "last": Named(_last(tape, module, sequence, spot))}
    parts["state"] = Named(state)
    parts["hidden"] = Named(state[0] if isinstance(state, tuple) else state)
    if isinstance(state, tuple):
        parts["cell"] = Named(state[1])
    return Named(sequence, parts, [parts["sequence"], parts["state"]], name)


def _packed(
    tape: Tape, name: str, flowing: Sequence[Any], mask: Value, spot: Spot
) -> tuple[fx.Node, fx.Node]:
    """Records the call of a layer on packed rows; returns the nodes of its sequence and its state."""
    graph, first = tape.graph, flowing[0]
    lengths: Value = tape.call(torch.sum, (mask, 1), {}, spot)
    on_cpu = graph.call_method("cpu", (graph.call_method("clamp", (lengths.node, 1)),))
    packed = graph.call_function(pack_padded_sequence, (first.node, on_cpu, True, False))
    ran = graph.call_module(name, (packed, *(noded(each) for each in flowing[1:])))
    ran.meta["name"] = name
    # A batch may have fewer steps than the input states.
    steps: dict[str, Any] = {"batch_first": True, "total_length": graph.call_method("size", (first.node, 1))}
    padded = graph.call_function(
        pad_packed_sequence, (graph.call_function(operator.getitem, (ran, 0)),), steps
    )
    return graph.call_function(operator.getitem, (padded, 0)), graph.call_function(operator.getitem, (ran, 1))


def _last(tape: Tape, module: nn.Module, sequence: Value, spot: Spot) -> Value:
    """Takes the last valid step; of two directions the final state of each, side by side."""
    mask = () if sequence.mask is None else (sequence.mask,)
    if getattr(module, "bidirectional", False):
        made: Value = tape.call(last_states, (sequence, sequence.shape[-1] // 2, *mask), {}, spot)
    else:
        made = tape.call(last_valid, (sequence, *mask), {}, spot)
    return replace(made, channels=1)


def unpack(graph: fx.Graph, root: nn.Module) -> None:
    """Takes packing out where no valid step depends on it: one direction, whose final state nobody uses.

    Packing takes two to three times as long on the CPU, and neither compiles nor leaves by export.
    """
    for node in list(graph.nodes):
        if node.op != "call_module" or not _is_packed(node):
            continue
        if getattr(root.get_submodule(str(node.target)), "bidirectional", True):
            continue
        ran = [user for user in node.users if user.args[1] == 0]
        if len(ran) != len(node.users) or len(ran) != 1:
            continue
        [padded] = ran[0].users
        [sequence] = padded.users
        packed = node.args[0]
        node.update_arg(0, packed.args[0])
        sequence.replace_all_uses_with(ran[0])
        lengths = packed.args[1]
        for unused in (sequence, padded, *padded.kwargs.values(), packed, *_behind(lengths)):
            if isinstance(unused, fx.Node) and not unused.users:
                graph.erase_node(unused)


def _is_packed(node: fx.Node) -> bool:
    first = node.args[0] if node.args else None
    return isinstance(first, fx.Node) and first.target is pack_padded_sequence


def _behind(lengths: Any) -> list[fx.Node]:
    """Lists the nodes from which lengths come, the last one first."""
    found = []
    while isinstance(lengths, fx.Node) and lengths.op != "placeholder":
        found.append(lengths)
        lengths = lengths.args[0]
    return found[:3]
