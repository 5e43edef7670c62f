"""The parameters of a printed class: what differs between its copies, with names, types and defaults"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nncli.network.graph.regions import Region
from nncli.printing.literals import RESERVED, Code, literal
from nncli.printing.recipes import SIZE, Gap


@dataclass(eq=False)
class Column:
    """One gap in the code of a class, for every copy; None where a copy does not have it.

    `is_choice` tells that it says whether something is there at all.
    """

    gaps: Sequence[Gap | None]
    is_choice: bool = False

    @property
    def codes(self) -> list[Code | None]:
        """The code of every copy."""
        return [gap.value if gap else None for gap in self.gaps]

    def known(self) -> list[Gap]:
        """The gaps of those copies that have it."""
        return [gap for gap in self.gaps if gap]

    def constant(self) -> Code | None:
        """The code of all copies; None where they differ."""
        codes = {gap.value for gap in self.known()}
        return codes.pop() if len(codes) == 1 else None


@dataclass(eq=False)
class Parameter:
    """One parameter of a class: the columns that it fills, its name, and the code of every copy.

    Without a `default` it has to be given.
    """

    columns: list[Column]
    codes: list[Code | None]
    name: str = ""
    default: Code | None = None

    @property
    def annotation(self) -> str:
        """Its type: `int`, `tuple[int, int]`, `int | None`."""
        types = sorted({each for column in self.columns for gap in column.known() for each in gap.types})
        if "float" in types and "int" in types:
            types.remove("int")
        return " | ".join([each for each in types if each != "None"] + ["None"] * ("None" in types))

    @property
    def is_size(self) -> bool:
        """Tells whether it is the size of a flow."""
        return any(gap.is_size for column in self.columns for gap in column.known())

    def takes(self, column: Column) -> bool:
        """Tells whether a column has the same values, for the same reason."""
        if column.is_choice or any(each.is_choice for each in self.columns):
            return False
        names = {gap.name for each in self.columns for gap in each.known()}
        gaps = column.known()
        alike = gaps[0].name in names or (self.is_size and gaps[0].is_size)
        pairs = zip(self.codes, column.codes, strict=True)
        return alike and all(one is None or other is None or one == other for one, other in pairs)

    def take(self, column: Column) -> None:
        """Fills one more column."""
        self.columns.append(column)
        self.codes = [one or other for one, other in zip(self.codes, column.codes, strict=True)]

    def gap(self, copy: int) -> Gap:
        """Makes the gap that a call of the class has for a copy."""
        code = self.codes[copy] or self.default
        assert code is not None
        types = frozenset(self.annotation.split(" | "))
        return Gap(self.name, code, types, self.default is None, self.is_size)


@dataclass
class Signature:
    """The parameters of a class, those without a default first, and the code that fills each column."""

    parameters: list[Parameter] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)

    def lines(self) -> Iterator[Code]:
        """Writes the parameters of `__init__`."""
        for each in self.parameters:
            default = f" = {each.default.line()}" if each.default else ""
            yield Code(f"{each.name}: {each.annotation}{default}")


def signature_of_columns(columns: Sequence[Column], regions: Sequence[Region | None]) -> Signature:
    """Finds what of a class is the same for all copies, and makes parameters of the rest.

    `regions` are the copies; arguments of blocks give parameters their names.
    """
    parameters: list[Parameter] = []
    filled: list[Parameter | Code] = []
    for column in columns:
        constant = column.constant()
        # A choice is never left to what happens to be the same everywhere.
        if constant is not None:
            filled.append(constant)
            continue
        found = next((each for each in parameters if each.takes(column)), None)
        if found is None:
            parameters.append(found := Parameter([], [None] * len(regions)))
        found.take(column)
        filled.append(found)
    taken: set[str] = set()
    for each in parameters:
        argument = _argument(each, regions, taken)
        each.default = _default(each, is_optional=bool(argument) and argument in _optional(regions))
        each.name = _free(argument or _name(each), taken)
        taken.add(each.name)
    ordered = sorted(parameters, key=lambda each: each.default is not None)
    return Signature(ordered, [each if isinstance(each, Code) else Code(each.name) for each in filled])


def _name(parameter: Parameter) -> str:
    """Names a parameter after what it fills first; what comes in and goes out has one name."""
    names = [gap.name for column in parameter.columns for gap in column.known()]
    for both in ("channels", "features"):
        if {f"in_{both}", f"out_{both}"} <= set(names):
            return both
    return next((name for name in names if name != SIZE), SIZE)


def _argument(parameter: Parameter, regions: Sequence[Region | None], taken: Iterable[str]) -> str:
    """Finds the argument of a block that has the values of a parameter; empty where none has."""
    if any(region is None for region in regions):
        return ""
    all_arguments = [region.arguments for region in regions if region]
    for name in all_arguments[0]:
        values = [arguments.get(name) for arguments in all_arguments]
        codes = [literal(value) if isinstance(value, (bool, int, float, str)) else None for value in values]
        pairs = zip(parameter.codes, codes, strict=True)
        if name not in taken and all(one is None or one == other for one, other in pairs):
            return name
    return ""


def _optional(regions: Sequence[Region | None]) -> frozenset[str]:
    return frozenset().union(*(region.optional for region in regions if region))


def _default(parameter: Parameter, *, is_optional: bool) -> Code | None:
    """Finds what most copies have, where a default is due: where the layer or block has one itself."""
    gaps = [gap for column in parameter.columns for gap in column.known()]
    if any(column.is_choice for column in parameter.columns):
        return Code("False")
    counted = Counter(code for code in parameter.codes if code is not None)
    code, count = counted.most_common(1)[0]
    may_be_left_out = is_optional or not all(gap.is_required for gap in gaps)
    is_usual = may_be_left_out and 2 * count > len(parameter.codes)
    return code if is_usual or None in parameter.codes else None


def _free(name: str, taken: Iterable[str]) -> str:
    while keyword.iskeyword(name) or name in RESERVED:
        name += "_"
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found
