"""Blocks as they are defined: their arguments as a Python signature, inputs, vars and layers."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final

from nncli.errors import Problem
from nncli.spec.functions import ITEM_FUNCTIONS
from nncli.spec.habits import unknown_key
from nncli.spec.items import FLOW
from nncli.spec.names import STRUCTURES, check_name
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence, stated

KEYS: Final = ("args", "inputs", "vars", "layers", "outputs")
# Values are worked out one after the other; a call with more of them is a table, not a block.
MOST_NAMES: Final = 200


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a block: its name, and its default where it has one."""

    name: Scalar
    default: Node | None


@dataclass(frozen=True, slots=True)
class Block:
    """A block: what stands below its name in `blocks:`."""

    name: Scalar
    parameters: tuple[Parameter, ...]
    inputs: tuple[str, ...]
    vars: tuple[tuple[Scalar, Node], ...]
    layers: Node
    outputs: Node | None

    @property
    def path(self) -> str:
        """Its YAML path."""
        return f"blocks.{self.name.text}"

    def signature(self) -> str:
        """Writes its arguments as Python would: `channels, kernel=3`."""
        shown = (
            each.name.text if each.default is None else f"{each.name.text}={_shown(each.default)}"
            for each in self.parameters
        )
        return ", ".join(shown)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a file. `broken` names those in whose definition something is wrong.

    Where not `all_there`, an included file could not be read, and nobody knows what it would have brought.
    """

    known: MappingType[str, Block]
    broken: frozenset[str] = frozenset()
    all_there: bool = True

    def hides(self, name: str) -> bool:
        """Tells whether a name that is no block may be one, but for an earlier mistake."""
        is_known = name[:1].isupper() or name in ITEM_FUNCTIONS
        return name in self.broken or not (self.all_there or is_known)


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text if node.text or not node.plain else "none"
    return "[…]" if isinstance(node, Sequence) else "{…}"


def read_blocks(
    node: Node | None, taken: Iterable[str], problems: list[Problem], *, all_there: bool = True
) -> Blocks:
    """Reads `blocks:`; `taken` are the names of networks.

    Problems: `mapping-expected`, `name-of-network`, and what `read_block` finds.
    """
    blocks: dict[str, Block] = {}
    node = stated(node)
    if node is None:
        return Blocks(blocks, all_there=all_there)
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "blocks", {"key": "blocks"}))
        return Blocks(blocks, all_there=False)
    names = frozenset(taken)
    for name, body in node.entries:
        path = f"blocks.{name.text}"
        if len(problems) >= MOST_PROBLEMS:
            break
        if problem := check_operation_name(name, path):
            problems.append(problem)
        elif name.text in names:
            problems.append(Problem("name-of-network", name.place, path, {"name": name.text}))
        elif block := _read_block(name, body, path, problems):
            blocks[name.text] = block
    return Blocks(blocks, frozenset(node.keys()) - frozenset(blocks), all_there)


def check_operation_name(name: Scalar, path: str) -> Problem | None:
    """Checks the name of a block or network, which stands where an operation stands.

    Problems: those of `check_name`; `name-reserved` for nncli's own operations.
    """
    if name.text in STRUCTURES:
        return Problem("name-reserved", name.place, path, {"name": name.text})
    return check_name(name, path, becomes_attribute=True)


def _read_block(name: Scalar, node: Node, path: str, problems: list[Problem]) -> Block | None:
    if not isinstance(node, Mapping):
        problems.append(Problem("block-form", node.place, path, {"block": name.text}))
        return None
    problems.extend(unknown_key(key, path, KEYS) for key, _ in node.entries if key.text not in KEYS)
    layers = node.get("layers")
    if layers is None:
        facts = {"key": "layers", "example": "layers: [Linear: 32, ReLU]"}
        problems.append(Problem("key-missing", name.place, f"{path}.layers", facts))
        return None
    before = len(problems)
    parameters = _read_parameters(node.get("args"), f"{path}.args", problems)
    inputs = _read_inputs(node.get("inputs"), f"{path}.inputs", problems)
    variables = _read_vars(node.get("vars"), f"{path}.vars", problems)
    given = [*(each.name for each in parameters), *(key for key, _ in variables)]
    problems.extend(_check_names(given, path))
    if len(problems) > before:
        return None
    return Block(name, parameters, inputs, variables, layers, node.get("outputs"))


def _check_names(names: list[Scalar], path: str) -> list[Problem]:
    found: list[Problem] = []
    seen: dict[str, int] = {}
    for name in names[: MOST_NAMES + 1]:
        if problem := check_name(name, path, becomes_attribute=False):
            found.append(problem)
        elif name.text in seen:
            facts = {"name": name.text, "line": seen[name.text]}
            found.append(Problem("name-twice", name.place, path, facts))
        seen[name.text] = name.place.line
    if len(names) > MOST_NAMES:
        facts = {"limit": f"{MOST_NAMES} arguments and vars in a block"}
        found.append(Problem("spec-too-large", names[MOST_NAMES].place, path, facts))
    return found


def _read_parameters(node: Node | None, path: str, problems: list[Problem]) -> tuple[Parameter, ...]:
    node = stated(node)
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        problems.append(Problem("block-arguments-form", node.place, path))
        return ()
    parameters: list[Parameter] = []
    for item in node.items:
        parameter = _read_parameter(item)
        if parameter is None:
            problems.append(Problem("block-arguments-form", item.place, path))
        elif parameter.default is None and parameters and parameters[-1].default is not None:
            facts = {"name": parameter.name.text}
            problems.append(Problem("block-arguments-order", item.place, path, facts))
        else:
            parameters.append(parameter)
    return tuple(parameters)


def _read_parameter(node: Node) -> Parameter | None:
    if isinstance(node, Mapping) and len(node.entries) == 1:
        return Parameter(*node.entries[0])
    return Parameter(node, None) if isinstance(node, Scalar) else None


def _read_inputs(node: Node | None, path: str, problems: list[Problem]) -> tuple[str, ...]:
    if node is None:
        return (FLOW,)
    items = node.items if isinstance(node, Sequence) else ()
    names = [item for item in items if isinstance(item, Scalar)]
    if not names or len(names) < len(items):
        problems.append(Problem("block-inputs-form", node.place, path))
        return (FLOW,)
    problems.extend(_check_names([name for name in names if name.text != FLOW], path))
    return tuple(name.text for name in names)


def _read_vars(node: Node | None, path: str, problems: list[Problem]) -> tuple[tuple[Scalar, Node], ...]:
    node = stated(node)
    if node is None:
        return ()
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, path, {"key": "vars"}))
        return ()
    return node.entries
