"""Terms of a loss, recorded on the tape: their values found, their form checked, their weight applied."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nncli.columns.targets import TargetSpec
from nncli.messages.catalogue import failure
from nncli.network.functions.expressions import Hidden, computed
from nncli.network.graph.tape import Spot, refused
from nncli.network.graph.values import Value, shown
from nncli.network.items.frames import Build
from nncli.objectives.environment import UpdateEnvironment
from nncli.objectives.loss_calls import make_loss
from nncli.objectives.losses import BOUNDED, form_of
from nncli.objectives.terms import LossBetween, MeanWhere
from nncli.spec.items import Source
from nncli.spec.tensor_expressions import Computation
from nncli.spec.updates import TermSpec


def record_term(
    term: TermSpec, build: Build, environment: UpdateEnvironment, targets: Mapping[str, TargetSpec]
) -> Value:
    """Records a term as it counts in the loss; its result has no axes.

    Raises Hidden, and SpecError: `term-shape`, `term-number`, `term-result`, `term-weight`, `loss-range`, and
    what `make_loss` and expressions raise.
    """
    environment.path = term.path
    spot = Spot(term.place, term.path, called(term))
    where = _value(term.where, build, environment) if term.where else None
    if term.computation is not None:
        values = _value(term.computation, build, environment)
        module: nn.Module = MeanWhere()
        given: list[Value] = [values]
        padding = values.mask
    else:
        module, given, padding = _between(term, environment, targets)
    counted = where if where is not None else padding
    keywords = {"where": counted} if counted is not None else {}
    made = _called(build, module, given, keywords, spot)
    if made.shape != ():
        raise failure("term-result", term.place, term.path, term=called(term), shape=shown(made.shape))
    return _weighted(term, made, build, environment)


def called(term: TermSpec) -> str:
    """Names a term for people."""
    return term.name or (term.loss.name if term.loss else "compute")


def _weighted(term: TermSpec, made: Value, build: Build, environment: UpdateEnvironment) -> Value:
    if term.weight is None:
        return made
    environment.path = f"{term.path}.weight"
    weight = computed(term.weight, environment)
    if weight is None:
        raise Hidden
    is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not is_number and not (isinstance(weight, Value) and weight.shape in ((), (1,))):
        raise failure("term-weight", term.weight.place, environment.path, text=term.weight.text)
    spot = Spot(term.weight.place, environment.path, "weight")
    weighted: Value = build.tape.call(operator.mul, (made, weight), {}, spot)
    return weighted


def _between(
    term: TermSpec, environment: UpdateEnvironment, targets: Mapping[str, TargetSpec]
) -> tuple[nn.Module, list[Value], Value | None]:
    """Makes the loss between two values, and finds them; the third is the mask of what counts."""
    assert term.loss is not None
    prediction, (_, wanted) = found_value(term.from_[0], environment), term.from_
    name = wanted.path if wanted.path in targets else None
    function, each = make_loss(term.loss, term.path, targets)
    form = form_of(term.loss.name)
    if not wanted.path:
        if term.loss.name == "BCELoss":
            _check_range(term, prediction)
        number = wanted.constant
        if form == "index" or isinstance(number, bool) or not isinstance(number, (int, float)):
            raise failure("term-number", wanted.place, term.path, loss=term.loss.name)
        return LossBetween(function, each, form, float(number)), [prediction], prediction.mask
    target = found_value(wanted, environment)
    spec = targets[name] if name else None
    classes_last = _are_classes_last(prediction, target, form)
    if term.loss.name == "BCELoss":
        _check_range(term, prediction)
    module = LossBetween(function, each, form, spec, classes_last=classes_last)
    if form != "index":
        _check_shapes(term, module, prediction, target)
    return module, [prediction, target], target.mask or prediction.mask


def _are_classes_last(prediction: Value, target: Value, form: str) -> bool:
    """Tells whether a network of steps puts its classes last."""
    steps = target.shape[1:]
    return (
        form == "index"
        and len(steps) == 1
        and prediction.shape[1:-1] == steps
        and prediction.shape[2:] != steps
    )


def _check_range(term: TermSpec, prediction: Value) -> None:
    """Refuses predictions of BCELoss that are no shares. Raises SpecError `loss-range`."""
    low, high = prediction.sample.min(), prediction.sample.max()
    is_bounded = prediction.origin in BOUNDED or not prediction.origin[:1].isupper()
    if not is_bounded or (not prediction.sample.is_meta and not (low >= 0 and high <= 1)):
        facts = {"layer": term.from_[0].path, "type": prediction.origin, "activation": "Sigmoid"}
        raise failure(
            "loss-range", term.place, term.path, loss="BCELoss", instead="BCEWithLogitsLoss", **facts
        )


def _check_shapes(term: TermSpec, module: LossBetween, prediction: Value, target: Value) -> None:
    """Refuses what torch would broadcast. Raises SpecError `term-shape`."""
    with torch.no_grad():
        arranged = module.arranged(prediction.sample, target.sample)
    if arranged.shape != prediction.sample.shape:
        facts = {"prediction": term.from_[0].path, "given": shown(prediction.shape)}
        facts |= {"target": term.from_[1].path, "wanted": shown(tuple(arranged.shape))}
        raise failure("term-shape", term.from_[0].place, term.path, loss=called(term), **facts)


def found_value(source: Source, environment: UpdateEnvironment) -> Value:
    """Finds one value by its path. Raises Hidden, and SpecError `value-several`."""
    found = environment.value(source.path, source.place)
    if found is None:
        raise Hidden
    if not isinstance(found, Value):
        raise failure("value-several", source.place, environment.path, count=len(found), name=source.path)
    return found


def _value(computation: Computation, build: Build, environment: UpdateEnvironment) -> Value:
    found = computed(computation, environment)
    if not isinstance(found, Value):
        raise failure("expression-result", computation.place, environment.path, text=computation.text[:60])
    return found


def _called(
    build: Build, module: nn.Module, given: list[Value], keywords: Mapping[str, Value], spot: Spot
) -> Value:
    """Puts a module beside the networks, runs it on the samples and records it."""
    name = f"term_{sum(each.startswith('term_') for each in build.root._modules)}"
    samples: list[Tensor] = [value.sample for value in given]
    named = {key: value.sample for key, value in keywords.items()}
    try:
        with torch.no_grad():
            result = module(*samples, **named)
    # Whatever torch raises here comes of the shapes and types that the file gives.
    except Exception as error:
        raise refused(error, (tuple(given), dict(keywords)), spot) from error
    build.root.add_module(name, module)
    made: Any = build.tape.call_layer(name, tuple(given), dict(keywords), result, spot)
    assert isinstance(made, Value)
    return made
