"""What nncli knows about torch's layers beyond their signatures: inferred sizes, ranks and axes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from torch import nn

from nncli.network.calls.signatures import is_own, signature_of
from nncli.network.graph.values import Value

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
    "memory_dim": (1, -1),
    "kdim": (1, -1),
    "vdim": (2, -1),
    "length": (0, 1),
}
# Parameters that say what else is known of it, by the word of the record.
RECORDED: Final[Mapping[str, str]] = {"num_embeddings": "vocabulary", "sample_rate": "rate"}
VOCABULARY: Final = "num_embeddings"

# Layers whose channels lie on the last axis; those named 1d, 2d, 3d have them on axis 1.
CHANNELS_LAST: Final = frozenset(
    "Linear Bilinear LayerNorm RMSNorm RNN LSTM GRU MultiheadAttention "
    "TransformerEncoderLayer TransformerDecoderLayer Transformer "
    "SelfAttention CrossAttention PositionEmbedding".split()
)
# Waves, (batch, channels, samples), to (batch, channels, …, frames).
SPECTRA: Final = frozenset({"Spectrogram", "MelSpectrogram", "MFCC"})
CHANNELS_SECOND: Final = SPECTRA | frozenset(
    "GroupNorm LocalResponseNorm PixelShuffle PixelUnshuffle ChannelShuffle Upsample".split()
)
# torch guesses these from the number of dimensions, and warns; with three it would take the rows.
DEMANDED: Final[Mapping[str, str]] = {"Softmax": "dim", "LogSoftmax": "dim", "Softmin": "dim"}

# What other tools call a layer.
KNOWN_ELSEWHERE: Final[Mapping[str, str]] = {
    "activation": "ReLU",
    "attention": "SelfAttention",
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
# Layers over (batch, time, features).
SEQUENCES: Final = RECURRENT | {
    "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer",
    "SelfAttention", "CrossAttention", "PositionEmbedding",
}  # fmt: skip
BATCH_FIRST: Final = RECURRENT | {
    "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer"
}  # fmt: skip
# The results of layers that have several, in torch's order; the first flows on.
RESULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "MultiheadAttention": ("attended", "weights"),
    "LSTMCell": ("hidden", "cell"),
    "MaxPool1d": ("pooled", "indices"),
    "MaxPool2d": ("pooled", "indices"),
    "MaxPool3d": ("pooled", "indices"),
    "AdaptiveMaxPool1d": ("pooled", "indices"),
    "AdaptiveMaxPool2d": ("pooled", "indices"),
    "AdaptiveMaxPool3d": ("pooled", "indices"),
    "FractionalMaxPool2d": ("pooled", "indices"),
    "FractionalMaxPool3d": ("pooled", "indices"),
}
AXES: Final[Mapping[int, str]] = {1: "length", 2: "height, width", 3: "depth, height, width"}


def inferred_names(kind: type[nn.Module], stated: frozenset[str]) -> tuple[str, ...]:
    """Names the parameters of a layer that are worked out from what flows in.

    A default of a class of `--code` stays: its author has decided there.
    """
    parameters = signature_of(kind).parameters
    names = [parameter.name for parameter in parameters if parameter.required or not is_own(kind)]
    known = [name for name in names if name in INFERRED or name in RECORDED]
    return tuple(name for name in known if name not in stated)


def inferred_size(name: str, inputs: Sequence[object]) -> int | None:
    """Reads the size that a parameter stands for from what flows in; None where that cannot tell."""
    position, dimension = INFERRED.get(name, (0, 0))
    value = inputs[position] if position < len(inputs) else None
    if not isinstance(value, Value):
        return None
    if name in RECORDED:
        return {"vocabulary": value.vocabulary, "rate": value.rate}[RECORDED[name]]
    shape = value.shape
    # The first dimension is the batch: no size of a layer.
    return shape[dimension] if -len(shape) < dimension < len(shape) else None


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
    if kind in SEQUENCES or kind in SPECTRA:
        return (3,)
    return ()


def expected_shape(kind: str) -> str:
    """Writes the shape a layer accepts: `[batch, channels, height, width]`."""
    dimensions = spatial_dimensions(kind)
    if kind in SPECTRA:
        return "[batch, channels, samples]"
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
