"""Compiled networks made by hand: nesting, sharing, functions, several inputs and outputs."""

from __future__ import annotations

import operator
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from nncli.network.compiled import CompiledNetwork, Construction
from nncli.network.graph.regions import REGION, Form, Region
from nncli.network.graph.tape import NOWHERE
from nncli.printing.source import Program
from nncli.spec.network_spec import InputSpec, NetworkSpec
from tests.network.own_layers import Scale, leaky


class Hand:
    """A graph that grows by calls; every result is run on two rows for its shape."""

    def __init__(self, **inputs: InputSpec) -> None:
        self.graph, self.root, self.inputs = fx.Graph(), nn.Module(), inputs
        self.built: dict[str, Construction] = {}
        self._region: Region | None = None
        self._samples: dict[fx.Node, Any] = {}
        for name, given in inputs.items():
            node = self.graph.placeholder(name)
            is_index = given.type == "index"
            sizes = (2, *given.shape)
            self._samples[node] = torch.zeros(sizes, dtype=torch.int64) if is_index else torch.randn(sizes)
            node.meta["shape"] = sizes

    @contextmanager
    def within(self, name: str, kind: str, form: Form, **inputs: fx.Node) -> Iterator[Region]:
        """Gives a region every node that is added meanwhile."""
        around = self._region
        self._region = Region(name, kind, form, around, {node: called for called, node in inputs.items()})
        yield self._region
        self._region = around

    def input(self, name: str) -> fx.Node:
        return next(node for node in self.graph.nodes if node.target == name)

    def put(self, name: str, kind: type[nn.Module], /, **arguments: object) -> nn.Module:
        module = kind(**arguments)
        self.built[name] = Construction(kind, arguments)
        *scopes, last = name.split(".")
        at = self.root
        for scope in scopes:
            if scope not in at._modules:
                at.add_module(scope, nn.Module())
            at = cast(nn.Module, at._modules[scope])
        at.add_module(last, module)
        return module

    def layer(self, name: str, *flows: fx.Node, **keywords: object) -> fx.Node:
        return self._noted(self.graph.call_module(name, flows, cast(Any, keywords)), name)

    def call(self, target: Any, *arguments: Any, name: str = "", **keywords: Any) -> fx.Node:
        return self._noted(self.graph.call_function(target, arguments, keywords), name)

    def method(self, target: str, *arguments: Any) -> fx.Node:
        return self._noted(self.graph.call_method(target, arguments), "")

    def attribute(self, name: str) -> fx.Node:
        return self._noted(self.graph.get_attr(name), "")

    def done(self, *outputs: fx.Node) -> CompiledNetwork:
        self.graph.output(outputs if len(outputs) > 1 else outputs[0])
        module = fx.GraphModule(self.root, self.graph, class_name="Network").eval()
        # GraphModule forgets which buffers are constants.
        module._non_persistent_buffers_set |= self.root._non_persistent_buffers_set
        names = ["output"] if len(outputs) == 1 else [f"output_{at}" for at in range(1, len(outputs) + 1)]
        shapes = (tuple(self._samples[output].shape)[1:] for output in outputs)
        found = dict(zip(names, shapes, strict=True))
        return CompiledNetwork(module, self.inputs, (), found, NetworkSpec((), NOWHERE), self.built)

    def _noted(self, node: fx.Node, name: str) -> fx.Node:
        with torch.no_grad():
            result = self._run(node)
        self._samples[node] = result
        if self._region is not None:
            node.meta[REGION] = self._region
        if isinstance(result, Tensor):
            node.meta["shape"] = tuple(result.shape)
            if name:
                node.meta["name"] = name
        return node

    def _run(self, node: fx.Node) -> Any:
        arguments = fx.node.map_arg(node.args, self._samples.__getitem__)
        keywords = fx.node.map_arg(node.kwargs, self._samples.__getitem__)
        if node.op == "call_function":
            return cast(Any, node.target)(*arguments, **keywords)
        if node.op == "call_method":
            return getattr(arguments[0], str(node.target))(*arguments[1:], **keywords)
        found: Any = self.root
        for part in str(node.target).split("."):
            found = getattr(found, part)
        return found(*arguments, **keywords) if node.op == "call_module" else found


