"""The tree of a whole file, spelt out, to a Spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nncli.errors import Place, Problem
from nncli.spec.blocks import check_operation_name, read_blocks
from nncli.spec.expansion import LAZY_SECTIONS, expand
from nncli.spec.names import SPEC_NAME, spec_name_from
from nncli.spec.networks import read_constants, read_networks
from nncli.spec.nodes import Mapping, Node, Scalar, walk
from nncli.spec.recipes import RecipeSpec, read_recipes
from nncli.spec.schema import TrainingSpec
from nncli.spec.scopes import Scope
from nncli.spec.sections import read_data, read_training
from nncli.spec.spec import Origin, Spec
from nncli.spec.spelling import free_entries
from nncli.spec.text_recipes import TextRecipeSpec
from nncli.spec.unused import unused_names
from nncli.spec.update_reading import UpdateReader


def bind(
    root: Mapping, origin: Origin, stem: str, problems: list[Problem], *, blocks_are_there: bool = True
) -> Spec:
    """Works out the arithmetic of a tree that has a network or several, and types its sections.

    Where not `blocks_are_there`, an included file could not be read.
    """
    warnings = unused_names(root, origin.file)
    written = Mapping(tuple(_as_written(root)), root.place)
    root, names, scope = expand(root, problems)
    data, training = _section(root, "data"), _section(root, "training")
    nodes = _networks(root, problems)
    blocks = read_blocks(root.get("blocks"), nodes, problems, all_there=blocks_are_there)
    networks, layers_of_others = read_networks(nodes, blocks, scope, problems)
    for name, network in networks.items():
        if data is None and network.inputs is None and name not in layers_of_others:
            path = "network" if "network" in nodes else f"networks.{name}"
            problems.append(Problem("network-inputs-missing", network.place, f"{path}.inputs"))
    recipes, text_recipes = _recipes(root, scope, tuple(networks), problems)
    return Spec(
        name=_name(root.get("name"), stem, problems),
        description=_description(root.get("description"), problems),
        vars=names,
        data=read_data(data, problems) if data is not None else None,
        networks=networks,
        training=_training(training, scope, tuple(networks), problems),
        origin=origin,
        places=_places(root),
        recipes=recipes,
        text_recipes=text_recipes,
        constants=read_constants(root.get("constants"), scope, problems),
        written=written,
        warnings=warnings,
    )


def _as_written(root: Mapping) -> Iterator[tuple[Scalar, Node]]:
    """Lists what is kept as it was written: networks, what they use, and expressions of training."""
    for name, node in root.entries:
        if name.text in LAZY_SECTIONS:
            yield name, node
        elif name.text == "training" and (free := free_entries(node)):
            yield name, Mapping(free, node.place)


def _training(
    node: Node | None, scope: Scope, networks: tuple[str, ...], problems: list[Problem]
) -> TrainingSpec | None:
    return None if node is None else read_training(node, UpdateReader(scope, networks, problems), problems)


def _recipes(
    root: Mapping, scope: Scope, networks: tuple[str, ...], problems: list[Problem]
) -> tuple[dict[str, RecipeSpec], dict[str, TextRecipeSpec]]:
    node = root.get("predict")
    return ({}, {}) if node is None else read_recipes(node, scope, networks, problems)


def _networks(root: Mapping, problems: list[Problem]) -> dict[str, tuple[Place, Node]]:
    """Finds the nodes of the networks; that there are any was looked at before."""
    single, several = root.get("network"), root.get("networks")
    if single is not None:
        return {"network": (single.place, single)}
    nodes: dict[str, tuple[Place, Node]] = {}
    for name, node in several.entries if isinstance(several, Mapping) else ():
        if problem := check_operation_name(name, f"networks.{name.text}"):
            problems.append(problem)
        elif name.text == "network":
            # Results are keyed by this name where a file has a single network.
            problems.append(Problem("name-of-network", name.place, "networks.network", {"name": name.text}))
        else:
            nodes[name.text] = (name.place, node)
    return nodes


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
