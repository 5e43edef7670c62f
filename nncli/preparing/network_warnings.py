"""What is surely not meant about the networks of a spec, and stops nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nncli.errors import Problem
from nncli.network.compiled import CompiledNetwork
from nncli.network.graph.regions import has_checkpoints
from nncli.network.items.network_calls import in_order
from nncli.spec.spec import Spec


def unused_inputs(spec: Spec, networks: Mapping[str, CompiledNetwork]) -> list[Problem]:
    """Warns of inputs that a spec without data states and that no item takes."""
    found: list[Problem] = []
    for name, network in networks.items() if spec.data is None else ():
        path = name if name == "network" else f"networks.{name}"
        for each in spec.networks[name].inputs or ():
            if not {each, f"{each}.mask"} & set(network.inputs):
                place = spec.place(*path.split("."), "inputs", each)
                where = f"{path}.inputs.{each}"
                found.append(Problem("input-unused", place, where, {"name": each}, "warning"))
    return found


def untrained_networks(spec: Spec, networks: Mapping[str, CompiledNetwork]) -> Iterator[Problem]:
    """Warns of networks that no update changes, and that are not frozen."""
    updates = spec.training.updates if spec.training else ()
    changed = {each.text for update in updates for each in update.networks}
    inside = frozenset[str]().union(*in_order(spec.networks).values()) if updates else frozenset()
    for name in networks if updates else ():
        learns = any(weight.requires_grad for weight in networks[name].module.parameters())
        if learns and name not in changed | inside:
            facts = {"network": name}
            yield Problem(
                "update-missing", spec.place("networks", name), f"networks.{name}", facts, "warning"
            )


def repeated_networks(spec: Spec) -> Iterator[Problem]:
    """Warns of a second update of a network, where neither says an optimiser: they share none."""
    first: dict[str, str] = {}
    for update in spec.training.updates if spec.training else ():
        for network in update.networks:
            if network.text in first and update.optimizer is None:
                facts = {"network": network.text, "first": first[network.text], "update": update.name}
                yield Problem("update-repeats", network.place, update.path, facts, "warning")
            first.setdefault(network.text, update.name)


def uncompiled_networks(spec: Spec, networks: Mapping[str, CompiledNetwork]) -> Iterator[Problem]:
    """Warns of `compile: on` beside networks with checkpoints, which stay as they are."""
    if spec.training is None or spec.training.compile != "on":
        return
    for name, network in networks.items():
        if has_checkpoints(network.module):
            place = spec.place("training", "compile")
            yield Problem("compile-checkpoints", place, "training.compile", {"network": name}, "warning")
