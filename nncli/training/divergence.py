"""Where a loss, a gradient or a weight stopped being finite."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.compiled import LayerCall
from nncli.training.job import TrainJob
from nncli.training.optimizers import default_learning_rate
from nncli.training.state import TrainState
from nncli.training.stepping import Moment, Update

# A learning rate this many times the default was no careful choice, and a tenth of it is none either.
FAR_OFF: Final = 100
What = Literal["output", "loss after the output", "gradient or weight"]


def diverged(job: TrainJob, state: TrainState, update: Update, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is not finite, naming the layer where it began.

    `state.step` counts the steps before this one. Weights that are not finite already came from the
    step before; else the batch is run again with hooks.
    """
    found = _last_with_non_finite_weights(job, state)
    if found:
        return _error(job, state, found, "gradient or weight", max(state.step, 1))
    found = _first_with_non_finite_output(job, state, update, rows)
    if found:
        return _error(job, state, found, "output", state.step + 1)
    network = update.networks[0]
    layers = job.networks[network].layers
    last = _Layer(network, layers[-1]) if layers else None
    return _error(job, state, last, "loss after the output", state.step + 1)


def refuse_non_finite_weights(job: TrainJob, state: TrainState) -> None:
    """Stops before weights that are not finite are handed out. Raises DivergedError: `diverged`."""
    tensors = [t for t in state.weights().values() if t.is_floating_point()]
    if not tensors or bool(torch.stack([t.isfinite().all() for t in tensors]).all()):
        return
    raise _error(job, state, _last_with_non_finite_weights(job, state), "gradient or weight", state.step)


class _Layer(NamedTuple):
    """A layer of one of the networks."""

    network: str
    call: LayerCall


def _layers(job: TrainJob, state: TrainState) -> list[tuple[_Layer, nn.Module]]:
    return [
        (_Layer(name, call), state.networks[name].get_submodule(call.name))
        for name, network in job.networks.items()
        for call in network.layers
    ]


def _last_with_non_finite_weights(job: TrainJob, state: TrainState) -> _Layer | None:
    """Finds the origin: a bad gradient spoils the layers before it, and none behind it."""
    for layer, module in reversed(_layers(job, state)):
        tensors = module.state_dict().values()
        if not all(t.isfinite().all() for t in tensors if t.is_floating_point()):
            return layer
    return None


def _first_with_non_finite_output(
    job: TrainJob, state: TrainState, update: Update, rows: Tensor
) -> _Layer | None:
    found: list[_Layer] = []
    handles = []
    for layer, module in _layers(job, state):

        def look(_: nn.Module, __: object, output: object, layer: _Layer = layer) -> None:
            if isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(layer)

        handles.append(module.register_forward_hook(look))
    moment = Moment(job.training.seed, state.step, state.epoch)
    try:
        with torch.set_grad_enabled(update.has_gradients):
            update.losses(job.train, rows, job.train.draw(moment.seed, moment.epoch, rows), moment)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _error(job: TrainJob, state: TrainState, found: _Layer | None, what: What, step: int) -> NncliError:
    network, layer = (found.network, found.call) if found else (job.network, None)
    updates = (update for update in job.updates if network in update.networks)
    update = next(updates, job.updates[0])
    learning_rate = state.updaters[update.name].learning_rate
    return failure(
        "diverged",
        layer.place if layer else None,
        layer.path if layer else "",
        what=what,
        layer=layer.name if layer else network,
        type=layer.type if layer else "network",
        step=step,
        epoch=state.epoch + 1,
        learning_rate=learning_rate,
        advice=_advice(job, learning_rate),
    )


def _advice(job: TrainJob, learning_rate: float) -> str:
    """Says how far to lower the learning rate: to a tenth, or where it is far off to the default."""
    name = job.training.optimizer.name
    default = default_learning_rate(name)
    if default is not None and learning_rate > FAR_OFF * default:
        return f"lower the learning rate to {default:g}, the default of {name}"
    clip = "" if job.training.clip_gradients else ", or write `clip_gradients: 1.0`"
    return f"lower the learning rate to {learning_rate / 10:g}{clip}"
