"""Keys that people bring from other tools, or write in the wrong section, and where they belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.spec.nodes import Scalar

_OPTIMIZER: Final = "it is an argument of the optimiser: `optimizer: {AdamW: {%s: %s}}` below `training:`"
_LAYER: Final = "it is a layer of its own: `- %s` in the list of `network:`"

# What other tools call it: what to write here.
HABITS: Final[Mapping[str, str]] = {
    "activation": _LAYER % "ReLU",
    "architecture": "the layers stand below `network:`",
    "batch": "write `batch_size: 32` below `training:`",
    "criterion": "write `loss: CrossEntropyLoss` below `training:`",
    "dataset": "write `data: FILE.csv`, or `data: builtin:iris`",
    "device": "the device is chosen on the command line: `--device cpu`",
    "dropout": _LAYER % "Dropout: 0.2",
    "early_stopping": "write `stop_early: {watch: validation.loss, patience: 5}` below `training:`",
    "epoch": "write `epochs: 20` below `training:`",
    "features": "the columns that flow in stand in `inputs:` below `data:`",
    "labels": "the columns that are predicted stand in `targets:` below `data:`",
    "layers": "write the list of layers below `network:`",
    "learning_rate": _OPTIMIZER % ("lr", "1e-3"),
    "lr": _OPTIMIZER % ("lr", "1e-3"),
    "max_epochs": "write `epochs: 20` below `training:`",
    "model": "write the list of layers below `network:`",
    "momentum": _OPTIMIZER.replace("AdamW", "SGD") % ("momentum", "0.9"),
    "num_epochs": "write `epochs: 20` below `training:`",
    "optimiser": "write `optimizer: AdamW` below `training:`",
    "patience": "write `stop_early: {patience: 5}` below `training:`",
    "target": "the columns that are predicted stand in `targets:` below `data:`",
    "train": "training is described below `training:`, the training file in `train:` below `data:`",
    "weight_decay": _OPTIMIZER % ("weight_decay", "0.01"),
}

_TOP: Final = ("network", "training", "data", "vars", "description")


def where_it_belongs(key: str) -> str:
    """Says what to write instead of a key that is unknown where it stands; empty where nobody knows."""
    # The schema costs 0.1 s to import; a file without a mistake in its keys does not need it here.
    from pydantic import BaseModel

    from nncli.spec.schema import DataSpec, SplitSpec, TrainingSpec

    sections: dict[str, type[BaseModel]] = {"training": TrainingSpec, "data": DataSpec, "split": SplitSpec}
    for section, model in sections.items():
        if key in model.model_fields and key not in HABITS:
            return f"`{key}:` stands below `{section}:`"
    if key in _TOP:
        return f"`{key}:` stands at the left margin"
    return HABITS.get(key.lower(), "")


def unknown_key(name: Scalar, path: str, known: Iterable[str]) -> Problem:
    """Makes the problem for a key that nobody knows, with the nearest that somebody does."""
    keys = list(known)
    facts: dict[str, object] = {"key": name.text, "nearest": nearest(name.text, keys), "known": keys}
    facts["elsewhere"] = where_it_belongs(name.text)
    return Problem("unknown-key", name.place, f"{path}.{name.text}".lstrip("."), facts)
