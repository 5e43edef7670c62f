"""What is said when a layer and what flows into it do not fit."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch import nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.layers import (
    channel_axis_read,
    expected_ranks,
    expected_shape,
    spatial_dimensions,
)
from nncli.network.signatures import signature_of
from nncli.network.values import Value, shown
from nncli.spec.items import Call, Item


class UnknownSize:
    """Stands for `size(d)` where an earlier problem hides what flows in."""

    def __call__(self, dimension: int, name: str | None = None) -> int:
        """Raises SpecError `size-unknown`."""
        raise failure("size-unknown", dimension=dimension)


def came_from(value: Value) -> str:
    """Says where a value was made: `Conv2d conv2d (line 12)` or `input image`."""
    return f"`{value.origin}` (line {value.place.line})" if value.place else f"input `{value.origin}`"


def check_inputs(call: Call, kind: type[nn.Module], inputs: tuple[Value, ...], item: Item) -> None:
    """Refuses a wrong number of inputs, of dimensions, a wrong axis or a wrong type before a run.

    torch would take many of these in silence: an input without rows for one row, a Linear on an
    image's width.
    Raises SpecError `inputs-count`, `input-dimensions`, `wrong-axis`, `input-not-index`,
    `input-index`.
    """
    least, most = _input_counts(kind)
    if not least <= len(inputs) <= most:
        facts = {"layer": call.name, "takes": least if least == most else f"{least} to {most}"}
        raise failure("inputs-count", item.place, f"{item.path}.from", given=len(inputs), **facts)
    value = inputs[0]
    rank = len(value.shape)
    _check_type(call, value, item)
    ranks = expected_ranks(call.name)
    if ranks and rank not in ranks:
        facts = {"layer": call.name, "expected": expected_shape(call.name), "received": shown(value.shape)}
        hint = _dimension_hint(call.name, value)
        raise failure("input-dimensions", item.place, item.path, source=came_from(value), fix=hint, **facts)
    read = channel_axis_read(call.name, rank)
    if rank > 2 and read is not None and value.channels is not None and read != value.channels:
        if "normalized_shape" in call.keywords:
            return
        facts = {"layer": call.name, "axis": read, "actual": value.channels, "received": shown(value.shape)}
        fix = "put `- Flatten` between them" if call.name == "Linear" else ""
        raise failure("wrong-axis", item.place, item.path, source=came_from(value), fix=fix, **facts)


def _check_type(call: Call, value: Value, item: Item) -> None:
    is_index = not value.sample.dtype.is_floating_point
    facts = {"layer": call.name, "source": came_from(value)}
    if call.name in ("Embedding", "EmbeddingBag") and not is_index:
        raise failure("input-not-index", item.place, item.path, **facts)
    if call.name not in ("Embedding", "EmbeddingBag", "Identity", "Flatten", "Unflatten") and is_index:
        raise failure("input-index", item.place, item.path, **facts)


def _input_counts(kind: type[nn.Module]) -> tuple[int, int]:
    parameters = list(inspect.signature(kind.forward).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 1, 99
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(required), len(parameters)


def _dimension_hint(layer: str, value: Value) -> str:
    dimensions = spatial_dimensions(layer)
    rank = len(value.shape)
    if dimensions and rank == 2 and not layer.startswith(("BatchNorm", "Dropout")):
        ones = [1] * dimensions
        return f"`- Unflatten: [1, {[*ones, value.shape[1]]}]` before it makes one channel"
    if layer == "BatchNorm1d" and rank == 4:
        return "`BatchNorm2d` normalises images"
    same = f"{layer[:-2]}{rank - 2}d"
    if dimensions and 3 <= rank <= 5 and hasattr(nn, same):
        return f"`{same}` takes {shown(value.shape)}"
    return ""


def check_positions(call: Call, kind: type[nn.Module], inferred: tuple[str, ...], item: Item) -> None:
    """Refuses positions where the one that people mean is inferred: `BatchNorm2d: 64` would set eps.

    Raises SpecError `positions-refused`.
    """
    if not inferred or not call.positions:
        return
    others = [p for p in signature_of(kind).parameters if p.name not in inferred]
    if not any(parameter.required for parameter in others):
        facts = {"layer": call.name, "inferred": inferred[0], "first": others[0].name if others else ""}
        raise failure("positions-refused", call.positions[0].place, item.path, **facts)


def refused(call: Call, kind: type[nn.Module], error: Exception, item: Item) -> NncliError:
    """Says why torch refused to build a layer, in torch's words and with its signature."""
    facts = {"layer": call.name, "reason": _first_line(error), "signature": str(signature_of(kind))}
    return failure("layer-refused", call.place, item.path, **facts)


def does_not_fit(call: Call, inputs: tuple[Value, ...], item: Item, error: Exception) -> NncliError:
    """Says which shape arrived, from where, and what would fit."""
    value = inputs[0]
    facts: Mapping[str, object] = {
        "layer": call.name,
        "received": " and ".join(shown(each.shape) for each in inputs),
        "source": came_from(value),
        "reason": _first_line(error),
        "fix": _smaller_window(call, value),
    }
    return failure("shape-mismatch", item.place, item.path, **facts)


def nothing_left(call: Call, inputs: tuple[Value, ...], shape: tuple[int, ...], item: Item) -> NncliError:
    """Says that a layer leaves an empty result."""
    facts = {"layer": call.name, "received": shown(inputs[0].shape), "result": shown(shape)}
    return failure("shape-empty", item.place, item.path, source=came_from(inputs[0]), **facts)


def _smaller_window(call: Call, value: Value) -> str:
    """Names the largest kernel that fits where the input is smaller than the window."""
    dimensions = spatial_dimensions(call.name)
    if (
        not dimensions
        or len(value.shape) != dimensions + 2
        or "Conv" not in call.name
        and "Pool" not in call.name
    ):
        return ""
    smallest = min(value.shape[2:])
    return f"the window can be at most {smallest} wide here, or earlier layers can pad or pool less"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    line = text[0] if text else type(error).__name__
    return line.removesuffix(".") if len(line) < 300 else line[:297] + "..."
