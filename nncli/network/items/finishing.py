"""What is done to weights once all of them are there: ties, initial values, what is frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final

import torch
from torch import Tensor, nn

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import bind
from nncli.network.items.frames import Build, attach
from nncli.spec.items import Call, ParameterTensor
from nncli.spec.network_spec import NetworkSpec
from nncli.spec.nodes import MOST_PROBLEMS
from nncli.spec.patterns import matches

# Functions of torch.nn.init that fill a tensor in place.
INITIALISERS: Final = frozenset(
    name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")
)


@dataclass(frozen=True, slots=True)
class Initialisation:
    """Initial values for some parameters, by a function of torch.nn.init."""

    function: Callable[..., Tensor]
    keywords: Mapping[str, object]
    parameters: tuple[str, ...]
    call: Call
    path: str


def rebuild(build: Build) -> None:
    """Makes what was sized without memory again on the CPU, in order of appearance, and ties again."""
    for name, make in build.rebuild.items():
        attach(build.root, name, make())
    for name, owner in build.ties.items():
        scope, _, parameter = name.rpartition(".")
        setattr(build.root.get_submodule(scope), parameter, build.root.get_parameter(owner))


def initialisations(build: Build, spec: NetworkSpec, path: str) -> list[Initialisation]:
    """Reads the words about initial values: rules of the network first, then those beside items.

    Problems: `initialiser-unknown`, `init-without-weight`, `pattern-matches-nothing`, and those of
    arguments.
    """
    found: list[Initialisation] = []
    for scope, each, where in networks_here(build, spec, path):
        own = weights_below(build, scope)
        for rule in each.init:
            matching = tuple(full for name, full in own.items() if matches(rule.match, name))
            if not matching:
                build.report([nothing_matches(rule.match, list(own), rule.place, f"{where}.init")])
            found.extend(_bound(build, rule.call, f"{where}.init", matching))
    names = weights_below(build, "")
    for wish in build.wishes:
        call = wish.item.init
        if call is None:
            continue
        weight = wish.module if isinstance(wish.item.operation, ParameterTensor) else f"{wish.module}.weight"
        here = f"{wish.item.path}.init"
        if weight not in names and is_hidden(build, wish.module):
            # An earlier mistake hides the layer.
            _bound(build, call, here, ())
            continue
        if weight not in names:
            facts = {"layer": wish.module or "it", "call": call.name}
            build.report([Problem("init-without-weight", call.place, here, facts)])
            continue
        found.extend(_bound(build, call, here, (weight,)))
    return found


def is_hidden(build: Build, module: str) -> bool:
    """Tells whether an earlier mistake may be why a layer is not there."""
    return bool(build.problems) and not any(name == module for name, _ in build.root.named_modules())


def check_frozen(build: Build, spec: NetworkSpec, path: str) -> None:
    """Looks for patterns of `freeze:` that freeze nothing. Problems: `pattern-matches-nothing`."""
    for scope, each, where in networks_here(build, spec, path):
        names = list(weights_below(build, scope))
        for frozen in each.freeze:
            if len(build.problems) >= MOST_PROBLEMS:
                return
            if not any(matches(frozen.pattern, name) for name in names):
                build.report([nothing_matches(frozen.pattern, names, frozen.place, f"{where}.freeze")])


def networks_here(build: Build, spec: NetworkSpec, path: str) -> Iterator[tuple[str, NetworkSpec, str]]:
    """Lists the networks whose weights are here: what their names begin with, and their YAML paths."""
    for network, inner in build.made_here.items():
        yield f"{network}.", inner, f"networks.{network}"
    yield "", spec, path


def weights_below(build: Build, scope: str) -> dict[str, str]:
    """Maps the names of weights in a scope to their whole names."""
    names = (name for name, _ in build.root.named_parameters() if name.startswith(scope))
    return {name.removeprefix(scope): name for name in names}


def _bound(build: Build, call: Call, path: str, names: tuple[str, ...]) -> list[Initialisation]:
    try:
        if call.name not in INITIALISERS:
            near = nearest(call.name, INITIALISERS) or nearest(f"{call.name}_", INITIALISERS)
            raise failure("initialiser-unknown", call.place, path, name=call.name, nearest=near)
        function = getattr(nn.init, call.name)
        keywords = bind(call, function, path, ("tensor", "generator"))
    except NncliError as error:
        build.report(error.problems)
        return []
    return [Initialisation(function, keywords, names, call, path)]


def nothing_matches(pattern: str, names: Sequence[str], place: Place, path: str) -> Problem:
    """Makes the problem of a pattern that no weight matches, with the name that was probably meant."""
    facts = {"pattern": pattern, "nearest": _nearest(pattern, names), "known": list(names)[:5]}
    return Problem("pattern-matches-nothing", place, path, facts)


def _nearest(pattern: str, names: Sequence[str]) -> str:
    """Finds the name, or for `backbon.*` the scope, that was probably meant."""
    scope, star, _ = pattern.rpartition(".*")
    if any(name.startswith(f"{pattern}.") for name in names):
        return f"{pattern}.*"
    if not star:
        return nearest(pattern, names)
    scopes = {".".join(name.split(".")[: scope.count(".") + 1]) for name in names}
    found = nearest(scope, sorted(scopes))
    return f"{found}.*" if found else ""


def initialise(module: nn.Module, wanted: Sequence[Initialisation]) -> None:
    """Fills weights with their initial values, drawn from torch's generator.

    Raises SpecError `initialiser-refused` where torch refuses a shape, such as one of one dimension.
    """
    parameters = dict(module.named_parameters())
    for each in wanted:
        for name in each.parameters:
            if name not in parameters or parameters[name].is_meta:
                continue
            try:
                with torch.no_grad():
                    each.function(parameters[name], **each.keywords)
            # Whatever torch raises here comes of the shape or the arguments that the file gives.
            except Exception as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                facts: dict[str, Any] = {"name": name, "call": each.call.name, "reason": reason}
                raise failure("initialiser-refused", each.call.place, each.path, **facts) from error


def freeze(module: nn.Module, spec: NetworkSpec, build: Build) -> tuple[str, ...]:
    """Takes gradients from what is frozen, and keeps its layers in eval mode; returns the frozen modules."""
    scopes = {wish.module for wish in build.wishes if wish.freeze}
    patterns = [
        (start, each.pattern) for start, inner, _ in networks_here(build, spec, "") for each in inner.freeze
    ]

    def is_inside(name: str) -> bool:
        return any(name == scope or name.startswith(f"{scope}.") for scope in scopes)

    for name, parameter in module.named_parameters(remove_duplicate=False):
        by_pattern = (name.startswith(s) and matches(each, name.removeprefix(s)) for s, each in patterns)
        if is_inside(name) or any(by_pattern):
            parameter.requires_grad_(False)
    frozen = []
    for name, part in module.named_modules():
        weights = list(part.parameters())
        if name and (is_inside(name) or (patterns and weights and not any(w.requires_grad for w in weights))):
            stay_in_eval(part)
            frozen.append(name)
    return tuple(frozen)


def stay_in_eval(part: nn.Module) -> None:
    """Keeps a frozen layer, and all within it, in eval mode whatever the network is in."""
    # A bound method is copied with its module, unlike a closure.
    part.train = MethodType(_train_as_eval, part)  # type: ignore[method-assign]
    part.eval()


def follow_mode(part: nn.Module) -> None:
    """Lets a layer be in the mode of its network again."""
    part.__dict__.pop("train", None)


def _train_as_eval(module: nn.Module, mode: bool = True) -> nn.Module:
    return nn.Module.train(module, False)
