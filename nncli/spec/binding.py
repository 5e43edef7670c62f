"""The tree of a whole file, spelt out, to a Spec."""

from __future__ import annotations

from dataclasses import replace

from nncli.errors import Place, Problem
from nncli.spec.expansion import expand
from nncli.spec.names import SPEC_NAME, spec_name_from
from nncli.spec.networks import read_network
from nncli.spec.nodes import Mapping, Node, Scalar, walk
from nncli.spec.sections import read_data, read_training
from nncli.spec.spec import Origin, Spec


def bind(root: Mapping, origin: Origin, stem: str, problems: list[Problem]) -> Spec:
    """Works out the arithmetic of a tree whose network is a list or mapping, and types its sections."""
    root, names = expand(root, problems)
    data, training, network = _section(root, "data"), _section(root, "training"), root.get("network")
    assert network is not None
    networks = {"network": read_network(network, "network", problems)}
    if data is None and networks["network"].inputs is None:
        problems.append(Problem("network-inputs-missing", network.place, "network"))
    return Spec(
        name=_name(root.get("name"), stem, problems),
        description=_description(root.get("description"), problems),
        vars=names,
        data=read_data(data, problems) if data is not None else None,
        networks=networks,
        training=read_training(training, problems) if training is not None else None,
        origin=origin,
        places=_places(root),
    )


def _section(root: Mapping, key: str) -> Node | None:
    """Finds a section; what is missing in it is said at its key, not at its first line."""
    for name, node in root.entries:
        if name.text == key:
            return replace(node, place=name.place) if isinstance(node, Mapping) else node
    return None


def _name(node: Node | None, stem: str, problems: list[Problem]) -> str:
    if node is None:
        return spec_name_from(stem)
    if isinstance(node, Scalar) and SPEC_NAME.match(node.text):
        return node.text
    received = node.text if isinstance(node, Scalar) else "a list or mapping"
    problems.append(Problem("spec-name", node.place, "name", {"name": received}))
    return stem


def _description(node: Node | None, problems: list[Problem]) -> str:
    if node is None:
        return ""
    if isinstance(node, Scalar):
        return node.text
    facts = {"key": "description", "expected": "a sentence", "received": "a list or mapping"}
    problems.append(Problem("value-type", node.place, "description", facts))
    return ""


def _places(root: Mapping) -> dict[str, Place]:
    """Maps YAML paths to places: of the key where there is one, so that a message points at it."""
    places = {path: node.place for path, node in walk(root) if path}
    for path, node in walk(root):
        if isinstance(node, Mapping):
            start = f"{path}." if path else ""
            places |= {f"{start}{name.text}": name.place for name, _ in node.entries}
    return places
