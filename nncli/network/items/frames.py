"""What the walk over a network carries: the build that grows, and the frame it stands in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Final

from torch import nn

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure
from nncli.network.compiled import CompiledNetwork, Construction, LayerCall
from nncli.network.graph.sizing import META_ABOVE_BYTES, require_memory
from nncli.network.graph.tape import IS_MASK, Tape
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.layer_names import Namer
from nncli.spec.items import FLOW, Constant, Item
from nncli.spec.network_spec import NetworkSpec

# The words beside an item that make a call of their own.
WORDS: Final = ("join", "shortcut", "take")
# In the meta of a node whose value has a name in the file: that name, the outermost of several.
GIVEN_NAME: Final = "given name"
# The memory that is free is read again when this much was added.
MANY_BYTES: Final = 2**24


@dataclass(frozen=True, slots=True)
class Wish:
    """A word about weights that is granted once all are there: `init`, `parametrize`, `freeze` or `weights`.

    `module` is the scope that it speaks of. `freeze` is that word of the item, worked out.
    """

    item: Item
    module: str
    freeze: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What a call gave: its dotted name, what people call it, and its first result.

    `parameters` counts those that are not yet counted; `has_shared` tells of others. `node` carries the
    result where that of the value does not. `word` is the word beside an item that makes
    it: `join`, `shortcut` or `take`; empty for the item itself.
    """

    name: str
    type: str
    value: Value
    parameters: int = 0
    has_shared: bool = False
    is_layer: bool = False
    node: str = ""
    word: str = ""


@dataclass
class Build:
    """What grows while a network is compiled.

    `kinds` names every class that can stand in a list. `waiting` holds what the entrances of block
    calls worked out. `rebuild` makes layers again on the CPU that were sized without memory, and `ties`
    names parameters that are another's. `entered` names the calls of blocks and the copies of loops
    around the walk, outer first; what an error leaves there tells where it was raised. `frozen` are
    modules that other networks froze, and `made_here` networks that state no inputs, so that their
    first call makes them. `weights` remembers how many bytes a layer has, and `results` what two rows
    became in it, by all that decides it. `visit` numbers the call of another network around the walk, 0
    outside of them; `visits` has those to come.
    """

    tape: Tape
    declared: Mapping[str, Constant]
    kinds: Mapping[str, type[nn.Module]]
    networks: Mapping[str, tuple[NetworkSpec, CompiledNetwork | None]]
    calls: list[LayerCall] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    waiting: dict[int, Constant] = field(default_factory=dict)
    constructions: dict[str, Construction] = field(default_factory=dict)
    rebuild: dict[str, Callable[[], nn.Module | nn.Parameter]] = field(default_factory=dict)
    ties: dict[str, str] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    made_here: dict[str, NetworkSpec] = field(default_factory=dict)
    weights: dict[Hashable, int] = field(default_factory=dict)
    results: dict[Hashable, object] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    visit: int = 0
    visits: Iterator[int] = field(default_factory=partial(count, 1))
    bytes_so_far: int = 0
    _bytes_checked: int = 0

    @property
    def root(self) -> nn.Module:
        """The module that grows."""
        return self.tape.root

    def inputs_of(self, network: str) -> tuple[str, ...]:
        """Names the inputs of another network: those that it states, else those that it was compiled with."""
        spec, compiled = self.networks[network]
        if spec.inputs is not None:
            return spec.input_names or tuple(spec.inputs)
        return tuple(compiled.stated_inputs()) if compiled else (FLOW,)

    def record(self, item: Item, made: Made, inputs: Iterable[Value]) -> None:
        """Notes a call for summaries, probes and messages; all nodes since the last one belong to it."""
        value = made.value
        if value.mask is not None:
            value.mask.node.meta[IS_MASK] = True
        self.calls.append(
            LayerCall(
                name=made.name,
                type=made.type,
                place=item.place,
                path=f"{item.path}.{made.word}" if made.word else item.path,
                input_shapes=tuple(each.shape for each in inputs),
                output_shape=value.shape,
                parameters=made.parameters,
                has_shared=made.has_shared,
                is_layer=made.is_layer,
                node=made.node or value.node.name,
                mask=value.mask.origin if value.mask else "",
                nodes=self.tape.fresh(),
                visit=self.visit,
            )
        )

    def hand_on(self, value: Value) -> None:
        """Notes that the last call hands on another of its results than it does by itself."""
        call, mask = self.calls[-1], value.mask.origin if value.mask else ""
        nodes = call.nodes | self.tape.fresh()
        self.calls[-1] = replace(call, output_shape=value.shape, mask=mask, nodes=nodes)

    def report(self, problems: Sequence[Problem]) -> None:
        """Keeps problems; one that copies of a loop repeat is said once."""
        for problem in problems:
            if problem.code != "size-unknown" and not self._is_known(problem):
                self.problems.append(self._located(problem))

    def _located(self, problem: Problem) -> Problem:
        """Says from which call or copy a problem of shapes comes: elsewhere the same line may be right."""
        of_sizes = "flow" in problem.facts or problem.code in ("argument-range", "argument-type")
        if not of_sizes or not self.entered:
            return problem
        pairs = zip(["", *self.entered], self.entered, strict=False)
        # A block that is repeated is said once, with its copy.
        said = [each for before, each in pairs if not f"{before},".startswith(f"{each},")]
        return replace(problem, facts={**problem.facts, "entered": " → ".join(said)})

    def require(self, weights: int, item: Item, name: str) -> bool:
        """Adds the bytes of an item's weights; tells whether all weights so far are few enough to be made.

        Raises ResourceError `memory-too-small`.
        """
        self.bytes_so_far += weights
        if self.bytes_so_far - self._bytes_checked > MANY_BYTES:
            require_memory(self.bytes_so_far, item.place, item.path, name)
            self._bytes_checked = self.bytes_so_far
        return self.bytes_so_far <= META_ABOVE_BYTES

    def _is_known(self, problem: Problem) -> bool:
        return any(p.code == problem.code and p.place == problem.place for p in self.problems)


