"""The files that a spec's `weights:` names, loaded into its networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failures
from nncli.network.compiled import CompiledNetwork, WeightsWish, stored_tensors
from nncli.network.parametrized import Parametrized, parametrized
from nncli.pretrained.loading import check_weights, load_weights
from nncli.pretrained.moves import Layers
from nncli.pretrained.own_layers import layer_records
from nncli.pretrained.planning import WeightsPlan, plan_weights
from nncli.pretrained.report import WeightsReport
from nncli.pretrained.stored import StoredWeights, open_stored
from nncli.pretrained.transforms import transform
from nncli.spec.patterns import plain_name
from nncli.spec.spec import Spec


@dataclass(frozen=True, slots=True)
class ForeignWeights:
    """What became of one file: the part of the network that it was for, and the report.

    `prefix` is the dotted name of a block call or layer, empty for a whole network.
    """

    file: str
    prefix: str
    report: WeightsReport
    warnings: tuple[Problem, ...]


def load_foreign(
    networks: Mapping[str, CompiledNetwork], spec: Spec, *, copied: bool
) -> tuple[ForeignWeights, ...]:
    """Loads every file that `weights:` names; where not `copied`, they are only checked.

    Paths are relative to the spec's folder. Files for a whole network come first, so that those of
    its parts have the last word.
    Raises WeightsError with the problems of all files.
    """
    done: list[ForeignWeights] = []
    problems: list[Problem] = []
    for network in networks.values():
        for wish in sorted(network.weights, key=lambda each: each.prefix.count(".") + bool(each.prefix)):
            try:
                done.append(_loaded(network, wish, spec.origin.folder, copied=copied))
            except NncliError as error:
                problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return tuple(done)


def _loaded(network: CompiledNetwork, wish: WeightsWish, folder: Path, *, copied: bool) -> ForeignWeights:
    start = f"{wish.prefix}." if wish.prefix else ""
    tensors = {
        name.removeprefix(start): tensor
        for name, tensor in stored_tensors(network.module).items()
        if name.startswith(start)
    }
    stored = open_stored(folder / wish.weights.file, wish.weights.place)
    plain = _stored_plainly(network, wish, stored, tensors)
    for name, normed in plain.items():
        below = f"{normed.name}.parametrizations.{normed.tensor}.".removeprefix(start)
        tensors = {each: tensor for each, tensor in tensors.items() if not each.startswith(below)}
        tensors[name] = torch.zeros_like(_like(normed), requires_grad=False)
    plan = _planned(network, wish, stored, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    warnings = plan.warnings()
    (load_weights if copied else check_weights)(plan, stored, tensors)
    for name, normed in plain.items():
        if copied and name in plan.tensors:
            normed.put(tensors[name])
    return ForeignWeights(wish.weights.file, wish.prefix, plan.report, tuple(warnings))


def _stored_plainly(
    network: CompiledNetwork, wish: WeightsWish, stored: StoredWeights, tensors: Mapping[str, Tensor]
) -> dict[str, Parametrized]:
    """Finds weights that have a norm here and none in a file, by their names there once they are renamed."""
    start = f"{wish.prefix}." if wish.prefix else ""
    named = {f"{each.name}.{each.tensor}": each for each in parametrized(network.module)}
    own = {name.removeprefix(start): each for name, each in named.items() if name.startswith(start)}
    if not own:
        return {}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    shapes |= {name: tuple(_like(each).shape) for name, each in own.items()}
    found = transform(shapes, stored.shapes(), wish.weights).tensors
    normed = {plain_name(name) for name in found if plain_name(name) != name}
    return {name: each for name, each in own.items() if name in found and name not in normed}


def _like(normed: Parametrized) -> Tensor:
    """Finds a tensor with the shape of a weight that has a norm."""
    return list(normed.originals.values())[-1]


def _planned(
    network: CompiledNetwork,
    wish: WeightsWish,
    stored: StoredWeights,
    shapes: Mapping[str, tuple[int, ...]],
) -> WeightsPlan:
    layers = Layers(stored.layers, layer_records(network))
    return plan_weights(shapes, stored.shapes(), wish.weights, layers, is_whole=not wish.prefix)
