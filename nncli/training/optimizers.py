"""Optimisers of torch.optim by name, with groups of weights that have arguments of their own."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures, nearest, require_all
from nncli.network.calls.arguments import bind
from nncli.spec.items import Call
from nncli.spec.optimising import GroupSpec
from nncli.training.grouping import Group, group_weights
from nncli.training.kernels import SCHEMAS, Optimizer, fused_optimizer
from nncli.training.muon import muon_with_adamw

_PATH: Final = "training.optimizer"
_GROUPS: Final = "training.groups"
# Asking for one of torch's other implementations is asking for torch's own class.
_IMPLEMENTATIONS: Final = ("fused", "foreach", "capturable", "differentiable")
# Large enough that sums over rows and columns show as the little that they are.
_SIDE: Final = 64
_SPARSE: Final = frozenset({"SGD", "SparseAdam", "Adagrad"})


def _not_negative(number: float) -> bool:
    return number >= 0


def _below_one(number: float) -> bool:
    return 0 <= number < 1


_RANGES: Final[Mapping[str, tuple[Callable[[float], bool], str]]] = {
    "lr": (_not_negative, "a finite number, 0 or more"),
    "weight_decay": (_not_negative, "a finite number, 0 or more"),
    "eps": (_not_negative, "a finite number, 0 or more"),
    "momentum": (_below_one, "0 or more and less than 1"),
    "betas": (_below_one, "two numbers, each 0 or more and less than 1"),
}


@cache
def optimizer_classes() -> Mapping[str, type[torch.optim.Optimizer]]:
    """Names every optimiser of the installed torch."""
    offered = {name: getattr(torch.optim, name) for name in dir(torch.optim)}
    kinds = {name: kind for name, kind in offered.items() if isinstance(kind, type)}
    return {
        name: kind
        for name, kind in kinds.items()
        if issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
    }


def default_learning_rate(name: str) -> float | None:
    """Reads torch's own default of `lr` for an optimiser; None where it has none."""
    stated = inspect.signature(optimizer_classes()[name]).parameters.get("lr")
    return float(stated.default) if stated and isinstance(stated.default, (int, float)) else None


