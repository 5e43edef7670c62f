"""Parts of a network: those with a scope of their own, and those that run again on the way back"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from torch import fx, nn

from nncli.network.graph.values import Value
from nncli.spec.items import FLOW

Form: TypeAlias = Literal["block", "branch", "copy", "network", "shortcut", "structure"]

# In the meta of a node: the innermost region that it belongs to; none for the network itself.
REGION: Final = "region"
# In the meta of a node: the innermost checkpoint that it belongs to.
CHECKPOINT: Final = "checkpoint"
# What the calls of checkpoints begin with in a graph that has them; no name of a file does.
AGAIN: Final = "_checkpoint_"
# In the meta of a sum: the dotted name of a shortcut without layers, which hands its second operand on.
EMPTY_SHORTCUT: Final = "empty shortcut"


@dataclass(eq=False)
class Region:
    """A call of a block or network, a repetition, a branch, a shortcut or a structure that has a name.

    `name` is the dotted name of its weights, `kind` what the file calls it. `inputs` says what values are
    called inside. `arguments` are those of a block, as they are worked out, `optional` those of them that
    have a default.
    """

    name: str
    kind: str
    form: Form
    around: Region | None = None
    inputs: dict[fx.Node, str] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()

    def takes(self, name: str, value: object) -> None:
        """Notes what a value that flows in is called inside, and its mask."""
        if isinstance(value, Value):
            self.inputs.setdefault(value.node, name)
            if value.mask is not None:
                self.inputs.setdefault(value.mask.node, f"{name}_mask" if name != FLOW else "mask")


@dataclass(eq=False)
class Checkpoint:
    """A call of an item whose inside is not kept for gradients; `name` is the dotted name of its weights."""

    name: str
    around: Checkpoint | None = None


def is_again(node: fx.Node, name: str) -> bool:
    """Tells whether a node belongs to a checkpoint of that name."""
    found: Checkpoint | None = node.meta.get(CHECKPOINT)
    while found is not None and found.name != name:
        found = found.around
    return found is not None


def has_checkpoints(module: nn.Module) -> bool:
    """Tells whether anything in a network runs a second time on the way back."""
    return isinstance(module, fx.GraphModule) and any(CHECKPOINT in node.meta for node in module.graph.nodes)
