"""What nncli knows about torch's layers beyond their signatures: inferred sizes, ranks and axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from nncli.network.signatures import signature_of
from nncli.network.values import Value

# Parameters that say how much flows in, by (input, dimension). torch has one word for each.
INFERRED: Final[Mapping[str, tuple[int, int]]] = {
    "in_features": (0, -1),
    "in1_features": (0, -1),
    "in2_features": (1, -1),
    "in_channels": (0, 1),
    "num_features": (0, 1),
    "num_channels": (0, 1),
    "normalized_shape": (0, -1),
    "input_size": (0, -1),
    "embed_dim": (0, -1),
    "d_model": (0, -1),
}
VOCABULARY: Final = "num_embeddings"

# Layers whose channels lie on the last axis; those named 1d, 2d, 3d have them on axis 1.
CHANNELS_LAST: Final = frozenset(
    "Linear Bilinear LayerNorm RMSNorm RNN LSTM GRU MultiheadAttention "
    "TransformerEncoderLayer TransformerDecoderLayer Transformer".split()
)
CHANNELS_SECOND: Final = frozenset("GroupNorm LocalResponseNorm PixelShuffle PixelUnshuffle".split())
# torch guesses these from the number of dimensions, and warns; with three it would take the rows.
DEMANDED: Final[Mapping[str, str]] = {"Softmax": "dim", "LogSoftmax": "dim", "Softmin": "dim"}

# What other tools call a layer.
KNOWN_ELSEWHERE: Final[Mapping[str, str]] = {
    "activation": "ReLU",
    "attention": "MultiheadAttention",
    "averagepooling2d": "AvgPool2d",
    "batchnorm": "BatchNorm2d",
    "batchnormalization": "BatchNorm2d",
    "conv": "Conv2d",
    "dense": "Linear",
    "fc": "Linear",
    "fullyconnected": "Linear",
    "globalaveragepooling2d": "AdaptiveAvgPool2d: 1",
    "layernormalization": "LayerNorm",
    "maxpooling2d": "MaxPool2d",
    "reshape": "Unflatten",
    "swish": "SiLU",
}

RECURRENT: Final = frozenset({"RNN", "LSTM", "GRU"})
BATCH_FIRST: Final = RECURRENT | {
    "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer"
}  # fmt: skip
AXES: Final[Mapping[int, str]] = {1: "length", 2: "height, width", 3: "depth, height, width"}


def inferred_names(kind: type, stated: frozenset[str]) -> tuple[str, ...]:
    """Names the parameters of a layer that are worked out from what flows in."""
    names = [parameter.name for parameter in signature_of(kind).parameters]
    known = [name for name in names if name in INFERRED or name == VOCABULARY]
    return tuple(name for name in known if name not in stated)


def inferred_size(name: str, inputs: tuple[Value, ...]) -> int | None:
    """Reads the size that a parameter stands for; None where the input cannot tell."""
    if name == VOCABULARY:
        return inputs[0].vocabulary
    position, dimension = INFERRED[name]
    if position >= len(inputs):
        return None
    shape = inputs[position].shape
    return shape[dimension] if -len(shape) <= dimension < len(shape) else None


def spatial_dimensions(kind: str) -> int | None:
    """Reads 2 from `Conv2d`; None for a layer without such a number."""
    found = re.search(r"([123])d$", kind)
    return int(found.group(1)) if found else None


def expected_ranks(kind: str) -> tuple[int, ...]:
    """Lists how many dimensions a layer accepts, rows included; empty where any number fits.

    torch itself takes an input without rows for one row; here rows are always there.
    """
    dimensions = spatial_dimensions(kind)
    if kind == "BatchNorm1d":
        return (2, 3)
    if dimensions:
        return (dimensions + 2,)
    if kind in RECURRENT or kind in ("MultiheadAttention", "TransformerEncoderLayer"):
        return (3,)
    return ()


def expected_shape(kind: str) -> str:
    """Writes the shape a layer accepts: `[batch, channels, height, width]`."""
    dimensions = spatial_dimensions(kind)
    if kind == "BatchNorm1d":
        return "[batch, channels] or [batch, channels, length]"
    return f"[batch, channels, {AXES[dimensions]}]" if dimensions else "[batch, time, features]"


def channel_axis_read(kind: str, rank: int) -> int | None:
    """Tells on which axis a layer looks for channels; None where it does not look."""
    if kind in CHANNELS_LAST:
        return rank - 1
    if spatial_dimensions(kind) or kind in CHANNELS_SECOND:
        return 1
    return None


def channel_axis_written(kind: str, inputs: tuple[Value, ...], rank: int) -> int | None:
    """Tells on which axis a layer leaves channels; None where nobody knows."""
    if kind == "Embedding":
        return rank - 1
    read = channel_axis_read(kind, rank)
    if read is not None:
        return read
    if rank == 2:
        return 1
    return inputs[0].channels if inputs and len(inputs[0].shape) == rank else None
