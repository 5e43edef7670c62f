"""The graph of a network cut into parts: each region that can be a class becomes a graph of its own"""

from __future__ import annotations

import keyword
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from torch import fx, nn

from nncli.network.graph.regions import EMPTY_SHORTCUT, REGION, Region, is_again
from nncli.network.items.frames import GIVEN_NAME
from nncli.printing.literals import RESERVED

# In the meta of a call: the part that is called.
PART: Final = "part"
# In the meta of a call: whether it runs a second time on the way back.
AGAIN: Final = "again"
_SIZES: Final = ("shape", "wider")
_UNNAMED: Final = ("x", "y", "z", "u", "v", "w")


@dataclass(eq=False)
class Stretch:
    """Nodes of a graph that follow each other, those of regions inside as stretches of their own.

    `region` is None for the whole network.
    """

    region: Region | None
    items: list[fx.Node | Stretch] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The dotted name of its weights; empty for the whole."""
        return self.region.name if self.region else ""

    def nodes(self) -> Iterator[fx.Node]:
        """Walks all nodes, also those inside."""
        for item in self.items:
            if isinstance(item, Stretch):
                yield from item.nodes()
            else:
                yield item

    def inside(self) -> Iterator[Stretch]:
        """Walks the stretches inside, the inner ones first, then this one."""
        for item in self.items:
            if isinstance(item, Stretch):
                yield from item.inside()
        yield self


@dataclass(eq=False)
class Part:
    """A stretch as a graph of its own, in which the stretches inside it are calls of modules.

    Targets are relative to `name`. `origins` maps its nodes to those of the network. `used` are those
    whose values are needed outside. `empty` maps shortcuts without layers to the
    module that they stand behind, empty for none.
    """

    stretch: Stretch
    graph: fx.Graph
    origins: dict[fx.Node, fx.Node]
    used: set[fx.Node] = field(default_factory=set)
    empty: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The dotted name of its weights; empty for the whole network."""
        return self.stretch.name

    @property
    def region(self) -> Region | None:
        """What the part is in the file; None for the whole network."""
        return self.stretch.region


def stretches(graph: fx.Graph, root: nn.Module, built: Mapping[str, Any], split: frozenset[str]) -> Stretch:
    """Sorts the nodes of a graph into stretches.

    `built` holds the layers by name, `split` the scopes that are no stretches, since their calls differ.
    """
    standing = {
        region
        for region, nodes in _by_region(graph).items()
        if region.name not in split and _is_scope(root, region.name, built) and _stands(region.name, nodes)
    }
    whole = Stretch(None)
    made: dict[Region | None, Stretch] = {None: whole}

    def home(region: Region | None) -> Stretch:
        while region is not None and region not in standing:
            region = region.around
        if region not in made:
            assert region is not None
            made[region] = Stretch(region)
            home(region.around).items.append(made[region])
        return made[region]

    for node in graph.nodes:
        home(node.meta.get(REGION)).items.append(node)
    return whole


def _by_region(graph: fx.Graph) -> dict[Region, dict[fx.Node, int]]:
    """Maps every region to its nodes, also those of regions inside, with their positions."""
    found: dict[Region, dict[fx.Node, int]] = {}
    for position, node in enumerate(graph.nodes):
        region = node.meta.get(REGION)
        while region is not None:
            found.setdefault(region, {})[node] = position
            region = region.around
    return found


def _is_scope(root: nn.Module, name: str, built: Mapping[str, Any]) -> bool:
    try:
        module = root.get_submodule(name)
    except AttributeError:
        return False
    return name not in built and type(module) is nn.Module


def _stands(name: str, nodes: Mapping[fx.Node, int]) -> bool:
    """Tells whether a region can be called: its nodes follow each other, and use its own weights alone."""
    positions = list(nodes.values())
    follow = positions[-1] - positions[0] + 1 == len(positions)
    own = all(
        str(node.target).startswith(f"{name}.") for node in nodes if node.op in ("call_module", "get_attr")
    )
    arriving = {source for node in nodes for source in node.all_input_nodes if source not in nodes}
    leaving = [node for node in nodes if any(user not in nodes for user in node.users)]
    # What is no tensor, such as a count of rows, has no place in a signature.
    are_tensors = all("shape" in node.meta for node in (*arriving, *leaving))
    return follow and own and bool(leaving) and are_tensors


