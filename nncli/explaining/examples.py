"""An example of every layer, and the shapes that it makes of what flows in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Final

from nncli.errors import NncliError
from nncli.explaining.words import written
from nncli.network.calls.signatures import Signature, signature_of
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.layers.torch_layers import DEMANDED, RECURRENT, SPECTRA, inferred_names, spatial_dimensions
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin

# What stands for an argument that has no default.
VALUES: Final[Mapping[str, object]] = {
    "dim_feedforward": 128,
    "downscale_factor": 2,
    "embedding_dim": 64,
    "freq_mask_param": 8,
    "groups": 2,
    "heads": 4,
    "hidden_size": 64,
    "kernel_size": 3,
    "length": 50,
    "lr": 1e-3,
    "lr_lambda": "0.95 ** epoch",
    "n_freq_masks": 2,
    "n_time_masks": 2,
    "nhead": 4,
    "norm_type": 2,
    "num_groups": 4,
    "num_heads": 4,
    "out_channels": 32,
    "out_features": 10,
    "output_size": 1,
    "p": 0.2,
    "padding": 1,
    "schedulers": [{"ConstantLR": {"total_iters": 5}}, {"ExponentialLR": {"gamma": 0.9}}],
    "size": 5,
    "sparsity": 0.9,
    "swa_lr": 0.01,
    "threshold": 0.1,
    "time_mask_param": 16,
    "upscale_factor": 2,
    "val": 0.1,
    "value": 20,
}
# Arguments of layers that are worth showing, or that need other values than those above.
SHOWN: Final[Mapping[str, Mapping[str, object]]] = {
    "Conv1d": {"stride": 2},
    "Conv2d": {"stride": 2},
    "Conv3d": {"stride": 2},
    "AmplitudeToDB": {"top_db": 80},
    "ColorJitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
    "RandomAdjustSharpness": {"sharpness_factor": 2},
    "RandomAffine": {"degrees": 10, "translate": [0.1, 0.1]},
    "RandomCrop": {"padding": 4},
    "RandomPosterize": {"bits": 4},
    "RandomRotation": {"degrees": 15},
    "Dropout": {"p": 0.2},
    "Fold": {"output_size": [4, 4], "kernel_size": 2},
    "FractionalMaxPool2d": {"output_size": 8},
    "FractionalMaxPool3d": {"output_size": 4},
    "LeakyReLU": {"negative_slope": 0.2},
    "MFCC": {"n_mfcc": 13},
    "MaxPool1d": {"kernel_size": 2},
    "MaxPool2d": {"kernel_size": 2},
    "MaxPool3d": {"kernel_size": 2},
    "MelSpectrogram": {"n_fft": 512, "hop_length": 160, "n_mels": 64},
    "SelfAttention": {"causal": True},
    "Spectrogram": {"n_fft": 512, "hop_length": 160},
    "Transformer": {"nhead": 4, "num_encoder_layers": 2, "num_decoder_layers": 2},
    "Unflatten": {"dim": 1, "unflattened_size": [8, 8]},
    "Upsample": {"scale_factor": 2},
    "UpsamplingBilinear2d": {"scale_factor": 2},
    "UpsamplingNearest2d": {"scale_factor": 2},
}
_IMAGES: Final[Mapping[int, str]] = {1: "[16, 32]", 2: "[16, 32, 32]", 3: "[16, 8, 16, 16]"}
_SEQUENCE: Final = "[50, 64]"
_WAVE: Final = "{shape: [1, 16000], type: audio, rate: 16000}"
_SPECTRUM: Final = "[1, 64, 101]"
# What flows in, where the name of the layer does not tell.
_FLOWS: Final[Mapping[str, str]] = {
    "ChannelShuffle": _IMAGES[2],
    "CosineSimilarity": "[64]",
    "CrossAttention": _SEQUENCE,
    "Embedding": "{shape: [50], type: index, vocabulary: 1000}",
    "EmbeddingBag": "{shape: [50], type: index, vocabulary: 1000}",
    "Flatten": _IMAGES[2],
    "Fold": "[12, 9]",
    "GroupNorm": _IMAGES[2],
    "LocalResponseNorm": _IMAGES[2],
    "MultiheadAttention": _SEQUENCE,
    "PixelShuffle": _IMAGES[2],
    "PixelUnshuffle": _IMAGES[2],
    "PositionEmbedding": _SEQUENCE,
    "RelativePositionBias": _SEQUENCE,
    "SelfAttention": _SEQUENCE,
    "Transformer": _SEQUENCE,
    "TransformerDecoderLayer": _SEQUENCE,
    "TransformerEncoderLayer": _SEQUENCE,
    "Unfold": _IMAGES[2],
    "Upsample": _IMAGES[2],
} | {
    **dict.fromkeys(RECURRENT, _SEQUENCE),
    **dict.fromkeys(SPECTRA, _WAVE),
    **dict.fromkeys(("AmplitudeToDB", "FrequencyMasking", "SpecAugment", "TimeMasking"), _SPECTRUM),
}  # fmt: skip
# Layers of more than one input.
_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "Bilinear": ("x", "other"),
    "CosineSimilarity": ("x", "other"),
    "CrossAttention": ("x", "other"),
    "MultiheadAttention": ("x", "x", "x"),
    "PairwiseDistance": ("x", "other"),
    "Transformer": ("x", "other"),
    "TransformerDecoderLayer": ("x", "other"),
}


def example_arguments(name: str, kind: Callable[..., object]) -> dict[str, object]:
    """Gives the arguments of an example: those without a default, and a few that are worth showing.

    Those that are worked out from what flows in are left out.
    """
    inferred = inferred_names(kind, frozenset()) if isinstance(kind, type) else ()
    chosen = dict(SHOWN.get(name, {}))
    if name in DEMANDED:
        chosen[DEMANDED[name]] = 1
    found: dict[str, object] = {}
    for parameter in signature_of(kind).parameters:
        if parameter.name in chosen:
            found[parameter.name] = chosen[parameter.name]
        elif parameter.required and parameter.name in VALUES and parameter.name not in inferred:
            found[parameter.name] = VALUES[parameter.name]
    return found


def example_forms(name: str, kind: Callable[..., object]) -> list[str]:
    """Writes an item in both forms, positions and keywords; once where only one is possible."""
    arguments = example_arguments(name, kind)
    sources = _SOURCES.get(name, ())
    beside = f"\n  from: [{', '.join(sources)}]" if sources else ""
    if not arguments:
        return [f"- {name}:{beside}" if beside else f"- {name}"]
    keywords = f"{{{', '.join(f'{key}: {written(value)}' for key, value in arguments.items())}}}"
    positions = _positions(signature_of(kind), kind, arguments)
    forms = [f"- {name}: {positions}{beside}"] if positions else []
    return [*forms, f"- {name}: {keywords}{beside}"]


def _positions(signature: Signature, kind: Callable[..., object], arguments: Mapping[str, object]) -> str:
    """Writes arguments by position as far as they stand in order; empty where none can."""
    filled = inferred_names(kind, frozenset()) if isinstance(kind, type) else ()
    order = [p for p in signature.parameters if p.name not in filled and not p.keyword_only]
    by_position = list(takewhile(lambda p: p.required and p.name in arguments, order))
    # `Dropout: 0.2` says enough; a layer whose size flows in, and needs nothing else, takes no positions.
    if not by_position and not filled and [p.name for p in order[:1]] == [*arguments]:
        by_position = order[:1]
    in_order = [p.name for p in by_position]
    if not in_order or signature.name in DEMANDED:
        return ""
    rest = [f"{name}: {written(value)}" for name, value in arguments.items() if name not in in_order]
    cells = [*(written(arguments[name]) for name in in_order), *rest]
    return cells[0] if len(cells) == 1 and not cells[0].startswith("[") else f"[{', '.join(cells)}]"


def shapes_of(name: str, item: str) -> tuple[str, str] | None:
    """Compiles an item, and says what flowed in and what came out: `[batch, 16, 32, 32]`.

    None where it cannot be compiled by itself.
    """
    dimensions = spatial_dimensions(name)
    given = _FLOWS.get(name) or (_IMAGES[dimensions] if dimensions else "[64]")
    other = f", other: {given}" if "other" in _SOURCES.get(name, ()) else ""
    lines = item.replace("[x, ", "[given, ").replace("x, x]", "given, given]").splitlines()
    layers = "".join(f"    {line}\n" for line in lines)
    text = f"network:\n  inputs: {{given: {given}{other}}}\n  layers:\n{layers}"
    try:
        spec = parse_spec(text, Origin("example.yaml", Path(), text))
        compiled = compile_networks(spec.networks, {}, Surroundings(), weights=False)["network"]
    except NncliError:
        return None
    arriving = next(iter(compiled.inputs.values())).shape
    return _shape(arriving), _shape(compiled.output_shape)


def _shape(sizes: tuple[int, ...]) -> str:
    return f"[{', '.join(['batch', *map(str, sizes)])}]"