@dataclass
class Frame:
    """Where the walk stands: the scope of names, and what flows into the next item.

    Where `is_shared`, modules are found under their names instead of being made. `last` is the item
    that the flow comes from. `unclear` lists the inputs where none of several flows in by itself.
    """

    namer: Namer
    names: Names
    flow: Found
    is_shared: bool = False
    last: Named = field(default_factory=Named)
    unclear: Sequence[str] = ()

    def move(self, named: Named) -> None:
        """Lets the result of an item flow on."""
        self.flow, self.last, self.unclear = named.value, named, ()

    def remember(self, name: str, named: Named) -> None:
        """Keeps a result under its name, by which a printed program calls it too."""
        self.names.own[name] = named
        if isinstance(named.value, Value):
            named.value.node.meta.setdefault("name", self.namer.full(name))
            named.value.node.meta[GIVEN_NAME] = self.namer.full(name)

    def flowing(self, place: Place, path: str) -> Found:
        """Gives what flows in from above: `x`.

        Raises SpecError `input-ambiguous` at the top of a network with several inputs.
        """
        if self.flow is None and self.unclear:
            raise failure("input-ambiguous", place, path, inputs=list(self.unclear))
        return self.flow


def attach(root: nn.Module, name: str, module: nn.Module | nn.Parameter) -> None:
    """Puts a module or Parameter under its dotted name, with plain modules as scopes on the way."""
    *scopes, last = name.split(".")
    for scope in scopes:
        if not isinstance(getattr(root, scope, None), nn.Module):
            root.add_module(scope, nn.Module())
        root = root.get_submodule(scope)
    if isinstance(module, nn.Parameter):
        root.register_parameter(last, module)
    else:
        root.add_module(last, module)
