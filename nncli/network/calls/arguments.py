"""Calls as written, bound to the signatures that torch really has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nncli.errors import SET_FILE, NncliError, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.network.calls.signatures import Parameter, Signature, signature_of
from nncli.spec.argument_types import NAMES, expected, fits, shown_argument, takes_sequence
from nncli.spec.arithmetic import Formula
from nncli.spec.items import Argument, Call, Constant
from nncli.spec.names import ITEM_WORDS
from nncli.spec.scalars import meant_by

# What other tools call an argument.
KNOWN_ELSEWHERE: Final[Mapping[str, str]] = {
    "channels": "out_channels",
    "features": "out_features",
    "filters": "out_channels",
    "kernel": "kernel_size",
    "learning_rate": "lr",
    "num_heads": "heads",
    "rate": "p",
    "units": "out_features",
    "use_bias": "bias",
}
# What other tools take as an argument, and what stands in its place.
INSTEAD: Final[Mapping[str, str]] = {
    "activation": "an activation is an item of its own: `- ReLU` below it",
    "input_dim": "sizes follow from what flows in: leave it out",
    "input_shape": "sizes follow from what flows in: leave it out",
}
# Words that mean something else here, by the layer whose argument they were written for.
_WORDS_ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("PositionEmbedding", "rotary"): "attention turns by itself: `SelfAttention: {heads: 8, rotary: true}`",
    ("PositionEmbedding", "relative"): "`RelativePositionBias` gives SelfAttention its `attn_mask`",
}
LARGEST_INTEGER: Final = 2**63
# torch builds this many layers one by one.
AT_MOST: Final[Mapping[str, int]] = {
    "num_layers": 1000, "num_encoder_layers": 1000, "num_decoder_layers": 1000
}  # fmt: skip
# Counts that make no sense below one. torch builds some of them and fails, or does nothing, later.
AT_LEAST_ONE: Final = frozenset(
    "in_features out_features in_channels out_channels num_features num_channels num_groups groups "
    "hidden_size input_size num_layers embedding_dim num_embeddings kernel_size stride dilation "
    "embed_dim num_heads nhead d_model dim_feedforward in1_features in2_features "
    "upscale_factor downscale_factor heads kv_heads head_dim memory_dim length buckets max_distance "
    "sample_rate n_fft win_length hop_length n_mels n_mfcc n_power_iterations".split()
)


@dataclass(frozen=True, slots=True)
class FormulaScope:
    """What formulas can see: counted names, sizes of what flows in, and what waited for them."""

    names: Mapping[str, Constant]
    size: Callable[..., int] | None = None
    waiting: Mapping[int, Constant] = field(default_factory=dict)


EMPTY_SCOPE: Final = FormulaScope({})


def bind(
    call: Call, target: Callable[..., object], path: str, skip: Collection[str] = ()
) -> dict[str, object]:
    """Binds a call to a Python signature, and returns its keyword arguments.

    `skip` names parameters that nncli fills in itself; positions run over the others.
    Raises SpecError with every problem of the call, each at its argument: `argument-unknown`,
    `argument-missing`, `argument-repeated`, `argument-type`, `argument-range`,
    `too-many-arguments`, and what formulas raise.
    """
    return bind_in(call, target, path, skip, EMPTY_SCOPE)


def bind_in(
    call: Call, target: Callable[..., object], path: str, skip: Collection[str], scope: FormulaScope
) -> dict[str, object]:
    """Binds a call as `bind` does, with a scope for its formulas."""
    signature = signature_of(target)
    problems: list[Problem] = []
    arguments = _arranged(call, signature, path, skip, problems)
    bound: dict[str, object] = {}
    for name, argument in arguments.items():
        try:
            value = evaluated(argument.value, scope)
        except NncliError as error:
            problems.extend(error.problems)
            continue
        parameter = signature.parameter(name)
        filled = (
            [p.name for p in signature.parameters if p.name in skip] if argument in call.positions else []
        )
        problem = _check(call, parameter, argument, value, path, filled) if parameter else None
        if problem:
            problems.append(problem)
        bound[name] = value
    missing = [p.name for p in signature.parameters if p.required and p.name not in {*arguments, *skip}]
    if missing and not any(p.code == "argument-unknown" for p in problems):
        facts = {"call": call.name, "missing": missing, "signature": str(signature)}
        facts["added"] = ", ".join(f"{name}: …" for name in missing)
        problems.append(Problem("argument-missing", call.place, path, facts))
    if problems:
        raise failures(problems)
    return bound


def evaluated(value: Constant, scope: FormulaScope) -> Constant:
    """Works out a constant: formulas are evaluated, also inside lists and mappings.

    Raises SpecError `count-unknown`, and what formulas raise.
    """
    if isinstance(value, Formula):
        _require_counts(value, scope)
        return value.evaluate(scope.names, scope.size, scope.waiting)
    if isinstance(value, Mapping):
        return {key: evaluated(item, scope) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(evaluated(item, scope) for item in value)
    return value


def _require_counts(formula: Formula, scope: FormulaScope) -> None:
    for name in sorted(formula.free_names() - set(scope.names)):
        known = [known for known in scope.names if known.endswith(f".{name}")]
        # An unknown target of `$kind.classes` is a name like any other, for `evaluate` to refuse.
        if "." not in name or not scope.names:
            raise failure("count-unknown", formula.place, name=name, known=[f"${each}" for each in known])


def _arranged(
    call: Call, signature: Signature, path: str, skip: Collection[str], problems: list[Problem]
) -> dict[str, Argument]:
    """Gives every argument its parameter's name; positions run over what nncli does not fill in."""
    positional = [p for p in signature.parameters if p.name not in skip and not p.keyword_only]
    positions = _packed(call.positions, positional, signature)
    arranged: dict[str, Argument] = {}
    if len(positions) > len(positional):
        facts = {"call": call.name, "given": len(positions), "most": len(positional)}
        place = positions[len(positional)].place
        problems.append(Problem("too-many-arguments", place, path, {**facts, "signature": str(signature)}))
    for parameter, argument in zip(positional, positions, strict=False):
        arranged[parameter.name] = argument
    for name, argument in call.keywords.items():
        here = f"{path}.{name}"
        if signature.parameter(name) is None:
            problems.append(_unknown(call, name, argument, here, signature))
        elif name in arranged and not argument.overriding:
            facts = {"call": call.name, "argument": name}
            place = argument.key_place or argument.place
            problems.append(Problem("argument-repeated", place, here, facts))
        else:
            arranged[name] = argument
    return arranged


