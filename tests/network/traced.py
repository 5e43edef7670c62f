"""Compiled networks made by hand: classes of torch, traced, with the record that the compiler keeps."""

from __future__ import annotations

import operator
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from nncli.errors import Place
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.spec.network_spec import InputSpec, NetworkSpec


class Attention(nn.Module):
    """Causal attention with four projections."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        split = [part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self._parts()]
        mixed = nn.functional.scaled_dot_product_attention(*split, is_causal=True)
        return cast(Tensor, self.output(mixed.transpose(1, 2).flatten(2)))

    def _parts(self) -> tuple[nn.Module, ...]:
        return self.query, self.key, self.value


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Attention) or super().is_leaf_module(m, module_qualified_name)


def traced(module: nn.Module, **inputs: InputSpec) -> CompiledNetwork:
    """Traces a module; its layers are those of torch.nn, its functions stand in the scope of their module."""
    graph = _Tracer().trace(module)
    graph_module = fx.GraphModule(module, graph)
    samples = [
        torch.zeros(2, *given.shape, dtype=torch.int64 if given.type == "index" else torch.float32)
        for given in inputs.values()
    ]
    with torch.no_grad():
        ShapeProp(graph_module).propagate(*samples)
    calls: list[LayerCall] = []
    outputs: dict[str, tuple[int, ...]] = {}
    for position, node in enumerate(graph.nodes):
        node.meta["place"] = Place("net.yaml", position + 1, 5)
        found = node.meta.get("tensor_meta")
        if node.op == "output":
            ends = node.args[0] if isinstance(node.args[0], tuple) else node.args
            outputs = {f"output_{n}" if n else "output": e.meta["shape"][1:] for n, e in enumerate(ends)}
        elif hasattr(found, "shape"):
            node.meta["shape"] = tuple(found.shape)
        if node.op == "call_module":
            calls.append(_call(graph_module, node, found, calls))
        elif node.op == "call_function" and node.target is not operator.getitem:
            calls.append(_function(node))
    return CompiledNetwork(graph_module, inputs, tuple(calls), outputs, cast(NetworkSpec, None))


def _call(module: fx.GraphModule, node: fx.Node, found: Any, calls: list[LayerCall]) -> LayerCall:
    layer = module.get_submodule(str(node.target))
    value = node
    if not hasattr(found, "shape"):
        value = next(iter(node.users))
        value.meta["shape"] = tuple(found[0].shape)
    count = sum(weight.numel() for weight in layer.parameters())
    node.meta["name"] = node.target
    return LayerCall(
        name=str(node.target),
        type=type(layer).__name__,
        place=value.meta.get("place", Place("net.yaml", 1, 1)),
        path="network",
        input_shapes=tuple(each.meta["shape"] for each in node.all_input_nodes if "shape" in each.meta),
        output_shape=value.meta["shape"],
        parameters=0 if any(call.name == node.target for call in calls) else count,
        node=value.name,
        nodes=frozenset({node.name, value.name}),
    )


def _function(node: fx.Node) -> LayerCall:
    stack = [str(name) for name, _ in node.meta.get("nn_module_stack", {}).values()]
    kind = getattr(node.target, "__name__", str(node.target))
    return LayerCall(
        name=".".join(part for part in (*stack[-1:], kind) if part),
        type=kind,
        place=node.meta["place"],
        path="network",
        input_shapes=tuple(each.meta["shape"] for each in node.all_input_nodes if "shape" in each.meta),
        output_shape=node.meta["shape"],
        parameters=0,
        is_layer=False,
        node=node.name,
        nodes=frozenset({node.name}),
    )


IMAGE = InputSpec((1, 8, 8), "image")


def digits() -> CompiledNetwork:
    """The network of specs/digits-cnn.yaml."""
    layers: dict[str, nn.Module] = {
        "conv2d": nn.Conv2d(1, 32, 3, padding="same"),
        "relu": nn.ReLU(),
        "maxpool2d": nn.MaxPool2d(2),
        "conv2d_2": nn.Conv2d(32, 64, 3, padding="same"),
        "relu_2": nn.ReLU(),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(0.25),
        "linear": nn.Linear(1024, 10),
    }
    net = nn.Sequential()
    for name, layer in layers.items():
        net.add_module(name, layer)
    return traced(net, image=IMAGE)


class _Body(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.layernorm, self.selfattention = nn.LayerNorm(width), Attention(width, heads)
        self.layernorm_2, self.linear = nn.LayerNorm(width), nn.Linear(width, 4 * width)
        self.gelu, self.linear_2 = nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.selfattention(self.layernorm(x)) + x
        return cast(Tensor, self.linear_2(self.gelu(self.linear(self.layernorm_2(x)))) + x)


class _Decoder(nn.Module):
    def __init__(self, width: int, heads: int, depth: int, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.Sequential(*(_Body(width, heads) for _ in range(depth)))
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.linear.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return cast(Tensor, self.linear(self.norm(self.layers(self.embedding(tokens)))))


def decoder(width: int = 16, heads: int = 4, depth: int = 3, length: int = 10) -> CompiledNetwork:
    """A small decoder in the manner of GPT-2: tied embeddings, repeated layers."""
    return traced(_Decoder(width, heads, depth, 11), tokens=InputSpec((length,), "index", 11))


class _ConvNorm(nn.Sequential):
    def __init__(self, arriving: int, channels: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.add_module("conv2d", nn.Conv2d(arriving, channels, kernel, stride, kernel // 2, bias=False))
        self.add_module("batchnorm2d", nn.BatchNorm2d(channels))


class _Basic(nn.Module):
    def __init__(self, arriving: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv_bn = _ConvNorm(arriving, channels, 3, stride)
        self.relu = nn.ReLU()
        self.conv_bn_2 = _ConvNorm(channels, channels)
        self.shortcut: nn.Module | None = None
        if stride > 1 or arriving != channels:
            self.shortcut = nn.ModuleDict({"conv_bn": _ConvNorm(arriving, channels, 1, stride)})
        self.relu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        body = self.conv_bn_2(self.relu(self.conv_bn(x)))
        around = self.shortcut["conv_bn"](x) if self.shortcut is not None else x  # type: ignore[index]
        return cast(Tensor, self.relu_2(body + around))


def resnet(widths: tuple[int, ...] = (4, 8), times: int = 3, size: int = 16) -> CompiledNetwork:
    """A small ResNet: stages of equal blocks, the first of each with a shortcut of its own."""
    net = nn.Sequential()
    net.add_module("conv_bn", _ConvNorm(3, widths[0]))
    stages, arriving = nn.Sequential(), widths[0]
    for position, width in enumerate(widths):
        stage = nn.Sequential()
        for number in range(times):
            stage.append(_Basic(arriving, width, 2 if position and not number else 1))
            arriving = width
        stages.append(stage)
    net.add_module("stages", stages)
    net.add_module("pool", nn.AdaptiveAvgPool2d(1))
    net.add_module("flatten", nn.Flatten())
    net.add_module("linear", nn.Linear(widths[-1], 10))
    return traced(net, image=InputSpec((3, size, size), "image"))


class _Double(nn.Sequential):
    def __init__(self, arriving: int, channels: int) -> None:
        super().__init__(
            nn.Conv2d(arriving, channels, 3, padding=1), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
        )  # fmt: skip


class _Up(nn.Module):
    def __init__(self, arriving: int) -> None:
        super().__init__()
        self.convtranspose2d = nn.ConvTranspose2d(arriving, arriving // 2, 2, 2)
        self.body = _Double(arriving, arriving // 2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return cast(Tensor, self.body(torch.cat([skip, self.convtranspose2d(x)], 1)))


class _Down(nn.Module):
    def __init__(self, arriving: int, channels: int) -> None:
        super().__init__()
        self.skip, self.maxpool2d = _Double(arriving, channels), nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = self.skip(x)
        return self.maxpool2d(skip), skip


class _UNet(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList(_Down(a, c) for a, c in zip([1, *widths], widths, strict=False))
        self.bottom = _Double(widths[-1], 2 * widths[-1])
        self.up = nn.ModuleList(_Up(2 * channels) for channels in reversed(widths))
        self.conv2d = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.down:
            x, skip = down(x)
            skips.append(skip)
        x = self.bottom(x)
        for up in self.up:
            x = up(x, skips.pop())
        return cast(Tensor, self.conv2d(x))


def unet(width: int = 4, depth: int = 3, size: int = 32) -> CompiledNetwork:
    """A small U-Net."""
    return traced(_UNet(width, depth), image=InputSpec((1, size, size), "image"))


class _TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.text = nn.ModuleDict(
            {"embedding": nn.Embedding(50, 8), "lstm": nn.LSTM(8, 16, batch_first=True)}
        )
        self.picture = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten())
        self.head, self.score = nn.Linear(160, 5), nn.Linear(160, 1)

    def forward(self, tokens: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        words = self.text["lstm"](self.text["embedding"](tokens))[0][:, -1]
        both = torch.cat([words, self.picture(image)], 1)
        return self.head(both), self.score(both)


def two_inputs() -> CompiledNetwork:
    """Words and a picture, two outputs."""
    return traced(_TwoInputs(), tokens=InputSpec((7,), "index", 50), image=IMAGE)
