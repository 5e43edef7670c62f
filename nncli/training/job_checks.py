"""What depends on networks, data and training together, checked before step 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from torch import nn

from nncli.columns.stored import Ragged
from nncli.data.dataset import Data
from nncli.errors import DataError
from nncli.messages.catalogue import failure, failures, nearest, require_all
from nncli.network.compiled import CompiledNetwork
from nncli.objectives.losses import EVERYWHERE, target_range
from nncli.objectives.objectives import Objective
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.training.metrics import Metric
from nncli.training.update_metrics import measure_names

# `features` comes last among the inputs of a table, and is what is meant most often.
_SHOWN_INPUTS: Final = 5
_RECURRENT: Final = ("RNN", "LSTM", "GRU")
_BATCH_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def check_training(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork],
    metrics: Sequence[Metric] | None,
    data: Data | None,
) -> None:
    """Checks what depends on networks, data and training together; needs no weights.

    Without `data`, nothing is said that its rows would have to prove; without `metrics`, nothing of figures.
    Raises SpecError: `batch-of-one`, `figure-unknown`, `figure-without-rows`, `input-not-in-data`,
    `padding-before`.
    """
    training = spec.training
    assert training is not None
    steps = []
    for network in networks.values():
        steps.append(partial(_refuse_batches_of_one, spec, training, network, data))
        if data is not None:
            # What updates give to networks is looked at where they are compiled.
            steps.extend([] if training.updates else [partial(_check_inputs, spec, network, data)])
            steps.append(partial(_refuse_padding_before, spec, network, data))
    if metrics is not None:
        steps.append(partial(_check_figures, spec, training, metrics, data))
    require_all(steps)


def _check_figures(spec: Spec, training: TrainingSpec, metrics: Sequence[Metric], data: Data | None) -> None:
    """Refuses figures to watch that nobody works out."""
    several = len(training.updates) > 1
    losses = [f"{each.name}.loss" for each in training.updates] if several else ["loss"]
    known = [f"train.{loss}" for loss in losses]
    losses += [name for names in measure_names(training.updates).values() for name in names]
    losses += [f"{term.target}.loss" for term in training.loss if len(training.loss) > 1]
    if data is None or "validation" in data.parts:
        known += [f"validation.{name}" for name in (*losses, *(metric.name for metric in metrics))]
    watched = {"training.keep_best": training.keep_best}
    if training.stop_early:
        watched["training.stop_early.watch"] = training.stop_early.watch
    schedules = {
        f"training.phases.{n}.schedule": each.schedule or () for n, each in enumerate(training.phases)
    }
    for start, stages in {"training.schedule": training.schedule, **schedules}.items():
        for number, stage in enumerate(stages):
            path = f"{start}.{number}" if len(stages) > 1 else start
            watched[f"{path}.watch"] = str(stage.watch.value) if stage.watch else None
    require_all(
        partial(_check_figure, spec, path, figure, known) for path, figure in watched.items() if figure
    )


def _check_inputs(spec: Spec, network: CompiledNetwork, data: Data) -> None:
    """Refuses inputs that the network states for itself and that the data does not give."""
    offered = data.inputs
    for name in network.not_given(offered):
        path = f"network.inputs.{name}"
        given = [f"`{each}` {list(offered[each].shape)}" for each in [*offered][-_SHOWN_INPUTS:]]
        more = ["…"] if len(offered) > _SHOWN_INPUTS else []
        facts = {"name": name, "shape": str(list(network.inputs[name].shape)), "given": [*more, *given]}
        raise failure("input-not-in-data", spec.place(*path.split(".")), path, **facts)


def _refuse_padding_before(spec: Spec, network: CompiledNetwork, data: Data) -> None:
    """Refuses rows padded at the start where a recurrent layer would read the padding first."""
    recurrent = next((call for call in network.layers if call.type in _RECURRENT), None)
    for name, column in data.parts["train"].columns.inputs.items():
        is_before = isinstance(column, Ragged) and column.is_padded_before
        if recurrent is not None and is_before and f"{name}.mask" in network.inputs:
            path = f"data.inputs.{name}.pad"
            facts = {"name": name, "layer": recurrent.type}
            raise failure("padding-before", spec.place(*path.split(".")), path, **facts)


def _refuse_batches_of_one(
    spec: Spec, training: TrainingSpec, network: CompiledNetwork, data: Data | None
) -> None:
    if training.batch_size == 1:
        path, why = "training.batch_size", {"why": "batch_size is 1", "size": 2}
    elif data is not None and data.parts["train"].rows == 1:
        path, why = "data.train", {"why": "there is 1 row to train on"}
    else:
        return
    for call in network.layers:
        if isinstance(network.module.get_submodule(call.name), _BATCH_NORMS):
            place = spec.place(*path.split("."))
            raise failure("batch-of-one", place, path, layer=call.name, type=call.type, **why)


def _check_figure(spec: Spec, path: str, figure: str, known: list[str]) -> None:
    if figure in known:
        return
    place = spec.place(*path.split("."))
    if figure.startswith("validation.") and not any(each.startswith("validation.") for each in known):
        raise failure("figure-without-rows", place, path, figure=figure)
    guess = nearest(figure, known)
    raise failure("figure-unknown", place, path, figure=figure, nearest=guess, known=known)


def check_targets(spec: Spec, objective: Objective, data: Data | None) -> None:
    """Refuses numbers that the loss cannot compare with, at the loss. Raises DataError: `target-outside`."""
    for head in objective.heads if data is not None else ():
        if all(target_range(term.name) == EVERYWHERE for term in head.terms):
            continue
        numbers = [name for name, target in head.targets.items() if target.type == "number"]
        for part in data.parts.values() if data is not None else ():
            try:
                head.refuse_outside({name: part.target(name) for name in numbers}, part.name)
            except DataError as error:
                place, path = spec.place("training", "loss"), "training.loss"
                raise failures([replace(each, place=place, path=path) for each in error.problems]) from error
