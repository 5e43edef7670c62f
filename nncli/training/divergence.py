"""Where a loss, a gradient or a weight stopped being finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

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
# Rows of a batch that are named.
_SHOWN: Final = 5
What = Literal[
    "output", "loss after the output", "gradient or weight", "running statistics", "state of the optimiser"
]


@dataclass(frozen=True)
class _Found:
    """What is not finite, in which layer, and the rows of the batch that are to blame, int64 (rows,).

    `is_given` tells that numbers of the data are not finite already.
    """

    what: What
    network: str
    call: LayerCall | None
    step: int
    rows: Tensor
    is_given: bool = False


def diverged(job: TrainJob, state: TrainState, update: Update, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is not finite, naming the layer where it began.

    `state.step` counts the steps before this one. Weights that are not finite already came from the
    step before; else the batch is run again with hooks.
    """
    if not all(_all_finite(dict(network.named_parameters())) for network in state.networks.values()):
        return _error(job, state, _spoilt(job, state))
    # Running statistics may be spoilt by this very batch.
    found = _first_with_non_finite_output(job, state, update, rows)
    if found is None:
        network = update.networks[0]
        layers = job.networks[network].layers
        last = layers[-1] if layers else None
        found = _Found("loss after the output", network, last, 0, rows)
    given = rows[job.train.spoilt(rows)]
    blamed = given if len(given) else found.rows
    step = state.step + 1
    return _error(job, state, _Found(found.what, found.network, found.call, step, blamed, len(given) > 0))


def bad_gradients(job: TrainJob, state: TrainState, update: Update, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is finite and whose gradients, gone already, are not."""
    return _error(job, state, _Found("gradient or weight", update.networks[0], None, state.step + 1, rows))


def is_finite(state: TrainState) -> bool:
    """Tells whether all that a checkpoint would hold of weights and optimisers is finite."""
    kept = [*state.weights().values(), *state.kept().values()]
    tensors = [tensor for tensor in kept if tensor.is_floating_point()]
    return not tensors or bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all())


def refuse_non_finite_weights(job: TrainJob, state: TrainState) -> None:
    """Stops before weights that are not finite are handed out. Raises DivergedError: `diverged`."""
    if not is_finite(state):
        raise _error(job, state, _spoilt(job, state))


def _layers(job: TrainJob, state: TrainState) -> Iterator[tuple[str, LayerCall, nn.Module]]:
    for name, network in job.networks.items():
        for call in network.layers:
            yield name, call, state.networks[name].get_submodule(call.name)


def _spoilt(job: TrainJob, state: TrainState) -> _Found:
    """Finds the origin: a bad gradient spoils the layers before it, and none behind it."""
    step, rows = max(state.step, 1), _last_rows(job, state)
    for network, call, module in reversed(list(_layers(job, state))):
        if not _all_finite(dict(module.named_parameters())):
            return _Found("gradient or weight", network, call, step, rows)
    for network, call, module in _layers(job, state):
        if not _all_finite(dict(module.named_buffers())):
            return _Found("running statistics", network, call, step, rows)
    kept = state.kept()
    for network, call, _ in reversed(list(_layers(job, state))):
        names = {f"{call.name}.", f"{network}.{call.name}."}
        own = {
            path: each
            for path, each in kept.items()
            if any(path.partition("/")[2].startswith(name) for name in names)
        }
        if not _all_finite(own):
            return _Found("state of the optimiser", network, call, step, rows)
    return _Found("gradient or weight", job.network, None, step, rows)


def _all_finite(tensors: Mapping[str, Tensor]) -> bool:
    return all(bool(t.isfinite().all()) for t in tensors.values() if t.is_floating_point())


def _last_rows(job: TrainJob, state: TrainState) -> Tensor:
    """Finds the rows of the last batch before now."""
    epoch, batch = (state.epoch, state.batch) if state.batch else (state.epoch - 1, 0)
    if epoch < 0:
        return torch.empty(0, dtype=torch.int64)
    first, last = job.steps_of_epoch()[batch - 1][-1]
    return job.order(epoch)[first:last]


def _first_with_non_finite_output(
    job: TrainJob, state: TrainState, update: Update, rows: Tensor
) -> _Found | None:
    found: list[_Found] = []
    handles = []
    for network, call, module in _layers(job, state):

        def look(
            _: nn.Module, __: object, output: object, network: str = network, call: LayerCall = call
        ) -> None:
            if isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(_Found("output", network, call, 0, _rows_of(output, rows)))

        handles.append(module.register_forward_hook(look))
    moment = Moment(job.training.seed, state.step, state.epoch)
    try:
        with torch.set_grad_enabled(update.has_gradients):
            update.losses(job.train, rows, job.train.draw(moment.seed, moment.epoch, rows), moment)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _rows_of(output: Tensor, rows: Tensor) -> Tensor:
    """Finds the rows whose part of an output is not finite; all of them where it has other rows."""
    if not output.ndim or len(output) != len(rows):
        return rows
    return rows[~output.detach().reshape(len(rows), -1).isfinite().all(dim=1)]


def _error(job: TrainJob, state: TrainState, found: _Found) -> NncliError:
    layer = found.call
    updates = (update for update in job.updates if found.network in update.networks)
    update = next(updates, job.updates[0])
    learning_rate = state.updaters[update.name].learning_rate
    samples = found.rows.tolist()
    shown = [f"row {sample + 1:,} of the training part" for sample in samples[:_SHOWN]]
    return failure(
        "diverged",
        layer.place if layer else None,
        layer.path if layer else "",
        what=found.what,
        layer=layer.name if layer else found.network,
        type=layer.type if layer else "network",
        step=found.step,
        epoch=state.epoch + 1,
        learning_rate=learning_rate,
        samples=samples[:_SHOWN],
        count=len(samples),
        rows=rows_text(shown, len(samples)),
        advice=_advice(job, learning_rate, found),
    )


def rows_text(shown: Sequence[str], count: int) -> str:
    """Writes rows of a batch, of which some are shown: `flowers.csv:12, flowers.csv:40 and 3 more`."""
    if not shown:
        return "a batch that is not known any more"
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _advice(job: TrainJob, learning_rate: float, found: _Found) -> str:
    """Says how far to lower the learning rate: to a tenth, or where it is far off to the default."""
    if found.is_given:
        return "numbers of these rows are not finite once they are encoded: mend them, or leave them out"
    name = job.training.optimizer.name
    default = default_learning_rate(name)
    if default is not None and learning_rate > FAR_OFF * default:
        return f"lower the learning rate to {default:g}, the default of {name}"
    clip = "" if job.training.clip_gradients else ", or write `clip_gradients: 1.0`"
    return f"lower the learning rate to {learning_rate / 10:g}{clip}"
