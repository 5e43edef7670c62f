"""What the walk over a network carries: the build that grows, and the frame it stands in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from torch import nn

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure
from nncli.network.compiled import CompiledNetwork, Construction, LayerCall
from nncli.network.naming import Namer
from nncli.network.scopes import Found, Named, Names
from nncli.network.sizing import META_ABOVE_BYTES, require_memory
from nncli.network.tape import Tape
from nncli.network.values import Value
from nncli.spec.items import FLOW, Constant, Item
from nncli.spec.network_spec import NetworkSpec

# The memory that is free is read again when this much was added.
MANY_BYTES: Final = 2**24


@dataclass(frozen=True, slots=True)
class Wish:
    """A word about weights that is granted once all of them are there: `init`, `freeze` or `weights`.

    `module` is the scope that it speaks of. `freeze` is that word of the item, worked out.
    """

    item: Item
    module: str
    freeze: bool = False


@dataclass
class Build:
    """What grows while a network is compiled.

    `kinds` names every class that can stand in a list. `waiting` holds what the entrances of block
    calls worked out. `rebuild` makes layers again on the CPU that were sized without memory, and `ties`
    names parameters that are another's. `entered` names the calls of blocks and the copies of loops
    around the walk, outer first; what an error leaves there tells where it was raised. `frozen` are
    modules that other networks froze, and `made_here` networks that state no inputs, so that their
    first call makes them. `weights` remembers how many bytes a layer has, and `results` what two rows
    became in it, by all that decides it.
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
            return tuple(spec.inputs)
        return tuple(compiled.stated_inputs()) if compiled else (FLOW,)

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

    def note(
        self,
        item: Item,
        names: tuple[str, str],
        inputs: Sequence[Value],
        result: Value,
        node: str,
        parameters: int | None = None,
    ) -> None:
        """Keeps a call for summaries, probes and messages; `names` are its own and that of its type.

        `parameters` counts those of a layer, and is None for what has no module.
        """
        self.calls.append(
            LayerCall(
                name=names[0],
                type=names[1],
                place=item.place,
                path=item.path,
                input_shapes=tuple(value.shape for value in inputs),
                output_shape=result.shape,
                parameters=parameters or 0,
                is_layer=parameters is not None,
                node=node,
                mask=result.mask.origin if result.mask else "",
            )
        )

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
