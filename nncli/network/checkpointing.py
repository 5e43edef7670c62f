"""Networks that keep less while they are trained: what has a checkpoint runs a second time on the way back"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final, final

import torch
from torch import Tensor, fx, nn

from nncli.network.beyond_torch.checkpoints import checkpointed
from nncli.network.graph.regions import AGAIN, CHECKPOINT, Checkpoint

_OUTSIDE: Final = ("placeholder", "output")


@final
class Again(nn.Module):
    """Layers in a graph of their own, which run a second time on the way back."""

    def __init__(self, layers: fx.GraphModule) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, *inputs: Any) -> Any:
        """Runs them."""
        return checkpointed(self.layers, *inputs)


def use_checkpoints(module: fx.GraphModule) -> None:
    """Lets a network that is trained keep only what flows into its checkpoints, on the device where it is.

    In eval mode, without gradients and in copies it stays as it is.
    """
    plain: Callable[..., Any] = type(module).forward.__get__(module)
    sparing = with_checkpoints(module)

    def forward(*inputs: Any) -> Any:
        return (sparing if module.training and torch.is_grad_enabled() else plain)(*inputs)

    module.__dict__["forward"] = forward


def with_checkpoints(module: fx.GraphModule) -> fx.GraphModule:
    """Makes a twin of a network, of the same layers, in which each checkpoint is one call of an `Again`."""
    nodes = list(module.graph.nodes)
    arriving = [node for node in nodes if node.op == "placeholder"]
    (end,) = [node for node in nodes if node.op == "output"]
    inside = [node for node in nodes if node.op not in _OUTSIDE]
    return _cut(module, inside, (arriving, end.args[0]), None)


def _cut(
    module: fx.GraphModule,
    nodes: Sequence[fx.Node],
    ends: tuple[Sequence[fx.Node], Any],
    inside: Checkpoint | None,
) -> fx.GraphModule:
    """Makes a graph of some nodes within a checkpoint; `ends` are what flows in, and what is given."""
    graph, parts = fx.Graph(), dict[str, Any]()
    made = {node: graph.placeholder(node.name) for node in ends[0]}
    for checkpoint, group in groupby(nodes, lambda node: _below(inside, node)):
        own = dict.fromkeys(group)
        if checkpoint is None:
            for node in own:
                made[node] = graph.node_copy(node, made.__getitem__)
                if node.op in ("call_module", "get_attr"):
                    parts[str(node.target)] = _found(module, str(node.target))
            continue
        taken = list(dict.fromkeys(each for node in own for each in node.all_input_nodes if each not in own))
        given = [node for node in own if any(user not in own for user in node.users)]
        name = f"{AGAIN}{len(parts)}"
        parts[name] = Again(_cut(module, list(own), (taken, tuple(given)), checkpoint))
        results = graph.call_module(name, tuple(made[each] for each in taken))
        made |= {node: graph.call_function(operator.getitem, (results, at)) for at, node in enumerate(given)}
    graph.output(fx.node.map_arg(ends[1], made.__getitem__))
    cut = fx.GraphModule(parts, graph)
    # Those are constants, which nothing changes.
    cut._non_persistent_buffers_set.update(cut._buffers)
    return cut


def _below(inside: Checkpoint | None, node: fx.Node) -> Checkpoint | None:
    """Finds the outermost checkpoint of a node within another one; None where it is in no further one."""
    found, around = None, node.meta.get(CHECKPOINT)
    while around is not inside and around is not None:
        found, around = around, around.around
    return found


def _found(module: nn.Module, name: str) -> nn.Module | Tensor:
    scope, _, last = name.rpartition(".")
    found: nn.Module | Tensor = getattr(module.get_submodule(scope), last)
    return found
