"""Where a loss, a gradient or a weight stopped being finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import torch
from torch import Tensor, fx, nn

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.network.compiled import LayerCall
from nncli.training.job import TrainJob
from nncli.training.optimizers import default_learning_rate
from nncli.training.origins import watched
from nncli.training.state import TrainState
from nncli.training.stepping import Moment, Update

# A learning rate this many times the default was no careful choice, and a tenth of it is none either.
FAR_OFF: Final = 100
# Rows of a batch that are named.
_SHOWN: Final = 5
What = Literal["output", "value", "gradient or weight", "running statistics", "state of the optimiser"]
_FORWARD: Final = ("output", "value")
# Where no number that flows in is larger, what is not finite comes of the call itself, and of no step that
# went too far: up to here exponentials are finite.
_ORDINARY: Final = 80.0


EXPRESSION: Final = "expression"
LOSS: Final = "loss"
_ADVICE: Final[Mapping[str, str]] = {
    EXPRESSION: "`{name}` has no finite result for some of what flows in: keep logarithms, roots and "
    "divisors away from zero, such as log(x + 1e-6)",
    LOSS: "`{name}` is not finite for some of these outputs and targets: logarithms of zero and powers of "
    "large numbers are not",
    "layer": "no step was taken yet, so look at `init:` and at the scale of the inputs",
}


@dataclass(frozen=True)
class Culprit:
    """What gave a number that is not finite: a layer, an expression or a loss, and where it stands.

    `largest` is the largest number that flowed in, where that is known.
    """

    name: str
    type: str
    place: Place | None = None
    path: str = ""
    largest: float | None = None


@dataclass(frozen=True)
class _Found:
    """What is not finite, of which network, and the rows of the batch that are to blame, int64 (rows,).

    `is_given` tells that numbers of the data are not finite already.
    """

    what: What
    network: str
    culprit: Culprit
    step: int
    rows: Tensor
    is_given: bool = False


def diverged(job: TrainJob, state: TrainState, update: Update, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is not finite, naming what gave it first.

    `state.step` counts the steps before this one. Weights that are not finite already came from the
    step before; else the batch is run again, call by call.
    """
    if not all(_all_finite(dict(network.named_parameters())) for network in state.networks.values()):
        return _error(job, state, _spoilt(job, state))
    # Running statistics may be spoilt by this very batch.
    culprit, wrong = first_in_forward(job, state, update, rows)
    given = rows[job.train.spoilt(rows)]
    blamed = given if len(given) else rows if wrong is None else _rows_of(wrong, rows)
    what: What = "value" if culprit.type == LOSS else "output"
    found = _Found(what, update.networks[0], culprit, state.step + 1, blamed, len(given) > 0)
    return _error(job, state, found)


def bad_gradients(job: TrainJob, state: TrainState, update: Update, rows: Tensor) -> NncliError:
    """Makes the error for a batch whose loss is finite and whose gradients, gone already, are not."""
    network = update.networks[0]
    culprit = Culprit(network, "network")
    return _error(job, state, _Found("gradient or weight", network, culprit, state.step + 1, rows))


def is_finite(state: TrainState) -> bool:
    """Tells whether all that a checkpoint would hold of weights and optimisers is finite."""
    settled = [each for updater in state.updaters.values() for each in updater.settled_tensors().values()]
    kept = [*state.weights().values(), *settled]
    by_device: dict[torch.device, list[Tensor]] = {}
    for tensor in kept:
        if tensor.is_floating_point():
            # Some optimisers count their steps on the CPU, wherever their weights lie.
            by_device.setdefault(tensor.device, []).append(tensor.isfinite().all())
    return all(bool(torch.stack(each).all()) for each in by_device.values())


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
            return _Found("gradient or weight", network, _of(call), step, rows)
    for network, call, module in _layers(job, state):
        if not _all_finite(dict(module.named_buffers())):
            return _Found("running statistics", network, _of(call), step, rows)
    kept = state.kept()
    for network, call, _ in reversed(list(_layers(job, state))):
        names = {f"{call.name}.", f"{network}.{call.name}."}
        own = {
            path: each
            for path, each in kept.items()
            if any(path.partition("/")[2].startswith(name) for name in names)
        }
        if not _all_finite(own):
            return _Found("state of the optimiser", network, _of(call), step, rows)
    return _Found("gradient or weight", job.network, Culprit(job.network, "network"), step, rows)


def _of(call: LayerCall) -> Culprit:
    return Culprit(call.name, call.type, call.place, call.path)


def _all_finite(tensors: Mapping[str, Tensor]) -> bool:
    return all(bool(t.isfinite().all()) for t in tensors.values() if t.is_floating_point())


