"""Items, with what stands inside them: blocks expanded, loops unrolled, structures with their layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure
from nncli.spec.block_calls import bind_block, block_scope, refuse_recursion
from nncli.spec.blocks import Block, Blocks
from nncli.spec.item_parts import Parts, followed_item, name_in, take_apart, words_of
from nncli.spec.items import (
    BlockCall,
    Broken,
    Constant,
    Copy,
    Item,
    Loop,
    NetworkCall,
    Operation,
    Sequential,
    Waiting,
)
from nncli.spec.loops import loop_names, mentions, repetitions
from nncli.spec.nodes import MOST_PROBLEMS, Node, Scalar, plain
from nncli.spec.nodes import Mapping as MappingNode
from nncli.spec.nodes import Sequence as SequenceNode
from nncli.spec.operations import (
    VERBS,
    read_compute,
    read_join,
    read_layer_or_function,
    read_parameter,
    read_rearrangement,
)
from nncli.spec.scopes import Entrance, Scope, Written, resolved, substituted
from nncli.spec.structures import read_outputs, read_parallel, read_residual
from nncli.spec.weights import WeightsSpec, read_weights_spec
from nncli.spec.words import (
    read_decision,
    read_flow,
    read_init,
    read_names,
    read_parametrization,
    read_result,
    read_share,
)

T = TypeVar("T")
Words = Mapping[str, Written]
# In a loop these words belong to every repetition; the others belong to the whole.
_OF_COPIES: Final = frozenset({"take", "share", "init", "parametrize", "freeze", "checkpoint", "when"})


@dataclass(frozen=True, slots=True)
class _Read:
    """An item with the parts it was made of."""

    parts: Parts
    item: Item


def first_layer(node: Node) -> str:
    """Names the first layer of what was meant to be a list, and has keys for want of dashes; or nothing."""
    keys = node.keys() if isinstance(node, MappingNode) and node.get("layers") is None else []
    return next((key for key in keys if key[:1].isupper()), "")


class ItemReader:
    """Reads items; what is wrong is collected, and reading goes on behind it.

    `used` collects the blocks that are called, `called` the networks.
    """

    def __init__(self, blocks: Blocks, networks: frozenset[str], problems: list[Problem]) -> None:
        self._blocks = blocks.known
        self._hides = blocks.hides
        self._networks = networks
        self._problems = problems
        self._broken: set[str] = set()
        self.used: set[str] = set()
        self.called: list[Scalar] = []

    def items(self, written: Written) -> tuple[Item, ...]:
        """Reads a list of items; raises SpecError `layers-form` for what is no list, and TooLarge."""
        target = resolved(written)
        if not isinstance(target.node, SequenceNode):
            key = written.path.rpartition(".")[2]
            raise failure(
                "layers-form", target.place, target.path, key=key, layer=first_layer(target.known_node())
            )
        found: list[Item] = []
        for number, node in enumerate(target.node.items):
            if len(self._problems) >= MOST_PROBLEMS:
                break
            item = self._item(target.child(node, number))
            if item is not None:
                found.append(item)
        return tuple(found)

    def check_unused(self, file_scope: Scope) -> None:
        """Reads the blocks that nobody calls, as far as that goes without their arguments."""
        for name, block in self._blocks.items():
            if name not in self.used and len(self._problems) < MOST_PROBLEMS:
                required = [each.name.text for each in block.parameters if each.default is None]
                given = {each: Written(None, file_scope, f"{block.path}.args", each) for each in required}
                with file_scope.budget.within(block.name.place, block.path):
                    self._attempt(partial(self._expanded, block, given, file_scope, Entrance()))

    def _attempt(self, read: Callable[[], T], path: str = "") -> T | None:
        try:
            return read()
        except NncliError as error:
            self._problems.extend(each if each.path else replace(each, path=path) for each in error.problems)
            return None

    def _item(self, use: Written) -> Item | None:
        """Reads one item; None where its `when:` is false."""
        use.scope.budget.spend_items()
        try:
            item = followed_item(use)
            words = words_of(item)
            if "repeat" in words:
                return self._loop(item, use, words)
            found = self._once(item, use, words)
            return found.item if found else None
        except NncliError as error:
            self._problems.extend(error.problems)
        name = name_in(use)
        names = self._attempt(partial(read_names, name)) if name else None
        place = use.known_node().place
        return Item(Broken(), place, use.path, names or ())

    def _once(self, item: Written, use: Written, words: Words) -> _Read | None:
        """Reads an item, or one repetition of it, with the words given; None where `when:` is false."""
        when = read_decision(words["when"]) if "when" in words else True
        if when is False:
            return None
        parts = take_apart(item, use)
        operation = self._attempt(partial(self._operation, parts), parts.path) or Broken()
        made = self._with_words(operation, parts, words)
        return _Read(parts, made if when is True else replace(made, when=when))

    def _with_words(self, operation: Operation, parts: Parts, words: Words) -> Item:
        before = len(self._problems)

        def read(word: str, reader: Callable[[Written], T]) -> T | None:
            return self._attempt(partial(reader, words[word])) if word in words else None

        names = read("name", read_names) or ()
        from_ = read("from", read_flow)
        take = read("take", read_result)
        share = read("share", partial(read_share, is_repeated="repeat" in parts.words))
        init = read("init", read_init)
        parametrize = read("parametrize", read_parametrization)
        freeze = read("freeze", read_decision) or False
        checkpoint = read("checkpoint", read_decision) or False
        weights = read("weights", self._weights)
        if len(self._problems) > before:
            operation = Broken()
        place, path = parts.use.place, parts.path
        about_weights = (share, init, parametrize, freeze)
        return Item(operation, place, path, names, from_, take, *about_weights, checkpoint, weights=weights)

    def _weights(self, written: Written) -> WeightsSpec | None:
        return read_weights_spec(substituted(resolved(written)), written.path, self._problems)

    def _loop(self, item: Written, use: Written, words: Words) -> Item | None:
        """Reads the repetitions of an item; None where none of them is there, by their `when:`.

        `from:` belongs to the whole, unless it uses what the loop gives.
        """
        repeat = words["repeat"]
        varies = "from" in words and mentions(words["from"].known_node(), loop_names(repeat))
        of_copies = _OF_COPIES | {"from"} if varies else _OF_COPIES
        before = len(self._problems)
        copies: list[Copy] = []
        first: Parts | None = None
        is_empty = True
        with item.scope.budget.within(repeat.place, repeat.path):
            for index, scope in repetitions(repeat):
                copy = Written(item.node, scope, item.path)
                own = {word: value for word, value in words_of(copy).items() if word in of_copies}
                found = self._once(copy, use, own)
                is_empty = False
                if found is not None:
                    first = first or found.parts
                    copies.append(Copy(index, found.item))
                is_broken = found is not None and isinstance(found.item.operation, Broken)
                if is_broken or len(self._problems) > before:
                    # The other repetitions would say the same once more.
                    break
        if not is_empty and not copies:
            return None
        parts = first or take_apart(item, use)
        joins = "join" in words and parts.key.text != "parallel"
        join = self._attempt(partial(read_join, words["join"], ())) if joins else None
        loop = Loop(parts.key.text.lower(), tuple(copies), join)
        operation = Broken() if len(self._problems) > before else loop
        whole = {word: value for word, value in words.items() if word not in of_copies}
        return self._with_words(operation, parts, whole)

    def _operation(self, parts: Parts) -> Operation:
        key, arguments = parts.key, parts.arguments
        name = key.text
        if name in self._blocks:
            return self._block_call(parts)
        if name in self._networks:
            return self._network_call(parts)
        if name == "compute":
            return read_compute(key, arguments)
        if name == "Parameter":
            return read_parameter(key, arguments)
        if name in VERBS:
            return read_rearrangement(key, arguments)
        if name not in ("Sequential", "residual", "parallel"):
            if self._hides(name):
                raise NncliError
            return read_layer_or_function(key, arguments, (*self._blocks, *self._networks))
        with arguments.scope.budget.within(key.place, parts.path):
            if name == "residual":
                return read_residual(parts, self.items)
            return (
                read_parallel(parts, self.items) if name == "parallel" else Sequential(self.items(arguments))
            )

    def _network_call(self, parts: Parts) -> NetworkCall:
        given = parts.arguments.known_node()
        if plain(given) not in (None, {}, ()):
            raise failure("network-arguments", given.place, parts.path, name=parts.key.text)
        self.called.append(parts.key)
        return NetworkCall(parts.key.text)

    def _block_call(self, parts: Parts) -> Operation:
        block = self._blocks[parts.key.text]
        calling = parts.arguments.scope
        refuse_recursion(parts.key, calling, parts.path)
        entrance = Entrance()
        given = bind_block(block, parts.key, parts.arguments, entrance)
        if block.name.text in self._broken:
            return Broken()
        with calling.budget.within(parts.key.place, parts.path):
            call = self._expanded(block, given, calling, entrance)
        for written in given.values():
            if not written.is_used and isinstance(written.node, Scalar):
                # Nobody reads it here, but a mistake in it is one.
                self._attempt(written.constant)
        return call

    def _expanded(
        self, block: Block, given: dict[str, Written], calling: Scope, entrance: Entrance
    ) -> BlockCall:
        self.used.add(block.name.text)
        before = len(self._problems)
        scope = block_scope(block, given, calling, entrance)
        items = self._attempt(partial(self.items, Written(block.layers, scope, f"{block.path}.layers"))) or ()
        outputs = None
        if block.outputs is not None:
            written = Written(block.outputs, scope, f"{block.path}.outputs")
            outputs = self._attempt(partial(read_outputs, written))
        if any(problem.path.startswith(f"{block.path}.") for problem in self._problems[before:]):
            self._broken.add(block.name.text)
        waiting = tuple(entrance.waiting)
        optional = frozenset(each.name.text for each in block.parameters if each.default is not None)
        arguments = _constants(block, scope)
        return BlockCall(block.name.text, block.inputs, waiting, items, outputs or {}, arguments, optional)


def _constants(block: Block, scope: Scope) -> dict[str, Constant | Waiting]:
    """Takes the arguments of a call that are numbers, words or truths, and that somebody read."""
    written = {each.name.text: scope.written(each.name.text) for each in block.parameters}
    known = {name: value.known_value() for name, value in written.items() if value is not None}
    return {
        name: value for name, value in known.items() if isinstance(value, (bool, int, float, str, Waiting))
    }
