"""What is said when a layer and what flows into it do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from torch import nn

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.network.calls.signatures import signature_of
from nncli.network.graph.remedies import arguments_that_fit, layer_that_fits
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import ROWS, Value, shown
from nncli.network.layers.torch_layers import (
    BATCH_FIRST,
    CHANNELS_LAST,
    DEMANDED,
    RECURRENT,
    SEQUENCES,
    VOCABULARY,
    channel_axis_read,
    expected_ranks,
    expected_shape,
    inferred_names,
    inferred_size,
    spatial_dimensions,
)
from nncli.spec.items import Call, Item

TAKE_INDICES: Final = frozenset(
    {"Embedding", "EmbeddingBag", "Identity", "Flatten", "Unflatten", "RelativePositionBias"}
)


def came_from(value: Value) -> str:
    """Says where a value was made: `Conv2d conv2d (line 12)` or `input image`."""
    return f"`{value.origin}` (line {value.place.line})" if value.place else f"input `{value.origin}`"


def check_inputs(call: Call, inputs: tuple[Value, ...], item: Item) -> None:
    """Refuses a wrong number of dimensions, a wrong axis or a wrong type before a run.

    torch would take many of these in silence: an input without rows for one row, a Linear on an
    image's width.
    Raises SpecError `input-dimensions`, `wrong-axis`, `input-not-index`, `input-index`.
    """
    value = inputs[0]
    rank = len(value.shape)
    _check_type(call, value, item)
    ranks = expected_ranks(call.name)
    if ranks and rank not in ranks:
        facts = {"layer": call.name, "expected": expected_shape(call.name), "received": shown(value.shape)}
        facts |= {"source": came_from(value), "fix": _dimension_hint(call.name, value)}
        raise failure("input-dimensions", item.place, item.path, flow=_flow(call, (value,), item), **facts)
    if rank < 2 and call.name in CHANNELS_LAST:
        facts = {"layer": call.name, "expected": "[batch, features]", "received": shown(value.shape)}
        facts["fix"] = "`- unsqueeze: 1` before it makes [batch, 1]" if value.shape[:1] == (ROWS,) else ""
        facts["source"] = came_from(value)
        raise failure("input-dimensions", item.place, item.path, flow=_flow(call, (value,), item), **facts)
    _check_axis(call, value, item)
    for other in inputs[1:]:
        # A memory with its steps last, as convolutions leave it.
        if call.name in SEQUENCES and len(other.shape) == 3 and other.time == 2:
            _check_axis(call, other, item)


def _check_axis(call: Call, value: Value, item: Item) -> None:
    """Refuses what torch would do in silence, since sizes are inferred: a Linear on an image's width."""
    rank, actual = len(value.shape), value.channels
    read = channel_axis_read(call.name, rank)
    if call.name == "GLU" and not call.positions and not call.keywords:
        read = rank - 1
    if rank < 3 or None in (read, actual) or read == actual or value.is_arranged:
        return
    if "normalized_shape" in call.keywords:
        return
    facts = {"layer": call.name, "axis": read, "actual": actual, "received": shown(value.shape)}
    facts |= {"source": came_from(value), "fix": _axis_hint(call.name, value)}
    raise failure("wrong-axis", item.place, item.path, flow=_flow(call, (value,), item), **facts)


def _flow(call: Call, inputs: tuple[Value, ...], item: Item) -> list[str]:
    return ways_to(inputs, call.name, item.place)


def _axis_hint(layer: str, value: Value) -> str:
    """Says what brings the channels to where a layer looks for them."""
    rank, is_first = len(value.shape), value.channels == 1
    if layer == "GLU":
        return f"say along which axis: `GLU: {{dim: {value.channels}}}`"
    if layer in ("LayerNorm", "RMSNorm") and rank > 3:
        return f"say what is normalised: `{layer}: {{normalized_shape: {list(value.shape[1:])}}}`"
    if layer == "Linear" and is_first and rank > 3:
        return "put `- Flatten` between them"
    places = {3: "t", 4: "h w", 5: "d h w"}.get(rank, "")
    if not places or value.channels not in (1, rank - 1):
        return ""
    first, last = f"b c {places}", f"b {places} c"
    if layer == "Linear":
        return f"put `- Flatten` between them, or `- rearrange: {first} -> {last}`"
    before, after = (first, last) if is_first else (last, first)
    return f"put `- rearrange: {before} -> {after}` between them"


