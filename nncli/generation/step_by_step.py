"""A network run step by step: layers that go on from a state, or the whole again where one cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast, final

import torch
from torch import Tensor, fx, nn

from nncli.generation.going_on import GOING_ON, GoesOn
from nncli.network.beyond_torch.attention import CrossAttention
from nncli.network.compiled import CompiledNetwork
from nncli.network.parametrized import kind_of

_TRIED: Final = 48
"""How many steps of a network are compared: enough for any state to matter."""
_TRIED_ROWS: Final = 2
_TOLERANCE: Final = {"cpu": 1e-4}
"""How far what is kept may be from what is worked out again, as a share of the largest score."""
_TOLERANCE_ELSEWHERE: Final = 1e-2  # Other devices round the numbers of a product.
_MASK: Final = ".mask"


class Steps(Protocol):
    """A network that reads a sequence from left to right.

    `keeps` tells whether it remembers what it read; `window` counts the most steps that it reads, None
    where nothing ends them.
    """

    keeps: bool
    window: int | None

    def restart(self, fixed: Mapping[str, Tensor] | None = None) -> None:
        """Forgets what was read; `fixed` are other rows of the inputs that do not grow."""

    def read(self, tokens: Tensor) -> Tensor:
        """Reads the next tokens, int64 (B, steps); returns the scores of the one after them, (B, classes)."""

    def keep(self, rows: Tensor) -> None:
        """Goes on from other rows, int64 (B,), whose fixed inputs are the same."""


@dataclass(frozen=True)
class Sequential:
    """A network whose input `moving` grows step by step; `fixed` holds all others, by name, masks too."""

    network: CompiledNetwork
    moving: str
    fixed: Mapping[str, Tensor]

    @property
    def length(self) -> int:
        """Counts the steps that it was trained on."""
        return self.network.inputs[self.moving].shape[0]

    def of(self, fixed: Mapping[str, Tensor]) -> Sequential:
        """Gives it other fixed inputs."""
        return replace(self, fixed=fixed)

    def at_once(self, tokens: Tensor) -> Tensor:
        """Gives the scores after every step, (B, steps, classes)."""
        given = {self.moving: tokens, f"{self.moving}{_MASK}": torch.ones_like(tokens, dtype=torch.bool)}
        result = self.network.module(*({**given, **self.fixed}[name] for name in self.network.inputs))
        scores: Tensor = result[0] if isinstance(result, tuple) else result
        return scores


@final
class Remembering:
    """Reads each token once. What does not depend on the text is worked out before the first one.

    Raises ValueError where a layer cannot go on.
    """

    keeps = True

    def __init__(self, sequential: Sequential) -> None:
        self._sequential = sequential
        before, after = _cut(sequential.network, sequential.moving)
        self._before, self._feeds = before
        self._after, self._has_mask = after
        self._going = _go_on(self._after)
        has_window = any(part.has_window for part in self._going)
        self.window = sequential.length if has_window else None
        self._known: list[Any] | None = None

    def restart(self, fixed: Mapping[str, Tensor] | None = None) -> None:
        """Forgets what was read."""
        self._sequential = self._sequential if fixed is None else self._sequential.of(fixed)
        self._known = None
        for part in self._going:
            part.forget()

    def read(self, tokens: Tensor) -> Tensor:
        """Reads the next tokens; returns the scores of the one after them."""
        return self.read_each(tokens)[:, -1]

    def read_each(self, tokens: Tensor) -> Tensor:
        """Reads the next tokens; returns the scores after each, (B, steps, classes)."""
        if self._known is None:
            fixed = self._sequential.fixed
            self._known = list(self._before(*(fixed[name] for name in self._feeds)))
        mask = [torch.ones_like(tokens, dtype=torch.bool)] if self._has_mask else []
        scores: Tensor = self._after(tokens, *mask, *self._known)
        return scores

    def keep(self, rows: Tensor) -> None:
        """Goes on from other rows."""
        for part in self._going:
            part.keep(rows)


@final
class Recomputing:
    """Reads all tokens again with each new one; a network of one length gets what is missing behind them."""

    keeps = False

    def __init__(self, sequential: Sequential, *, takes_any_length: bool) -> None:
        self._sequential = sequential
        self._takes_any_length = takes_any_length
        self._seen: Tensor | None = None
        self._length = sequential.length
        self.window: int | None = self._length

    def restart(self, fixed: Mapping[str, Tensor] | None = None) -> None:
        """Forgets what was read."""
        self._sequential = self._sequential if fixed is None else self._sequential.of(fixed)
        self._seen = None

    def read(self, tokens: Tensor) -> Tensor:
        """Reads the next tokens; returns the scores of the one after them."""
        self._seen = tokens if self._seen is None else torch.cat((self._seen, tokens), 1)
        steps = self._seen.shape[1]
        missing = 0 if self._takes_any_length else self._length - steps
        return self._sequential.at_once(nn.functional.pad(self._seen, (0, missing)))[:, steps - 1]

    def keep(self, rows: Tensor) -> None:
        """Goes on from other rows."""
        if self._seen is not None:
            self._seen = self._seen.index_select(0, rows)


def steps_of(sequential: Sequential) -> Steps:
    """Runs a network with a state if that gives what it gives at once, and else the whole again each time.

    The network is in eval mode, and no gradients are kept. That the two agree is tried on random tokens:
    so no layer has to be known, and none that looks around is taken for one that does not.
    """
    vocabulary = sequential.network.inputs[sequential.moving].vocabulary or 2
    whole_rows = sequential.fixed
    sequential = sequential.of({name: each[:_TRIED_ROWS] for name, each in whole_rows.items()})
    rows = min([_TRIED_ROWS, *(len(each) for each in sequential.fixed.values())])
    draws = torch.Generator().manual_seed(0)
    device = next((each.device for each in sequential.network.module.parameters()), torch.device("cpu"))
    # Fewer than the network has, so that one of a single length is known by it.
    steps = max(min(sequential.length - 1, _TRIED), 1)
    tokens = torch.randint(vocabulary, (rows, sequential.length), generator=draws).to(device)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        # A layer may refuse fewer steps in whatever way its shapes do.
        whole = None
        with suppress(RuntimeError, ValueError, IndexError, TypeError):
            whole = sequential.at_once(tokens[:, :steps])
        again = Recomputing(sequential, takes_any_length=whole is not None)
        if whole is None:
            whole, steps = sequential.at_once(tokens), sequential.length
        with suppress(RuntimeError, ValueError, IndexError, TypeError):
            remembering = Remembering(sequential)
            found, first = [], 0
            for stop in sorted({steps // 2, steps // 2 + 1, steps // 2 + 2, steps}):
                if first < stop <= steps:
                    found.append(remembering.read_each(tokens[:, first:stop]))
                    first = stop
            apart = (torch.cat(found, 1) - whole).abs().max()
            if apart <= _TOLERANCE.get(device.type, _TOLERANCE_ELSEWHERE) * whole.abs().max().clamp(min=1.0):
                remembering.restart(whole_rows)
                return remembering
    again.restart(whole_rows)
    return again


def _cut(
    network: CompiledNetwork, moving: str
) -> tuple[tuple[fx.GraphModule, tuple[str, ...]], tuple[fx.GraphModule, bool]]:
    """Cuts a network into what does not depend on the moving input, and what does.

    The first module takes the inputs that are named beside it. The second takes the moving input, its
    mask where the network reads it, and then all that the first one gives; its layers go on.
    """
    nodes = list(network.module.graph.nodes)
    holders = [node for node in nodes if node.op == "placeholder"]
    inputs = dict(zip(holders, network.inputs, strict=True))
    moves = {node for node in holders if inputs[node].removesuffix(_MASK) == moving}
    moves |= _behind(nodes, moves)
    stays = [n for n in nodes if n not in moves and n.op != "output" and any(u in moves for u in n.users)]
    first = {node: node for node in holders if node not in moves}
    before = _part(
        network.module, [*first, *(n for n in nodes if n not in moves and n.op not in _ENDS)], stays
    )
    given = [node for node in holders if node in moves]
    within = [node for node in nodes if node in moves and node.op not in _ENDS]
    (last,) = [node for node in nodes if node.op == "output"]
    result = last.args[0][0] if isinstance(last.args[0], (tuple, list)) else last.args[0]
    after = _part(network.module, [*given, *stays, *within], cast(fx.Node, result), {*given, *stays})
    return (before, tuple(inputs[node] for node in first)), (after, len(given) > 1)


_ENDS: Final = ("placeholder", "output")


def _behind(nodes: list[fx.Node], moves: set[fx.Node]) -> set[fx.Node]:
    found = set(moves)
    for node in nodes:
        if node.op != "output" and any(each in found for each in node.all_input_nodes):
            found.add(node)
    return found


def _part(
    root: nn.Module, nodes: list[fx.Node], gives: list[fx.Node] | fx.Node, holders: set[fx.Node] | None = None
) -> fx.GraphModule:
    """Makes a module of some nodes; `holders` become its inputs."""
    graph = fx.Graph()
    made: dict[fx.Node, fx.Node] = {}
    for node in nodes:
        if holders is not None and node in holders:
            made[node] = graph.placeholder(node.name)
        else:
            made[node] = graph.node_copy(node, made.__getitem__)
    graph.output([made[node] for node in gives] if isinstance(gives, list) else made[gives])
    return fx.GraphModule(root, graph)


def _go_on(module: fx.GraphModule) -> list[GoesOn]:
    """Puts layers that go on in the place of those that remember; each call has a state of its own."""
    going: list[GoesOn] = []
    holders = {node for node in module.graph.nodes if node.op == "placeholder"}
    for number, node in enumerate(list(module.graph.nodes)):
        if node.op != "call_module":
            continue
        layer = module.get_submodule(str(node.target))
        kind = GOING_ON.get(kind_of(layer))
        if kind is None:
            continue
        if isinstance(layer, CrossAttention) and not holders.issuperset(node.all_input_nodes[1:]):
            raise ValueError("the memory of a CrossAttention changes with the text")
        name, part = f"going_{number}", kind(layer)
        module.add_submodule(name, part)
        going.append(part)
        node.target = name
    module.recompile()
    return going
