"""A look inside a network on a few batches: gradients, updates and activations of every layer."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn

from nncli.data.sampling import batch_bounds
from nncli.network.compiled import LayerCall
from nncli.training.counters import Counter, counting
from nncli.training.divergence import EXPRESSION, LOSS, Culprit, first_in_forward
from nncli.training.job import TrainJob
from nncli.training.recovery import Buffers
from nncli.training.state import TrainState
from nncli.training.stepping import Bounds
from nncli.training.updating import build_updater

# A unit counts as dead only after this many rows, or all that there are.
DEAD_AFTER_ROWS: Final = 1000
# Weights with a norm under this are still at zero: an update ratio would say nothing.
TINY: Final = 1e-12
SLOW_SECONDS: Final = 1.0
"""After this long a probe takes no further batch."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of a layer's weights, a mean over the batches; not finite where it was not."""

    norm: float
    rms: float
    zero_share: float


@dataclass(frozen=True, slots=True)
class Activation:
    """The output of a layer over all rows of the probe.

    `dead_share` is None where units cannot die or too few rows were seen, `saturated_share` where
    a layer cannot saturate. `units` counts what could be dead.
    """

    mean: float
    std: float
    rms: float
    dead_share: float | None
    saturated_share: float | None
    units: int


@dataclass(frozen=True, slots=True)
class LayerProbe:
    """One layer as measured; None where it has no weights, or nothing could be measured.

    `weight_norm` is that of its matrices and kernels, biases left out; `has_matrix` where it has
    any, except for the table of an embedding, most of whose rows have no gradient. `is_alike` where all
    units have the same weights, so that they stay one unit; zeros only where their gradient is the same too.
    `learns` where any weight is not frozen.
    """

    call: LayerCall
    gradient: Gradient | None
    update_ratio: float | None
    activation: Activation | None
    weight_norm: float
    has_matrix: bool
    is_alike: bool = False
    learns: bool = False


@dataclass(frozen=True)
class Probe:
    """A whole network as measured; `step` is how far it was trained, `rows` what activations saw.

    `noise` is how many rows a batch needs so that its gradient is as much direction as chance, from the
    batches that were looked at. `culprit` is the expression or loss that gave the first number that is not
    finite, where no layer did.
    """

    layers: tuple[LayerProbe, ...]
    loss: float
    batches: int
    rows: int
    step: int
    culprit: Culprit | None = None
    noise: float | None = None


def probe(job: TrainJob, state: TrainState, batches: int) -> Probe:
    """Measures a network on its next batches; job, state and random generators stay as they are.

    Gradients come from `batches` batches (at most an epoch), activations from at least 1000 rows
    where there are as many. The update is one step of the optimiser on a copy that is thrown away.
    What is drawn by chance follows from `training.seed`.
    """
    assert job.judge is not None, "the caller has refused what has no targets"
    module = copy.deepcopy(state.networks[job.network]).train()
    module.zero_grad()
    order = job.order(state.epoch)
    bounds = batch_bounds(job.train.rows, job.training.batch_size)
    measured = Gradients(job.calls, module)
    losses: list[float] = []
    devices = [job.device] if job.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), counting(job.calls, module) as counters:
        # Of a run nothing else says which units dropout leaves out.
        torch.manual_seed(job.training.seed)
        began, can_die = time.monotonic(), any(each.can_die for each in counters.values())
        for number, (first, last) in enumerate(bounds):
            # A few batches of a slow network tell as much, and rows beyond them little where no unit can die.
            most = SLOW_SECONDS if number < batches or can_die else SLOW_SECONDS / 4
            is_slow = number > 0 and time.monotonic() - began > most
            if is_slow or (number >= batches and first >= DEAD_AFTER_ROWS):
                break
            rows = order[first:last]
            with torch.set_grad_enabled(number < batches):
                draw = job.train.draw(job.training.seed, state.epoch, rows)
                inputs, truth = job.train.batch(rows, draw)
                output = module(*inputs)
            if number < batches:
                module.zero_grad()
                loss = job.judge.objective.loss(output, truth)
                loss.backward()  # type: ignore[no-untyped-call]
                measured.take()
                losses.append(loss.item())
    alike = {call.name for call in job.calls if is_alike(module.get_submodule(call.name))}
    ratios = _update_ratios(job, state, module)
    seen = max((counter.rows for counter in counters.values()), default=0)
    complete = seen >= min(DEAD_AFTER_ROWS, job.train.rows)
    original = state.networks[job.network]
    layers = tuple(
        replace(
            layer_probe(call, original, measured, ratios, counters, complete), is_alike=call.name in alike
        )
        for call in job.calls
    )
    mean = sum(losses) / len(losses)
    wrong = [number for number, each in enumerate(losses) if not math.isfinite(each)]
    culprit = _not_finite_by_itself(job, state, bounds[wrong[0]]) if wrong else None
    noise = measured.noise(min(job.training.batch_size, job.train.rows))
    return Probe(layers, mean, len(losses), seen, state.step, culprit, noise)


def _not_finite_by_itself(job: TrainJob, state: TrainState, batch: Bounds) -> Culprit | None:
    """Finds the expression or the loss that gives what is not finite; None where a layer does."""
    first, last = batch
    buffers = Buffers(state.networks.values())
    with torch.random.fork_rng(devices=[job.device] if job.device.type == "cuda" else []):
        torch.manual_seed(job.training.seed)
        culprit, _ = first_in_forward(job, state, job.updates[0], job.order(state.epoch)[first:last])
    with torch.no_grad():
        buffers.put_back()
    return culprit if culprit.type in (EXPRESSION, LOSS) else None


