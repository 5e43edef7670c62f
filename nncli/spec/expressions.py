"""The tree of an expression, of arithmetic or of tensors; every part knows its column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from nncli.spec.items import Constant

# Functions of one number. In a tensor expression too they are worked out where a number stands in them.
OF_A_NUMBER: Final = (
    "abs", "ceil", "cos", "exp", "floor", "log", "log10", "log2", "round", "sin", "sqrt", "tan", "tanh"
)  # fmt: skip
# What numbers of Python's libraries are called there.
NUMBERS_ELSEWHERE: Final = {
    f"{library}{name}": number
    for library in ("math.", "np.", "numpy.", "torch.", "")
    for name, number in (("pi", "3.141592653589793"), ("e", "2.718281828459045"))
}
# Where functions of Python's libraries are found there.
LIBRARIES: Final = frozenset(
    "torch torch.nn F nn nn.functional torch.nn.functional torch.Tensor np numpy jnp tf math".split()
)
FUNCTIONS: Final = ("min", "max", "len", "sum", "range", *OF_A_NUMBER)
# The most characters of an expression, and of a word that holds one or comes of it.
LONGEST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, true, false or none; in a tensor expression also what `$name` stands for."""

    value: Constant
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    """A constant by its name, such as `width` or `kind.classes`; of tensors, the path of a value."""

    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands; `sign` is `-` with one operand for negation."""

    sign: str
    operands: tuple[Expression, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b < c`: one operand more than signs."""

    signs: tuple[str, ...]
    operands: tuple[Expression, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`first if condition else second`."""

    condition: Expression
    first: Expression
    second: Expression
    column: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Expression, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Index:
    """`a[i]`, or `a[i:j]` where `is_slice`."""

    value: Expression
    start: Expression | None
    stop: Expression | None
    is_slice: bool
    column: int


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of one of FUNCTIONS, or of a function of tensors, which may take keywords too."""

    name: str
    arguments: tuple[Expression, ...]
    column: int
    keywords: tuple[Keyword, ...] = ()


@dataclass(frozen=True, slots=True)
class Keyword:
    """`dim=1` in a call; the column is that of its name."""

    name: str
    value: Expression
    column: int


@dataclass(frozen=True, slots=True)
class SizeOf:
    """`size(d)`, or `size(NAME, d)` of a named value."""

    value: str | None
    dimension: Expression
    column: int


@dataclass(frozen=True, slots=True)
class Subscript:
    """Of tensors: `x[:, 0]`, with at least one part."""

    value: Expression
    parts: tuple[Expression, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a Subscript: `start:stop:step`."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None
    column: int


@dataclass(frozen=True, slots=True)
class Rest:
    """A part of a Subscript: `...`, all axes that no other part names."""

    column: int


Expression: TypeAlias = (
    "Literal | Name | Operation | Comparison | Choice | ListOf | Index | FunctionCall | SizeOf"
    " | Subscript | Slice | Rest"
)


def children(expression: Expression) -> Iterator[Expression]:
    """Walks the direct parts of an expression."""
    if isinstance(expression, (Operation, Comparison)):
        yield from expression.operands
    elif isinstance(expression, Choice):
        yield from (expression.condition, expression.first, expression.second)
    elif isinstance(expression, ListOf):
        yield from expression.items
    elif isinstance(expression, FunctionCall):
        yield from expression.arguments
        yield from (keyword.value for keyword in expression.keywords)
    elif isinstance(expression, SizeOf):
        yield expression.dimension
    elif isinstance(expression, Index):
        yield expression.value
        yield from (part for part in (expression.start, expression.stop) if part is not None)
    elif isinstance(expression, Subscript):
        yield from (expression.value, *expression.parts)
    elif isinstance(expression, Slice):
        bounds = (expression.start, expression.stop, expression.step)
        yield from (part for part in bounds if part is not None)


def walked(expression: Expression) -> Iterator[Expression]:
    """Walks an expression and all its parts, in the order of the text."""
    yield expression
    for child in children(expression):
        yield from walked(child)


def depth(expression: Expression) -> int:
    """Counts the levels of an expression, level by level, so that no depth is too much."""
    level, count = [expression], 0
    while level:
        level = [child for each in level for child in children(each)]
        count += 1
    return count


def free_names(expression: Expression) -> frozenset[str]:
    """Names every constant that an expression reads."""
    return frozenset(part.name for part in walked(expression) if isinstance(part, Name))


def uses_size(expression: Expression) -> bool:
    """Tells whether an expression reads the size of what flows in."""
    return any(isinstance(part, SizeOf) for part in walked(expression))
