"""The nodes below network: or networks: to NetworkSpecs, with blocks and loops expanded."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import replace
from functools import partial
from typing import TypeVar

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.blocks import Blocks
from nncli.spec.budget import TooLarge
from nncli.spec.calls import read_call
from nncli.spec.habits import unknown_key
from nncli.spec.inputs import names_in, read_inputs
from nncli.spec.item_reading import ItemReader, first_layer
from nncli.spec.items import Broken, Item
from nncli.spec.names import check_name
from nncli.spec.network_spec import CallByPattern, NetworkSpec
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, stated
from nncli.spec.operations import read_computation
from nncli.spec.scopes import Scope, Written, resolved, substituted
from nncli.spec.structures import read_outputs
from nncli.spec.tensor_expressions import Computation
from nncli.spec.weights import PatternAt, WeightsSpec, is_pattern, read_patterns, read_weights_spec

KEYS = ("inputs", "layers", "outputs", "init", "parametrize", "weights", "freeze")
T = TypeVar("T")


def read_networks(
    nodes: MappingType[str, tuple[Place, Node]],
    blocks: Blocks,
    scope: Scope,
    problems: list[Problem],
) -> tuple[dict[str, NetworkSpec], frozenset[str]]:
    """Reads every network of a file, by name with the place of its name, then the unused blocks.

    Returns the networks, and the names of those that are layers of others.
    """
    single = set(nodes) == {"network"}
    reader = ItemReader(blocks, frozenset() if single else frozenset(nodes), problems)
    networks: dict[str, NetworkSpec] = {}
    calls: dict[str, list[Scalar]] = {}
    try:
        for name, (place, node) in nodes.items():
            reader.called = []
            path = name if single else f"networks.{name}"
            with scope.budget.within(place, path):
                networks[name] = _Network(Written(node, scope, path), reader, problems).read()
            calls[name] = reader.called
        reader.check_unused(scope)
    except TooLarge as error:
        problems.append(error.problem)
        unread = {name: Item(Broken(), place, name) for name, (place, _) in nodes.items()}
        networks = {
            name: networks.get(name) or NetworkSpec((item,), item.place, {}) for name, item in unread.items()
        }
    problems.extend(_circle(calls))
    return networks, frozenset(call.text for called in calls.values() for call in called)


def _circle(calls: MappingType[str, list[Scalar]]) -> list[Problem]:
    """Finds a network that is a layer of itself."""
    left = dict(calls)
    while done := [name for name, called in left.items() if not any(call.text in left for call in called)]:
        for name in done:
            del left[name]
    if not left:
        return []
    chain = [next(iter(left))]
    while chain.count(chain[-1]) < 2:
        call = next(call for call in left[chain[-1]] if call.text in left)
        chain.append(call.text)
    facts = {"name": chain[-1], "chain": " → ".join(chain[chain.index(chain[-1]) :])}
    return [Problem("block-recursion", call.place, f"networks.{chain[-2]}", facts)]


def read_constants(node: Node | None, scope: Scope, problems: list[Problem]) -> dict[str, Computation | None]:
    """Reads `constants:`; names become buffers of the networks. None stands for what cannot be read.

    Problems: `mapping-expected`, `name-form`, `name-reserved`, `name-keyword`, `expression-form`,
    and what expressions raise.
    """
    constants: dict[str, Computation | None] = {}
    node = stated(node)
    if node is None:
        return constants
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "constants", {"key": "constants"}))
        return constants
    for name, value in node.entries:
        path = f"constants.{name.text}"
        problem = check_name(name, path, becomes_attribute=True)
        problems.extend([problem] if problem else [])
        constants[name.text] = None
        try:
            computation = read_computation(Written(value, scope, path))
            constants[name.text] = None if problem else computation
        except NncliError as error:
            problems.extend(replace(each, path=each.path or path) for each in error.problems)
    return constants


class _Network:
    """Reads one network; each of its keys by itself, so that all mistakes are found."""

    def __init__(self, written: Written, reader: ItemReader, problems: list[Problem]) -> None:
        self._written = written
        self._reader = reader
        self._problems = problems

    def read(self) -> NetworkSpec:
        written, node = self._written, self._written.known_node()
        if not isinstance(node, Mapping) or first_layer(node):
            return NetworkSpec(self._layers(written), node.place)
        self._problems.extend(
            unknown_key(key, written.path, KEYS) for key, _ in node.entries if key.text not in KEYS
        )
        written_inputs = node.get("inputs")
        stated = self._part("inputs", read_inputs)
        inputs, names = stated or ({}, ())
        layers = node.get("layers")
        if layers is None:
            self._problems.append(Problem("network-form", node.place, f"{written.path}.layers"))
        return NetworkSpec(
            layers=self._layers(written.child(layers, "layers")) if layers is not None else (),
            place=node.place,
            inputs=inputs if written_inputs is not None else None,
            outputs=self._part("outputs", read_outputs) or {},
            init=self._part("init", partial(_read_calls, form="init-form")) or (),
            parametrize=self._part("parametrize", partial(_read_calls, form="parametrize-form")) or (),
            weights=self._part("weights", self._weights),
            freeze=self._part("freeze", self._freeze) or (),
            input_names=names,
            unread_inputs=names_in(written_inputs) if written_inputs is not None and stated is None else (),
        )

    def _part(self, key: str, read: Callable[[Written], T]) -> T | None:
        node = self._written.known_node()
        value = node.get(key) if isinstance(node, Mapping) else None
        if value is None:
            return None
        try:
            return read(self._written.child(value, key))
        except NncliError as error:
            self._problems.extend(error.problems)
            return None

    def _layers(self, written: Written) -> tuple[Item, ...]:
        try:
            node = resolved(written).known_node()
            if not isinstance(node, Sequence):
                raise failure("network-form", written.place, written.path, layer=first_layer(node))
            return self._reader.items(written)
        except NncliError as error:
            self._problems.extend(error.problems)
            return ()

    def _weights(self, written: Written) -> WeightsSpec | None:
        return read_weights_spec(substituted(resolved(written)), written.path, self._problems)

    def _freeze(self, written: Written) -> tuple[PatternAt, ...]:
        """Reads `freeze: true`, a pattern or a list of patterns; raises SpecError `freeze-form`."""
        node = substituted(resolved(written))
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return (PatternAt("*", node.place),) if node.value else ()
        items = node.items if isinstance(node, Sequence) else (node,)
        if not all(isinstance(item, Scalar) and isinstance(item.value, str) and item.value for item in items):
            raise failure("freeze-form", node.place, written.path)
        return read_patterns(node, written.path, self._problems)


def _read_calls(written: Written, form: str) -> tuple[CallByPattern, ...]:
    """Reads `init: [{match: "*.weight", normal_: {std: 0.02}}]`, or `parametrize:` in the same form.

    Raises SpecError `init-form`, `parametrize-form`, `pattern-form`, and what calls raise.
    """
    node = substituted(resolved(written))
    if not isinstance(node, Sequence):
        raise failure(form, node.place, written.path)
    problems: list[Problem] = []
    rules: list[CallByPattern] = []
    for number, item in enumerate(node.items):
        path = f"{written.path}.{number}"
        match = item.get("match") if isinstance(item, Mapping) else None
        calls = [e for e in item.entries if e[0].text != "match"] if isinstance(item, Mapping) else []
        if not isinstance(match, Scalar) or not isinstance(match.value, str) or len(calls) != 1:
            problems.append(Problem(form, item.place, path))
            continue
        name, arguments = calls[0]
        call = read_call(name, arguments, f"{path}.{name.text}", problems)
        if is_pattern(match, f"{path}.match", problems):
            rules.append(CallByPattern(match.value, call, item.place))
    if problems:
        raise failures(problems)
    return tuple(rules)