def is_alike(layer: nn.Module) -> bool:
    """Tells whether the units of a layer cannot be told apart, now or after any step."""
    weight = getattr(layer, "weight", None)
    if (
        not isinstance(weight, Tensor)
        or weight.ndim < 2
        or len(weight) < 2
        or isinstance(layer, nn.Embedding)
    ):
        return False
    if not weight.is_leaf or weight.grad is None or not bool((weight == weight[:1]).all()):
        return False
    if bool(weight.any()):
        # Nobody draws such weights by chance; their biases alone keep units apart.
        return True
    # Sums in another order differ in their last bits.
    span = (weight.grad - weight.grad[:1]).abs().max().item()
    return span <= 1e-5 * weight.grad.abs().max().item()


class Gradients:
    """Sums over batches of every layer's gradient."""

    def __init__(self, calls: tuple[LayerCall, ...], module: nn.Module) -> None:
        self._weights = {call.name: list(module.get_submodule(call.name).parameters()) for call in calls}
        self._norms: dict[str, list[float]] = {name: [] for name in self._weights}
        self._zeros: dict[str, list[float]] = {name: [] for name in self._weights}
        self._sizes: dict[str, int] = {}
        self._sums: list[Tensor] = []
        self._squares: list[float] = []

    def take(self) -> None:
        """Measures the gradients of one batch."""
        whole = {id(w): w.grad for weights in self._weights.values() for w in weights if w.grad is not None}
        dense = [each.detach() for each in whole.values() if not each.is_sparse]
        self._squares.append(norm_of(dense) ** 2)
        kept = self._sums or [torch.zeros_like(each) for each in dense]
        self._sums = [a + b for a, b in zip(kept, dense, strict=True)] if len(kept) == len(dense) else []
        for name, weights in self._weights.items():
            gradients = [
                w.grad.coalesce().values() if w.grad.is_sparse else w.grad
                for w in weights
                if w.grad is not None
            ]
            size = sum(g.numel() for g in gradients)
            if size:
                self._sizes[name] = size
                self._norms[name].append(norm_of(gradients))
                self._zeros[name].append(sum(int((g == 0).sum()) for g in gradients) / size)

    def of(self, name: str) -> Gradient | None:
        """Gives the mean over the batches; None where no gradient came."""
        norms, zeros = self._norms[name], self._zeros[name]
        if not norms:
            return None
        norm = sum(norms) / len(norms)
        return Gradient(norm, norm / math.sqrt(self._sizes[name]), sum(zeros) / len(zeros))

    def noise(self, rows: int) -> float | None:
        """Works out the gradient noise scale from batches of so many rows; None of fewer than three.

        Source: McCandlish et al. 2018, An empirical model of large-batch training, appendix A.
        """
        count = len(self._squares)
        if count < 3 or not self._sums or not all(map(math.isfinite, self._squares)):
            return None
        each, of_mean = sum(self._squares) / count, (norm_of(self._sums) / count) ** 2
        signal = (count * of_mean - each) / (count - 1)
        chance = rows * count / (count - 1) * (each - of_mean)
        return chance / signal if signal > 0 else math.inf


def norm_of(tensors: Sequence[Tensor]) -> float:
    """Works out the norm of several tensors together."""
    return math.sqrt(sum(t.detach().double().square().sum().item() for t in tensors))


def _update_ratios(job: TrainJob, state: TrainState, module: nn.Module) -> dict[str, float]:
    """Takes one step of the update on the copy; the ratio is of change to weights, by norm."""
    original = state.networks[job.network]
    trial, running = build_updater(job.training, module, job.horizon), state.updaters[job.network]
    trial.restore(running.tensors(), running.scalars())
    trial.step()
    ratios = {}
    for call in job.calls:
        before = [p.detach() for p in original.get_submodule(call.name).parameters() if p.requires_grad]
        after = [p.detach() for p in module.get_submodule(call.name).parameters() if p.requires_grad]
        norm = norm_of(before)
        if norm > TINY:
            ratios[call.name] = norm_of([b - a for b, a in zip(before, after, strict=True)]) / norm
    return ratios


def layer_probe(
    call: LayerCall,
    module: nn.Module,
    measured: Gradients,
    ratios: Mapping[str, float],
    counters: Mapping[str, Counter],
    complete: bool,
) -> LayerProbe:
    """Puts together what was measured of a layer; `complete` where enough rows were seen to call a unit
    dead."""
    counter = counters[call.name]
    activation = None
    if counter.rows:
        dead = counter.dead_share if complete else None
        activation = Activation(
            counter.mean, counter.std, counter.rms, dead, counter.saturated_share, counter.units
        )
    matrices = [w for w in module.get_submodule(call.name).parameters() if w.ndim > 1]
    is_table = call.type.startswith("Embedding")
    return LayerProbe(
        call,
        measured.of(call.name),
        ratios.get(call.name),
        activation,
        norm_of(matrices),
        bool(matrices) and not is_table,
        learns=any(w.requires_grad for w in module.get_submodule(call.name).parameters()),
    )
