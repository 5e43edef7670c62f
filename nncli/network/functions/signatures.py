"""What functions of tensors take, read from the installed torch: every overload, in torch's order."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import torch
import torch.nn.functional

from nncli.network.calls.signatures import Parameter, Signature
from nncli.network.graph.values import Count, Value, shown
from nncli.spec.argument_types import expected, fits, shown_argument
from nncli.spec.functions import HOMES
from nncli.spec.scalars import word_of

_HOMES: Final[Mapping[str, Any]] = {
    "torch": torch,
    "torch.nn.functional": torch.nn.functional,
    "torch.Tensor": torch.Tensor,
}
# Plumbing that the whole network decides, what works in place, and what torch keeps for old callers.
_NOT_WRITTEN: Final = frozenset(
    "device dtype layout pin_memory requires_grad memory_format generator out out_dtype inplace implicit "
    "path names size_average _stacklevel compute_mode".split()
)
# Overloads whose result has a shape that depends on values, and a form of einsum that no file can write.
_LEFT_OUT: Final = frozenset(
    {
        ("where", "default"),
        ("repeat_interleave", "Tensor"),
        ("repeat_interleave", "self_Tensor"),
        ("einsum", "sublist"),
    }
)
# What torch writes for its compiler, where Python takes more.
_WIDER: Final[Mapping[tuple[str, str], object]] = {
    ("interpolate", "scale_factor"): float | list[float] | None,
    ("tensordot", "dims"): int | list[list[int]],
}
_TYPES: Final[Mapping[str, Any]] = {
    "Tensor": torch.Tensor,
    "number": float | bool,
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
}
_LISTS: Final[Mapping[str, Any]] = {
    "Tensor": list[torch.Tensor],
    "int": list[int],
    "float": list[float],
    "bool": list[bool],
}


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    `results` are torch's names of several results, such as values and indices; empty for one or
    unnamed ones. `makes_tensors` where no tensor flows in, so that a device has to be said.
    """

    signature: Signature
    results: tuple[str, ...] = ()
    makes_tensors: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes, in order."""
        return self.signature.parameters


def function_named(name: str) -> Callable[..., Any]:
    """Finds a function of the list in the installed torch."""
    return getattr(_HOMES[HOMES[name]], name)  # type: ignore[no-any-return]


@cache
def overloads_of(name: str) -> tuple[Overload, ...]:
    """Reads what a function of the list takes: from its Python signature, else from torch's schemas."""
    function = function_named(name)
    try:
        signature = inspect.signature(function)
    except ValueError:
        return tuple(_from_schemas(name))
    open_ended = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(each.kind in open_ended for each in signature.parameters.values()):
        return tuple(_from_schemas(name))
    return (_from_python(name, signature, typing.get_type_hints(function)),)


def tensor_names(name: str) -> tuple[str, ...]:
    """Names the tensors that a function takes, in order, as torch does: `input`, `other`."""
    found = (
        tuple(p.name for p in each.parameters if takes_tensor(p.annotation)) for each in overloads_of(name)
    )
    return max(found, key=len)


def takes_tensor(annotation: object) -> bool:
    """Tells whether a parameter is there for a tensor, and for nothing that a file could write."""
    options = [each for each in typing.get_args(annotation) if each is not type(None)]
    return annotation is torch.Tensor or options == [torch.Tensor]


def takes_tensors(annotation: object) -> bool:
    """Tells whether a parameter takes a list of tensors."""
    return typing.get_origin(annotation) is list and typing.get_args(annotation) == (torch.Tensor,)


def takes_list(annotation: object) -> bool:
    """Tells whether a parameter takes a list."""
    options = typing.get_args(annotation)
    return typing.get_origin(annotation) is list or any(map(takes_list, options))


def _from_python(name: str, signature: inspect.Signature, hints: Mapping[str, object]) -> Overload:
    parameters = []
    for parameter in signature.parameters.values():
        # `reduce` of losses is torch's old word for `reduction`.
        is_old = parameter.name == "reduce" and "reduction" in signature.parameters
        if parameter.name in _NOT_WRITTEN or is_old:
            continue
        required = parameter.default is parameter.empty
        annotation = hints.get(parameter.name, torch.Tensor if required else object)
        annotation = _WIDER.get((name, parameter.name), _loosened(annotation))
        text = parameter.name if required else f"{parameter.name}={_shown(parameter.default)}"
        keyword_only = parameter.kind is parameter.KEYWORD_ONLY
        parameters.append(Parameter(parameter.name, required, annotation, keyword_only, text))
    return Overload(Signature(name, tuple(parameters)))


