"""einops as items: rearrange, reduce and repeat_axis, checked against what flows in, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final

import einops

from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest
from nncli.network.beyond_torch.masked_functions import filled_padding, masked_amax, masked_amin, masked_mean
from nncli.network.calls.arguments import FormulaScope, evaluated
from nncli.network.functions.einops_patterns import REST, Axis, Pattern, parse_pattern
from nncli.network.graph.remedies import divisors_near
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import ROWS, Value, axes_counted, shown
from nncli.spec.argument_types import shown_argument
from nncli.spec.items import Rearrangement

# einops traces through torch.compile, torch.export and ONNX as plain reshape, permute, reductions and expand.
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "rearrange": einops.rearrange,
    "reduce": einops.reduce,
    "repeat_axis": einops.repeat,
}
_MASKED: Final[Mapping[str, Callable[..., Any]]] = {
    "mean": masked_mean,
    "max": masked_amax,
    "min": masked_amin,
}


def rearrange(item: Rearrangement, value: Value, surroundings: tuple[Tape, FormulaScope], path: str) -> Value:
    """Runs an item of einops on what flows in; `item.place` is that of the pattern's first character.

    Its axes are found again where the pattern puts them. A mask stays while the time axis stays whole;
    where time is reduced its valid steps alone are, and put beside something else padding is zeros.
    Raises SpecError `pattern-syntax`, `pattern-axes`, `pattern-size`, `call-refused`, and what formulas
    raise.
    """
    tape, scope = surroundings
    pattern = parse_pattern(item.pattern, item.place, path)
    check = _Check(item, pattern, value, path)
    check.names()
    sizes = check.sizes(scope)
    check.fit(sizes)
    spot = Spot(item.place, path, item.verb)
    rank = len(value.shape)
    rest = rank - sum(axis != (REST,) for axis in pattern.left)
    left, right = _spread(pattern.left, rest), _spread(pattern.right, rest)
    flowing = value
    if value.mask is not None and value.time is not None and left[value.time] not in right:
        name = left[value.time]
        if len(name) == 1 and name[0] not in pattern.right_names:
            assert item.reduction is not None
            flowing = _reduced(item.reduction, value, tape, spot)
            # Time may be one step long from here on, whatever its size was said to be.
            sizes.pop(name[0], None)
        else:
            flowing = tape.call(filled_padding, (value, value.mask, value.time), {}, spot)
    arguments: tuple[object, ...] = (flowing, " ".join(pattern.text.split()))
    if item.reduction is not None:
        arguments = (*arguments, item.reduction)
    return _recorded(tape.call(_FUNCTIONS[item.verb], arguments, sizes, spot), value, left, right)


def _reduced(reduction: str, value: Value, tape: Tape, spot: Spot) -> Value:
    """Makes padding weigh nothing in a reduction over time: time is reduced, or padding filled."""
    masked: tuple[object, ...] = (value, value.mask, value.time)
    made: Value
    if reduction in _MASKED:
        made = tape.call(_MASKED[reduction], (*masked, True), {}, spot)
    else:
        made = tape.call(filled_padding, (*masked, "one" if reduction == "prod" else "zero"), {}, spot)
    return made


def _recorded(made: Value, value: Value, left: Sequence[Axis], right: Sequence[Axis]) -> Value:
    """Finds where channels and time go: an axis that stays whole, else the group that has the channels."""
    channels = None if value.channels is None else _found(left[value.channels], right)
    time = None if value.time is None or left[value.time] not in right else right.index(left[value.time])
    if channels is None and time is None and len(right) == 2:
        channels = 1
    # An image whose pixels stand in a row is a sequence of them.
    if time is None and channels == 2 and len(right) == 3:
        time = 1
    is_kept = time is not None and made.shape[time] == value.mask_steps and left[0] == right[0]
    return replace(made, channels=channels, time=time, mask=value.mask if is_kept else None, is_arranged=True)


def _found(axis: Axis, right: Sequence[Axis]) -> int | None:
    if axis in right or len(axis) != 1:
        return right.index(axis) if axis in right else None
    return next((number for number, each in enumerate(right) if axis[0] in each), None)


class _Check:
    """The pattern of one item against what flows in."""

    def __init__(self, item: Rearrangement, pattern: Pattern, value: Value, path: str) -> None:
        self._item, self._pattern, self._value, self._path = item, pattern, value, path

    def _syntax(self, name: str, reason: str) -> NncliError:
        column = self._pattern.columns.get(name, self._item.place.column)
        return failure("pattern-syntax", replace(self._item.place, column=column), self._path, reason=reason)

    def names(self) -> None:
        """Looks for names that one side has and the other would need."""
        left, right = set(self._pattern.left_names), set(self._pattern.right_names)
        verb = self._item.verb
        for name in self._pattern.right_names:
            is_new = name not in left
            if is_new and (verb != "repeat_axis" or name == REST):
                raise self._syntax(name, f"`{name}` does not stand on the left side")
            if is_new and name not in self._item.sizes:
                raise self._syntax(name, f"`{name}` is new, and needs its size: `{name}: 2`")
        for name in self._pattern.left_names:
            if name not in right and verb != "reduce":
                raise self._syntax(
                    name, f"`{name}` does not stand on the right side; `reduce` takes axes away"
                )

    def sizes(self, scope: FormulaScope) -> dict[str, int]:
        """Works out the sizes of the axes."""
        known = {*self._pattern.left_names, *self._pattern.right_names} - {REST}
        sizes: dict[str, int] = {}
        for name, argument in self._item.sizes.items():
            size = evaluated(argument.value, scope)
            reason, fix = "", ""
            if name not in known:
                near = nearest(name, known)
                reason, fix = "the pattern has no such axis", f"did you mean `{near}`?" if near else ""
            elif type(size) is not int or size < 1:
                reason = f"its size is {shown_argument(size)}, and has to be a whole number from 1"
                is_size = isinstance(size, str) and size.startswith("size(")
                meant = f"$({size})" if is_size else f"${size}" if argument.is_name else ""
                fix = f"write `{name}: {meant}`" if meant else ""
            if reason:
                place = argument.key_place or argument.place
                raise failure("pattern-size", place, self._path, axis=name, reason=reason, fix=fix)
            assert isinstance(size, int)
            sizes[name] = size
        return sizes

    def fit(self, sizes: Mapping[str, int]) -> None:
        """Compares the left side with the shape that flows in."""
        shape, left = self._value.shape, self._pattern.left
        named = [axis for axis in left if axis != (REST,)]
        if len(named) > len(shape) or (len(named) == len(left) and len(left) != len(shape)):
            facts = {
                "left": self._pattern.left_text,
                "expected": axes_counted(len(named)) + (" at least" if len(named) < len(left) else ""),
                "received": shown(shape),
                "actual": axes_counted(len(shape)),
                "source": self._value.origin,
            }
            flow = ways_to((self._value,), self._item.verb, self._item.place)
            raise failure("pattern-axes", self._item.place, self._path, flow=flow, **facts)
        at = left.index((REST,)) if (REST,) in left else len(left)
        rest = len(shape) - len(named)
        for number, axis in enumerate(left):
            if number != at:
                position = number if number < at else number + rest - 1
                self._fit_axis(axis, position, shape[position], sizes)

    def _fit_axis(self, axis: tuple[str, ...], position: int, size: int, sizes: Mapping[str, int]) -> None:
        known = prod(sizes[name] for name in axis if name in sizes)
        unknown = [name for name in axis if name not in sizes]
        shown_size = "batch" if position == 0 and size == ROWS else str(size)
        written = f"({' '.join(axis)})" if len(axis) != 1 else axis[0]
        if not axis:
            written = "1"
        column = self._pattern.columns.get(axis[0] if axis else "1", self._item.place.column)
        reason, fix = "", ""
        if len(unknown) > 1:
            reason = f"of {' and '.join(unknown)} only one size can be found from {shown_size}"
            fix = f"give the other: `{unknown[1]}: 2`"
        elif not unknown and known != size:
            reason = f"it is {known}, and {shown_size} arrive from {self._value.origin}"
        elif unknown and size % known:
            reason = f"{shown_size} from {self._value.origin} does not divide by {known}"
            fix = self._divisors(axis, position, sizes)
        if reason:
            place = replace(self._item.place, column=column)
            raise failure("pattern-size", place, self._path, axis=written, reason=reason, fix=fix)

    def _divisors(self, axis: Axis, position: int, sizes: Mapping[str, int]) -> str:
        """Says what the sizes of a group are here, and which would divide its axis."""
        if position == 0:
            return "the batch has any number of rows: leave its axis whole"
        size, stated = self._value.shape[position], [name for name in axis if name in sizes]
        known = prod(sizes[name] for name in stated)
        fitting = ", ".join(map(str, divisors_near(size, known)))
        said = " and ".join(f"`{name}` is {sizes[name]}" for name in stated)
        return f"{said} where {shown(self._value.shape)} flows in; {fitting} would divide {size}"


def _spread(side: Sequence[Axis], rest: int) -> list[Axis]:
    """Gives `...` as many axes as it stands for."""
    axes: list[Axis] = []
    for axis in side:
        axes.extend([(f"{REST}{number}",) for number in range(rest)] if axis == (REST,) else [axis])
    return axes
