"""What is said when a layer and what flows into it do not fit."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import NoReturn

from torch import nn

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure, nearest
from nncli.network.layers import (
    BATCH_FIRST,
    DEMANDED,
    RECURRENT,
    VOCABULARY,
    channel_axis_read,
    expected_ranks,
    expected_shape,
    spatial_dimensions,
)
from nncli.network.signatures import signature_of
from nncli.network.values import Value, shown
from nncli.spec.items import Call, Item


def unknown_size(dimension: int, name: str | None = None) -> NoReturn:
    """Stands for `size(d)` where an earlier problem hides what flows in.

    Raises SpecError `size-unknown`.
    """
    raise failure("size-unknown", dimension=dimension)


def unknown_value(
    name: str, place: Place, item: Item, values: Mapping[str, object], unnamed: Mapping[str, Item]
) -> NncliError:
    """Says that nothing above has a name, or that a layer has it only by its position."""
    if name in unnamed:
        facts = {"name": name, "line": unnamed[name].place.line}
        return failure("value-unnamed", place, f"{item.path}.from", **facts)
    near = nearest(name, values)
    return failure("value-unknown", place, f"{item.path}.from", name=name, nearest=near, known=list(values))


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
    _check_count(call, kind, inputs, item)
    value = inputs[0]
    rank = len(value.shape)
    _check_type(call, value, item)
    ranks = expected_ranks(call.name)
    if ranks and rank not in ranks:
        facts = {"layer": call.name, "expected": expected_shape(call.name), "received": shown(value.shape)}
        hint = _dimension_hint(call.name, value)
        raise failure("input-dimensions", item.place, item.path, source=came_from(value), fix=hint, **facts)
    _check_axis(call, value, item)


def _check_axis(call: Call, value: Value, item: Item) -> None:
    """Refuses what torch would do in silence, since sizes are inferred: a Linear on an image's width."""
    read, actual = channel_axis_read(call.name, len(value.shape)), value.channels
    if len(value.shape) < 3 or None in (read, actual) or read == actual:
        return
    if "normalized_shape" in call.keywords:
        return
    if call.name == "Linear":
        fix = "put `- Flatten` between them"
    elif call.name in ("LayerNorm", "RMSNorm"):
        fix = f"say what is normalised: `{call.name}: {{normalized_shape: {list(value.shape[1:])}}}`"
    else:
        fix = "LSTM, GRU, Linear and LayerNorm read the last axis" if read == 1 else ""
    facts = {"layer": call.name, "axis": read, "actual": actual, "received": shown(value.shape)}
    raise failure("wrong-axis", item.place, item.path, source=came_from(value), fix=fix, **facts)


def _check_count(call: Call, kind: type[nn.Module], inputs: tuple[Value, ...], item: Item) -> None:
    least, most = _input_counts(kind)
    if least <= len(inputs) <= most:
        return
    takes = f"{least} values" if least == most else f"{least} to {most} values"
    given = "1 value flows in" if len(inputs) == 1 else f"{len(inputs)} flow in"
    names = f"[{', '.join(['NAME'] * least)}]" if least > 1 else ""
    facts = {"layer": call.name, "takes": "1 value" if most == 1 else takes, "given": given, "names": names}
    place = item.from_[0].place if item.from_ else item.place
    raise failure("inputs-count", place, f"{item.path}.from", **facts)


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
    flattened = rank == 2 and value.origin.startswith("flatten")
    if dimensions == 1 and rank == 2 and not flattened and not layer.startswith(("BatchNorm", "Dropout")):
        return f"`- Unflatten: [1, [1, {value.shape[1]}]]` before it makes one channel"
    if layer == "BatchNorm1d" and rank == 4:
        return "`BatchNorm2d` normalises images"
    if flattened and value.place:
        return f"take out the Flatten on line {value.place.line}, or put it further down"
    if layer in RECURRENT and rank == 4:
        _, channels, height, width = value.shape
        return f"`- Flatten: 2` before it makes [batch, {channels}, {height * width}]"
    same = f"{layer[:-2]}{rank - 2}d"
    if dimensions and 3 <= rank <= 5 and hasattr(nn, same):
        return f"`{same}` takes {shown(value.shape)}"
    return ""


def check_bound(call: Call, kind: type[nn.Module], bound: Mapping[str, object], item: Item) -> None:
    """Refuses what torch lets pass and nobody means: softmax over a guessed axis, rows on axis 1.

    Raises SpecError `argument-missing`, `argument-range`.
    """
    demanded = DEMANDED.get(call.name)
    if demanded and bound.get(demanded) is None:
        facts = {"call": call.name, "missing": demanded, "signature": str(signature_of(kind))}
        example = f"`{call.name}: {{{demanded}: 1}}` for the axis behind the rows"
        raise failure("argument-missing", call.place, item.path, example=example, **facts)
    if call.name in BATCH_FIRST and bound.get("batch_first") is False:
        facts = {"call": call.name, "argument": "batch_first", "received": "false"}
        place = call.keywords["batch_first"].place if "batch_first" in call.keywords else call.place
        raise failure("argument-range", place, item.path, allowed="true: rows come first here", **facts)


def check_stated(call: Call, name: str, stated: object, size: int, flow: tuple[Value, Item]) -> None:
    """Refuses a stated size that is not what flows in; a longer normalized_shape is torch's to judge.

    Raises SpecError `size-differs`.
    """
    value, item = flow
    fits = stated in (size, (size,)) or isinstance(stated, tuple)
    if fits or (name == VOCABULARY and isinstance(stated, int) and stated > size):
        return
    facts = {"call": call.name, "argument": name, "stated": stated, "size": size}
    place = call.keywords[name].place
    raise failure("size-differs", place, f"{item.path}.{name}", source=came_from(value), **facts)


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
    has_window = "Conv" in call.name or "Pool" in call.name
    if not dimensions or len(value.shape) != dimensions + 2 or not has_window:
        return ""
    smallest = min(value.shape[2:])
    return f"the window can be at most {smallest} wide here, or earlier layers can pad or pool less"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    line = text[0] if text else type(error).__name__
    return line.removesuffix(".") if len(line) < 300 else line[:297] + "..."
