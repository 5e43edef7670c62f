"""The parts of a network sorted into classes: parts of the same code are copies of one class"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, Final

from torch import fx, nn

from nncli.network.compiled import CompiledNetwork
from nncli.printing.classes import Copy, Entry, PrintedClass
from nncli.printing.cutting import AGAIN, Part, Stretch, cut, stretches
from nncli.printing.layout import is_dictionary, is_list
from nncli.printing.literals import singular
from nncli.printing.recipes import (
    Recipe,
    buffer_recipe,
    dictionary_recipe,
    layer_recipe,
    list_recipe,
    named_recipe,
    parameter_recipe,
)
from nncli.printing.repeating import LOOP, fold_lists

# Automatic names of repetitions say nothing.
_AUTOMATIC: Final = frozenset({"sequential", "residual", "parallel"})
# More layers than this are not counted up in the name of a class.
_FEW: Final = 4


class _SplitError(Exception):
    """The calls of a scope differ, so that it can be no class."""


def printed_classes(network: CompiledNetwork, name: str, taken: Iterable[str]) -> list[PrintedClass]:
    """Makes the classes of a network, those that others use first, the network itself last.

    `name` is that of the network's class, `taken` what else is bound in the program.
    Raises WeightsError `export-constant-large`.
    """
    split: set[str] = set()
    while True:
        workshop = _Workshop(network, frozenset(split), {*taken, name})
        try:
            return workshop.classes(name)
        except _SplitError as error:
            split.add(str(error))


class _Workshop:
    """Sorts the parts of a network into classes, inner parts first."""

    def __init__(self, network: CompiledNetwork, split: frozenset[str], taken: set[str]) -> None:
        self._root = network.module
        self._built = network.constructions
        self._whole = stretches(network.module.graph, network.module, self._built, split)
        self._taken = taken
        self._parts: dict[Stretch, Part] = {}
        self._homes: dict[Stretch, PrintedClass] = {}
        self._by_name: dict[str, PrintedClass] = {}

    def classes(self, name: str) -> list[PrintedClass]:
        """Makes them all."""
        made: list[PrintedClass] = []
        for stretches_of_one_height in _by_height(self._whole):
            copies = [self._copy(each) for each in stretches_of_one_height]
            found = _grouped(copies)
            for each in found:
                self._settle(each, name)
            made += found
        return [each for each in made if not each.is_inline]

    def _copy(self, stretch: Stretch) -> Copy:
        inside = [item for item in stretch.items if isinstance(item, Stretch)]
        part = cut(stretch, {each: (self._parts[each], self._homes[each].results) for each in inside})
        module = self._root.get_submodule(stretch.name)
        start = f"{stretch.name}." if stretch.name else ""
        own = {name.removeprefix(start): made for name, made in self._built.items() if name.startswith(start)}
        rows = fold_lists(part, module, own)
        self._parts[stretch] = part
        return Copy(part, list(self._entries(part, module, rows)))

    def _settle(self, home: PrintedClass, name: str) -> None:
        for copy in home.copies:
            scope = copy.part.name
            if self._by_name.setdefault(scope, home) is not home:
                raise _SplitError(scope)
            self._homes[copy.part.stretch] = home
        home.drop_empty_shortcuts()
        home.results = _results(home)
        home.is_inline = _is_inline(home)
        if home.is_inline:
            return
        home.name = name if home.part.region is None else self._named(home)
        home.settle()

    def _named(self, home: PrintedClass) -> str:
        region = home.part.region
        assert region is not None
        kind = singular(region.kind) if region.form == "copy" else region.kind
        kind = "".join(word[:1].upper() + word[1:] for word in re.split("_+", kind))
        if region.kind in _AUTOMATIC and region.form == "copy":
            kinds = [_layer_name(each) for each in home.copies[0].entries]
            is_short = all(kinds) and len(kinds) <= _FEW
            kind = "".join(kinds) if is_short else f"{kind}Step"
        name, count = kind, 1
        while name in self._taken:
            count += 1
            name = f"{kind}{count}"
        self._taken.add(name)
        return name

    def _entries(self, part: Part, module: nn.Module, rows: frozenset[str]) -> Iterator[Entry]:
        """Walks what a part has, in the order of its module, with shortcuts that have no layers."""
        yield from (Entry(each, None, True) for each, behind in part.empty.items() if not behind)
        for name, recipe in self._children(part.name, module, "", rows):
            child = self._by_name.get(f"{part.name}.{name}".lstrip("."))
            region = child.part.region if child else None
            yield Entry(name, recipe, region is not None and region.form == "shortcut")
            yield from (Entry(each, None, True) for each, behind in part.empty.items() if behind == name)

    def _children(
        self, scope: str, module: nn.Module, local: str, rows: frozenset[str]
    ) -> Iterator[tuple[str, Recipe]]:
        """Walks what stands in a scope, which is `local` in its part."""
        for name, parameter in module._parameters.items():
            if parameter is not None:
                yield name, parameter_recipe(parameter)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                is_constant = name in module._non_persistent_buffers_set
                yield name, buffer_recipe(f"{scope}.{name}".lstrip("."), buffer, is_constant=is_constant)
        for name, child in module._modules.items():
            if child is not None:
                full, own = f"{scope}.{name}".lstrip("."), f"{local}.{name}".lstrip(".")
                yield name, self._child(full, child, own, rows)

    def _child(self, full: str, module: nn.Module, local: str, rows: frozenset[str]) -> Recipe:
        if full in self._built:
            return layer_recipe(self._built[full])
        if full in self._by_name:
            home = self._by_name[full]
            return home.recipe(next(copy.part for copy in home.copies if copy.part.name == full))
        if type(module) not in (nn.Module, nn.ModuleList, nn.ModuleDict, nn.Sequential):
            raise LookupError(f"nobody says how {full} was built")
        children = dict(self._children(full, module, local, rows))
        if is_list(module) and module._parameters:
            return list_recipe(list(children.values()), "ParameterList")
        if is_list(module):
            is_row = any(f"{local}.".startswith(f"{row}.") for row in rows)
            return list_recipe(list(children.values()), "Sequential" if is_row else "ModuleList")
        if is_dictionary(module):
            return dictionary_recipe(children, "ParameterDict" if module._parameters else "ModuleDict")
        return named_recipe("Group(", children, ")")


def _layer_name(entry: Entry) -> str:
    """Names the class of a layer; empty for what is none."""
    form = entry.recipe.form if entry.recipe else None
    return str(form[1].__name__) if isinstance(form, tuple) and form[0] == "layer" else ""


def _by_height(whole: Stretch) -> list[list[Stretch]]:
    """Sorts stretches by how deep others stand in them, calls of a block together, the innermost first."""
    every = list(whole.inside())
    by_kind: dict[object, list[Stretch]] = {}
    for each in every:
        by_kind.setdefault(_kind(each), []).append(each)
    heights: dict[object, int] = {}

    def height(stretch: Stretch) -> int:
        kind = _kind(stretch)
        if kind not in heights:
            inner = (item for each in by_kind[kind] for item in each.items if isinstance(item, Stretch))
            heights[kind] = max(map(height, inner), default=-1) + 1
        return heights[kind]

    return [[each for each in every if height(each) == at] for at in range(height(whole) + 1)]


def _kind(stretch: Stretch) -> object:
    """Names what can be one class: calls of a block, which never holds itself; anything else by itself."""
    region = stretch.region
    return region.kind if region and region.form == "block" else stretch


def _grouped(copies: Iterable[Copy]) -> list[PrintedClass]:
    """Puts copies that have the same code into one class; a shortcut may be there or not."""
    groups: dict[Hashable, list[PrintedClass]] = {}
    for copy in copies:
        same = groups.setdefault(_form(copy), [])
        home = next((each for each in same if _fits(each, copy)), None)
        if home is None:
            same.append(PrintedClass([copy]))
        elif home.copies[0].part.empty and not copy.part.empty:
            home.copies.insert(0, copy)
        else:
            home.copies.append(copy)
    return [home for same in groups.values() for home in same]


def _fits(home: PrintedClass, copy: Copy) -> bool:
    """Tells whether the shortcuts of a copy are those of a class, where both have them."""
    return all(
        one.recipe is None or other.recipe is None or one.recipe.form == other.recipe.form
        for known in home.copies
        for one, other in zip(known.entries, copy.entries, strict=True)
    )


def _form(copy: Copy) -> Hashable:
    region = copy.part.region
    entries = [(each.name, each.is_shortcut or (each.recipe and each.recipe.form)) for each in copy.entries]
    return (region and (region.kind, region.form == "block"), tuple(entries), tuple(_graph(copy.part.graph)))


def _graph(graph: fx.Graph) -> Iterator[Hashable]:
    """Walks what the nodes of a graph do, so that equal graphs can be found."""
    positions = {node: position for position, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        arguments = _plain((node.args, dict(node.kwargs)), positions)
        yield node.op, node.target, arguments, node.meta.get(LOOP), bool(node.meta.get(AGAIN))


def _plain(value: Any, positions: Mapping[fx.Node, int]) -> Hashable:
    if isinstance(value, fx.Node):
        return ("node", positions[value])
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *(_plain(each, positions) for each in value))
    if isinstance(value, Mapping):
        return ("dict", *((key, _plain(each, positions)) for key, each in value.items()))
    if isinstance(value, slice):
        return ("slice", *(_plain(each, positions) for each in (value.start, value.stop, value.step)))
    return value if callable(value) else repr(value)


def _results(home: PrintedClass) -> tuple[int, ...]:
    """Finds the nodes whose values any of the copies gives."""
    used: set[int] = set()
    for copy in home.copies:
        used |= {at for at, node in enumerate(copy.part.graph.nodes) if node in copy.part.used}
    return tuple(sorted(used))


def _is_inline(home: PrintedClass) -> bool:
    """Tells whether parts are just layers in a row that no block of the file names."""
    part, region = home.part, home.part.region
    if region is None or region.form in ("block", "network"):
        return False
    if region.form == "copy" and len(home.copies) > 1 and len(home.copies[0].entries) > 1:
        return False
    nodes = list(part.graph.nodes)
    calls = nodes[1:]
    in_row = all(
        call.op == "call_module"
        and call.args == (before,)
        and not call.kwargs
        and not (LOOP in call.meta or call.meta.get(AGAIN))
        for before, call in zip(nodes, calls, strict=False)
    )
    names = [each.name for each in home.copies[0].entries]
    ends = home.results == (len(nodes) - 1,)
    return nodes[0].op == "placeholder" and in_row and ends and [call.target for call in calls] == names
