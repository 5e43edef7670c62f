"""The nodes of `training.updates`, or of a loss with values of its own, to UpdateSpecs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.spec.calls import read_named_call
from nncli.spec.habits import unknown_key
from nncli.spec.items import Assignment, Call, GivenName, Source
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.operations import read_computation, read_compute
from nncli.spec.scopes import Scope, Written, resolved, substituted
from nncli.spec.spelling import FREE_WORDS, TERM_WORDS
from nncli.spec.tensor_expressions import Computation
from nncli.spec.tensor_parsing import TRAINING_FUNCTIONS
from nncli.spec.updates import MeasureSpec, TermSpec, UpdateSpec
from nncli.spec.words import read_flow

UPDATE_KEYS: Final = ("update", "repeat", "compute", "loss", "optimizer", "metrics")
_METRIC: Final = "a metric, such as accuracy"
_LOSS: Final = "a loss of torch.nn, such as MSELoss"
_EXAMPLES: Final = {"update": "update: generator", "loss": "loss: {MSELoss: {}, from: [output, image]}"}
_WORDS: Final = frozenset({*TERM_WORDS, *FREE_WORDS, "name"})
T = TypeVar("T")


class UpdateReader:
    """Reads updates; each of their keys by itself, so that all mistakes are found.

    Problems: `updates-form`, `update-network`, `update-repeat`, `term-form`, `term-from`, `call-expected`,
    `unknown-key`, `key-missing`, and what expressions raise.
    """

    def __init__(self, scope: Scope, networks: Collection[str], problems: list[Problem]) -> None:
        self._scope = scope
        self._networks = tuple(networks)
        self._problems = problems
        self._callable = (*self._networks, *TRAINING_FUNCTIONS)
        self._names: dict[str, int] = {}

    def updates(self, node: Node) -> tuple[UpdateSpec, ...]:
        """Reads the list below `training.updates`."""
        path = "training.updates"
        if not isinstance(node, Sequence) or not node.items:
            self._problems.append(Problem("updates-form", node.place, path))
            return ()
        found = [self._update(item, f"{path}.{number}") for number, item in enumerate(node.items)]
        return tuple(each for each in found if each is not None)

    def of_network(self, loss: Node, compute: Node | None) -> tuple[UpdateSpec, ...]:
        """Reads a loss with values of its own: it updates the network, or the first of several."""
        terms = self._terms(loss, "training.loss")
        assignments = self._compute(compute, "training.compute") if compute is not None else ()
        name = self._networks[0] if self._networks else "network"
        networks = (GivenName(name, loss.place),)
        update = UpdateSpec(name, networks, terms, loss.place, "training", assignments, is_applied=True)
        return (update,) if terms else ()

    def _update(self, node: Node, path: str) -> UpdateSpec | None:
        if not isinstance(node, Mapping):
            self._problems.append(Problem("updates-form", node.place, path))
            return None
        self._problems.extend(
            unknown_key(key, path, UPDATE_KEYS) for key, _ in node.entries if key.text not in UPDATE_KEYS
        )
        missing = [key for key in _EXAMPLES if node.get(key) is None]
        for key in missing:
            facts: dict[str, object] = {"key": key, "example": _EXAMPLES[key]}
            self._problems.append(Problem("key-missing", node.place, f"{path}.{key}", facts))
        if missing:
            return None
        networks = self._part(node, path, "update", self._updated) or ()
        terms = self._terms(_required(node, "loss"), f"{path}.loss")
        compute, optimizer = node.get("compute"), node.get("optimizer")
        return UpdateSpec(
            name=self._name(networks),
            networks=networks,
            terms=terms,
            place=node.place,
            path=path,
            compute=self._compute(compute, f"{path}.compute") if compute is not None else (),
            repeat=self._part(node, path, "repeat", _repeat) or 1,
            optimizer=self._optimizer(optimizer, f"{path}.optimizer") if optimizer is not None else None,
            metrics=self._measures(node.get("metrics"), f"{path}.metrics"),
        )

    def _part(self, node: Mapping, path: str, key: str, read: Callable[[Written], T]) -> T | None:
        value = node.get(key)
        if value is None:
            return None
        try:
            return read(Written(value, self._scope, f"{path}.{key}"))
        except NncliError as error:
            self._problems.extend(error.problems)
            return None

    def _name(self, networks: tuple[GivenName, ...]) -> str:
        """Names an update after what it updates; a second one of the same has a number."""
        name = "_".join(each.text for each in networks) or "update"
        self._names[name] = self._names.get(name, 0) + 1
        return name if self._names[name] == 1 else f"{name}_{self._names[name]}"

    def _updated(self, written: Written) -> tuple[GivenName, ...]:
        node = substituted(resolved(written))
        nodes = node.items if isinstance(node, Sequence) else (node,)
        found: list[GivenName] = []
        for each in nodes or (node,):
            text = each.text if isinstance(each, Scalar) else ""
            if text not in self._networks or text in {other.text for other in found}:
                near = nearest(text, self._networks)
                facts = {"name": text or "a list or mapping", "nearest": near, "known": list(self._networks)}
                raise failure("update-network", each.place, written.path, **facts)
            found.append(GivenName(text, each.place))
        return tuple(found)

    def _optimizer(self, node: Node, path: str) -> Call | None:
        try:
            node = substituted(resolved(Written(node, self._scope, path)))
        except NncliError as error:
            self._problems.extend(error.problems)
            return None
        return read_named_call(node, path, self._problems, "an optimiser of torch.optim, such as AdamW")

    def _compute(self, node: Node, path: str) -> tuple[Assignment, ...]:
        if not isinstance(node, Mapping):
            self._problems.append(Problem("compute-names", node.place, path))
            return ()
        key = Scalar("compute", "compute", True, node.place)
        try:
            return read_compute(key, Written(node, self._scope, path), self._callable).assignments
        except NncliError as error:
            self._problems.extend(error.problems)
            return ()

    def _terms(self, node: Node, path: str) -> tuple[TermSpec, ...]:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        if not nodes:
            self._problems.append(Problem("term-form", node.place, path))
        terms: list[TermSpec] = []
        for number, each in enumerate(nodes):
            here = f"{path}.{number}" if isinstance(node, Sequence) else path
            try:
                term = self._term(each, here)
            except NncliError as error:
                self._problems.extend(replace(p, path=p.path or here) for p in error.problems)
                continue
            if term is not None and term.name and term.name in {other.name for other in terms}:
                facts: dict[str, object] = {"name": term.name}
                self._problems.append(Problem("term-name-twice", term.place, f"{here}.name", facts))
            elif term is not None:
                terms.append(term)
        return tuple(terms)

    def _term(self, node: Node, path: str) -> TermSpec | None:
        if not isinstance(node, Mapping):
            raise failure("term-form", node.place, path)
        calls = [entry for entry in node.entries if entry[0].text not in _WORDS]
        compute, source = node.get("compute"), node.get("from")
        if len(calls) + (compute is not None) != 1 or (compute is not None and source is not None):
            raise failure("term-form", node.place, path)
        call = None
        if calls:
            replaced = substituted(Written(Mapping(tuple(calls), calls[0][0].place), self._scope, path))
            call = read_named_call(replaced, path, self._problems, _LOSS)
            if call is None:
                return None
        return TermSpec(
            name=self._term_name(node, path),
            place=(calls[0][0] if calls else node).place,
            path=path,
            loss=call,
            from_=self._sources(node, path) if calls else (),
            computation=self._computed(node, "compute", path),
            weight=self._computed(node, "weight", path),
            where=self._computed(node, "where", path),
        )

    def _measures(self, node: Node | None, path: str) -> tuple[MeasureSpec, ...]:
        """Reads the metrics of an update. Problems: `measure-form`, and those of `read_named_call`."""
        nodes = () if node is None else node.items if isinstance(node, Sequence) else (node,)
        found: list[MeasureSpec] = []
        for number, each in enumerate(nodes):
            here = f"{path}.{number}" if isinstance(node, Sequence) else path
            try:
                found.extend(self._measure(each, here))
            except NncliError as error:
                self._problems.extend(replace(p, path=p.path or here) for p in error.problems)
        return tuple(found)

    def _measure(self, node: Node, path: str) -> Iterator[MeasureSpec]:
        calls = (
            [entry for entry in node.entries if entry[0].text != "from"] if isinstance(node, Mapping) else []
        )
        if not isinstance(node, Mapping) or len(calls) != 1 or node.get("from") is None:
            raise failure("measure-form", node.place, path)
        replaced = substituted(Written(Mapping(tuple(calls), calls[0][0].place), self._scope, path))
        call = read_named_call(replaced, path, self._problems, _METRIC)
        sources = self._sources(node, path)
        if not sources[1].path:
            raise failure("measure-form", node.place, path)
        if call is not None:
            yield MeasureSpec(call, sources, calls[0][0].place, path)

    def _term_name(self, node: Mapping, path: str) -> str:
        named = node.get("name")
        if named is None:
            return ""
        if not isinstance(named, Scalar):
            raise failure("name-form", named.place, f"{path}.name", name="a list or mapping")
        if problem := check_name(named, f"{path}.name", becomes_attribute=False):
            self._problems.append(problem)
        return named.text

    def _sources(self, node: Mapping, path: str) -> tuple[Source, ...]:
        source = node.get("from")
        if source is None:
            raise failure("term-from", node.place, path)
        flow = read_flow(Written(source, self._scope, f"{path}.from"))
        if len(flow.positions) != 2 or not flow.positions[0].path:
            raise failure("term-from", source.place, f"{path}.from")
        return flow.positions

    def _computed(self, node: Mapping, key: str, path: str) -> Computation | None:
        value = node.get(key)
        if value is None:
            return None
        return read_computation(Written(value, self._scope, f"{path}.{key}"), self._callable)


def _repeat(written: Written) -> int:
    node = substituted(resolved(written))
    value = node.value if isinstance(node, Scalar) else None
    if type(value) is not int or not 1 <= value <= 1000:
        raise failure("update-repeat", node.place, written.path)
    return value


def _required(node: Mapping, key: str) -> Node:
    value = node.get(key)
    assert value is not None
    return value
