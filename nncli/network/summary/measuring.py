"""A network run without memory: the operations of every node, and the most bytes alive at once."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, final

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

from nncli.network.checkpointing import with_checkpoints
from nncli.network.compiled import CompiledNetwork
from nncli.network.graph.regions import AGAIN, has_checkpoints
from nncli.network.graph.values import ROWS
from nncli.network.summary.flops import operation_flops
from nncli.network.summary.recurrent_stand_ins import all_steps_at_once

_META: Final = torch.device("meta")
_INDICES: Final = ("index", "category")
_OUTSIDE: Final = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a run took.

    `flops` counts the operations of each node on the way forward, for all rows; `total_flops` those
    of the whole run. `peak_bytes` is the most that was alive at once beside the weights, `kept_bytes`
    what was alive between the way forward and the way back: results, and what is kept for gradients.
    """

    flops: Mapping[str, int]
    total_flops: int
    peak_bytes: int
    kept_bytes: int


@final
class Gauge:
    """Runs a network on the meta device, where tensors have shapes and no memory.

    Raises whatever torch raises where it cannot run an operation there.
    """

    def __init__(self, network: CompiledNetwork) -> None:
        self._network = network
        module = network.module
        self._weights = _without_memory(dict(module.named_parameters(remove_duplicate=False)))
        self._buffers = _without_memory(dict(module.named_buffers(remove_duplicate=False)))

    def forward(self, rows: int) -> Measurement:
        """Measures a prediction of some rows: eval mode, no gradients."""
        with _mode(self._network.module, training=False), torch.no_grad():
            return self._measure(rows, backward=False)

    def training_step(self, rows: int) -> Measurement:
        """Measures a step of training on some rows: forward, a loss of the outputs' size, gradients."""
        with _mode(self._network.module, training=True), torch.enable_grad():
            return self._measure(rows, backward=True)

    def _measure(self, rows: int, *, backward: bool) -> Measurement:
        meter = _Meter()
        tensors = {**self._weights, **self._buffers}
        meter.leave_out(tensors.values())
        inputs = [_sample(spec.type, (rows, *spec.shape)) for spec in self._network.inputs.values()]
        with meter, _fused_attention():
            for given in inputs:
                meter.note(given)
            outputs = _Walk(self._graph(backward=backward), tensors, meter).run(*inputs)
            meter.node = _OUTSIDE
            ends = [each for each in tree_leaves(outputs) if isinstance(each, Tensor)]
            kept = meter.alive
            if backward:
                _way_back(ends, list({id(w): w for w in self._weights.values()}.values()))
        flops = {name: count for name, count in meter.flops.items() if name}
        return Measurement(flops, sum(meter.flops.values()), meter.peak, kept)

    def _graph(self, *, backward: bool) -> fx.GraphModule:
        """Finds what runs: on the way back, what is inside of checkpoints is not there any more."""
        if not backward or not has_checkpoints(self._network.module):
            return self._network.module
        return with_checkpoints(self._network.module)


