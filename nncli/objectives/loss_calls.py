"""Losses of torch.nn as a spec writes them: found by name, bound, and made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from nncli.columns.targets import TargetSpec, class_counts
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import FormulaScope, bind_in
from nncli.network.calls.signatures import loss_classes
from nncli.objectives.losses import why_unfit
from nncli.spec.items import Call

_NOTHING: Mapping[str, object] = {}


def make_loss(
    call: Call,
    path: str,
    targets: Mapping[str, TargetSpec],
    more: Callable[[type[nn.Module]], Mapping[str, object]] = lambda _: _NOTHING,
) -> tuple[nn.Module, nn.Module | None]:
    """Makes a loss, and the same before it is brought to one number, where torch has that.

    `more` gives arguments that the call does not write, such as the weights of classes.
    Raises SpecError: `loss-unknown`, `loss-unfit`, `loss-refused`, `loss-reduction`, and what binding a call
    raises.
    """
    kind = loss_classes().get(call.name)
    if kind is None:
        guess = nearest(call.name, loss_classes())
        raise failure("loss-unknown", call.place, path, loss=call.name, nearest=guess)
    unfit = why_unfit(call.name, kind)
    if unfit:
        reason, instead = unfit
        raise failure("loss-unfit", call.place, path, loss=call.name, reason=reason, instead=instead)
    arguments = bind_in(call, kind, f"{path}.{call.name}", (), FormulaScope(class_counts(targets)))
    arguments |= more(kind)
    try:
        function = kind(**arguments)
    except (ValueError, TypeError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise failure("loss-refused", call.place, path, loss=call.name, reason=reason) from error
    reduction = getattr(function, "reduction", "mean")
    if reduction not in ("mean", "sum", "batchmean"):
        place = call.keywords["reduction"].place if "reduction" in call.keywords else call.place
        raise failure("loss-reduction", place, path, loss=call.name, reduction=reduction)
    return function, kind(**{**arguments, "reduction": "none"}) if hasattr(function, "reduction") else None