def build_optimizer(call: Call, module: nn.Module, groups: Sequence[GroupSpec] = ()) -> Optimizer:
    """Makes the optimiser of a module's parameters; on fused kernels where torch has them.

    Raises SpecError at the argument: `optimizer-unknown`, `optimizer-sparse`,
    `optimizer-refused`, `nothing-to-learn`, `argument-range`, what `group_weights` and binding a call raise.
    """
    kind = optimizer_classes().get(call.name)
    if kind is None:
        raise _unknown(call, module, groups)
    if not any(p.requires_grad for p in module.parameters()):
        raise failure("nothing-to-learn", call.place, _PATH)
    here = f"{_PATH}.{call.name}"
    steps: list[Callable[[], Any]] = [
        partial(_arguments, call, kind, here),
        partial(group_weights, module, groups, _GROUPS),
        *(partial(_own_arguments, call, number, spec) for number, spec in enumerate(groups)),
    ]
    arguments, found, *own = require_all(steps)
    entries = require_all(partial(_entry, call, arguments, group, own) for group in found)
    sparse = _refuse_sparse(call, module)
    if call.name in SCHEMAS and not sparse and not any(name in arguments for name in _IMPLEMENTATIONS):
        return fused_optimizer(kind, entries, arguments)
    try:
        if call.name == "Muon":
            return muon_with_adamw(module, entries, arguments)
        return kind(entries, **arguments)
    except (ValueError, TypeError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise failure("optimizer-refused", call.place, here, optimizer=call.name, reason=reason) from error


def _unknown(call: Call, module: nn.Module, groups: Sequence[GroupSpec]) -> NncliError:
    """Says that there is no such optimiser, and what else is wrong with the one that was probably meant."""
    guess = nearest(call.name, optimizer_classes())
    unknown = failure("optimizer-unknown", call.place, _PATH, optimizer=call.name, nearest=guess)
    if guess:
        try:
            build_optimizer(replace(call, name=guess), module, groups)
        except NncliError as error:
            return failures([*unknown.problems, *error.problems])
    return unknown


def _arguments(call: Call, kind: type[torch.optim.Optimizer], path: str) -> dict[str, object]:
    arguments = _in_range(call, bind(call, kind, path), path)
    _refuse_plain_nesterov(call, arguments, path)
    return arguments


def _own_arguments(call: Call, number: int, spec: GroupSpec) -> dict[str, object]:
    """Binds what an entry of `groups:` says to the optimiser."""
    here, own = f"{_GROUPS}.{number}", Call(call.name, spec.place, (), spec.arguments)
    return _in_range(own, bind(own, optimizer_classes()[call.name], here), here)


def _entry(
    call: Call, arguments: Mapping[str, object], group: Group, own: Sequence[Mapping[str, object]]
) -> dict[str, Any]:
    """Makes what torch.optim calls a parameter group; `own` holds the arguments of every entry."""
    entry: dict[str, Any] = {"params": list(group.parameters)}
    if group.spec is None or group.number is None:
        return entry
    bound = own[group.number]
    at = replace(call, place=group.spec.place)
    _refuse_plain_nesterov(at, {**arguments, **bound}, f"{_GROUPS}.{group.number}")
    return {**entry, **bound}


def state_per_weight(call: Call) -> float:
    """Measures how many numbers an optimiser keeps for every weight, by a step on a square of weights.

    Raises SpecError as `build_optimizer` does.
    """
    is_sparse = call.name == "SparseAdam"
    table = nn.Embedding(_SIDE, _SIDE, sparse=True)
    layer = table if is_sparse else nn.Linear(_SIDE, _SIDE, bias=False)
    optimizer = build_optimizer(call, layer)
    if isinstance(optimizer, torch.optim.LBFGS):
        # Its history, the gradient and direction of the last step, and the weights before a line search.
        return 2.0 * optimizer.param_groups[0]["history_size"] + 3
    gradient = torch.ones_like(layer.weight)
    layer.weight.grad = gradient.to_sparse(1) if is_sparse else gradient
    optimizer.step()
    kept = [value for state in optimizer.state.values() for value in state.values()]
    numbers = sum(value.numel() for value in kept if isinstance(value, Tensor) and value.dim())
    return numbers / layer.weight.numel()


def _in_range(call: Call, arguments: Mapping[str, object], path: str) -> dict[str, object]:
    """Checks every number, and writes whole numbers in tuples as torch wants them: `betas: [0, 0.99]`."""
    problems, checked = [], dict(arguments)
    for name, value in arguments.items():
        if isinstance(value, tuple):
            checked[name] = tuple(float(v) if type(v) is int else v for v in value)
        numbers = [v for v in (value if isinstance(value, tuple) else (value,)) if _is_number(v)]
        holds, allowed = _RANGES.get(name, (math.isfinite, "a finite number"))
        if not all(math.isfinite(number) and holds(number) for number in numbers):
            shown = list(value) if isinstance(value, tuple) else value
            facts = {"argument": name, "call": call.name, "received": str(shown), "allowed": allowed}
            problems.append(Problem("argument-range", _place(call, name), f"{path}.{name}", facts))
    if problems:
        raise failures(problems)
    return checked


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _place(call: Call, name: str) -> Place:
    """Finds an argument by keyword; one that is written by position is the first, `lr`."""
    if name in call.keywords:
        return call.keywords[name].place
    return call.positions[0].place if call.positions else call.place


def _refuse_plain_nesterov(call: Call, arguments: Mapping[str, object], path: str) -> None:
    if (
        call.name == "SGD"
        and arguments.get("nesterov")
        and (not arguments.get("momentum") or arguments.get("dampening"))
    ):
        reason = "Nesterov momentum requires a momentum and zero dampening"
        raise failure("optimizer-refused", call.place, path, optimizer=call.name, reason=reason)


def _refuse_sparse(call: Call, module: nn.Module) -> bool:
    """Tells whether any gradient is sparse; only three optimisers take such, and one nothing else."""
    tables = [m for m in module.modules() if isinstance(m, (nn.Embedding, nn.EmbeddingBag)) and m.sparse]
    sparse = bool(tables)
    mixed = sum(p.numel() for p in module.parameters()) > sum(m.weight.numel() for m in tables)
    if sparse and call.name not in _SPARSE:
        reason = "the gradient of a sparse Embedding cannot be used by it"
    elif call.name == "SparseAdam" and (mixed or not sparse):
        reason = "it takes sparse gradients only"
    else:
        return sparse
    raise failure("optimizer-sparse", call.place, _PATH, optimizer=call.name, reason=reason)