def _unknown(call: Call, name: str, argument: Argument, path: str, signature: Signature) -> Problem:
    known = [parameter.name for parameter in signature.parameters]
    elsewhere = KNOWN_ELSEWHERE.get(nearest(name, KNOWN_ELSEWHERE), "")
    near = nearest(name, known) or (elsewhere if elsewhere in known else "")
    facts = {"call": call.name, "argument": name, "nearest": near, "signature": str(signature)}
    facts["word"] = name if name in ITEM_WORDS else ""
    key, equals, value = name.partition("=")
    facts["instead"] = f"write `{key}: {value}`" if equals and key in known else INSTEAD.get(name, "")
    return Problem("argument-unknown", argument.key_place or argument.place, path, facts)


def _packed(
    positions: Sequence[Argument], positional: Sequence[Parameter], signature: Signature
) -> Sequence[Argument]:
    """Takes a list that is too long for positions as the first argument: `permute: [0, 2, 1]`."""
    if len(positions) <= len(positional) or not positional:
        return positions
    if not takes_sequence(positional[0].annotation) or any(isinstance(a.value, tuple) for a in positions):
        return positions
    return [Argument(tuple(a.value for a in positions), positions[0].place)]


def _check(
    call: Call, parameter: Parameter, argument: Argument, value: object, path: str, filled: Sequence[str]
) -> Problem | None:
    here = f"{path}.{parameter.name}"
    facts: dict[str, object] = {
        "call": call.name,
        "argument": parameter.name,
        "received": shown_argument(value),
    }
    facts["given_by"] = _given(argument)
    # A number in the wrong place may be one that was counted as in torch.
    facts["filled"] = list(filled) if isinstance(value, int) else []
    if not fits(value, parameter.annotation):
        facts["expected"] = expected(parameter.annotation) or "what no spec can hold"
        if isinstance(value, float) and NAMES[int] in str(facts["expected"]):
            facts["instead"] = _made_whole(argument, value)
        if isinstance(value, str):
            facts["instead"] = _instead_of_word(call, parameter, argument, value, str(facts["expected"]))
        if isinstance(value, str) and "," in value:
            facts["instead"] = f"several arguments stand in []: `{call.name}: [{value}]`"
        return Problem("argument-type", argument.place, here, facts)
    numbers = value if isinstance(value, tuple) else (value,)
    if parameter.name in AT_LEAST_ONE and any(isinstance(n, int) and n < 1 for n in numbers):
        smaller = "`$(max(1, …))` keeps it at 1 or more" if _is_worked_out(argument) else ""
        return Problem(
            "argument-range", argument.place, here, {**facts, "allowed": "1 or more", "smaller": smaller}
        )
    if any(isinstance(n, float) and n != n for n in numbers):
        return Problem("argument-range", argument.place, here, {**facts, "allowed": "a number"})
    most = AT_MOST.get(parameter.name, LARGEST_INTEGER)
    if any(isinstance(n, int) and abs(n) > most for n in numbers):
        allowed = "less than 2^63" if most == LARGEST_INTEGER else f"at most {most:,}"
        return Problem("argument-range", argument.place, here, {**facts, "allowed": allowed})
    return None


def _given(argument: Argument) -> str:
    """Says where the value of `$name` comes from, where that is another line."""
    given, here = argument.given, argument.place
    if given is None or (given.file, given.line) == (here.file, here.line):
        return ""
    if given.file == SET_FILE:
        return f"`{SET_FILE} {given.text}`"
    return f"{given.file}:{given.line}: {given.text.strip()}"


def _instead_of_word(
    call: Call, parameter: Parameter, argument: Argument, value: str, expected_kind: str
) -> str:
    """Says what a word was surely meant to be: a constant, a number, true, or one of some words."""
    if argument.is_name:
        return f"write `${value}`: without `$` it is the word"
    if meant := meant_by(value, expected_kind):
        return f"write `{meant}`" + (", without quotes" if meant == value else "")
    if instead := _WORDS_ELSEWHERE.get((call.name, value), ""):
        return instead
    near = nearest(value, expected_kind.split(" or "))
    return f"did you mean `{near}`?" if near else ""


def _made_whole(argument: Argument, value: float) -> str:
    if not _is_worked_out(argument):
        return f"write `{value:.0f}`" if value.is_integer() else ""
    text = argument.place.text[argument.place.column - 1 :]
    if "/" in text.partition(")")[0]:
        return "whole numbers are divided by `//`: `$(width // 2)`"
    return "`$(round(…))` makes a whole number of it"


def _is_worked_out(argument: Argument) -> bool:
    """Tells whether an expression stands in the file where the argument stands."""
    return argument.place.text[argument.place.column - 1 :].startswith("$")
