"""What is said when a layer of `--code` cannot be used, or fails."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.calls.signatures import is_own, signature_of
from nncli.network.graph.values import Value, shown
from nncli.network.layers.mistakes import came_from
from nncli.own_lines import own_line, raised
from nncli.spec.items import Item


def check_own(kind: type[nn.Module], inputs: Mapping[str, bool], item: Item) -> None:
    """Refuses a class of `--code` whose inputs have no names, or whose arguments no spec can write.

    Raises SpecError `layer-inputs-unnamed`, `argument-layer`.
    """
    if not is_own(kind):
        return
    layer = kind.__name__
    if not inputs:
        raise failure("layer-inputs-unnamed", item.place, item.path, layer=layer, file=own_file(kind))
    for parameter in signature_of(kind).parameters:
        hint = parameter.annotation
        if parameter.required and isinstance(hint, type) and issubclass(hint, nn.Module):
            raise failure("argument-layer", item.place, item.path, layer=layer, argument=parameter.name)


def check_state(made: nn.Module, item: Item) -> None:
    """Refuses a layer of `--code` whose state has no sizes yet, or is no tensor.

    Raises SpecError `layer-lazy`, `layer-state`.
    """
    for name, held in made.state_dict(keep_vars=True).items():
        if not isinstance(held, Tensor):
            raise failure("layer-state", item.place, item.path, layer=type(made).__name__, name=name)
        if is_lazy(held):
            raise failure("layer-lazy", item.place, item.path, layer=type(made).__name__)


def own_file(kind: type[nn.Module]) -> str:
    """Names the file of a class of `--code`, as it was typed."""
    return str(getattr(sys.modules.get(kind.__module__), "__file__", kind.__module__))


def raised_in_own(
    kind: type[nn.Module], inputs: tuple[Value, ...], item: Item, error: Exception
) -> NncliError:
    """Says at which line of its file a class of `--code` failed, and on what."""
    where = own_line(error) or own_file(kind)
    received = " and ".join(f"{shown(each.shape)} from {came_from(each)}" for each in inputs)
    facts = {"layer": kind.__name__, "where": where, "reason": raised(error), "received": received}
    return failure("layer-raised", item.place, item.path, **facts)
