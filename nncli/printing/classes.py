"""The classes of a printed network: parts of the same code, with what differs between them as parameters"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from nncli.network.graph.values import axis_texts
from nncli.printing.cutting import Part
from nncli.printing.literals import Code, call, literal
from nncli.printing.parameters import Column, Parameter, Signature, signature_of_columns
from nncli.printing.recipes import (
    Gap,
    Recipe,
    named_recipe,
)

# In the meta of a node: its shape as a comment shows it, for all copies of a class.
SHOWN: Final = "shown"


@dataclass(eq=False)
class Entry:
    """One thing that a part has under a name; without a recipe it is a shortcut without layers."""

    name: str
    recipe: Recipe | None
    is_shortcut: bool = False


@dataclass(eq=False)
class Copy:
    """A part with what it is made of. `rows` are the lists in it that are a Sequential."""

    part: Part
    entries: list[Entry]


@dataclass(eq=False)
class PrintedClass:
    """Parts that have the same code. The first copy stands for all of them.

    Where `is_inline` it has no class of its own: it is a Sequential wherever it is made. `results` are the
    positions of the nodes that it returns. `statements` says what `__init__` assigns.
    """

    copies: list[Copy]
    name: str = ""
    is_inline: bool = False
    results: tuple[int, ...] = ()
    signature: Signature = field(default_factory=Signature)
    statements: list[tuple[str, Code]] = field(default_factory=list)

    @property
    def part(self) -> Part:
        """The part that stands for all."""
        return self.copies[0].part

    def recipe(self, part: Part) -> Recipe:
        """Makes one of the copies."""
        position = next(at for at, copy in enumerate(self.copies) if copy.part is part)
        if self.is_inline:
            entries = {each.name: each.recipe for each in self.copies[position].entries if each.recipe}
            return named_recipe("nn.Sequential(OrderedDict(", entries, "))")
        parameters = self.signature.parameters
        gaps = tuple(each.gap(position) for each in parameters)
        return Recipe(("class", id(self)), gaps, lambda codes: _called(self.name, parameters, codes))

    def settle(self) -> None:
        """Finds the parameters, and writes what `__init__` assigns and what the graph returns."""
        rows = list(zip(*(copy.entries for copy in self.copies), strict=True))
        columns = [column for row in rows for column in _columns(row)]
        regions = [copy.part.region for copy in self.copies]
        self.signature = signature_of_columns(columns, regions)
        codes = iter(self.signature.codes)
        for row in rows:
            recipe = next(each.recipe for each in row if each.recipe)
            choice = next(codes).line() if row[0].is_shortcut else "True"
            made = recipe.write([next(codes) for _ in recipe.gaps])
            if choice != "True":
                made = Code("(", (made,), ")", tail=f" if {choice} else nn.Identity()")
            self.statements.append((row[0].name, made))
        self._show_shapes()
        if self.part.region is not None:
            nodes = list(self.part.graph.nodes)
            values = tuple(nodes[at] for at in self.results)
            self.part.graph.output(values[0] if len(values) == 1 else values)

    def drop_empty_shortcuts(self) -> None:
        """Takes shortcuts out that no copy has layers in."""
        rows = zip(*(copy.entries for copy in self.copies), strict=True)
        empty = {row[0].name for row in rows if not any(each.recipe for each in row)}
        for copy in self.copies:
            copy.entries = [each for each in copy.entries if each.name not in empty]
            for node in list(copy.part.graph.nodes):
                if node.op == "call_module" and node.target in empty:
                    node.replace_all_uses_with(node.args[0])
                    copy.part.graph.erase_node(node)

    def _show_shapes(self) -> None:
        """Notes the shape of every value as a comment says it, for all copies."""
        for nodes in zip(*(copy.part.graph.nodes for copy in self.copies), strict=True):
            known = [axis_texts(node) for node in nodes if "shape" in node.meta]
            if len(known) == len(nodes) and len({len(sizes) for sizes in known}) == 1:
                nodes[0].meta[SHOWN] = f"[{', '.join(map(self._size, zip(*known, strict=True)))}]"

    def _size(self, sizes: tuple[str, ...]) -> str:
        """Writes a size that copies differ in by the parameter that says it."""
        if len(set(sizes)) == 1:
            return sizes[0]
        codes = [Code(size) for size in sizes]
        return next((each.name for each in self.signature.parameters if each.codes == codes), "*")


def _columns(row: Sequence[Entry]) -> Iterator[Column]:
    """Makes the columns of one entry of all copies; of a shortcut first whether it is there."""
    recipe = next(each.recipe for each in row if each.recipe)
    if row[0].is_shortcut:
        gaps = [Gap(row[0].name, literal(each.recipe is not None), frozenset({"bool"})) for each in row]
        yield Column(gaps, is_choice=True)
    for at in range(len(recipe.gaps)):
        yield Column([each.recipe.gaps[at] if each.recipe else None for each in row])


def _called(name: str, parameters: Sequence[Parameter], codes: Sequence[Code]) -> Code:
    """Writes the call of a class: by position what has to be given, by name what is not the default."""
    pairs = list(zip(parameters, codes, strict=True))
    positions = tuple(code for each, code in pairs if each.default is None)
    keywords = {each.name: code for each, code in pairs if each.default is not None and code != each.default}
    return call(name, positions, keywords)
