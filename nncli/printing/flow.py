"""The `forward` of a printed class: one line a call, with the shape that it gives"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

from torch import fx, nn

from nncli.network.graph.tape import PARTS
from nncli.network.items.frames import GIVEN_NAME
from nncli.printing.classes import SHOWN
from nncli.printing.cutting import AGAIN, PART
from nncli.printing.layout import path_of
from nncli.printing.literals import (
    Code,
    call,
    callable_name,
    identifier,
    is_method,
    literal,
    singular,
    subscript,
    within,
)
from nncli.printing.repeating import LOOP

# As long as a line may be, less where it stands in its class and perhaps in a loop.
WIDTH: Final = 94
# The function of nncli that such a program brings along.
CHECKPOINTED: Final = "checkpointed"
_UNNAMED: Final = ("x", "y", "z", "u", "v", "w")
_COUNTED: Final = re.compile(r"\.\d+(\.|$)")
_INFIX: Final[Mapping[Callable[..., Any], str]] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.pow: "**",
    operator.matmul: "@",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
    operator.and_: "&",
    operator.or_: "|",
    operator.xor: "^",
}
_PREFIX: Final[Mapping[Callable[..., Any], str]] = {
    operator.neg: "-",
    operator.pos: "+",
    operator.invert: "~",
}


@final
class Flow:
    """Writes the statements of a graph. A variable is used again once its value is not needed any more."""

    def __init__(self, graph: fx.Graph, module: nn.Module, reserved: Iterable[str]) -> None:
        self._module = module
        self._nodes = list(graph.nodes)
        self._order = {node: position for position, node in enumerate(self._nodes)}
        self._reserved = frozenset(reserved)
        self._codes: dict[fx.Node, Code] = {}
        self._last_use = self._last_uses()
        self._next = self._next_statements()
        self._held: dict[str, fx.Node] = {}
        self.arguments = [identifier(str(node.target)) for node in self._nodes if node.op == "placeholder"]

    def lines(self) -> list[str]:
        """Writes the body of `forward`."""
        return [line for node in self._nodes for line in self._statement(node)]

    def _statement(self, node: fx.Node) -> list[str]:
        if node.op == "placeholder":
            name = identifier(str(node.target))
            self._codes[node], self._held[name] = Code(name), node
            return []
        if node.op == "output":
            return self._returned(node.args[0])
        if node in self._codes or (not node.users and node.op != "call_module"):
            return []
        if LOOP in node.meta:
            return self._loop(node)
        code = self._code(node)
        if self._is_inlined(node):
            self._codes[node] = code
            return []
        results = _results(node)
        if self._is_last(node):
            self._codes[node] = Code("")
            return _with_shape(_assigned("return ", code), results)
        names = [
            self._named(result, is_part=result is not node) if result is node or result.users else "_"
            for result in results
        ]
        return _with_shape(_assigned(f"{', '.join(names)} = ", code), results)

    def _named(self, node: fx.Node, *, is_part: bool = False) -> str:
        name = self._variable(node, is_part=is_part)
        self._codes[node], self._held[name] = Code(name), node
        return name

    def _is_last(self, node: fx.Node) -> bool:
        """Tells whether a value is what the graph returns, and nothing else is done with it."""
        return node.next.op == "output" and node.next.args == (node,) and len(node.users) == 1

    def _loop(self, node: fx.Node) -> list[str]:
        """Writes the call of a list of layers: what is passed along goes through all of them."""
        passed = node.args[node.meta[LOOP]]
        assert isinstance(passed, fx.Node)
        begin = self._codes[passed].line()
        is_over = self._last_use[passed] <= self._order[node] and self._held.get(begin) is passed
        name = begin if is_over else self._named(node)
        self._codes[node], self._held[name] = Code(name), node
        codes = (Code(name) if each is passed else self._leaf_or_literal(each) for each in node.args)
        keywords = {key: self._leaf_or_literal(value) for key, value in node.kwargs.items()}
        layer = self._loop_variable(str(node.target))
        made = _assigned(f"{name} = ", _called(node, layer, tuple(codes), keywords))
        body = [f"    {line}" for line in _with_shape(made, [node], WIDTH - 4)]
        loop = [f"for {layer} in {path_of(self._module, str(node.target))}:", *body]
        return loop if is_over else [f"{name} = {begin}", *loop]

    def _loop_variable(self, target: str) -> str:
        last = target.rpartition(".")[2]
        name = singular(last) if singular(last) != last else "layer"
        while name in self._reserved or name in self._held:
            name += "_"
        return name

    def _returned(self, value: Any) -> list[str]:
        if isinstance(value, (tuple, list)) and len(value) > 1:
            return ["return " + ", ".join(self._leaf_or_literal(each).line() for each in value)]
        code = self._leaf_or_literal(value).line()
        return [f"return {code}"] if code else []

    def _is_inlined(self, node: fx.Node) -> bool:
        """Tells whether a node is written where it is used: attributes, and what is no tensor."""
        if node.op == "get_attr":
            return True
        if len(node.users) != 1 or "shape" in node.meta:
            return False
        user = next(iter(node.users))
        # A layer may draw random numbers, so that it must not change places.
        return user.op != "output" and (node.op != "call_module" or user is node.next)

    def _last_uses(self) -> dict[fx.Node, int]:
        """Finds the statement up to which each value is needed, written into another one or not."""
        last: dict[fx.Node, int] = {}
        spoken: dict[fx.Node, int] = {}
        for node in reversed(self._nodes):
            ends = [spoken[user] for user in node.users]
            last[node] = max(ends, default=self._order[node])
            spoken[node] = (
                last[node] if node.op != "placeholder" and self._is_inlined(node) else self._order[node]
            )
        return last

    def _next_statements(self) -> dict[fx.Node, int]:
        """Finds the statement behind each node; a value that only that one needs goes without a name."""
        following: dict[fx.Node, int] = {}
        position = len(self._nodes)
        for node in reversed(self._nodes):
            following[node] = position
            if node.op not in ("placeholder", "get_attr") and not self._is_inlined(node):
                position = self._order[node]
        return following

    def _variable(self, node: fx.Node, *, is_part: bool) -> str:
        position = self._order[node]

        def is_free(name: str) -> bool:
            held = self._held.get(name)
            return name not in self._reserved and (held is None or self._last_use[held] <= position)

        is_called = is_part and GIVEN_NAME in node.meta
        used_at_once = self._last_use[node] <= self._next[node] and not is_called
        wanted = "" if used_at_once else _variable_of(str(node.meta.get("name", "")))
        if not wanted:
            free = next((name for name in _UNNAMED if is_free(name)), "")
            wanted = free or "value"
        name, count = wanted, 1
        while not is_free(name):
            count += 1
            name = f"{wanted}_{count}"
        return name

    def _leaf(self, value: object) -> Code | None:
        return self._codes[value] if isinstance(value, fx.Node) else None

    def _leaf_or_literal(self, value: object) -> Code:
        return literal(value, self._leaf)

    def _code(self, node: fx.Node) -> Code:
        arguments = tuple(self._leaf_or_literal(value) for value in node.args)
        keywords = {name: self._leaf_or_literal(value) for name, value in node.kwargs.items()}
        if node.op == "get_attr":
            return Code(path_of(self._module, str(node.target)))
        if node.op == "call_module":
            return _called(node, path_of(self._module, str(node.target)), arguments, keywords)
        if node.op == "call_method" or is_method(node.target):
            name = str(node.target) if node.op == "call_method" else callable_name(node.target).split(".")[-1]
            return call(f"{within(arguments[0])}.{identifier(name)}", arguments[1:], keywords)
        assert callable(node.target)
        return self._function(node.target, node, arguments, keywords)

    def _function(
        self,
        target: Callable[..., Any],
        node: fx.Node,
        arguments: tuple[Code, ...],
        keywords: dict[str, Code],
    ) -> Code:
        if target in _INFIX:
            left, right = arguments
            return Code(f"{within(left)} {_INFIX[target]} {within(right)}", is_atom=False)
        if target in _PREFIX:
            return Code(f"{_PREFIX[target]}{within(arguments[0])}", is_atom=False)
        if target is operator.getitem:
            return subscript(arguments[0], node.args[1], self._leaf)
        if target is getattr:
            return Code(f"{within(arguments[0])}.{node.args[1]}")
        return call(callable_name(target), arguments, keywords)


def _called(node: fx.Node, layer: str, arguments: tuple[Code, ...], keywords: Mapping[str, Code]) -> Code:
    """Writes the call of a layer, perhaps one that runs a second time on the way back."""
    if node.meta.get(AGAIN):
        return call(CHECKPOINTED, (Code(layer), *arguments), keywords)
    return call(layer, arguments, keywords)


def _results(node: fx.Node) -> list[fx.Node]:
    """Lists what a statement gives: the value, or all parts of one that is taken apart at once."""
    parts = list(node.users)
    if "shape" in node.meta or not all(each.target is operator.getitem for each in parts):
        return [node]
    if PART not in node.meta and [each.args[1] for each in parts] != list(range(node.meta.get(PARTS, 0))):
        return [node]
    return parts


def own_functions(graph: fx.Graph) -> list[Callable[..., Any]]:
    """Lists the functions that a graph calls and that neither torch, einops nor Python has."""
    found = {
        node.target: None
        for node in graph.nodes
        if node.op == "call_function"
        and callable(node.target)
        and node.target not in _INFIX
        and node.target not in _PREFIX
        and node.target not in (operator.getitem, getattr)
        and not is_method(node.target)
        and "." not in callable_name(node.target)
    }
    return list(found)


def _variable_of(name: str) -> str:
    """Makes a variable of a dotted name: its last part; none of what stands in a repetition."""
    last = name.rpartition(".")[2]
    return last if last.isidentifier() and not _COUNTED.search(name) else ""


def _assigned(start: str, code: Code) -> Code:
    return Code(start + code.start, code.parts, code.end, code.tail)


def _with_shape(code: Code, nodes: Iterable[fx.Node], width: int = WIDTH) -> list[str]:
    """Writes a statement with the shapes of what it gives."""
    shapes = [node.meta[SHOWN] for node in nodes if SHOWN in node.meta]
    lines = code.lines(width)
    if not shapes:
        return lines
    comment = f"# {', '.join(shapes)}"
    if len(lines) == 1 and len(lines[0]) + len(comment) + 2 <= width:
        return [f"{lines[0]}  {comment}"]
    return [*lines[:-1], f"{lines[-1]}  {comment}"] if len(lines) > 1 else [comment, *lines]
