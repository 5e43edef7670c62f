"""Every class of torch.nn compiles in a small spec, or stands here with the reason why it cannot."""

from __future__ import annotations

import keyword

import pytest
import torch
from torch import nn

from nncli.network.beyond_torch.losses import OWN_LOSSES
from nncli.network.calls.signatures import NOT_LAYERS, OWN_LAYERS, layer_classes, loss_classes
from nncli.network.items.layer_names import TAKEN
from nncli.spec.names import NAME, RESERVED
from tests.network.compiled import IMAGE, ROW, SIGNAL, TOKENS, compiled, rows

VOLUME = "volume: [2, 4, 4, 4]"
PAIR = "a: [6], b: [6]"
TWO_SIGNALS = "a: [5, 4], b: [5, 4]"
WAVE = "wave: [4, 12]"
SOUND = "sound: {shape: [2, 500], type: audio, rate: 8000}"
SPECTRUM = "spectrum: [2, 20, 11]"
UNPOOLED = (
    "{MaxPoolNd: {kernel_size: 2, return_indices: true}, name: [pooled, indices]}, "
    "{MaxUnpoolNd: 2, from: [pooled, indices]}"
)
# Layer: how it is written, and what flows in.
WRITTEN: dict[str, tuple[str, str]] = {
    f"{kind}{n}d": (f"{kind}{n}d{arguments}", given)
    for arguments, kinds in {
        "": ("BatchNorm", "InstanceNorm", "Dropout"),
        ": 1": ("CircularPad", "ReflectionPad", "ReplicationPad", "ZeroPad"),
        ": 2": ("AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "MaxPool"),
        ": [1, 0.5]": ("ConstantPad",),
        ": [2, 2]": ("LPPool",),
        ": [4, 3]": ("Conv", "ConvTranspose"),
    }.items()
    for kind in kinds
    for n, given in ((1, WAVE), (2, IMAGE), (3, VOLUME))
} | {
    **{kind: (f"{kind}: 7", SIGNAL) for kind in ("RNN", "LSTM", "GRU")},
    **{f"{kind}Cell": (f"{kind}Cell: 7", ROW) for kind in ("RNN", "LSTM", "GRU")},
    **{kind: (f"{kind}: {{dim: 1}}", ROW) for kind in ("Softmax", "Softmin", "LogSoftmax")},
    "AmplitudeToDB": ("AmplitudeToDB", SPECTRUM),
    "FrequencyMasking": ("FrequencyMasking: 4", SPECTRUM),
    "MFCC": ("MFCC", SOUND),
    "MelSpectrogram": ("MelSpectrogram", SOUND),
    "SpecAugment": ("SpecAugment: [1, 4, 1, 4]", SPECTRUM),
    "Spectrogram": ("Spectrogram", SOUND),
    "TimeMasking": ("TimeMasking: 4", SPECTRUM),
    "Bilinear": ("{Bilinear: 3, from: [a, b]}", PAIR),
    "ChannelShuffle": ("ChannelShuffle: 2", "image: [4, 8, 8]"),
    "CosineSimilarity": ("{CosineSimilarity: , from: [a, b]}", PAIR),
    "CrossAttention": ("{CrossAttention: {heads: 2}, from: [a, b]}", TWO_SIGNALS),
    "CrossMapLRN2d": ("CrossMapLRN2d: 2", IMAGE),
    "Embedding": ("Embedding: 3", TOKENS),
    "EmbeddingBag": ("EmbeddingBag: 3", TOKENS),
    "Fold": ("Fold: [[4, 4], 2]", "patches: [12, 9]"),
    "FractionalMaxPool2d": ("FractionalMaxPool2d: [2, output_size: 3]", IMAGE),
    "FractionalMaxPool3d": ("FractionalMaxPool3d: [2, output_size: 2]", VOLUME),
    "GroupNorm": ("GroupNorm: 3", IMAGE),
    "Linear": ("Linear: 3", ROW),
    "LocalResponseNorm": ("LocalResponseNorm: 2", IMAGE),
    **{
        f"MaxUnpool{n}d": (UNPOOLED.replace("Nd", f"{n}d"), given)
        for n, given in ((1, WAVE), (2, IMAGE), (3, VOLUME))
    },
    "MultiheadAttention": ("{MultiheadAttention: 2, from: [signal, signal, signal]}", SIGNAL),
    "PairwiseDistance": ("{PairwiseDistance: , from: [a, b]}", PAIR),
    "PixelShuffle": ("PixelShuffle: 2", "image: [4, 8, 8]"),
    "PixelUnshuffle": ("PixelUnshuffle: 2", IMAGE),
    "PositionEmbedding": ("PositionEmbedding", SIGNAL),
    "RelativePositionBias": (
        "{RelativePositionBias: 2, name: bias}, {compute: \"signal[:, none, :, :1] + bias\"}", SIGNAL
    ),
    "SelfAttention": ("SelfAttention: {heads: 2}", SIGNAL),
    "Softmax2d": ("Softmax2d", IMAGE),
    "StochasticDepth": ("StochasticDepth: 0.1", IMAGE),
    "Threshold": ("Threshold: [0.1, 20]", ROW),
    "Transformer": (
        "{Transformer: {nhead: 2, num_encoder_layers: 1, num_decoder_layers: 1}, from: [a, b]}",
        TWO_SIGNALS,
    ),
    "TransformerDecoderLayer": ("{TransformerDecoderLayer: [2, 8], from: [a, b]}", TWO_SIGNALS),
    "TransformerEncoderLayer": ("TransformerEncoderLayer: [2, 8]", SIGNAL),
    "Unflatten": ("Unflatten: [1, [2, 3]]", ROW),
    "Unfold": ("Unfold: 2", IMAGE),
    "Upsample": ("Upsample: {scale_factor: 2}", IMAGE),
    "UpsamplingBilinear2d": ("UpsamplingBilinear2d: {scale_factor: 2}", IMAGE),
    "UpsamplingNearest2d": ("UpsamplingNearest2d: {scale_factor: 2}", IMAGE),
}  # fmt: skip


def modules() -> set[str]:
    found = {name for name in dir(nn) if isinstance(getattr(nn, name), type)}
    return {name for name in found if issubclass(getattr(nn, name), nn.Module)}


def test_every_class_of_torch_is_a_layer_a_loss_or_has_a_reason() -> None:
    # Lazy classes infer sizes at the first run, which the compiler does for all.
    offered = {name for name in modules() if not name.startswith(("Lazy", "_"))}
    own = {*OWN_LAYERS, *OWN_LOSSES}
    assert offered - set(NOT_LAYERS) == {*layer_classes(), *loss_classes()} - own


def test_no_reason_is_left_over() -> None:
    assert set(NOT_LAYERS) & {*layer_classes(), *loss_classes()} == set()
    assert set(WRITTEN) <= set(layer_classes())


@pytest.mark.parametrize("name", sorted(layer_classes()))
def test_a_layer_compiles_runs_and_learns(name: str) -> None:
    written, inputs = WRITTEN.get(name, (name, ROW))
    network = compiled(written, inputs)
    result = network.module(*rows(network.inputs))
    assert tuple(result.shape[1:]) == network.output_shape
    assert isinstance(network.module.get_submodule(network.layers[-1].name), layer_classes()[name])
    if any(weight.requires_grad for weight in network.module.parameters()):
        result.sum().backward()


@pytest.mark.parametrize("name", sorted(layer_classes()))
def test_an_automatic_name_is_a_name_that_a_file_may_give(name: str) -> None:
    lowered = name.lower()
    assert NAME.match(lowered) and lowered not in RESERVED | TAKEN and not keyword.iskeyword(lowered)


@pytest.mark.parametrize("name", sorted(layer_classes()))
def test_sizing_draws_nothing_and_leaves_buffers_alone(name: str) -> None:
    written, inputs = WRITTEN.get(name, (name, ROW))
    torch.manual_seed(3)
    network = compiled(written, inputs)
    after = torch.get_rng_state()
    layer = network.module.get_submodule(network.layers[-1].name)
    again = compiled(written, inputs, weights=True)
    torch.manual_seed(3)
    made = list(network.constructions.values())[-1]
    fresh = made.kind(**made.arguments)
    assert torch.equal(after, torch.get_rng_state()), "only the layer's own initialisation draws"
    assert again.output_shape == network.output_shape
    for (key, mine), (other, theirs) in zip(
        layer.state_dict().items(), fresh.state_dict().items(), strict=True
    ):
        assert key == other and torch.equal(mine, theirs)
