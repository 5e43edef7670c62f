"""A look inside the networks that an update changes, on a few batches, by the loss of that update."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from nncli.diagnosis.probes import DEAD_AFTER_ROWS, TINY, Gradients, Probe, is_alike, layer_probe, norm_of
from nncli.training.counters import counting
from nncli.training.divergence import EXPRESSION, LOSS, Culprit, first_in_forward
from nncli.training.job import TrainJob
from nncli.training.state import TrainState
from nncli.training.stepping import Moment, Update, seed_draws


def probe_update(job: TrainJob, state: TrainState, update: Update, batches: int) -> Mapping[str, Probe]:
    """Measures each network that an update changes, by name.

    Gradients come from `batches` batches (at most an epoch), activations from at least 1000 rows where there
    are as many, those of the rows that other networks make among them. Weights, buffers and random
    generators stay as they are; the updaters of the state do not. What is drawn by chance follows from
    `training.seed`.
    """
    networks = {name: state.networks[name] for name in update.networks}
    measured = {name: Gradients(job.networks[name].layers, module) for name, module in networks.items()}
    losses: list[float] = []
    culprit: Culprit | None = None
    with _left_alone(job, state), ExitStack() as held:
        counters = {
            name: held.enter_context(counting(job.networks[name].layers, module))
            for name, module in networks.items()
        }
        for loss, rows, moment in _losses(job, state, update, batches):
            for each in measured.values():
                each.take()
            losses.append(loss)
            if not math.isfinite(loss) and culprit is None:
                seed_draws(moment, 0, job.device)
                culprit, _ = first_in_forward(job, state, update, rows)
        alike = {
            (name, call.name)
            for name, module in networks.items()
            for call in job.networks[name].layers
            if is_alike(module.get_submodule(call.name))
        }
        ratios = _update_ratios(job, state, update)
    if culprit is not None and culprit.type not in (EXPRESSION, LOSS):
        culprit = None
    mean, found = sum(losses) / len(losses), {}
    for name, module in networks.items():
        own = counters[name]
        seen = max((counter.rows for counter in own.values()), default=0)
        complete = seen >= min(DEAD_AFTER_ROWS, job.train.rows)
        layers = tuple(
            replace(
                layer_probe(call, module, measured[name], ratios[name], own, complete),
                is_alike=(name, call.name) in alike,
            )
            for call in job.networks[name].layers
        )
        found[name] = Probe(layers, mean, len(losses), seen, state.step, culprit)
    return found


def _losses(
    job: TrainJob, state: TrainState, update: Update, batches: int
) -> Iterator[tuple[float, Tensor, Moment]]:
    """Runs an update on batches; stops where gradients are there to be looked at, and gives the loss, the
    rows, and where they are taken."""
    order, seed = job.order(state.epoch), job.training.seed
    for number, bounds in enumerate(each for step in job.steps_of_epoch() for each in step):
        first, last = bounds
        if number >= batches and first >= DEAD_AFTER_ROWS:
            return
        rows, moment = order[first:last], Moment(seed, state.step + number, state.epoch)
        seed_draws(moment, 0, job.device)
        is_followed = number < batches
        with torch.set_grad_enabled(is_followed or update.has_gradients):
            losses = update.losses(job.train, rows, job.train.draw(seed, state.epoch, rows), moment)
        if is_followed:
            for module in state.networks.values():
                module.zero_grad()
            losses[0].backward()  # type: ignore[no-untyped-call]
            yield losses[0].item(), rows, moment


def _update_ratios(job: TrainJob, state: TrainState, update: Update) -> dict[str, dict[str, float]]:
    """Takes one step of the update; the ratio is of change to weights, by norm."""
    before = {
        (name, call.name): [each.detach().clone() for each in _learning(state.networks[name], call.name)]
        for name in update.networks
        for call in job.networks[name].layers
    }
    state.updaters[update.name].step()
    found: dict[str, dict[str, float]] = {name: {} for name in update.networks}
    for (name, layer), weights in before.items():
        norm, after = norm_of(weights), _learning(state.networks[name], layer)
        if norm > TINY:
            found[name][layer] = norm_of([a - b for a, b in zip(after, weights, strict=True)]) / norm
    return found


def _learning(module: nn.Module, layer: str) -> list[torch.Tensor]:
    return [each.detach() for each in module.get_submodule(layer).parameters() if each.requires_grad]


@contextmanager
def _left_alone(job: TrainJob, state: TrainState) -> Iterator[None]:
    """Puts weights, buffers, modes and random generators back as they were."""
    modules = list(state.networks.values())
    tensors = {id(each): each for one in modules for each in (*one.parameters(), *one.buffers())}
    kept = [(each, each.detach().clone()) for each in tensors.values()]
    modes = [each.training for each in modules]
    with torch.random.fork_rng(devices=[job.device] if job.device.type == "cuda" else []):
        for module in modules:
            module.train()
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, before in kept:
                    tensor.copy_(before)
            for module, mode in zip(modules, modes, strict=True):
                module.zero_grad()
                module.train(mode)
