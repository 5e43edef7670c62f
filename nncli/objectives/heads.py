"""The losses of a network with several outputs: which target each output is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from nncli.columns.stored import Taken
from nncli.columns.targets import TargetSpec
from nncli.data.dataset import PartName
from nncli.messages.catalogue import failure, require_all
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.objectives.objective_checks import build_objective, check_losses
from nncli.objectives.objectives import Objective, Output, Prediction, Truth, truth_of
from nncli.spec.spec import Spec


@dataclass(frozen=True)
class Heads(Objective):
    """The losses of several outputs, added up; `places` tell which results of the network they are about."""

    parts: tuple[Objective, ...] = ()
    places: tuple[int, ...] = ()

    @property
    def heads(self) -> tuple[Objective, ...]:
        """Lists the losses of each output."""
        return self.parts

    def outputs(self, output: Output) -> tuple[Tensor, ...]:
        """Takes those results of the network that are compared with a target."""
        return tuple(output[place] for place in self.places)

    def to(self, device: torch.device) -> None:
        """Puts what losses hold on a device."""
        for head in self.parts:
            head.to(device)

    def arrange(self, targets: Mapping[str, Taken]) -> Truth:
        """Brings the targets of some rows into the forms that the losses compare with."""
        return truth_of([head.arrange({name: targets[name] for name in head.targets}) for head in self.parts])

    def mixed(self, truth: Truth, shares: Tensor) -> Truth:
        """Tells of rows that each was mixed with the one before."""
        pairs = zip(self.parts, truth.parts, strict=True)
        return truth_of([head.mixed(part, shares) for head, part in pairs])

    def refuse_outside(self, targets: Mapping[str, Tensor], part: PartName) -> None:
        """Refuses targets that a loss cannot compare with. Raises DataError: `target-outside`."""
        for head in self.parts:
            head.refuse_outside({name: targets[name] for name in head.targets if name in targets}, part)

    def loss(self, output: Output, truth: Truth) -> Tensor:
        """Computes what a step makes small: the losses of all outputs together."""
        each = zip(self.parts, self.outputs(output), truth.parts, strict=True)
        return torch.stack([head.loss(one, part) for head, one, part in each]).sum()

    def mean_loss(self, output: Output, truth: Truth) -> Tensor:
        """Computes the loss per row of some rows."""
        each = zip(self.parts, self.outputs(output), truth.parts, strict=True)
        return torch.stack([head.mean_loss(one, part) for head, one, part in each]).sum()

    def predictions(self, output: Output) -> dict[str, Prediction]:
        """Reads the outputs of N rows: one prediction for each target."""
        found: dict[str, Prediction] = {}
        for head, one in zip(self.parts, self.outputs(output), strict=True):
            found |= head.predictions(one)
        return found


def objective_of(spec: Spec, targets: Mapping[str, TargetSpec], network: CompiledNetwork) -> Objective:
    """Makes the loss of a network: of its only output, of that called like the target, or of one for each.

    Raises SpecError: `loss-outputs`, `loss-target-missing`, and as `build_objective`.
    """
    assert spec.training is not None
    written, names = spec.training.loss, list(network.outputs)
    by_target = len(targets) > 1 and (any(term.target for term in written) or targets.keys() <= set(names))
    if not by_target:
        name = next((each for each in targets if len(targets) == 1 and each in names), names[0])
        objective = build_objective(spec, targets, network.outputs[name], _layer_of(network, name))
        return objective if len(names) == 1 else _together((objective,), (names.index(name),))
    check_losses(spec, targets)
    missing = [name for name in targets if name not in names]
    if missing:
        example = ", ".join(f"{name}: …" for name in targets)
        facts = {"missing": missing, "outputs": names, "example": example}
        raise failure("loss-outputs", written[0].loss.place, "training.loss", **facts)
    heads = require_all(partial(_head, spec, target, network) for target in targets.values())
    return _together(tuple(heads), tuple(names.index(name) for name in targets))


def _head(spec: Spec, target: TargetSpec, network: CompiledNetwork) -> Objective:
    """Makes the loss of the output that is called like a target."""
    assert spec.training is not None
    terms = tuple(term for term in spec.training.loss if term.target in (None, target.name))
    if not terms:
        place = spec.training.loss[0].loss.place
        raise failure("loss-target-missing", place, "training.loss", target=target.name)
    changes: dict[str, object] = {"loss": terms}
    if not target.classes:
        # The weights of classes, and even shares of them, are those of the targets that have some.
        changes |= {"class_weights": None, "sampling": None}
    alone = replace(spec, training=spec.training.model_copy(update=changes))
    layer = _layer_of(network, target.name)
    return build_objective(alone, {target.name: target}, network.outputs[target.name], layer)


def _together(heads: tuple[Objective, ...], places: tuple[int, ...]) -> Heads:
    terms = tuple(term for head in heads for term in head.terms)
    targets = {name: spec for head in heads for name, spec in head.targets.items()}
    return Heads(terms, targets, parts=heads, places=places)


def _layer_of(network: CompiledNetwork, output: str) -> LayerCall | None:
    """Finds the call that gives an output: of the only one the last call."""
    if len(network.outputs) == 1:
        return network.calls[-1]
    (end,) = [node for node in network.module.graph.nodes if node.op == "output"]
    node = end.args[0][list(network.outputs).index(output)]
    return next((call for call in reversed(network.calls) if call.node == node.name), None)
