"""Python text of values: literals, names of functions, and calls broken over lines"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

_INDENT: Final = "    "
# Where a function of tensors is looked for, and what a program calls the place.
_PLACES: Final = (
    (torch, "torch"),
    (F, "F"),
    (torch.linalg, "torch.linalg"),
    (torch.fft, "torch.fft"),
    (torch.special, "torch.special"),
    (nn.utils.rnn, "nn.utils.rnn"),
)
# What a program binds itself; a variable of that name would hide it.
RESERVED: Final = frozenset(
    {
        *("self", "torch", "nn", "F", "einops", "Tensor", "Group", "OrderedDict"),
        *("spectral_norm", "weight_norm"),
        *dir(builtins),
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression: `parts` between `start` and `end`, with `tail` behind the last of them.

    `is_atom` is false where an operator around it would need parentheses.
    """

    start: str
    parts: tuple[Code, ...] = ()
    end: str = ""
    tail: str = ""
    is_atom: bool = True

    def line(self) -> str:
        """Writes the expression in one line."""
        return self.start + ", ".join(part.line() for part in self.parts) + self.tail + self.end

    def lines(self, width: int) -> list[str]:
        """Writes the expression in as many lines as it takes, the way formatters of Python break them."""
        whole = self.line()
        if len(whole) <= width or not self.parts:
            return [whole]
        broken = [self.start]
        for part in self.parts:
            inner = part.lines(width - len(_INDENT) - 1)
            broken += [_INDENT + line for line in inner]
            broken[-1] += "" if self.tail else ","
        if self.tail:
            broken.append(_INDENT + self.tail.lstrip())
        return [*broken, self.end.lstrip(",")]


def named(name: str, code: Code) -> Code:
    """Writes an argument by its name: `kernel_size=3`."""
    return replace(code, start=f"{identifier(name)}={code.start}")


def call(function: str, positions: tuple[Code, ...], keywords: Mapping[str, Code]) -> Code:
    """Writes a call; `function` is code."""
    parts = (*positions, *(named(name, code) for name, code in keywords.items()))
    return Code(f"{function}(", parts, ")")


def within(code: Code) -> str:
    """Writes an expression as an operand, in parentheses where it needs them."""
    return code.line() if code.is_atom else f"({code.line()})"


def identifier(name: str) -> str:
    """Hands on a name that may stand in code. Raises ValueError for any other text."""
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no name")
    return name


def singular(name: str) -> str:
    """Names one of several: `layer` of `layers`; what is no plural stays as it is."""
    return name[:-1] if re.fullmatch(r"[A-Za-z_]*[^\Ws_\d]s", name) else name


def literal(value: object, leaf: Callable[[object], Code | None] = lambda value: None) -> Code:
    """Writes a value: None, truths, numbers, texts, types, slices, and lists, tuples and dicts of them.

    `leaf` may write what stands inside in its own way. Raises TypeError for anything else.
    """
    found = leaf(value)
    if found is not None:
        return found
    if value is None or isinstance(value, (bool, int, float)):
        return _plain(value)
    if isinstance(value, str):
        return Code(_quoted(value))
    if value is Ellipsis:
        return Code("...")
    if isinstance(value, torch.dtype):
        return Code(str(value))
    if isinstance(value, tuple):
        return Code("(", tuple(literal(each, leaf) for each in value), ",)" if len(value) == 1 else ")")
    if isinstance(value, list):
        return Code("[", tuple(literal(each, leaf) for each in value), "]")
    if isinstance(value, Mapping):
        return Code("{", tuple(entry(key, literal(each, leaf)) for key, each in value.items()), "}")
    if isinstance(value, slice):
        return Code("slice(", tuple(literal(each, leaf) for each in _ends(value)), ")")
    if callable(value):
        return Code(callable_name(value))
    raise TypeError(f"no literal for {type(value).__name__}")


def _plain(value: bool | int | float | None) -> Code:
    if isinstance(value, float) and not math.isfinite(value):
        return Code(f'float("{value}")')
    is_negative = isinstance(value, (int, float)) and (value < 0 or repr(value).startswith("-"))
    return Code(repr(value), is_atom=not is_negative)