def _loosened(annotation: object) -> object:
    """Widens an annotation of torch's compiler: a size is one number or one for each axis."""
    if annotation in (int, int | None):
        return annotation | list[int]
    return object if annotation is type(None) else annotation


def _from_schemas(name: str) -> Iterator[Overload]:
    # logsigmoid has another name in torch's schemas.
    packet = getattr(torch.ops.aten, {"logsigmoid": "log_sigmoid"}.get(name, name), None)
    if packet is None:
        # float, long and bool are methods without a schema, of one tensor.
        yield Overload(Signature(name, (Parameter("input", True, torch.Tensor, False, "input"),)))
        return
    for overload in packet.overloads():
        if (name, overload) in _LEFT_OUT:
            continue
        made = _from_schema(name, getattr(packet, overload)._schema)
        if made is not None:
            yield made


def _from_schema(name: str, schema: Any) -> Overload | None:
    """Reads one schema; None where it writes into a tensor, or takes what no file can write."""
    parameters = []
    for argument in schema.arguments:
        required = not argument.has_default_value()
        if argument.alias_info is not None and argument.alias_info.is_write:
            return None
        if argument.name in _NOT_WRITTEN:
            if required:
                return None
            continue
        annotation = _annotation(argument)
        if annotation is None:
            return None
        shown = "input" if argument.name == "self" else argument.name
        text = shown if required else f"{shown}={_shown(argument.default_value)}"
        parameters.append(Parameter(shown, required, annotation, argument.kwarg_only, text))
    returned = [str(result.type) for result in schema.returns]
    if not returned or not set(returned) <= {"Tensor", "List[Tensor]"}:
        return None
    named = len(returned) > 1 and all(result.name for result in schema.returns)
    results = tuple(result.name for result in schema.returns) if named else ()
    has_tensors = any("Tensor" in str(argument.type) for argument in schema.arguments)
    makes = not has_tensors and any(argument.name == "device" for argument in schema.arguments)
    return Overload(Signature(name, tuple(parameters)), results, makes)


def _annotation(argument: Any) -> object:
    text = str(argument.type)
    options: list[Any] = []
    if text.startswith("Optional["):
        text = text.removeprefix("Optional[").removesuffix("]")
        options.append(type(None))
    if text.startswith("List["):
        kind = text.removeprefix("List[").removesuffix("]")
        # `int[2]` takes one number for both axes.
        options += [_TYPES.get(kind)] if argument.N else []
        options.append(_LISTS.get(kind))
    else:
        options.append(_TYPES.get(text))
    return None if None in options else typing.Union[tuple(options)]  # noqa: UP007


def _shown(default: object) -> str:
    if isinstance(default, bool) or default is None:
        return word_of(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def accepts(value: object, annotation: object) -> bool:
    """Tells whether a parameter takes a value; what nobody knows it lets pass, for torch to refuse."""
    options = typing.get_args(annotation)
    if typing.get_origin(annotation) is list:
        return isinstance(value, tuple) and all(accepts(each, options[0]) for each in value)
    if options and typing.get_origin(annotation) is not typing.Literal:
        return any(accepts(value, option) for option in options)
    if isinstance(value, Value):
        return takes_tensor(annotation) or annotation is object
    if isinstance(value, Count):
        return annotation in (int, float, object)
    if isinstance(value, tuple) and annotation is object:
        return all(accepts(each, object) for each in value)
    return fits(value, annotation)


def received(value: object) -> str:
    """Writes an argument for people: a value with its shape, a constant as a file writes it."""
    if isinstance(value, Value):
        return f"{value.origin} {shown(value.shape)}"
    if isinstance(value, Count):
        return "a number of rows"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(received, value)) + "]"
    return shown_argument(value)


def wanted(annotation: object) -> str:
    """Says in words what fits an annotation; nothing where nobody knows."""
    if takes_tensors(annotation):
        return "a list of values"
    if takes_tensor(annotation):
        return "a value of the network"
    return expected(annotation)
