"""The shipped architectures: where they are, how they are made small, and rows for their inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch

from nncli.network.compiled import CompiledNetwork
from nncli.preparing.prepared import prepare
from nncli.spec.network_spec import InputSpec
from nncli.spec.opening import read_spec

FOLDER: Final = Path(__file__).parents[2] / "specs" / "architectures"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.yaml"))

_LANGUAGE = ("vars.width=16", "vars.depth=2", "vars.vocabulary=50", "vars.length=12", "vars.heads=2")
_IMAGE = ("network.inputs.image=[3,64,64]",)
# What makes a network quick without changing how it is built.
SMALL: Final[Mapping[str, Sequence[str]]] = {
    "dcgan": ("vars.width=4",),
    "gpt-2": _LANGUAGE,
    "gru-classifier": ("vars.length=6",),
    "inception": _IMAGE,
    "lstm-classifier": ("vars.vocabulary=50", "vars.length=6"),
    "mixture-of-experts": _LANGUAGE,
    "mlp-mixer": ("vars.width=16", "vars.depth=2", "vars.channels=32", "vars.tokens=16", *_IMAGE),
    "n-beats": ("vars.width=16", "vars.stacks=3"),
    "resnet-18": _IMAGE,
    "resnet-50": _IMAGE,
    "transformer": _LANGUAGE,
    "u-net": ("vars.width=4", "network.inputs.image=[1,32,32]"),
    "vit-b-16": ("vars.size=32", "vars.patch=8", "vars.width=16", "vars.heads=2", "vars.depth=2"),
}
# Above 60 million weights, and no var makes them fewer: these are run without memory for their weights.
LARGE: Final = ("alexnet", "vgg-16")


def networks(name: str, sets: Sequence[str] = (), *, weights: bool) -> Mapping[str, CompiledNetwork]:
    """Compiles a shipped architecture."""
    spec, problems = read_spec(FOLDER / f"{name}.yaml", sets)
    return prepare(spec, problems, with_weights=weights).networks


def small(name: str) -> Mapping[str, CompiledNetwork]:
    """Compiles a shipped architecture as a small one."""
    made = networks(name, SMALL.get(name, ()), weights=name not in LARGE)
    if name in LARGE:
        for network in made.values():
            network.module.to("meta")
    return made


def rows(network: CompiledNetwork, count: int) -> tuple[torch.Tensor, ...]:
    """Draws rows for every input, where the weights are; of each mask the last steps are padding."""
    device = next((weight.device for weight in network.module.parameters()), torch.device("cpu"))
    return tuple(_drawn(given, count).to(device) for given in network.inputs.values())


def _drawn(given: InputSpec, count: int) -> torch.Tensor:
    shape = (count, *given.shape)
    if given.type == "index":
        return torch.randint(given.vocabulary or 2, shape)
    if given.type == "mask":
        mask = torch.ones(shape, dtype=torch.bool)
        mask[0, -2:] = False
        return mask
    return torch.randn(shape)