def _quoted(text: str) -> str:
    shown = repr(text)
    return f'"{text}"' if shown == f"'{text}'" and '"' not in text else shown


def entry(key: object, code: Code) -> Code:
    """Writes an entry of a dict: `"name": value`."""
    return replace(code, start=f"{literal(key).line()}: {code.start}")


def _ends(value: slice) -> tuple[object, object, object]:
    return value.start, value.stop, value.step


def subscript(value: Code, index: object, leaf: Callable[[object], Code | None]) -> Code:
    """Writes `x[index]`, where an index may be a slice, a number, a name or several of them."""
    parts = index if isinstance(index, tuple) and index else (index,)
    inside = ", ".join(_index(part, leaf).line() for part in parts)
    lone = isinstance(index, tuple) and len(index) == 1
    # Broken over lines, the comma behind a lone index would make a tuple of it.
    end = f"[{inside},]" if lone else f"[{inside}]"
    return replace(value, end=value.end + end) if value.is_atom and value.parts else Code(within(value) + end)


def _index(part: object, leaf: Callable[[object], Code | None]) -> Code:
    if not isinstance(part, slice):
        return literal(part, leaf)
    start, stop, step = ("" if each is None else literal(each, leaf).line() for each in _ends(part))
    return Code(f"{start}:{stop}" + (f":{step}" if step else ""))


def callable_name(target: Any) -> str:
    """Names a class or function as a program that imports torch, nn, F and einops does.

    What is neither torch's nor of einops goes by its own name. Raises TypeError for what has none.
    """
    name = getattr(target, "__name__", "")
    if not name:
        raise TypeError(f"no name for {type(target).__name__}")
    if isinstance(target, type) and getattr(nn, name, None) is target:
        return f"nn.{name}"
    if id(target) in _public_names():
        return _public_names()[id(target)]
    if str(getattr(target, "__module__", "")).partition(".")[0] == "einops":
        return f"einops.{identifier(name)}"
    return identifier(name)


@cache
def _public_names() -> Mapping[int, str]:
    """Maps every public function to the first place that has it; their own names are others at times."""
    return {
        id(value): f"{prefix}.{name}"
        for place, prefix in reversed(_PLACES)
        for name, value in vars(place).items()
        if callable(value) and not name.startswith("_")
    }


def is_method(target: Any) -> bool:
    """Tells whether a function is written behind a dot: torch.Tensor.expand."""
    name = getattr(target, "__name__", "")
    return bool(name) and getattr(Tensor, name, None) is target


def tensor_literal(tensor: Tensor) -> Code:
    """Writes a tensor's numbers, so that the same bits come back."""
    flat = tensor.detach().cpu().flatten()
    kind = {} if tensor.dtype == torch.float32 else {"dtype": literal(tensor.dtype)}
    if flat.numel() > 1 and bool((flat == flat[0]).all()):
        size = literal(tuple(tensor.shape))
        return call("torch.full", (size, _number(flat[0])), kind)
    if tensor.dtype == torch.int64 and tensor.dim() == 1 and torch.equal(flat, torch.arange(len(flat))):
        return call("torch.arange", (literal(len(flat)),), {})
    numbers = ", ".join(_number(each).line() for each in flat)
    whole = call("torch.tensor", (Code(f"[{numbers}]" if tensor.dim() else numbers),), kind)
    return (
        whole if tensor.dim() < 2 else Code(f"{whole.line()}.view(", literal(tuple(tensor.shape)).parts, ")")
    )


def _number(value: Tensor) -> Code:
    if value.dtype != torch.float32:
        return literal(value.item())
    # Nine digits are enough for any float32, and fewer mostly are.
    texts = (f"{value.item():.{digits}g}" for digits in (6, 7, 8, 9))
    exact = next((text for text in texts if torch.tensor(float(text)) == value), None)
    return literal(float(exact) if exact else value.item())
