"""Parts of a network that have a scope of their own: which nodes belong to each, and what flows in"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from torch import fx

from nncli.network.graph.values import Value
from nncli.spec.items import FLOW

Form: TypeAlias = Literal["block", "branch", "copy", "network", "shortcut", "structure"]

# In the meta of a node: the innermost region that it belongs to; none for the network itself.
REGION: Final = "region"
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
