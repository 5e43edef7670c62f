"""The `forward` of a printed network: one line a call, with the shape that it gives"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

from torch import fx

from nncli.network.construction import Layout
from nncli.network.literals import (
    Code,
    call,
    callable_name,
    identifier,
    is_method,
    literal,
    subscript,
    within,
)
from nncli.network.values import shown

# As long as a line may be, less where it stands in its class and perhaps in a loop.
WIDTH: Final = 94
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

    def __init__(self, graph: fx.Graph, layout: Layout, reserved: Iterable[str]) -> None:
        self._layout = layout
        self._nodes = list(graph.nodes)
        self._order = {node: position for position, node in enumerate(self._nodes)}
        self._reserved = frozenset(reserved)
        self._codes: dict[fx.Node, Code] = {}
        self._last_use = self._last_uses()
        self._next = self._next_statements()
        self._held: dict[str, fx.Node] = {}
        self.arguments = [identifier(str(node.target)) for node in self._nodes if node.op == "placeholder"]

    def lines(self) -> list[str]:
        """Writes the body of `forward`, its loops folded."""
        written: list[str] = []
        for node in self._nodes:
            written += self._statement(node)
        for path, count in sorted(self._layout.lists().items(), key=lambda found: -len(found[0])):
            written = folded(written, path, count, self._reserved)
        return written

    def _statement(self, node: fx.Node) -> list[str]:
        if node.op == "placeholder":
            name = identifier(str(node.target))
            self._codes[node], self._held[name] = Code(name), node
            return []
        if node.op == "output":
            return self._returned(node.args[0])
        if not node.users and node.op != "call_module":
            return []
        code = self._code(node)
        if self._is_inlined(node):
            self._codes[node] = code
            return []
        name = self._variable(node)
        self._codes[node], self._held[name] = Code(name), node
        return _with_shape(Code(f"{name} = {code.start}", code.parts, code.end, code.tail), node)

    def _returned(self, value: Any) -> list[str]:
        if isinstance(value, (tuple, list)) and len(value) > 1:
            return ["return " + ", ".join(self._leaf_or_literal(each).line() for each in value)]
        return [f"return {self._leaf_or_literal(value).line()}"]

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

    def _variable(self, node: fx.Node) -> str:
        position = self._order[node]

        def is_free(name: str) -> bool:
            held = self._held.get(name)
            return name not in self._reserved and (held is None or self._last_use[held] <= position)

        # A flow that enters a list of layers, or comes from one, has no name, so that a loop can be written.
        used_at_once = self._last_use[node] <= self._next[node] or any(map(_is_in_list, node.users))
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
            return Code(self._layout.path(str(node.target)))
        if node.op == "call_module":
            return call(self._layout.path(str(node.target)), arguments, keywords)
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


def _is_in_list(node: fx.Node) -> bool:
    return node.op == "call_module" and bool(_COUNTED.search(str(node.target)))


def _with_shape(code: Code, node: fx.Node) -> list[str]:
    shape = node.meta.get("shape")
    lines = code.lines(WIDTH)
    if shape is None:
        return lines
    comment = f"# {shown(tuple(shape))}"
    if len(lines) == 1 and len(lines[0]) + len(comment) + 2 <= WIDTH:
        return [f"{lines[0]}  {comment}"]
    return [*lines[:-1], f"{lines[-1]}  {comment}"] if len(lines) > 1 else [comment, *lines]


def folded(lines: list[str], path: str, count: int, reserved: Iterable[str]) -> list[str]:
    """Writes the lines of a list of layers as a loop, where every layer has the same ones.

    `path` is that of the list, such as `self.layers`; lines stay as they are where they differ.
    """
    starts = [next((at for at, line in enumerate(lines) if f"{path}[{i}]" in line), -1) for i in range(count)]
    if count < 2 or -1 in starts:
        return lines
    start, size = starts[0], starts[1] - starts[0]
    variable = _loop_variable(path, lines, reserved)
    bodies = [
        [line.replace(f"{path}[{i}]", variable) for line in lines[start + i * size : start + (i + 1) * size]]
        for i in range(count)
    ]
    rest = lines[:start] + lines[start + count * size :]
    if size < 1 or any(body != bodies[0] for body in bodies) or f"{path}[" in "\n".join([*bodies[0], *rest]):
        return lines
    loop = [f"for {variable} in {path}:", *(f"    {line}" for line in bodies[0])]
    return [*lines[:start], *loop, *lines[start + count * size :]]


def _loop_variable(path: str, lines: list[str], reserved: Iterable[str]) -> str:
    last = path.rpartition(".")[2]
    name = last[:-1] if re.fullmatch(r"[a-z_]+[^\Ws_\d]s", last) else "each"
    taken = {*re.findall(r"\w+", "\n".join(lines)), *reserved}
    while name in taken:
        name += "_"
    return name