def inputs_count(call: Call, takes: Mapping[str, bool], given: int, item: Item, place: Place) -> NncliError:
    """Says how many values a layer takes; `takes` names them and tells which are needed."""
    least, most = sum(takes.values()), len(takes)
    count = f"{least} values" if least == most else f"{least} to {most} values"
    flow = "1 value flows in" if given == 1 else f"{given} flow in"
    names = f"[{', '.join(['NAME'] * least)}]" if least > 1 else ""
    facts: dict[str, object] = {"layer": call.name, "given": flow, "names": names}
    facts["takes"] = "1 value" if most == 1 else count
    facts |= {"inputs": list(takes)[:least], "one": call.name if most == 1 else ""}
    return failure("inputs-count", place, f"{item.path}.from", **facts)


def _check_type(call: Call, value: Value, item: Item) -> None:
    is_index = value.is_index
    facts = {"layer": call.name, "source": came_from(value)}
    if call.name in ("Embedding", "EmbeddingBag") and not is_index:
        stated = "" if value.place else value.origin
        raise failure("input-not-index", item.place, item.path, input=stated, **facts)
    if call.name not in TAKE_INDICES and is_index:
        raise failure("input-index", item.place, item.path, **facts)


def _dimension_hint(layer: str, value: Value) -> str:
    dimensions = spatial_dimensions(layer)
    rank = len(value.shape)
    if value.place is None and rank - 1 in (expected_ranks(layer) or ()) and rank > 4:
        shape = list(value.shape[2:])
        return f"shapes leave the batch out: if the first size of `{value.origin}` is that, write {shape}"
    flattened = rank == 2 and value.origin == "Flatten"
    if dimensions == 1 and rank == 2 and not flattened and not layer.startswith(("BatchNorm", "Dropout")):
        return f"`- Unflatten: [1, [1, {value.shape[1]}]]` before it makes one channel"
    if layer == "BatchNorm1d" and rank == 4:
        return "`BatchNorm2d` normalises images"
    if flattened and value.place:
        return f"take out the Flatten on line {value.place.line}, or put it further down"
    if layer in RECURRENT and rank == 4:
        return "`- rearrange: b c h w -> b w (c h)` before it makes a sequence of the columns"
    if layer in SEQUENCES and rank == 4:
        return "`- rearrange: b c h w -> b (h w) c` before it makes a sequence of the pixels"
    same = f"{layer[:-2]}{rank - 2}d"
    if dimensions and 3 <= rank <= 5 and hasattr(nn, same):
        return f"`{same}` takes {shown(value.shape)}"
    if rank == 2 and (dimensions in (2, 3) or layer in SEQUENCES):
        axes = expected_shape(layer).removeprefix("[batch, ")
        return f"`- Unflatten: [1, [{axes}]` before it, with numbers, shapes the {value.shape[1]} of a row"
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
    if fits or (name in (VOCABULARY, "length") and isinstance(stated, int) and stated > size):
        return
    facts = {"call": call.name, "argument": name, "stated": stated, "size": size}
    place = call.keywords[name].place
    facts |= {"source": came_from(value), "flow": _flow(call, (value,), item)}
    raise failure("size-differs", place, f"{item.path}.{name}", **facts)


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


def check_shifted(call: Call, kind: type[nn.Module], values: tuple[object, ...], item: Item) -> None:
    """Refuses positions that are surely counted as in torch: `Conv2d: [3, 64, 3]` would be a kernel of 64.

    Raises SpecError `positions-shifted`.
    """
    numbers = [argument.value for argument in call.positions]
    name = next(iter(inferred_names(kind, frozenset(call.keywords))), "")
    size = inferred_size(name, values) if name else None
    if len(numbers) < 2 or size is None or not all(type(number) is int for number in numbers[:3]):
        return
    is_shifted, at = False, 0
    if name == "in_channels" and len(numbers) > 2:
        is_shifted = numbers[0] == size and _more(numbers[1], 15) and _more(numbers[1], numbers[2])
    elif call.name in RECURRENT:
        is_shifted = _more(numbers[1], 15)
    elif name == VOCABULARY:
        is_shifted = numbers[0] == size or _more(numbers[1], 1)
    elif name in ("embed_dim", "d_model"):
        is_shifted = numbers[0] == size
    elif call.name == "GroupNorm":
        is_shifted, at = _more(numbers[1], 0), 1
    if is_shifted:
        left = [number for position, number in enumerate(numbers) if position != at]
        meant = str(left[0]) if len(left) == 1 else "[" + ", ".join(map(str, left)) + "]"
        facts = {"layer": call.name, "inferred": name, "meant": f"{call.name}: {meant}"}
        raise failure("positions-shifted", call.positions[at].place, item.path, **facts)