def cut(stretch: Stretch, inner: Mapping[Stretch, tuple[Part, tuple[int, ...]]]) -> Part:
    """Makes the graph of a stretch; `inner` has the parts inside it, with the positions of their results."""
    part = Part(stretch, fx.Graph(), {})
    copies: dict[fx.Node, fx.Node] = {}
    start = f"{stretch.name}." if stretch.name else ""
    nodes = dict.fromkeys(stretch.nodes())
    for source, name in _arguments(stretch.region, nodes).items():
        copies[source] = part.graph.placeholder(name)
        copies[source].meta.update(source.meta)
    for item in stretch.items:
        if isinstance(item, Stretch):
            _call(part, item, inner[item], copies, start)
            continue
        name = str(item.meta.get(EMPTY_SHORTCUT, "")).removeprefix(start)
        shortcut = _stand_in(part, item, name, copies) if name and "." not in name else None
        copy = copies[item] = part.graph.node_copy(item, lambda source: copies[source])
        copy.target = _relative(item, start)
        copy.meta[AGAIN] = item.op == "call_module" and is_again(item, str(item.target))
        if "name" in copy.meta:
            copy.meta["name"] = str(copy.meta["name"]).removeprefix(start)
        part.origins[copy] = item
        if shortcut is not None:
            copy.update_arg(1, shortcut)
    part.used = {
        copy for copy, source in part.origins.items() if any(user not in nodes for user in source.users)
    }
    return part


def _relative(node: fx.Node, start: str) -> Any:
    is_own = node.op in ("call_module", "get_attr")
    return str(node.target).removeprefix(start) if is_own else node.target


def _arguments(region: Region | None, nodes: Mapping[fx.Node, None]) -> dict[fx.Node, str]:
    """Names what flows into a region, in the order of its block, then as it is used."""
    arriving = dict.fromkeys(each for node in nodes for each in node.all_input_nodes if each not in nodes)
    if region is None or not arriving:
        return {}
    wanted = {node: name for node, name in region.inputs.items() if node in arriving}
    named: dict[fx.Node, str] = {}
    for node in (*wanted, *(each for each in arriving if each not in wanted)):
        own = str(node.target) if node.op == "placeholder" else ""
        free = next(name for name in (*_UNNAMED, "value") if name not in {*named.values(), *wanted.values()})
        name = wanted.get(node) or own or free
        while keyword.iskeyword(name) or name in RESERVED or name in named.values():
            name += "_"
        named[node] = name
    return named


def _call(
    part: Part,
    stretch: Stretch,
    called: tuple[Part, tuple[int, ...]],
    copies: dict[fx.Node, fx.Node],
    start: str,
) -> None:
    """Records the call of a part inside, and takes its results apart where there are several."""
    inner, results = called
    sources = _arguments(stretch.region, dict.fromkeys(stretch.nodes()))
    call = part.graph.call_module(
        stretch.name.removeprefix(start), tuple(copies[source] for source in sources)
    )
    call.meta.update({PART: inner, AGAIN: is_again(next(stretch.nodes()), stretch.name)})
    own = list(inner.graph.nodes)
    for position, result in enumerate(own[at] for at in results):
        value = inner.origins[result]
        given = str(value.meta.get(GIVEN_NAME, ""))
        is_inner = given.startswith(f"{stretch.name}.")
        if len(results) == 1:
            node, name = call, stretch.name.removeprefix(start)
            if given and not is_inner:
                name = given.removeprefix(start)
        else:
            node = part.graph.call_function(operator.getitem, (call, position))
            name = str(result.meta.get("name", ""))
            node.meta.update({GIVEN_NAME: given} if is_inner else {})
        node.meta.update({key: value.meta[key] for key in _SIZES if key in value.meta}, name=name)
        copies[value], part.origins[node] = node, value


def _stand_in(part: Part, total: fx.Node, name: str, copies: Mapping[fx.Node, fx.Node]) -> fx.Node:
    """Records a shortcut without layers as a call, since others of the same kind may have layers there."""
    around = total.args[1]
    assert isinstance(around, fx.Node)
    before = [str(each.target) for each in part.graph.nodes if each.op == "call_module"]
    part.empty[name] = before[-1].partition(".")[0] if before else ""
    call = part.graph.call_module(name, (copies[around],))
    call.meta.update({key: total.meta[key] for key in _SIZES if key in total.meta})
    return call
