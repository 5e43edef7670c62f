"""What a network is made of, as written: items, calls and where values flow"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from nncli.errors import Place
    from nncli.spec.arithmetic import Formula
    from nncli.spec.tensor_expressions import Computation
    from nncli.spec.weights import WeightsSpec

Constant: TypeAlias = (
    "None | bool | int | float | str | Formula | tuple[Constant, ...] | Mapping[str, Constant]"
)
Verb: TypeAlias = Literal["rearrange", "reduce", "repeat_axis"]
# The path of what flows into an item from above.
FLOW: Final = "x"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `overriding` when `--set` put it there, in place of a position.

    `key_place` is where the name of a keyword stands; for `given` and `is_name` see `Scalar`.
    """

    value: Constant
    place: Place
    overriding: bool = False
    key_place: Place | None = None
    given: Place | None = None
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A Python call as YAML writes it: `Conv2d: [64, 3, stride: 2]`."""

    name: str
    place: Place
    positions: tuple[Argument, ...] = ()
    keywords: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One value that flows into an item: the path of a value, such as `x`, `lstm.state` or `down.*.skip`.

    Where `path` is empty it is a number, or `none` as in `from: {mask: none}`: the `constant`.
    """

    path: str
    place: Place
    constant: None | bool | int | float = None


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows into an item: values in order, or by the names of its inputs."""

    positions: tuple[Source, ...] = ()
    named: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Join:
    """How values side by side become one: a function of tensors, an expression, or neither: `none`."""

    place: Place
    call: Call | None = None
    computation: Computation | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Stands for an argument or var of a block that needs sizes: worked out at the entrance of the call.

    `key` is unique in a spec; `name` is what `$name` says.
    """

    key: int
    name: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One class of torch.nn, of nncli or of `--code`."""

    call: Call


@dataclass(frozen=True, slots=True)
class Function:
    """One function of tensors under torch's own name."""

    call: Call


@dataclass(frozen=True, slots=True)
class NetworkCall:
    """Another network of the file as one layer."""

    network: str


@dataclass(frozen=True, slots=True)
class Sequential:
    """A list of items as one item."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Residual:
    """A body whose result is added to what flowed in, through a shortcut where one is written.

    `shortcut` is true, false, or a Formula that waits for sizes.
    """

    items: tuple[Item, ...]
    shortcut: tuple[Item, ...] | bool | Formula = True


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that see the same value, and how their results are joined."""

    branches: Mapping[str, tuple[Item, ...]]
    join: Join


@dataclass(frozen=True, slots=True)
class Copy:
    """One repetition of a loop; `index` counts from 0 in every nested loop, outer first."""

    index: tuple[int, ...]
    item: Item


@dataclass(frozen=True, slots=True)
class Loop:
    """An item repeated: one after the other, or side by side where there is a join.

    `kind` is the operation in lower case, the automatic name. In a row the first input is passed
    along and all others stay the same.
    """

    kind: str
    copies: tuple[Copy, ...]
    join: Join | None = None


@dataclass(frozen=True, slots=True)
class BlockCall:
    """One call of a block, expanded.

    `inputs` are the names under which values flow in. `waiting` is worked out in order at the
    entrance, where `size(d)` is that of what flows into the call. `outputs` maps names to paths;
    empty for the last result. `arguments` are those that are constants and are read, `optional` those of
    them that have a default.
    """

    block: str
    inputs: tuple[str, ...]
    waiting: tuple[tuple[Waiting, Constant], ...]
    items: tuple[Item, ...]
    outputs: Mapping[str, Source] = field(default_factory=dict)
    arguments: Mapping[str, Constant | Waiting] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """einops: `rearrange`, `reduce` or `repeat_axis` with its pattern and the sizes of its axes."""

    verb: Verb
    pattern: str
    place: Place
    reduction: str | None = None
    sizes: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParameterTensor:
    """A learned tensor; leaves the flow alone."""

    shape: Argument


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of `compute:`; without names its result only flows on, several names unpack it."""

    names: tuple[str, ...]
    computation: Computation
    place: Place


@dataclass(frozen=True, slots=True)
class Compute:
    """Tensor expressions, in order; the last result flows on."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where an item could not be read, so that what follows is still checked."""


Operation: TypeAlias = (
    "Layer | Function | NetworkCall | Sequential | Residual | Parallel | Loop | BlockCall | Rearrangement"
    " | ParameterTensor | Compute | Broken"
)


@dataclass(frozen=True, slots=True)
class GivenName:
    """A name that the file gives, and where."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Share:
    """Whose weights are used: `other`'s, or single parameters by path.

    With neither, `share: true` beside `repeat:`: all copies use the weights of the first.
    """

    place: Place
    other: Source | None = None
    parameters: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a network's list: an operation and the words beside it.

    `path` is the YAML path of the item. `names` holds its name, or several that unpack its results.
    `from_` is None where the item above flows in. `when` is a Formula that waits for sizes; an item
    that is known not to be there is not in the list. `init` initialises `weight`, or the Parameter;
    `parametrize` says through what a weight is learned, `checkpoint` that the item runs a
    second time on the way back.
    """

    operation: Operation
    place: Place
    path: str
    names: tuple[GivenName, ...] = ()
    from_: Flow | None = None
    take: GivenName | None = None
    share: Share | None = None
    init: Call | None = None
    parametrize: Call | None = None
    freeze: bool | Formula = False
    checkpoint: bool | Formula = False
    when: Formula | None = None
    weights: WeightsSpec | None = None

    @property
    def name(self) -> str | None:
        """The name of the whole item; None where it has none, or several."""
        return self.names[0].text if len(self.names) == 1 else None
