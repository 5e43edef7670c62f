"""The objective of a spec: its losses checked against the targets and the last layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from nncli.columns.targets import TargetSpec, class_counts
from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure, nearest, require_all
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.objectives.class_weights import NO_WEIGHTS, class_weight_arguments, stated_weights
from nncli.objectives.loss_calls import make_loss
from nncli.objectives.losses import BOUNDED, at_odds, form_of
from nncli.objectives.objectives import Objective, Term
from nncli.spec.schema import LossTerm
from nncli.spec.spec import Spec

_PATH = "training.loss"


def build_objective(
    spec: Spec,
    targets: Mapping[str, TargetSpec],
    output_shape: tuple[int, ...],
    output_layer: LayerCall | None,
) -> Objective:
    """Makes the loss of a spec, and refuses what would be broadcast or compared wrongly.

    Shapes: `output_shape` leaves the rows out. Raises SpecError: `loss-unknown`, `loss-unfit`,
    `loss-refused`, `loss-reduction`, `loss-target`, `loss-target-unknown`, `loss-several-outputs`,
    `loss-terms-differ`, `loss-shape`, `loss-range`, and what binding a call raises.
    """
    assert spec.training is not None
    written = spec.training.loss
    check_losses(spec, targets)
    _refuse_several(written, targets)
    weights = stated_weights(spec, targets)
    terms = tuple(_term(term, targets, weights) for term in written)
    if len({form_of(term.name) for term in terms}) > 1:
        place = written[1].loss.place
        raise failure("loss-terms-differ", place, _PATH, losses=[term.name for term in terms])
    objective = Objective(terms, targets, _are_classes_last(terms[0], targets, output_shape))
    _check_shape(written[0], objective, output_shape, output_layer)
    for term in written:
        _check_range(term, targets, output_layer)
    return objective


def _are_classes_last(term: Term, targets: Mapping[str, TargetSpec], output_shape: tuple[int, ...]) -> bool:
    """Tells where a network of steps puts its classes; those of pixels stand first, as in torch."""
    (first, *_) = targets.values()
    is_sequence = form_of(term.name) == "index" and len(first.shape) == 1
    return is_sequence and output_shape == (*first.shape, len(first.classes))


def check_losses(spec: Spec, targets: Mapping[str, TargetSpec]) -> None:
    """Checks losses as far as that goes where the network is not known; `targets` may be empty.

    Raises what `build_objective` raises, but for shapes and ranges.
    """
    assert spec.training is not None
    require_all(partial(_term, term, targets) for term in spec.training.loss)
    if targets:
        _check_targets(spec.training.loss, targets)


def _term(
    term: LossTerm, targets: Mapping[str, TargetSpec], weights: Mapping[str, float] = NO_WEIGHTS
) -> Term:
    function, each = make_loss(
        term.loss, _PATH, targets, lambda kind: class_weight_arguments(term, kind, targets, weights)
    )
    sums = getattr(function, "reduction", "mean") == "sum"
    return Term(term.loss.name, function, term.weight, sums, each)


def _check_targets(written: tuple[LossTerm, ...], targets: Mapping[str, TargetSpec]) -> None:
    names = list(targets)
    for term in written:
        place = term.loss.place
        if term.target is not None and term.target not in targets:
            guess = nearest(term.target, names)
            raise failure("loss-target-unknown", place, _PATH, target=term.target, nearest=guess, known=names)
        for spec in targets.values():
            if term.target in (None, spec.name):
                _check_kind(term, spec)


def _refuse_several(written: tuple[LossTerm, ...], targets: Mapping[str, TargetSpec]) -> None:
    """Refuses several targets of one output that a loss cannot compare side by side."""
    for term in written:
        if len(targets) < 2:
            return
        if term.target is not None or any(spec.type == "category" for spec in targets.values()):
            raise failure("loss-several-outputs", term.loss.place, _PATH, targets=list(targets))
        if form_of(term.loss.name) == "index":
            reason, spec = "it takes one target, and here are several", next(iter(targets.values()))
            facts = {"loss": term.loss.name, "column": spec.name, "kind": spec.type}
            instead = "BCEWithLogitsLoss"
            raise failure("loss-target", term.loss.place, _PATH, **facts, reason=reason, instead=instead)


def _check_kind(term: LossTerm, spec: TargetSpec) -> None:
    call, form = term.loss, form_of(term.loss.name)
    facts = {"loss": call.name, "column": spec.name, "kind": spec.type}
    if form == "index" and spec.type == "number":
        reason = "it compares with a class"
        raise failure("loss-target", call.place, _PATH, **facts, reason=reason, instead="MSELoss")
    if form == "index" and spec.type == "set":
        reason = "it compares with one class, and a set can have several"
        raise failure("loss-target", call.place, _PATH, **facts, reason=reason, instead="BCEWithLogitsLoss")
    if form == "sign" and spec.type != "binary":
        reason = "it compares with one of two classes"
        instead = "CrossEntropyLoss" if spec.type == "category" else "MSELoss"
        raise failure("loss-target", call.place, _PATH, **facts, reason=reason, instead=instead)


def _check_shape(
    term: LossTerm, objective: Objective, output_shape: tuple[int, ...], layer: LayerCall | None
) -> None:
    (first, *others) = objective.targets.values()
    if not others and first.shape not in ((), (1,)):
        _check_wide_shape(term, objective, output_shape, layer)
        return
    needed = needed_width(objective)
    if output_shape == (needed,):
        return
    place: Place = layer.place if layer else term.loss.place
    columns = [_described(objective, spec) for spec in objective.targets.values()]
    given = "[" + ", ".join(["batch", *map(str, output_shape)]) + "]"
    is_linear = layer is not None and layer.type == "Linear" and len(output_shape) == 1
    if is_linear:
        fix = f"write `- Linear: {_written_width(objective, needed)}`"
    elif math.prod(output_shape) == needed:
        fix = "put `- Flatten` at the end"
    elif len(output_shape) > 1:
        fix = f"end with `- Flatten` and `- Linear: {_written_width(objective, needed)}`"
    else:
        fix = f"end with `- Linear: {_written_width(objective, needed)}`"
    facts = {"loss": term.loss.name, "columns": columns, "layer": layer.name if layer else "the network"}
    path = layer.path if layer else _PATH
    raise failure("loss-shape", place, path, **facts, needed=f"[batch, {needed}]", given=given, fix=fix)


def _check_wide_shape(
    term: LossTerm, objective: Objective, output_shape: tuple[int, ...], layer: LayerCall | None
) -> None:
    """Refuses an output without a value, or a score for each class, wherever the target has one."""
    (spec,) = objective.targets.values()
    classes = (len(spec.classes),) if objective.form == "index" else ()
    if output_shape == (*classes, *spec.shape) or objective.classes_last:
        return
    needed = (*spec.shape, *classes) if len(spec.shape) == 1 else (*classes, *spec.shape)
    given = "[" + ", ".join(["batch", *map(str, output_shape)]) + "]"
    wanted = "[" + ", ".join(["batch", *map(str, needed)]) + "]"
    columns = [f"`{spec.name}`" + (f" ({classes[0]} classes)" if classes else "")]
    facts = {"loss": term.loss.name, "columns": columns, "layer": layer.name if layer else "the network"}
    fix = f"end with a layer that gives {wanted}"
    place: Place = layer.place if layer else term.loss.place
    path = layer.path if layer else _PATH
    raise failure("loss-shape", place, path, **facts, needed=wanted, given=given, fix=fix)


def doubtful_layers(spec: Spec, network: CompiledNetwork) -> list[Problem]:
    """Warns of a last layer that the loss does once more. Problems: `loss-after-layer`."""
    found, layer = [], network.calls[-1]
    if len(network.outputs) > 1:
        return []
    for term in spec.training.loss if spec.training else ():
        if reason := at_odds(term.loss.name, layer.type):
            instead = "LogSoftmax: {dim: 1}" if term.loss.name == "NLLLoss" else ""
            facts = {"loss": term.loss.name, "layer": layer.type, "reason": reason, "instead": instead}
            found.append(Problem("loss-after-layer", layer.place, layer.path, facts, "warning"))
    return found


def needed_width(objective: Objective) -> int:
    """Counts the columns that the last layer must have."""
    wide = objective.form == "index"
    return sum(
        len(spec.classes) if wide or spec.type == "category" else 1 for spec in objective.targets.values()
    )


def _described(objective: Objective, spec: TargetSpec) -> str:
    if spec.type == "category" or objective.form == "index":
        return f"`{spec.name}` ({len(spec.classes)} classes)"
    return f"`{spec.name}` (one {spec.type})" if spec.type == "number" else f"`{spec.name}` (binary)"


def _written_width(objective: Objective, needed: int) -> str:
    counts = class_counts(objective.targets)
    return "$classes" if counts.get("classes") == needed else str(needed)


def _check_range(term: LossTerm, targets: Mapping[str, TargetSpec], layer: LayerCall | None) -> None:
    if term.loss.name != "BCELoss" or layer is None or layer.type in BOUNDED:
        return
    category = any(spec.type == "category" for spec in targets.values())
    raise failure(
        "loss-range",
        term.loss.place,
        _PATH,
        loss="BCELoss",
        layer=layer.name,
        type=layer.type,
        instead="CrossEntropyLoss" if category else "BCEWithLogitsLoss",
        activation="Softmax: 1" if category else "Sigmoid",
    )
