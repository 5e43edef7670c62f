"""How something is made, as code with gaps: one code for all copies, and the values that fill it for one"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.network.calls.signatures import signature_of
from nncli.network.compiled import Construction, Norm
from nncli.network.layers.torch_layers import INFERRED
from nncli.printing.literals import (
    Code,
    call,
    callable_name,
    entry,
    literal,
    named,
    tensor_literal,
)

SIZE: Final = "size"
"""What the size of a learned tensor is called, where nothing has a better name for it."""

# A longer list of numbers is no longer a program that somebody reads.
MOST_NUMBERS: Final = 10_000
# Equal sizes of flows are one size, under whatever name.
_SIZES: Final = frozenset(INFERRED) | {
    *("out_channels", "out_features", "hidden_size", "embedding_dim", "groups"),
}
_WHOLE: Final = frozenset({"int"})
# Fewer equal layers among others are written one by one.
_MANY: Final = 3
# As many layers may be equal in one copy and differ in another.
_FEW: Final = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """One value of a recipe: what it is called, its code, its types, and whether it has to be given.

    `is_size` tells that it is the size of a flow.
    """

    name: str
    value: Code
    types: frozenset[str]
    is_required: bool = True
    is_size: bool = False


Write = Callable[[Sequence[Code]], Code]


@dataclass(frozen=True)
class Recipe:
    """How to make something. Recipes of the same form have the same code, up to the values of their gaps.

    `write` writes the code with the gaps filled in.
    """

    form: Hashable
    gaps: tuple[Gap, ...]
    write: Write

    def filled(self) -> Code:
        """Writes the code with the recipe's own values."""
        return self.write([gap.value for gap in self.gaps])


def layer_recipe(made: Construction) -> Recipe:
    """Makes a layer by its class: what it requires by position, all else by name."""
    parameters = {each.name: each for each in signature_of(made.kind).parameters}
    types = {name: type_of(value) for name, value in made.arguments.items()}
    order = [
        *(name for name in parameters if name in types),
        *(name for name in types if name not in parameters),
    ]
    gaps = {
        name: Gap(
            name,
            literal(made.arguments[name]),
            frozenset({types[name]}),
            parameters[name].required if name in parameters else True,
            name in _SIZES,
        )
        for name in order
        if types[name]
    }
    # What is neither a number nor a word cannot be an argument of a class that is written here.
    others = {name: literal(value) for name, value in made.arguments.items() if not types[name]}
    usual = _usual(made.kind)
    positions: list[str] = []
    for name, parameter in parameters.items():
        if not parameter.required or parameter.keyword_only or name not in made.arguments:
            break
        positions.append(name)

    def write(codes: Sequence[Code]) -> Code:
        given = {**dict(zip(gaps, codes, strict=True)), **others}
        keywords = {name: given[name] for name in order if name not in positions}
        keywords = {name: code for name, code in keywords.items() if code != usual.get(name)}
        layer = call(callable_name(made.kind), tuple(given[name] for name in positions), keywords)
        for norm in norms:
            layer = normed(layer, norm)
        return layer

    norms = [norm for norm in made.norms if not norm.part]
    form = ("layer", made.kind, tuple(gaps), tuple(others.items()), tuple(map(_norm_form, norms)))
    return Recipe(form, tuple(gaps.values()), write)


def normed(layer: Code, norm: Norm) -> Code:
    """Puts a norm on a weight of a layer: `spectral_norm(nn.Linear(8, 4))`."""
    return call(norm.function, (layer,), {name: literal(value) for name, value in norm.arguments.items()})


def _norm_form(norm: Norm) -> Hashable:
    return norm.function, tuple((name, literal(value)) for name, value in norm.arguments.items())


def _usual(kind: type[nn.Module]) -> dict[str, Code]:
    """Finds the defaults of a layer that need not be said: a probability or a slope is said all the same."""
    defaults = {name: each.default for name, each in inspect.signature(kind.__init__).parameters.items()}
    return {
        name: literal(value)
        for name, value in defaults.items()
        if value is None or isinstance(value, (bool, int))
    }


