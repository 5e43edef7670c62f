"""Weights that are learned through a norm: which ones, as the file says, and what changes of their layers"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from torch import nn
from torch.nn.utils import parametrizations as torch_parametrizations

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import bind
from nncli.network.compiled import Norm
from nncli.network.items.finishing import is_hidden, networks_here, nothing_matches, weights_below
from nncli.network.items.frames import Build
from nncli.spec.items import Call, ParameterTensor
from nncli.spec.network_spec import NetworkSpec
from nncli.spec.patterns import matches, plain_name

PARAMETRIZATIONS: Final[Mapping[str, Callable[..., nn.Module]]] = {
    name: getattr(torch_parametrizations, name) for name in ("spectral_norm", "weight_norm")
}
"""Functions of torch.nn.utils.parametrizations that hold for weights of any shape."""


@dataclass(frozen=True, slots=True)
class Parametrizing:
    """One weight that is learned through a norm: its layer, and the function with its arguments."""

    layer: str
    norm: Norm
    call: Call
    path: str


def parametrizations(build: Build, spec: NetworkSpec, path: str) -> list[Parametrizing]:
    """Reads the words about norms of weights: of several for a weight the last rule, else the word beside it.

    Problems: `parametrization-unknown`, `parametrize-without-weight`, `parametrize-unfit`,
    `pattern-matches-nothing`, and those of arguments.
    """
    found: dict[str, Parametrizing] = {}
    for scope, each, where in networks_here(build, spec, path):
        # What a network is that was compiled before is said there.
        own = {name: full for name, full in weights_below(build, scope).items() if plain_name(name) == name}
        for rule in each.parametrize:
            here = f"{where}.parametrize"
            matching = [full for name, full in own.items() if matches(rule.match, name)]
            keywords = _bound(build, rule.call, here, ("module", "name"))
            if not matching:
                build.report([nothing_matches(rule.match, list(own), rule.place, here)])
            matrices = [name for name in matching if build.root.get_parameter(name).ndim > 1]
            if matching and not matrices:
                reason = "it has one dimension, and norms by pattern are of weights with two or more"
                build.report([_unfit(matching[0], rule.call, here, reason)])
            if keywords is not None:
                found |= _fitting(build, matrices, keywords, rule.call, here)
    for wish in build.wishes:
        if wish.item.parametrize is None:
            continue
        call, here = wish.item.parametrize, f"{wish.item.path}.parametrize"
        keywords = _bound(build, call, here, ("module",))
        if keywords is None:
            continue
        tensor = keywords.pop("name", "weight")
        full = f"{wish.module}.{tensor}"
        is_known = full in weights_below(build, "") or full in build.ties
        if is_known and not isinstance(wish.item.operation, ParameterTensor):
            found |= _fitting(build, [full], keywords, call, here)
        elif not is_hidden(build, wish.module):
            facts = {"layer": wish.module or "it", "call": call.name, "name": tensor}
            build.report([Problem("parametrize-without-weight", call.place, here, facts)])
    return list(found.values())


def _bound(build: Build, call: Call, path: str, skip: tuple[str, ...]) -> dict[str, Any] | None:
    try:
        if call.name not in PARAMETRIZATIONS:
            near = nearest(call.name, PARAMETRIZATIONS)
            raise failure("parametrization-unknown", call.place, path, name=call.name, nearest=near)
        bound = bind(call, PARAMETRIZATIONS[call.name], path, skip)
        for name in set(skip) & set(bound):
            place = call.keywords[name].key_place or call.keywords[name].place
            raise failure("argument-unknown", place, f"{path}.{name}", call=call.name, argument=name)
    except NncliError as error:
        build.report(error.problems)
        return None
    return bound


def _fitting(
    build: Build, names: Sequence[str], keywords: Mapping[str, Any], call: Call, path: str
) -> dict[str, Parametrizing]:
    found = {}
    for full in names:
        layer, _, tensor = full.rpartition(".")
        reason = _fault(build, full, build.root.get_submodule(layer))
        if reason:
            build.report([_unfit(full, call, path, reason)])
            continue
        owner = next((each for each in _scopes(layer) if each in build.constructions), layer)
        part = layer.removeprefix(owner).lstrip(".")
        own = {"name": tensor} if tensor != "weight" else {}
        found[full] = Parametrizing(layer, Norm(call.name, {**own, **keywords}, part), call, path)
    return found


def _scopes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _fault(build: Build, full: str, layer: nn.Module) -> str:
    """Says why a weight can have no norm; empty where it can."""
    shared = build.ties.get(full) or next((one for one, owner in build.ties.items() if owner == full), "")
    if shared:
        return f"`{shared}` is the same tensor"
    if isinstance(layer, nn.RNNBase):
        return "a recurrent layer keeps all of its weights in one block"
    if type(layer) is nn.Module or layer is build.root:
        return "a Parameter belongs to no layer"
    if getattr(layer, "sparse", False) or getattr(layer, "max_norm", None) is not None:
        return "an Embedding with `sparse:` or `max_norm:` reads and changes single rows"
    return ""


def _unfit(name: str, call: Call, path: str, reason: str) -> Problem:
    return Problem("parametrize-unfit", call.place, path, {"name": name, "call": call.name, "reason": reason})


def parametrize(build: Build, module: nn.Module, wanted: Sequence[Parametrizing]) -> None:
    """Puts norms on weights, which have their initial values, and notes what that changes of their layers.

    What a spectral norm begins with is drawn from torch's generator, as torch does it.
    Raises SpecError `parametrize-refused` where torch refuses the arguments.
    """
    for each in wanted:
        try:
            layer = module.get_submodule(each.layer)
        except AttributeError:
            # Nothing uses it, and so it is not there any more.
            continue
        before = sum(weight.numel() for weight in layer.parameters())
        keywords = {**each.norm.arguments}
        try:
            PARAMETRIZATIONS[each.norm.function](layer, **keywords)
        # Whatever torch raises here comes of the shape or the arguments that the file gives.
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            facts = {"name": each.layer, "call": each.norm.function, "reason": reason}
            raise failure("parametrize-refused", each.call.place, each.path, **facts) from error
        added = sum(weight.numel() for weight in layer.parameters()) - before
        owner = next((name for name in _scopes(each.layer) if name in build.constructions), "")
        if owner:
            made = build.constructions[owner]
            build.constructions[owner] = made._replace(norms=(*made.norms, each.norm))
        build.calls = [
            replace(call, parameters=call.parameters + added)
            if call.is_layer and call.name == owner and call.parameters
            else call
            for call in build.calls
        ]
