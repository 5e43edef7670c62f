"""Where a loss, a gradient or a weight stopped being finite."""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor, nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.compiled import LayerCall
from nncli.training.job import TrainJob
from nncli.training.optimizers import default_learning_rate
from nncli.training.state import TrainState

# A learning rate this many times the default was no careful choice, and a tenth of it is none either.
FAR_OFF: Final = 100
What = Literal["output", "loss after the output", "gradient or weight"]


def diverged(job: TrainJob, state: TrainState, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is not finite, naming the layer where it began.

    `state.step` counts the steps before this one. Weights that are not finite already came from the
    step before; else the batch is run again with hooks.
    """
    module = state.networks[job.network]
    layer = _last_with_non_finite_weights(module, job.calls)
    if layer:
        return _error(job, state, layer, "gradient or weight", max(state.step, 1))
    layer = _first_with_non_finite_output(module, job, state, rows)
    if layer:
        return _error(job, state, layer, "output", state.step + 1)
    last = job.calls[-1] if job.calls else None
    return _error(job, state, last, "loss after the output", state.step + 1)


def refuse_non_finite_weights(job: TrainJob, state: TrainState) -> None:
    """Stops before weights that are not finite are handed out. Raises DivergedError: `diverged`."""
    module = state.networks[job.network]
    tensors = [t for t in module.state_dict().values() if t.is_floating_point()]
    if not tensors or bool(torch.stack([t.isfinite().all() for t in tensors]).all()):
        return
    layer = _last_with_non_finite_weights(module, job.calls)
    raise _error(job, state, layer, "gradient or weight", state.step)


def _last_with_non_finite_weights(module: nn.Module, calls: tuple[LayerCall, ...]) -> LayerCall | None:
    """Finds the origin: a bad gradient spoils the layers before it, and none behind it."""
    for call in reversed(calls):
        tensors = module.get_submodule(call.name).state_dict().values()
        if not all(t.isfinite().all() for t in tensors if t.is_floating_point()):
            return call
    return None


def _first_with_non_finite_output(
    module: nn.Module, job: TrainJob, state: TrainState, rows: Tensor
) -> LayerCall | None:
    found: list[LayerCall] = []
    handles = []
    for call in job.calls:

        def look(_: nn.Module, __: object, output: object, call: LayerCall = call) -> None:
            if isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(call)

        handles.append(module.get_submodule(call.name).register_forward_hook(look))
    try:
        with torch.no_grad():
            draw = job.train.draw(job.training.seed, state.epoch, rows)
            module(*job.train.batch(rows, draw)[0])
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _error(job: TrainJob, state: TrainState, layer: LayerCall | None, what: What, step: int) -> NncliError:
    learning_rate = state.updaters[job.network].learning_rate
    return failure(
        "diverged",
        layer.place if layer else None,
        layer.path if layer else "",
        what=what,
        layer=layer.name if layer else job.network,
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