def _more(number: object, least: object) -> bool:
    return isinstance(number, int) and isinstance(least, int) and number > least


def refused(
    call: Call,
    made: tuple[type[nn.Module], Mapping[str, object]],
    error: Exception,
    item: Item,
    inputs: tuple[Value, ...],
) -> NncliError:
    """Says why torch refused to build a layer, in torch's words; `made` is its class and its arguments."""
    kind, arguments = made
    facts = {"layer": call.name, "reason": _first_line(error), "signature": str(signature_of(kind))}
    fix = arguments_that_fit(arguments)
    flow = _flow(call, inputs, item)
    return failure("layer-refused", call.place, item.path, fix=fix, flow=flow, **facts)


def tied_shapes(
    item: Item, own: tuple[str, nn.Parameter], other: tuple[str, nn.Parameter], inputs: tuple[Value, ...]
) -> NncliError:
    """Says that two parameters cannot be one; each is its dotted name and itself."""
    assert item.share is not None
    have, wanted = list(own[1].shape), list(other[1].shape)
    fix = ""
    if len(have) == len(wanted) == 2 and have[0] == wanted[0]:
        fix = f"put `- Linear: {wanted[1]}` before it, or make `{other[0]}` {have[1]} wide"
    facts = {"name": own[0], "own": str(have), "owner": other[0], "other": str(wanted), "fix": fix}
    place = next((source.place for source in item.share.parameters.values()), item.share.place)
    flow = ways_to(inputs, own[0].rpartition(".")[0], item.place)
    return failure("share-shape", place, f"{item.path}.share", flow=flow, **facts)


def does_not_fit(
    call: Call, inputs: tuple[Value, ...], item: Item, failed: tuple[Exception, Mapping[str, object]]
) -> NncliError:
    """Says which shape arrived, and what would fit; `failed` is torch's error, and the arguments."""
    value = inputs[0]
    error, arguments = failed
    facts: Mapping[str, object] = {
        "layer": call.name,
        "received": " and ".join(f"{shown(each.shape)} from {came_from(each)}" for each in inputs),
        "reason": _first_line(error),
        "fix": layer_that_fits(call.name, arguments, inputs) or _smaller_window(call, value, arguments),
        "flow": _flow(call, inputs, item),
    }
    return failure("shape-mismatch", item.place, item.path, **facts)


def nothing_left(call: Call, inputs: tuple[Value, ...], shape: tuple[int, ...], item: Item) -> NncliError:
    """Says that a layer leaves an empty result."""
    facts: dict[str, object] = {"layer": call.name, "received": shown(inputs[0].shape)}
    facts["result"] = shown(shape)
    facts |= {"source": came_from(inputs[0]), "flow": _flow(call, inputs[:1], item)}
    return failure("shape-empty", item.place, item.path, **facts)


def _smaller_window(call: Call, value: Value, arguments: Mapping[str, object]) -> str:
    """Names the largest kernel that fits where the input is smaller than the window."""
    dimensions = spatial_dimensions(call.name)
    has_window = "Conv" in call.name or "Pool" in call.name
    if not dimensions or len(value.shape) != dimensions + 2 or not has_window:
        return ""
    smallest, kernel = min(value.shape[2:]), arguments.get("kernel_size")
    if isinstance(kernel, tuple) and len(kernel) != dimensions:
        return f"`kernel_size` is one number, or {dimensions} of them; here are {len(kernel)}"
    return f"the window can be at most {smallest} wide here, or earlier layers can pad or pool less"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    line = text[0] if text else type(error).__name__
    return line.removesuffix(".") if len(line) < 300 else line[:297] + "..."
