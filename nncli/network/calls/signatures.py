"""What torch offers, read from the installed torch: classes by name and their signatures."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from torch import nn

from nncli.network.beyond_torch import attention, positions, sounds, spectrogram_masks
from nncli.network.beyond_torch.losses import OWN_LOSSES
from nncli.network.beyond_torch.stochastic_depth import StochasticDepth

# The device and type of a network are chosen for the whole of it; the rest is torch's own plumbing.
NOT_WRITTEN: Final = frozenset(
    "device dtype _weight _freeze params optimizer last_epoch _random_samples custom_encoder "
    "custom_decoder".split()
)

# Modules of torch.nn that are no layers: containers that hold others, wrappers of a whole
# network, and lazy classes, whose job the compiler does.
NOT_LAYERS: Final[Mapping[str, str]] = {
    "Module": "it is the class that all layers come from",
    "Container": "torch keeps it for old files only",
    "ModuleDict": "a list of items holds layers",
    "ModuleList": "a list of items holds layers",
    "ParameterDict": "it has no forward",
    "ParameterList": "it has no forward",
    "DataParallel": "it wraps a whole network",
    "SyncBatchNorm": "it needs several processes",
    "RNNBase": "use LSTM, GRU or RNN",
    "RNNCellBase": "use LSTMCell, GRUCell or RNNCell",
    "Sequential": "it is a word of the language: a list of items as one",
    "TransformerEncoder": "write TransformerEncoderLayer with `repeat:` beside it",
    "TransformerDecoder": "write TransformerDecoderLayer with `repeat:` beside it",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a call; `required` where it has no default.

    `annotation` is object where it has none; `text` writes it with its default, as `bias=True`.
    """

    name: str
    required: bool
    annotation: object
    keyword_only: bool
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a class or function takes, in order."""

    name: str
    parameters: tuple[Parameter, ...]

    def parameter(self, name: str) -> Parameter | None:
        """Finds a parameter by name."""
        return next((p for p in self.parameters if p.name == name), None)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(p.text for p in self.parameters)})"


# What torch.nn lacks and authors need.
OWN_LAYERS: Final[Mapping[str, type[nn.Module]]] = {
    "AmplitudeToDB": sounds.AmplitudeToDB,
    "CrossAttention": attention.CrossAttention,
    "FrequencyMasking": spectrogram_masks.FrequencyMasking,
    "MFCC": sounds.MFCC,
    "MelSpectrogram": sounds.MelSpectrogram,
    "PositionEmbedding": positions.PositionEmbedding,
    "RelativePositionBias": positions.RelativePositionBias,
    "SelfAttention": attention.SelfAttention,
    "SpecAugment": spectrogram_masks.SpecAugment,
    "Spectrogram": sounds.Spectrogram,
    "StochasticDepth": StochasticDepth,
    "TimeMasking": spectrogram_masks.TimeMasking,
}


@cache
def layer_classes() -> Mapping[str, type[nn.Module]]:
    """Names every class of torch.nn that can stand in a network's list, losses left out, and nncli's own."""
    found = {name: kind for name, kind in _module_classes().items() if not _is_loss(name)}
    return {**found, **OWN_LAYERS}


def is_own(kind: type[nn.Module]) -> bool:
    """Tells whether a class comes from a file of `--code`."""
    return kind.__module__.partition(".")[0] not in ("torch", "nncli")


@cache
def loss_classes() -> Mapping[str, type[nn.Module]]:
    """Names every loss class of torch.nn, and nncli's own."""
    return {name: kind for name, kind in _module_classes().items() if _is_loss(name)} | OWN_LOSSES


def _module_classes() -> dict[str, type[nn.Module]]:
    found = {}
    for name in dir(nn):
        kind = getattr(nn, name)
        if not isinstance(kind, type) or not issubclass(kind, nn.Module):
            continue
        if name not in NOT_LAYERS and not name.startswith(("Lazy", "_")):
            found[name] = kind
    return found


def _is_loss(name: str) -> bool:
    return name.endswith(("Loss", "Loss2d"))


def signature_of(target: Callable[..., object]) -> Signature:
    """Reads what a torch class or function takes.

    LSTM, GRU and RNN declare `*args, **kwargs`; their first overload says what they take.
    """
    return _read_signature(target)


@cache
def _read_signature(target: Any) -> Signature:
    constructor: Any = getattr(target, "__init__", target) if inspect.isclass(target) else target
    overloads = typing.get_overloads(constructor)
    function: Any = overloads[0] if overloads else target
    hints = _annotations(overloads[0] if overloads else constructor)
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        is_open_ended = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if not is_open_ended and name not in NOT_WRITTEN and name != "self":
            parameters.append(_parameter(parameter, hints.get(name, object)))
    return Signature(getattr(target, "__name__", str(target)), tuple(parameters))


def _annotations(function: Callable[..., object]) -> dict[str, object]:
    try:
        return typing.get_type_hints(function)
    # Classes of `--code` may hint what is not there, or in a way that Python cannot read.
    except (NameError, TypeError, AttributeError, SyntaxError):
        return {}


def _parameter(parameter: inspect.Parameter, annotation: object) -> Parameter:
    required = parameter.default is parameter.empty
    default = getattr(parameter.default, "__name__", parameter.default)
    text = parameter.name if required else f"{parameter.name}={default!r}"
    keyword_only = parameter.kind is parameter.KEYWORD_ONLY
    return Parameter(parameter.name, required, annotation, keyword_only, text)
