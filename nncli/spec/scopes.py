"""Scopes: what $name means where it stands, worked out where it was written and at most once"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, final

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.arithmetic import is_waiting, referred_name, substitute
from nncli.spec.budget import Budget
from nncli.spec.evaluation import LONGEST_LIST, count_values
from nncli.spec.items import Constant, Waiting
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence, node_of, plain

# What only the data can count; formulas that read these wait for the network.
COUNTED: Final = frozenset({"classes", "vocabulary", "rate"})
Value: TypeAlias = "Constant | Waiting"


@dataclass(slots=True)
class Entrance:
    """What has to be worked out where values flow into a block call; filled while the block is read."""

    waiting: list[tuple[Waiting, Constant]] = field(default_factory=list)


@final
class Written:
    """A value as it is written, in its scope: a number, a word, a layer, a list of layers …

    Without a node it is an argument that nobody gave: a block is checked that nobody calls.
    At an `entrance` it is an argument or var of a block call, and may wait for sizes.
    """

    __slots__ = ("_failure", "_is_known", "_value", "entrance", "is_used", "name", "node", "path", "scope")

    def __init__(
        self, node: Node | None, scope: Scope, path: str, name: str = "", entrance: Entrance | None = None
    ) -> None:
        self.node = node
        self.scope = scope
        self.path = path
        self.name = name
        self.entrance = entrance
        self.is_used = False
        self._is_known = False
        self._value: Value = None
        self._failure: NncliError | None = None

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.known_node().place

    def known_node(self) -> Node:
        """The node; raises an error without problems where nobody gave the argument."""
        if self.node is None:
            raise NncliError
        return self.node

    def child(self, node: Node, name: str | int) -> Written:
        """A part of this value, in the same scope."""
        return Written(node, self.scope, f"{self.path}.{name}")

    def settle(self, value: Constant) -> None:
        """Takes a value that is worked out already."""
        self._is_known, self._value = True, value

    def work_out(self) -> None:
        """Works the value out; what is wrong with it is raised when somebody reads it.

        Done for each value in order, so that a long chain of them is never followed at once.
        """
        if self._is_known:
            return
        self._is_known = True
        try:
            self._value = constant_of(self)
        except NncliError as error:
            self._failure = error

    def constant(self) -> Value:
        """The value, or a Waiting that the call works out at its entrance.

        Raises what working it out raised, and SpecError `repeat-waits` for a value of a loop.
        """
        self.is_used = True
        self.work_out()
        if self._failure is not None:
            # It may be raised often, and would grow with each time.
            raise self._failure.with_traceback(None)
        value = self._value
        if isinstance(value, Waiting) or not is_waiting(value):
            return value
        if self.entrance is None:
            text = self.node.text if isinstance(self.node, Scalar) else "a value of the loop"
            raise failure("repeat-waits", self.place, self.path, text=text)
        waiting = Waiting(self.scope.budget.next_key(), self.name)
        self.entrance.waiting.append((waiting, value))
        self._value = waiting
        return waiting

    def known_value(self) -> Value:
        """The value, where somebody read it and nothing is wrong with it; else None."""
        return self._value if self.is_used and self._failure is None else None


@final
class Scope(MappingType[str, Value]):
    """Names with their values; those of `outer` are seen unless they are given here again.

    `blocks` names the blocks in whose text this is, outermost first.
    """

    __slots__ = ("_given", "_outer", "blocks", "budget")

    def __init__(
        self, given: MappingType[str, Written], outer: Scope | Budget, blocks: tuple[str, ...] | None = None
    ) -> None:
        self._given = given
        self._outer = outer if isinstance(outer, Scope) else None
        self.budget: Budget = outer.budget if isinstance(outer, Scope) else outer
        outer_blocks = outer.blocks if isinstance(outer, Scope) else ()
        self.blocks: tuple[str, ...] = outer_blocks if blocks is None else blocks

    def written(self, name: str) -> Written | None:
        """Finds what was written for a name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._given:
                return scope._given[name]
            scope = scope._outer
        return None

    def of_file(self) -> Scope:
        """The outermost scope, that of the file's vars."""
        scope = self
        while scope._outer is not None:
            scope = scope._outer
        return scope

    def __getitem__(self, name: str) -> Value:
        found = self.written(name)
        if found is None:
            raise KeyError(name)
        return found.constant()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.written(name) is not None

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(self._given)
        if self._outer is not None:
            names.update(dict.fromkeys(self._outer))
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def followed(written: Written) -> Written:
    """Follows `$name` to what was written for it, which may be any YAML."""
    while True:
        written.is_used = True
        node = written.known_node()
        name = referred_name(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else ""
        found = written.scope.written(name) if name else None
        if found is None:
            return written
        written = found


def resolved(written: Written, code: str = "formula-misplaced") -> Written:
    """Follows `$name` as `followed` does, and works out arithmetic that stands in its place.

    Raises what `substitute` raises, and SpecError with the code for what is not known yet.
    """
    written = followed(written)
    node = written.known_node()
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or "$" not in node.value:
        return written
    value = constant_of(written)
    if is_waiting(value):
        raise failure(code, node.place, written.path, text=node.text)
    return Written(node_of(value, node.place), written.scope, written.path)


def known(value: Constant, place: Place, scope: Scope, path: str) -> Written:
    """Makes a value that is known already: a number of a loop."""
    return Written(node_of(value, place), scope, path)


def constant_of(written: Written) -> Constant:
    """Works out a value as a constant, with every `$` replaced; raises SpecError with all problems."""
    return bounded(substituted(written), written)


def bounded(node: Node, written: Written) -> Constant:
    """Takes a value as a constant; raises SpecError `arithmetic-too-large` where it holds too many values."""
    value = plain(node)
    # The list itself is one more.
    if count_values(value, LONGEST_LIST + 1) > LONGEST_LIST + 1:
        limit = f"{LONGEST_LIST:,} items"
        raise failure("arithmetic-too-large", written.place, written.path, limit=limit)
    return value


def substituted(written: Written) -> Node:
    """Replaces every `$` in a tree of nodes by its value; raises SpecError with all problems."""
    node, mistakes = substituted_as_far(written, COUNTED)
    # A value that is wrong says the same to each that reads it.
    problems = {id(problem): problem for error in mistakes for problem in error.problems}
    if problems:
        raise failures(problems.values())
    if mistakes:
        raise mistakes[0]
    return node


def substituted_as_far(written: Written, deferred: Collection[str]) -> tuple[Node, list[NncliError]]:
    """Replaces every `$` in a tree of nodes by its value; what cannot be worked out stays as it is."""
    mistakes: list[NncliError] = []
    return _substituted(written.known_node(), written, written.path, deferred, mistakes), mistakes


def _substituted(
    node: Node, written: Written, path: str, deferred: Collection[str], mistakes: list[NncliError]
) -> Node:
    if isinstance(node, Sequence):
        items = tuple(
            _substituted(item, written, f"{path}.{number}", deferred, mistakes)
            for number, item in enumerate(node.items)
        )
        return replace(node, items=items)
    if isinstance(node, Mapping):
        entries = tuple(
            (name, _substituted(value, written, f"{path}.{name.text}", deferred, mistakes))
            for name, value in node.entries
        )
        return replace(node, entries=entries)
    written.scope.budget.spend_values(1)
    if not isinstance(node.value, str) or len(mistakes) >= MOST_PROBLEMS:
        return node
    if "$" not in node.value:
        return replace(node, is_name=True) if node.plain and node.value in written.scope else node
    try:
        value = substitute(node.value, node.place, written.scope, deferred)
    except NncliError as error:
        problems = [_placed(each, path, written.scope) for each in error.problems]
        mistakes.append(failures(problems) if problems else error)
        return node
    written.scope.budget.spend_values(count_values(value))
    text, given = value if isinstance(value, str) else node.text, _given(node.value, written.scope)
    return replace(node, value=value, text=text, given=given)


def _placed(problem: Problem, path: str, scope: Scope) -> Problem:
    """Says on which path a mistake stands, and of a name that is unknown in which block.

    What is placed already stays the same object: a value that is read twice makes one mistake, not two.
    """
    facts = problem.facts
    if problem.code == "name-unknown" and scope.blocks and not facts["nearest"] and "block" not in facts:
        problem = replace(problem, facts={**facts, "block": scope.blocks[-1]})
    return problem if problem.path else replace(problem, path=path)


def _given(text: str, scope: Scope) -> Place | None:
    """Finds where the value of `$name` is written, through arguments that pass it on."""
    place = None
    while found := scope.written(referred_name(text)):
        if found.node is None:
            return place
        place, scope = found.node.place, found.scope
        if not isinstance(found.node, Scalar) or not isinstance(found.node.value, str):
            return place
        text = found.node.value
    return place
