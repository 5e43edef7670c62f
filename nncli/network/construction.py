"""The `__init__` of a printed network: layers with their arguments, shared weights, what is frozen"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.network.literals import (
    Code,
    call,
    callable_name,
    entry,
    identifier,
    literal,
    named,
    tensor_literal,
)
from nncli.network.signatures import signature_of

Construction: TypeAlias = tuple[type[nn.Module], Mapping[str, object]]
# A longer list of numbers is no longer a program that somebody reads.
MOST_NUMBERS: Final = 10_000


@dataclass(frozen=True)
class Layout:
    """A module and how its layers were built, by dotted name; what is not listed is a container."""

    root: nn.Module
    built: Mapping[str, Construction]

    def path(self, name: str) -> str:
        """Writes where something dotted stands: `self.layers[0].attention`."""
        text, module = "self", self.root
        for part in name.split("."):
            if _is_list(module):
                text += f"[{int(part)}]"
            elif _is_dictionary(module):
                text += f"[{literal(part).line()}]"
            else:
                text += f".{identifier(part)}"
            module = getattr(module, part)
        return text

    def lists(self) -> dict[str, int]:
        """Finds the lists of layers, as `path` writes them, with their lengths."""
        found = {}
        for name, module in self.root.named_modules():
            if name and self._is_container(name) and _is_list(module):
                found[self.path(name)] = len(module._modules)
        return found

    def _is_container(self, name: str) -> bool:
        # What a layer is made of is written by its class.
        parts = name.split(".")
        return not any(".".join(parts[:end]) in self.built for end in range(1, len(parts) + 1))

    def statements(self) -> Iterator[tuple[str, Code]]:
        """Writes what stands in `__init__`: targets, and what is assigned to them."""
        for name, code in self._children("", self.root):
            yield f"self.{identifier(name)}", code

    def _children(self, prefix: str, module: nn.Module) -> Iterator[tuple[str, Code]]:
        for name, parameter in module._parameters.items():
            if parameter is not None:
                yield name, Code("nn.Parameter(", (_zeros(parameter),), ")")
        for name, buffer in module._buffers.items():
            if buffer is not None:
                yield name, _buffer(f"{prefix}{name}", buffer, name in module._non_persistent_buffers_set)
        for name, child in module._modules.items():
            if child is not None:
                yield name, self._child(f"{prefix}{name}", child)

    def _child(self, name: str, module: nn.Module) -> Code:
        if name in self.built:
            return construction(*self.built[name])
        if type(module) not in (nn.Module, nn.ModuleList, nn.ModuleDict, nn.Sequential):
            raise LookupError(f"nobody says how {name} was built")
        children = tuple(self._children(f"{name}.", module))
        if _is_list(module):
            codes = tuple(code for _, code in children)
            if len(codes) > 1 and len(set(codes)) == 1:
                return Code("nn.ModuleList(", codes[:1], ")", tail=f" for _ in range({len(codes)})")
            return Code("nn.ModuleList([", codes, "])")
        if _is_dictionary(module):
            return Code("nn.ModuleDict({", tuple(entry(key, code) for key, code in children), "})")
        return Code("Group(", tuple(named(key, code) for key, code in children), ")")

    def ties(self) -> Iterator[str]:
        """Writes which weights are shared: the first name owns, every other one is set to it."""
        owners: dict[int, str] = {}
        for name, tensor in _every_tensor(self.root):
            owner = owners.setdefault(id(tensor), name)
            if owner != name:
                yield f"{self.path(name)} = {self.path(owner)}"

    def frozen(self) -> Iterator[str]:
        """Writes what is not trained, by whole modules where all of one is frozen."""
        yield from self._frozen("", self.root)

    def _frozen(self, name: str, module: nn.Module) -> Iterator[str]:
        trained = {weight.requires_grad for weight in module.parameters()}
        if trained == {False}:
            yield f"{self.path(name) if name else 'self'}.requires_grad_(False)"
        elif trained == {True, False}:
            own = module._parameters.items()
            for key, weight in own:
                if weight is not None and not weight.requires_grad:
                    yield f"{self.path(f'{name}.{key}'.lstrip('.'))}.requires_grad_(False)"
            for key, child in module._modules.items():
                if child is not None:
                    yield from self._frozen(f"{name}.{key}".lstrip("."), child)


def construction(kind: type[nn.Module], arguments: Mapping[str, object]) -> Code:
    """Writes the call of a class: what it requires by position, all else by name."""
    left = dict(arguments)
    positions: list[Code] = []
    for parameter in signature_of(kind).parameters:
        if not parameter.required or parameter.keyword_only or parameter.name not in left:
            break
        positions.append(literal(left.pop(parameter.name)))
    keywords = {name: literal(value) for name, value in left.items()}
    return call(callable_name(kind), tuple(positions), keywords)


def _every_tensor(root: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from root.named_parameters(remove_duplicate=False)
    yield from root.named_buffers(remove_duplicate=False)


def _is_list(module: nn.Module) -> bool:
    keys = list(module._modules)
    return bool(keys) and keys == [str(index) for index in range(len(keys))] and _holds_only_layers(module)


def _is_dictionary(module: nn.Module) -> bool:
    return any(key.isdecimal() for key in module._modules) and _holds_only_layers(module)


def _holds_only_layers(module: nn.Module) -> bool:
    return not module._parameters and not module._buffers


def _zeros(tensor: Tensor) -> Code:
    kind = {} if tensor.dtype == torch.float32 else {"dtype": literal(tensor.dtype)}
    sizes = tuple(literal(size) for size in tensor.shape) or (Code("()"),)
    return call("torch.zeros", sizes, kind)


def _buffer(name: str, buffer: Tensor, is_constant: bool) -> Code:
    """Writes a buffer: what the weights file does not hold with its numbers.

    Raises WeightsError `export-constant-large`.
    """
    if not is_constant:
        return Code("nn.Buffer(", (_zeros(buffer),), ")")
    code = tensor_literal(buffer)
    if "[" in code.line() and buffer.numel() > MOST_NUMBERS:
        raise failure("export-constant-large", constant=name, numbers=buffer.numel(), most=MOST_NUMBERS)
    return Code("nn.Buffer(", (code, Code("persistent=False")), ")")
