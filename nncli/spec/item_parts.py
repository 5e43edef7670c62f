"""An item taken apart: its operation, and the words beside it, each with the scope in which it is written."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.spec.names import ITEM_WORDS, PATTERNED
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, is_null
from nncli.spec.scopes import Written, followed, resolved
from nncli.spec.words import check_words


@dataclass(frozen=True, slots=True)
class Parts:
    """What an item is made of.

    `use` is where its operation stands in the list: for `- $act` not where the layer is written.
    `key` names the operation.
    """

    use: Scalar
    path: str
    key: Scalar
    arguments: Written
    words: MappingType[str, Written]


def words_of(item: Written) -> dict[str, Written]:
    """Finds the words beside an operation."""
    if not isinstance(item.node, Mapping):
        return {}
    return {
        key.text: item.child(value, key.text) for key, value in item.node.entries if key.text in ITEM_WORDS
    }


def followed_item(item: Written) -> Written:
    """Follows `- $act` to the layer, the item or the list of items that it stands for."""
    target = resolved(item)
    if target is item or not isinstance(target.node, Sequence):
        return target
    # A list stands for its items, one after the other.
    key = Scalar("Sequential", "Sequential", True, item.place)
    return Written(Mapping(((key, target.node),), item.place), target.scope, target.path)


def take_apart(item: Written, use: Written) -> Parts:
    """Finds the one operation of an item; `use` is what stands in the list, such as `$act`.

    Raises SpecError `item-form`, `item-without-operation`, `item-two-operations`,
    `arguments-beside-layer`, and what `check_words` finds.
    """
    key, arguments = _operation(item)
    if key.text.startswith("$"):
        key, arguments = _operation_of_argument(key, arguments)
    at = _key_of(use.known_node())
    parts = Parts(at, f"{use.path}.{at.text}", key, arguments, words_of(item))
    problems = check_words(key, parts.words, parts.path)
    if problems:
        raise failures(problems)
    return parts


def _key_of(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        return node
    entries = node.entries if isinstance(node, Mapping) else ()
    return next(name for name, _ in entries if name.text not in ITEM_WORDS)


def _operation(item: Written) -> tuple[Scalar, Written]:
    node = item.known_node()
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return node, Written(Mapping((), node.place), item.scope, f"{item.path}.{node.text}")
    if not isinstance(node, Mapping) or not node.entries:
        words = [key for each in _mappings(node) for key in each.keys() if key in ITEM_WORDS]
        raise failure("item-form", node.place, item.path, words=words)
    operations = [(name, value) for name, value in node.entries if name.text not in ITEM_WORDS]
    if len(operations) != 1:
        raise failures([_operation_count(node, operations, item.path)])
    name, value = operations[0]
    return name, item.child(value, name.text)


def _mappings(node: Node) -> list[Mapping]:
    return [each for each in node.items if isinstance(each, Mapping)] if isinstance(node, Sequence) else []


def _operation_count(node: Mapping, operations: list[tuple[Scalar, Node]], path: str) -> Problem:
    words = [name.text for name, _ in operations]
    if not words:
        return Problem("item-without-operation", node.place, path, {"words": node.keys()})
    facts: dict[str, object] = {"words": words, "nearest": nearest(words[1], ITEM_WORDS)}
    if words[0] in PATTERNED:
        facts |= {"verb": words[0], "size": words[1]}
    return Problem("item-two-operations", operations[1][0].place, path, facts)


def _operation_of_argument(key: Scalar, arguments: Written) -> tuple[Scalar, Written]:
    """Reads `{$act: , name: a}`: the operation is an argument, a word or a whole layer."""
    target = followed_item(Written(key, arguments.scope, arguments.path))
    node = target.known_node()
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return node, arguments
    given = arguments.known_node()
    if not is_null(given) and not (isinstance(given, Mapping) and not given.entries):
        raise failure("arguments-beside-layer", given.place, arguments.path, name=key.text)
    if words_of(target):
        # It has words of its own, so that it stays an item by itself.
        sequence = Sequence((node,), node.place)
        whole = Scalar("Sequential", "Sequential", True, key.place)
        return whole, Written(sequence, target.scope, target.path)
    return _operation(target)


def name_in(item: Written) -> Written | None:
    """Finds the name of an item that cannot be read otherwise."""
    try:
        return words_of(followed(item)).get("name")
    except NncliError:
        return None