def _last_rows(job: TrainJob, state: TrainState) -> Tensor:
    """Finds the rows of the last batch before now."""
    epoch, batch = (state.epoch, state.batch) if state.batch else (state.epoch - 1, 0)
    if epoch < 0:
        return torch.empty(0, dtype=torch.int64)
    first, last = job.steps_of_epoch()[batch - 1][-1]
    return job.order(epoch)[first:last]


def first_in_forward(
    job: TrainJob, state: TrainState, update: Update, rows: Tensor
) -> tuple[Culprit, Tensor | None]:
    """Runs a batch again, and finds what gave the first number that is not finite, with its result."""
    moment = Moment(job.training.seed, state.step, state.epoch)
    draw = job.train.draw(moment.seed, moment.epoch, rows)
    with torch.set_grad_enabled(update.has_gradients), watched([update.module]) as watches:
        update.losses(job.train, rows, draw, moment)
    origin = next((each.origin for each in watches if each.origin is not None), None)
    if origin is None:
        return _loss_of(job, update, watches[-1].largest if watches else None), None
    return replace(_called(job, update, origin.node), largest=origin.largest), origin.result


def _called(job: TrainJob, update: Update, node: fx.Node) -> Culprit:
    """Names the call that a node is: a layer, a term of a loss, or a function in an expression."""
    for name in (job.network,) if job.judge else job.networks:
        start = f"{name}." if not job.judge else ""
        for call in job.networks[name].calls:
            if call.is_layer and node.op == "call_module" and start + call.name == node.target:
                return _of(call)
    meta = node.meta
    label, kind = meta.get("label") or node.name, LOSS if node.op == "call_module" else EXPRESSION
    return Culprit(label, kind, meta.get("place"), meta.get("path", ""))


def _loss_of(job: TrainJob, update: Update, largest: float | None) -> Culprit:
    """Names the loss behind the outputs of a network."""
    terms = job.training.loss
    name = " + ".join(term.loss.name for term in terms) or update.name
    return Culprit(name, LOSS, terms[0].loss.place if terms else None, "training.loss", largest)


def _rows_of(output: Tensor, rows: Tensor) -> Tensor:
    """Finds the rows whose part of an output is not finite; all of them where it has other rows."""
    if not output.ndim or len(output) != len(rows):
        return rows
    return rows[~output.detach().reshape(len(rows), -1).isfinite().all(dim=1)]


def _error(job: TrainJob, state: TrainState, found: _Found) -> NncliError:
    culprit = found.culprit
    updates = (update for update in job.updates if found.network in update.networks)
    update = next(updates, job.updates[0])
    learning_rate = state.updaters[update.name].learning_rate
    samples = found.rows.tolist()
    shown = [f"row {sample + 1:,} of the training part" for sample in samples[:_SHOWN]]
    return failure(
        "diverged",
        culprit.place,
        culprit.path,
        what=found.what,
        layer=culprit.name,
        type=culprit.type,
        step=found.step,
        epoch=state.epoch + 1,
        direction="forward" if found.what in _FORWARD else "backward",
        learning_rate=learning_rate,
        attempts=state.mishaps.attempts and f", {state.mishaps.attempts}",
        samples=samples[:_SHOWN],
        count=len(samples),
        rows=rows_text(shown, len(samples)),
        advice=_advice(job, learning_rate, found),
    )


def _is_by_itself(culprit: Culprit) -> bool:
    """Tells whether an expression or a loss has no finite result for numbers that are not large."""
    return culprit.type in _ADVICE and (culprit.largest is not None and culprit.largest < _ORDINARY)


def rows_text(shown: Sequence[str], count: int) -> str:
    """Writes rows of a batch, of which some are shown: `flowers.csv:12, flowers.csv:40 and 3 more`."""
    if not shown:
        return "a batch that is not known any more"
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _advice(job: TrainJob, learning_rate: float, found: _Found) -> str:
    """Says what to mend; of the learning rate how far to lower it, to a tenth, or where it is far off to the
    default."""
    if found.is_given:
        return "numbers of these rows are not finite once they are encoded: mend them, or leave them out"
    if found.what in _FORWARD and (found.step == 1 or _is_by_itself(found.culprit)):
        return _ADVICE.get(found.culprit.type, _ADVICE["layer"]).format(name=found.culprit.name)
    name = job.training.optimizer.name
    default = default_learning_rate(name)
    if default is not None and learning_rate > FAR_OFF * default:
        return f"lower the learning rate to {default:g}, the default of {name}"
    clip = "" if job.training.clip_gradients else ", or write `clip_gradients: 1.0`"
    return f"lower the learning rate to {learning_rate / 10:g}{clip}"
