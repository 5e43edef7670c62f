"""Operations without layers inside: layers, functions, rearrangements, Parameters, expressions, joins."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final, cast, get_args

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.spec.arithmetic import Formula, inside_quotes, is_waiting, substitute
from nncli.spec.calls import read_call
from nncli.spec.expressions import LIBRARIES
from nncli.spec.functions import ITEM_FUNCTIONS, KNOWN_ELSEWHERE
from nncli.spec.items import (
    Argument,
    Assignment,
    Call,
    Compute,
    Constant,
    Function,
    Join,
    Layer,
    ParameterTensor,
    Rearrangement,
    Verb,
)
from nncli.spec.names import ITEM_WORDS, STRUCTURES, check_name
from nncli.spec.nodes import Mapping, Scalar, Sequence
from nncli.spec.scopes import COUNTED, Written, constant_of, followed, resolved, substituted
from nncli.spec.tensor_expressions import Computation
from nncli.spec.tensor_parsing import parse_computation
from nncli.spec.words import NONE

_PYTHON: Final = re.compile(rf"({'|'.join(map(re.escape, sorted(LIBRARIES, reverse=True)))})\.(\w.*)")
VERBS: Final = get_args(Verb)
REDUCTIONS: Final = ("mean", "max", "min", "sum", "prod")
JOINS: Final = ("cat", "stack", "add", "mul", NONE)
# Layers that are often written in lower case, for the answer to an unknown word.
_OFTEN: Final = (
    "Linear Conv1d Conv2d Conv3d ConvTranspose2d BatchNorm1d BatchNorm2d LayerNorm RMSNorm GroupNorm "
    "Dropout Embedding LSTM GRU MaxPool2d AvgPool2d AdaptiveAvgPool2d Flatten Identity ReLU GELU SiLU "
    "SelfAttention CrossAttention PositionEmbedding StochasticDepth Upsample"
).split()
_PATTERN: Final = re.compile(r"[A-Za-z0-9_ ().]+->[A-Za-z0-9_ ().]*\Z")
_A_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def read_arguments(key: Scalar, arguments: Written) -> Call:
    """Reads a call with every `$` replaced.

    Raises SpecError `argument-order`, `argument-repeated`, and what arithmetic raises.
    """
    problems: list[Problem] = []
    call = read_call(key, substituted(arguments), arguments.path, problems)
    if problems:
        raise failures(problems)
    return call


def read_layer_or_function(key: Scalar, arguments: Written, known: Iterable[str]) -> Layer | Function:
    """Reads a layer, in capitals, or a function of tensors; `known` are blocks and networks.

    Raises SpecError `operation-unknown` with the nearest of everything.
    """
    if key.text[:1].isupper():
        return Layer(read_arguments(key, arguments))
    if key.text not in ITEM_FUNCTIONS:
        everything = (*known, *ITEM_WORDS, *STRUCTURES, *ITEM_FUNCTIONS, *_OFTEN)
        # A library stands before the name in Python.
        python = _PYTHON.fullmatch(key.text)
        name = python.group(2) if python else ""
        if name[:1].isupper() and "(" in name:
            return Layer(read_arguments(replace(key, text=name), arguments))
        near = KNOWN_ELSEWHERE.get(key.text) or name or nearest(key.text, everything)
        word = near if near in ITEM_WORDS else ""
        facts: dict[str, object] = {"name": key.text, "nearest": "" if word else near, "word": word}
        raise failures([Problem("operation-unknown", key.place, arguments.path, facts)])
    return Function(read_arguments(key, arguments))


def read_rearrangement(key: Scalar, arguments: Written) -> Rearrangement:
    """Reads `rearrange: [b c (h p) w -> b (c p) h w, p: 2]`; einops checks the pattern itself later.

    Raises SpecError `einops-form`, `reduction-missing`.
    """
    call = read_arguments(key, arguments)
    is_reduction = key.text == "reduce"
    texts = [argument.value for argument in call.positions]
    pattern = texts[0] if texts else None
    place = call.positions[0].place if texts else key.place
    if not isinstance(pattern, str) or not _PATTERN.match(pattern) or _is_unbalanced(pattern):
        raise failure("einops-form", place, arguments.path, verb=key.text)
    reduction = texts[1] if is_reduction and len(texts) > 1 else None
    if is_reduction and reduction not in REDUCTIONS:
        place = call.positions[1].place if len(texts) > 1 else key.place
        raise failure("reduction-missing", place, arguments.path, known=list(REDUCTIONS))
    if len(texts) > 1 + is_reduction:
        raise failure("einops-form", call.positions[1 + is_reduction].place, arguments.path, verb=key.text)
    said = str(reduction) if is_reduction else None
    return Rearrangement(cast("Verb", key.text), pattern, place, said, call.keywords)


def _is_unbalanced(pattern: str) -> bool:
    return any(
        side.count("(") != side.count(")") or side.find(")") < side.find("(") for side in pattern.split("->")
    )


def read_parameter(key: Scalar, arguments: Written) -> ParameterTensor:
    """Reads `Parameter: [1, 1, $width]`; a number is a shape of one dimension.

    Raises SpecError `parameter-form`.
    """
    # One size may wait for what flows in; a whole shape that stands in a var may not.
    is_known = isinstance(arguments.node, Scalar) and not is_waiting(constant_of(arguments))
    node = substituted(resolved(arguments) if is_known else arguments)
    call = read_call(Scalar("", "", True, node.place), Sequence((node,), node.place), arguments.path, [])
    value: Constant = call.positions[0].value if call.positions else None
    if isinstance(value, (int, Formula)):
        value = (value,)
    if not isinstance(value, tuple) or not all(_is_size(size) for size in value):
        sizes = value if isinstance(value, tuple) else (value,)
        name = next((size for size in sizes if isinstance(size, str) and size in arguments.scope), "")
        place = node.place if call.positions else key.place
        raise failure("parameter-form", place, arguments.path, name=name)
    return ParameterTensor(Argument(value, node.place))


def _is_size(value: Constant) -> bool:
    return isinstance(value, Formula) or (type(value) is int and value > 0)


def read_computation(written: Written, also: Collection[str] = ()) -> Computation:
    """Reads a tensor expression; `$` in it is a constant of the scope in which it is written.

    `also` names what it may call beside functions of tensors.
    Raises SpecError `expression-form`, and what `parse_computation` raises.
    """
    target = followed(written)
    if isinstance(target.node, Scalar) and isinstance(target.node.value, str):
        written = target
    node = written.known_node()
    if not isinstance(node, Scalar) or (node.plain and not node.text):
        raise failure("expression-form", node.place, written.path)
    scope = written.scope

    def constant(text: str, place: Place) -> Constant:
        return substitute(text, place, scope, COUNTED)

    return parse_computation(node.text, inside_quotes(node.place), constant, also, names=scope)


def read_compute(key: Scalar, arguments: Written, also: Collection[str] = ()) -> Compute:
    """Reads `compute: x * sigmoid(x)`, or several named expressions in order.

    For `also` see `read_computation`. Raises SpecError `expression-form`, `name-form`, `name-reserved`, and
    what expressions raise.
    """
    node = arguments.known_node()
    if not isinstance(node, Mapping):
        return Compute((Assignment((), read_computation(arguments, also), node.place),))
    if not node.entries:
        raise failure("expression-form", key.place, arguments.path)
    problems: list[Problem] = []
    assignments: list[Assignment] = []
    for name, value in node.entries:
        names = tuple(each.strip() for each in name.text.split(","))
        path = f"{arguments.path}.{name.text}"
        checked = (check_name(Scalar(n, n, True, name.place), path, becomes_attribute=False) for n in names)
        problems.extend(problem for problem in checked if problem)
        try:
            computation = read_computation(arguments.child(value, name.text), also)
            assignments.append(Assignment(names, computation, name.place))
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return Compute(tuple(assignments))


def read_join(written: Written, branches: Collection[str]) -> Join:
    """Reads how results are joined: a function, `none`, or an expression over the branches.

    Raises SpecError `join-form`, and what calls and expressions raise.
    """
    written = followed(written)
    node = written.known_node()
    if isinstance(node, Mapping) and len(node.entries) == 1 and node.entries[0][0].text in ITEM_FUNCTIONS:
        name, arguments = node.entries[0]
        return Join(node.place, read_arguments(name, written.child(arguments, name.text)))
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise failure("join-form", node.place, written.path, known=list(JOINS))
    if node.value == NONE:
        return Join(node.place)
    if node.value in ITEM_FUNCTIONS and node.value not in branches:
        return Join(node.place, Call(node.value, node.place))
    if _A_NAME.match(node.value) and node.value not in (*branches, "x"):
        near = nearest(node.value, (*JOINS, *branches))
        raise failure("join-form", node.place, written.path, known=list(JOINS), nearest=near)
    return Join(node.place, None, read_computation(written))