def _way_back(ends: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    learnt = [weight for weight in weights if weight.requires_grad]
    losses = [end.square().mean() for end in ends if end.requires_grad]
    if learnt and losses:
        loss = torch.stack(losses).sum()
        torch.autograd.grad(loss, learnt, allow_unused=True)


def _without_memory(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Makes a twin of each tensor that has its shape and no memory; one that is shared stays shared."""
    twins: dict[int, Tensor] = {}
    for tensor in tensors.values():
        if id(tensor) not in twins:
            twin = torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=_META)
            twins[id(tensor)] = twin.requires_grad_(tensor.requires_grad)
    return {name: twins[id(tensor)] for name, tensor in tensors.items()}


def _sample(kind: str, shape: tuple[int, ...]) -> Tensor:
    number = torch.int64 if kind in _INDICES else torch.bool if kind == "mask" else torch.float32
    return torch.empty(shape, dtype=number, device=_META)


@contextmanager
def _mode(module: nn.Module, *, training: bool) -> Iterator[None]:
    """Puts a module into train or eval mode for a while, without torch's fused way through attention."""
    before = {part: part.training for part in module.modules()}
    fused = torch.backends.mha.get_fastpath_enabled()
    # What runs as one piece cannot be counted.
    torch.backends.mha.set_fastpath_enabled(False)
    module.train(training)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for part, mode in before.items():
            part.training = mode


@dataclass
class _Meter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation of torch: counts its flops for a node, and the bytes of its results."""

    node: str = _OUTSIDE
    alive: int = 0
    peak: int = 0
    flops: Counter[str] = field(default_factory=Counter)
    _known: dict[int, weakref.ref[torch.UntypedStorage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def leave_out(self, tensors: Any) -> None:
        """Takes tensors as known, so that views of them count nothing."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            self._known[id(storage)] = weakref.ref(storage)

    def note(self, tensor: Tensor) -> None:
        """Counts the memory behind a tensor from now until nothing holds it any more."""
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()
        known = self._known.get(key)
        if known is not None and known() is storage:
            return

        def gone(_: object) -> None:
            self.alive -= size
            del self._known[key]

        self._known[key] = weakref.ref(storage, gone)
        self.alive += size
        self.peak = max(self.peak, self.alive)

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.flops[self.node] += operation_flops(func, args, kwargs or {}, result)
        for each in tree_leaves(result):
            if isinstance(each, Tensor):
                self.note(each)
        return result


_ATTENTION: Final = functional.scaled_dot_product_attention


def _fused(query: Tensor, key: Tensor, value: Tensor, *more: Any, **given: Any) -> Tensor:
    """Stands in for torch's attention: the fused kernel, which keeps no matrix of all pairs of steps.

    Kernels of CUDA and of the CPU work like that; without memory torch would take the way that does not.
    """
    plain = query.dim() == key.dim() == value.dim() == 4 and query.size(-1) == value.size(-1)
    if not plain or given.get("enable_gqa"):
        return _ATTENTION(query, key, value, *more, **given)
    made: Tensor = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)[0]
    return made


@contextmanager
def _fused_attention() -> Iterator[None]:
    functional.scaled_dot_product_attention = _fused
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = _ATTENTION


class _Walk(fx.Interpreter):
    """Runs a graph node by node on other tensors than those of its module."""

    def __init__(self, module: fx.GraphModule, tensors: Mapping[str, Tensor], meter: _Meter) -> None:
        super().__init__(module)
        self._tensors = tensors
        self._meter = meter

    def run_node(self, n: fx.Node) -> Any:
        """Runs one node, whose operations are counted under its name."""
        self._meter.node = n.name
        return super().run_node(n)

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Reads a Parameter or buffer."""
        return self._tensors[str(target)]

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Runs a layer on tensors without memory."""
        prefix = f"{target}."
        own = {name.removeprefix(prefix): t for name, t in self._tensors.items() if name.startswith(prefix)}
        layer = self.fetch_attr(target)
        if str(target).startswith(AGAIN):
            inside = _Walk(layer.layers, self._tensors, self._meter)
            return checkpoint(inside.run, *args, use_reentrant=False, preserve_rng_state=False)
        if isinstance(layer, nn.RNNBase):
            return all_steps_at_once(layer, own, args[0])
        return functional_call(layer, own, args, kwargs, tie_weights=False)

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Runs a function; without memory nobody knows lengths, and rows are taken as full."""
        if target is pack_padded_sequence:
            return args[0]
        if target is pad_packed_sequence:
            return args[0], None
        return super().call_function(_fused if target is _ATTENTION else target, args, kwargs)

    def call_method(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Runs a method of a tensor; one without memory has no device to move to."""
        return args[0] if target == "cpu" else super().call_method(target, args, kwargs)


def rows_that_fit(bytes_of: Callable[[int], int], limit_bytes: int, most: int = 2**20) -> int:
    """Finds the largest number of rows, at most `most`, whose bytes stay within a limit; 0 where none do.

    `bytes_of` maps rows to bytes, grows with them, and is bent upwards or straight.
    """
    if bytes_of(1) > limit_bytes:
        return 0
    fits, too_many = 1, most + 1
    step = ROWS
    while too_many - fits > 1:
        # A straight line through two counts that fit leads near the limit; halving does the rest.
        tried = min(max(fits + 1, step), too_many - 1)
        needed = bytes_of(tried)
        if needed <= limit_bytes:
            slope = (needed - bytes_of(fits)) / (tried - fits)
            fits = tried
            step = int(fits + (limit_bytes - needed) / slope) if slope > 0 else 2 * fits
            step = max(step, fits + 1)
        else:
            too_many = tried
            step = (fits + too_many) // 2
    return fits
