"""What the graph of a network says before it runs: its end, and layers with nothing between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from torch import fx, nn

from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.network.parametrized import kind_of

_WEIGHTED: Final = ("Linear", "Conv1d", "Conv2d", "Conv3d")
# What changes the form of values, or is linear in them where it is not trained.
_TRANSPARENT: Final = frozenset(
    "Flatten Unflatten Identity Dropout Dropout1d Dropout2d Dropout3d AlphaDropout".split()
)
_LINEAR: Final = _TRANSPARENT | frozenset(
    "BatchNorm1d BatchNorm2d BatchNorm3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d "
    "AdaptiveAvgPool2d".split()
)
_TRANSPARENT_FUNCTIONS: Final = frozenset(
    "flatten reshape view squeeze unsqueeze permute transpose contiguous dropout".split()
)
# What gives zeros for zeros.
_KEEPS_ZERO: Final = (
    _TRANSPARENT
    | _TRANSPARENT_FUNCTIONS
    | frozenset("ReLU LeakyReLU PReLU Tanh GELU SiLU ELU MaxPool1d MaxPool2d AvgPool1d AvgPool2d".split())
)
_ACTIVATION_FUNCTIONS: Final = {
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "sigmoid": "Sigmoid",
    "relu": "ReLU",
    "tanh": "Tanh",
    "softplus": "Softplus",
}


@dataclass(frozen=True, slots=True)
class Last:
    """The activation at the end of a network: its kind, and the call of it."""

    kind: str
    call: LayerCall


def last_activation(network: CompiledNetwork) -> Last | None:
    """Finds what the values of the only output went through last; None where that is a layer with weights."""
    calls = {call.node: call for call in network.calls}
    node = _output_node(network)
    while node is not None and node.op not in ("placeholder", "get_attr"):
        call, kind = calls.get(node.name), _kind(network, node)
        if kind in _TRANSPARENT or kind in _TRANSPARENT_FUNCTIONS:
            node = _only_input(node)
            continue
        kind = _ACTIVATION_FUNCTIONS.get(kind, kind)
        return Last(kind, call) if call is not None and _is_activation(kind) else None
    return None


def _is_activation(kind: str) -> bool:
    known: object = getattr(nn, kind, None)
    return (
        isinstance(known, type)
        and known.__module__ == "torch.nn.modules.activation"
        and kind != "MultiheadAttention"
    )


def output_layer(network: CompiledNetwork) -> LayerCall | None:
    """Finds the layer with weights from which the output comes, through activations and changes of form."""
    calls = {call.node: call for call in network.calls}
    node = _output_node(network)
    while node is not None and node.op not in ("placeholder", "get_attr"):
        call, kind = calls.get(node.name), _kind(network, node)
        if call is not None and kind in _WEIGHTED:
            return call
        is_passed = kind in _TRANSPARENT | _TRANSPARENT_FUNCTIONS or _is_activation(
            _ACTIVATION_FUNCTIONS.get(kind, kind)
        )
        if not is_passed:
            return None
        node = _only_input(node)
    return None


def bare_pairs(network: CompiledNetwork) -> Iterator[tuple[LayerCall, LayerCall]]:
    """Finds pairs of Linear or convolution layers with nothing between them that is not linear.

    Left out are layers of groups, as in separable convolutions, and bottlenecks narrower than both
    neighbours.
    """
    calls = {call.node: call for call in network.calls}
    for node in network.module.graph.nodes:
        second = calls.get(node.name)
        if second is None or not _is_weighted(network, node):
            continue
        before = _only_input(node)
        while before is not None and len(before.users) == 1 and _passes(network, before):
            before = _only_input(before)
        first = calls.get(before.name) if before is not None else None
        if before is None or first is None or len(before.users) != 1 or not _is_weighted(network, before):
            continue
        if not _is_narrow(network, first, second):
            yield first, second


def hidden_softmaxes(network: CompiledNetwork) -> Iterator[tuple[LayerCall, LayerCall]]:
    """Finds softmax layers that stand by themselves between two layers with weights."""
    calls = {call.node: call for call in network.calls}
    for node in network.module.graph.nodes:
        second = calls.get(node.name)
        before = _only_input(node) if second is not None and _is_weighted(network, node) else None
        while before is not None and len(before.users) == 1 and _passes(network, before):
            before = _only_input(before)
        found = calls.get(before.name) if before is not None else None
        if found is not None and found.is_layer and found.type in ("Softmax", "LogSoftmax") and second:
            yield found, second


def last_dropout(network: CompiledNetwork) -> LayerCall | None:
    """Finds dropout behind the last layer with weights."""
    calls = {call.node: call for call in network.calls}
    node = _output_node(network)
    while node is not None and node.op not in ("placeholder", "get_attr"):
        call, kind = calls.get(node.name), _kind(network, node)
        if call is not None and call.is_layer and kind.startswith("Dropout"):
            return call
        if kind not in _TRANSPARENT | _TRANSPARENT_FUNCTIONS and not _is_activation(kind):
            return None
        node = _only_input(node)
    return None


def has_curve(network: CompiledNetwork) -> bool:
    """Tells whether anything in a network is not linear in what flows in, but for its last activation."""
    last = last_activation(network)
    end = last.call.node if last else ""
    return any(
        node.op not in ("placeholder", "get_attr", "output")
        and node.name != end
        and not _is_weighted(network, node, any_groups=True)
        and not _passes(network, node)
        for node in network.module.graph.nodes
    )


def sparse_convolutions(network: CompiledNetwork) -> Iterator[tuple[LayerCall, float]]:
    """Finds convolutions that step further than they see, each with the share of its input that it sees.

    Left out are those beside others that read the same.
    """
    calls = {call.node: call for call in network.calls}
    for node in network.module.graph.nodes:
        call, before = calls.get(node.name), _only_input(node)
        if call is None or before is None or len(before.users) > 1 or not call.type.startswith("Conv"):
            continue
        layer = network.module.get_submodule(call.name)
        kernel, stride = getattr(layer, "kernel_size", ()), getattr(layer, "stride", ())
        if (
            isinstance(kernel, tuple)
            and isinstance(stride, tuple)
            and not getattr(layer, "transposed", False)
        ):
            share = math.prod(min(1.0, wide / step) for wide, step in zip(kernel, stride, strict=True))
            if share < 1:
                yield call, share


def narrow_necks(network: CompiledNetwork) -> Iterator[LayerCall]:
    """Finds Linear layers of one unit before the last layer with weights, past which no way leads."""
    calls = {call.node: call for call in network.calls}
    node, behind = _output_node(network), False
    while node is not None and node.op not in ("placeholder", "get_attr"):
        call = calls.get(node.name)
        if call is not None and call.is_layer and call.type in _WEIGHTED:
            if behind and call.type == "Linear" and call.output_shape[1:] == (1,):
                yield call
            behind = True
        node = _only_input(node)


def has_bias(network: CompiledNetwork) -> dict[str, bool]:
    """Tells of each layer with weights whether it adds something; nothing where it is not known of all."""
    found: dict[str, bool] = {}
    for node in network.module.graph.nodes:
        kind = _kind(network, node) if node.op not in ("placeholder", "output") else "flatten"
        kind = _ACTIVATION_FUNCTIONS.get(kind, kind)
        if _is_weighted(network, node, any_groups=True):
            layer = network.module.get_submodule(str(node.target))
            found[str(node.target)] = getattr(layer, "bias", None) is not None
        elif kind not in _KEEPS_ZERO:
            return {}
    return found


def weighted(network: CompiledNetwork) -> list[LayerCall]:
    """Lists the Linear and convolution layers in the order in which they run."""
    return [call for call in network.calls if call.is_layer and call.type in _WEIGHTED]


def _output_node(network: CompiledNetwork) -> fx.Node | None:
    (output,) = [node for node in network.module.graph.nodes if node.op == "output"]
    found = output.args[0]
    return found if isinstance(found, fx.Node) else None


def _only_input(node: fx.Node) -> fx.Node | None:
    inputs = node.all_input_nodes
    return inputs[0] if len(inputs) == 1 else None


def _kind(network: CompiledNetwork, node: fx.Node) -> str:
    if node.op == "call_module":
        return kind_of(network.module.get_submodule(str(node.target))).__name__
    name = getattr(node.target, "__name__", str(node.target))
    return str(name)


def _passes(network: CompiledNetwork, node: fx.Node) -> bool:
    kind = _kind(network, node)
    return kind in (_LINEAR if node.op == "call_module" else _TRANSPARENT_FUNCTIONS)


def _is_weighted(network: CompiledNetwork, node: fx.Node, *, any_groups: bool = False) -> bool:
    if node.op != "call_module" or _kind(network, node) not in _WEIGHTED:
        return False
    return any_groups or getattr(network.module.get_submodule(str(node.target)), "groups", 1) == 1


def _is_narrow(network: CompiledNetwork, first: LayerCall, second: LayerCall) -> bool:
    """Tells a bottleneck, and weights that are divided in two on purpose: a narrow layer without bias."""
    taken, given, after = (
        _width(first, first.input_shapes[0]),
        _width(first, first.output_shape),
        _width(second, second.output_shape),
    )
    has_bias = getattr(network.module.get_submodule(first.name), "bias", None) is not None
    return given < taken and (given < after or not has_bias)


def _width(call: LayerCall, shape: tuple[int, ...]) -> int:
    return shape[1] if call.type.startswith("Conv") else shape[-1]