def type_of(value: object) -> str:
    """Writes the annotation of a value; empty for what is none of numbers, words, and tuples of them."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return type(value).__name__ if value is not None else "None"
    if isinstance(value, (tuple, list)):
        inside = [type_of(each) for each in value]
        if not all(inside):
            return ""
        if isinstance(value, tuple):
            return f"tuple[{', '.join(inside) or '()'}]"
        return f"list[{' | '.join(dict.fromkeys(inside)) or 'int'}]"
    return ""


def parameter_recipe(parameter: Tensor) -> Recipe:
    """Makes a learned tensor of zeros, which the weights file fills."""
    gaps, write = _zeros(parameter)
    return Recipe(
        ("parameter", parameter.dtype, parameter.dim()),
        gaps,
        lambda codes: Code("nn.Parameter(", (write(codes),), ")"),
    )


def _zeros(tensor: Tensor) -> tuple[tuple[Gap, ...], Write]:
    gaps = tuple(Gap(SIZE, literal(size), _WHOLE, is_size=True) for size in tensor.shape)
    kind = {} if tensor.dtype == torch.float32 else {"dtype": literal(tensor.dtype)}
    return gaps, lambda codes: call("torch.zeros", tuple(codes) or (Code("()"),), kind)


def buffer_recipe(name: str, buffer: Tensor, *, is_constant: bool) -> Recipe:
    """Makes a buffer: what the weights file does not hold with its numbers.

    Raises WeightsError `export-constant-large`.
    """
    if not is_constant:
        gaps, write = _zeros(buffer)
        form = ("buffer", buffer.dtype, buffer.dim())
        return Recipe(form, gaps, lambda codes: Code("nn.Buffer(", (write(codes),), ")"))
    code = tensor_literal(buffer)
    if "[" in code.line() and buffer.numel() > MOST_NUMBERS:
        raise failure("export-constant-large", constant=name, numbers=buffer.numel(), most=MOST_NUMBERS)
    return fixed(Code("nn.Buffer(", (code, Code("persistent=False")), ")"))


def fixed(code: Code) -> Recipe:
    """Makes what has no gaps."""
    return Recipe(("fixed", code), (), lambda codes: code)


def list_recipe(recipes: Sequence[Recipe], kind: str) -> Recipe:
    """Makes a ModuleList, ParameterList or Sequential; of many equal layers in a loop of any length."""
    codes = [each.filled() for each in recipes]
    if len(recipes) > _FEW and len({each.form for each in recipes}) == 1 and len(set(codes)) == 1:
        one = recipes[0]

        def write(codes: Sequence[Code]) -> Code:
            return _repeated(kind, one.write(codes[1:]), codes[0])

        length = Gap("depth", literal(len(recipes)), _WHOLE)
        return Recipe(("repeated", kind, one.form), (length, *one.gaps), write)
    form = ("list", kind, tuple(each.form for each in recipes))
    return Recipe(form, _gaps(recipes), lambda codes: _listed(kind, list(_written(recipes, codes))))


def _gaps(recipes: Iterable[Recipe]) -> tuple[Gap, ...]:
    return tuple(gap for each in recipes for gap in each.gaps)


def _written(recipes: Iterable[Recipe], codes: Sequence[Code]) -> Iterator[Code]:
    """Writes recipes one after the other, each with its share of the codes."""
    start = 0
    for recipe in recipes:
        yield recipe.write(codes[start : start + len(recipe.gaps)])
        start += len(recipe.gaps)


def _repeated(kind: str, one: Code, count: Code) -> Code:
    loop = f" for _ in range({count.line()})"
    if kind == "Sequential":
        return Code("nn.Sequential(", (Code("*(", (one,), ")", tail=loop),), ")")
    return Code(f"nn.{kind}(", (one,), ")", tail=loop)


def _listed(kind: str, codes: list[Code]) -> Code:
    if len(codes) > 1 and len(set(codes)) == 1:
        return _repeated(kind, codes[0], literal(len(codes)))
    runs: list[tuple[Code, int]] = []
    for code in codes:
        if runs and runs[-1][0] == code:
            runs[-1] = (code, runs[-1][1] + 1)
        else:
            runs.append((code, 1))
    parts: list[Code] = []
    for code, count in runs:
        if count < _MANY:
            parts += [code] * count
        else:
            parts.append(Code("*(", (code,), ")", tail=f" for _ in range({count})"))
    if kind == "Sequential":
        return Code("nn.Sequential(", tuple(parts), ")")
    return Code(f"nn.{kind}([", tuple(parts), "])")


def named_recipe(start: str, entries: Mapping[str, Recipe], end: str) -> Recipe:
    """Makes something of parts that have names: `Group(norm=…)`, `nn.Sequential(OrderedDict(conv=…))`."""
    names, recipes = tuple(entries), tuple(entries.values())

    def write(codes: Sequence[Code]) -> Code:
        return Code(start, tuple(map(named, names, _written(recipes, codes))), end)

    return Recipe((start, names, tuple(each.form for each in recipes)), _gaps(recipes), write)


def dictionary_recipe(entries: Mapping[str, Recipe], kind: str) -> Recipe:
    """Makes a ModuleDict or ParameterDict: `nn.ModuleDict({"2": …})`."""
    names, recipes = tuple(entries), tuple(entries.values())

    def write(codes: Sequence[Code]) -> Code:
        return Code(f"nn.{kind}({{", tuple(map(entry, names, _written(recipes, codes))), "})")

    return Recipe((kind, names, tuple(each.form for each in recipes)), _gaps(recipes), write)