def transformer() -> CompiledNetwork:
    """Tokens through three equal blocks; the last layer shares its weight; the second output is scaled."""
    hand = Hand(tokens=InputSpec((5,), "index", 11))
    torch.manual_seed(0)
    embedding = hand.put("embedding", nn.Embedding, num_embeddings=11, embedding_dim=8)
    hand.root.cls = nn.Parameter(torch.randn(1, 1, 8))
    hand.root.register_buffer("steps", torch.linspace(0.1, 1, 8), persistent=False)
    x = hand.layer("embedding", hand.input("tokens"))
    rows = hand.method("size", x, 0)
    cls = hand.method("expand", hand.attribute("cls"), rows, -1, -1)
    x = hand.call(torch.cat, [cls, x], dim=1, name="joined")
    for index in range(3):
        scope = f"layers.{index}"
        hand.put(f"{scope}.norm", nn.LayerNorm, normalized_shape=8)
        hand.put(f"{scope}.mlp.linear", nn.Linear, in_features=8, out_features=16, bias=False)
        hand.put(f"{scope}.mlp.linear_2", nn.Linear, in_features=16, out_features=8)
        hand.put(f"{scope}.scale", Scale, start=0.5, kind="root")
        with hand.within(scope, "layer", "block", x=x):
            y = hand.layer(f"{scope}.norm", x)
            y = hand.layer(f"{scope}.mlp.linear", y)
            y = hand.call(functional.gelu, y, approximate="tanh")
            y = hand.call(leaky, y)
            y = hand.layer(f"{scope}.mlp.linear_2", y)
            y = hand.layer(f"{scope}.scale", y)
            x = hand.call(operator.add, y, x)
    linear = hand.put("linear", nn.Linear, in_features=8, out_features=11, bias=False)
    linear.weight = embedding.weight
    first = hand.call(operator.getitem, x, (slice(None), 0), name="pooled")
    head = hand.layer("linear", first)
    pooled = hand.call(operator.mul, first, hand.attribute("steps"), name="scaled")
    return hand.done(head, pooled)


def convolutions() -> CompiledNetwork:
    """An image and its numbers through two unlike stages, one of them frozen, and an LSTM with its state."""
    hand = Hand(image=InputSpec((3, 8, 8), "image"), class_=InputSpec((4,)))
    torch.manual_seed(0)
    for index, width in enumerate((4, 6)):
        channels = (3, 4)[index]
        hand.put(f"stages.{index}.conv2d", nn.Conv2d, in_channels=channels, out_channels=width, kernel_size=3)
        hand.put(f"stages.{index}.norm", nn.BatchNorm2d, num_features=width)
    hand.put("lstm", nn.LSTM, input_size=6, hidden_size=4, batch_first=True)
    x = hand.input("image")
    for index in range(2):
        with hand.within(f"stages.{index}", "stages", "copy", x=x):
            x = hand.layer(f"stages.{index}.conv2d", x)
            x = hand.layer(f"stages.{index}.norm", x)
    x = hand.method("transpose", hand.call(torch.flatten, x, 2), 1, 2)
    both = hand.layer("lstm", x)
    sequence = hand.call(operator.getitem, both, 0, name="sequence")
    state = hand.call(operator.getitem, hand.call(operator.getitem, both, 1), 0)
    last = hand.call(operator.add, hand.call(operator.getitem, sequence, (slice(None), -1)), 1.0)
    x = hand.call(operator.mul, last, hand.input("class_"))
    x = hand.call(operator.sub, x, hand.call(torch.squeeze, state, 0))
    for weight in hand.root.stages.parameters():  # type: ignore[union-attr]
        weight.requires_grad_(False)
    return hand.done(x)


def inputs_of(network: CompiledNetwork, rows: int) -> list[Tensor]:
    """Draws rows for every input."""
    drawn = []
    for given in network.inputs.values():
        sizes = (rows, *given.shape)
        drawn.append(
            torch.randint(given.vocabulary or 2, sizes) if given.type == "index" else torch.randn(sizes)
        )
    return drawn


def opened(program: Program, folder: Path) -> nn.Module:
    """Runs a program inside this process and makes its network."""
    path = folder / "program.py"
    path.write_text(program.text)
    network = runpy.run_path(str(path))[program.class_name]()
    return cast(nn.Module, network).eval()
