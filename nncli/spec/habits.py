"""Keys that people bring from other tools, or write in the wrong section, and where they belong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from collections.abc import Mapping as MappingType
from difflib import get_close_matches
from typing import Final

from nncli.errors import SET_FILE, Problem
from nncli.messages.catalogue import nearest
from nncli.spec.nodes import Mapping, Node, Scalar

_OPTIMIZER: Final = "it is an argument of the optimiser: `optimizer: {AdamW: {%s: %s}}` below `training:`"
_BELOW_TRAINING: Final = " below `training:`"
_BELOW: Final = f"write `%s`{_BELOW_TRAINING}"
_SLIP: Final = 0.85
"""From this likeness on a key is another one that is misspelt: `time` for `times`."""
_SCHEDULE: Final = _BELOW % "schedule: {CosineAnnealingLR: {}, warmup: 5%}"
_LAYER: Final = "it is a layer of its own: `- %s` in the list of `network:`"

# What other tools call it: what to write here.
HABITS: Final[MappingType[str, str]] = {
    "accumulate_grad_batches": _BELOW % "accumulate: 4",
    "activation": _LAYER % "ReLU",
    "architecture": "the layers stand below `network:`",
    "batch": "write `batch_size: 32` below `training:`",
    "clip_grad_norm": _BELOW % "clip_gradients: 1.0",
    "criterion": "write `loss: CrossEntropyLoss` below `training:`",
    "dataset": "write `data: FILE.csv`, or `data: builtin:iris`",
    "device": "the device is chosen on the command line: `--device cpu`",
    "dropout": _LAYER % "Dropout: 0.2",
    "early_stopping": "write `stop_early: {watch: validation.loss, patience: 5}` below `training:`",
    "ema": _BELOW % "average: {ema: 0.999}",
    "epoch": "write `epochs: 20` below `training:`",
    "features": "the columns that flow in stand in `inputs:` below `data:`",
    "grad_clip": _BELOW % "clip_gradients: 1.0",
    "gradient_accumulation_steps": _BELOW % "accumulate: 4",
    "gradient_clipping": _BELOW % "clip_gradients: 1.0",
    "l1": _BELOW % "regularise: {l1: 1e-5}",
    "label_smoothing": "it is an argument of the loss: `loss: {CrossEntropyLoss: {label_smoothing: 0.1}}`",
    "labels": "the columns that are predicted stand in `targets:` below `data:`",
    "layers": "write the list of layers below `network:`",
    "learning_rate": _OPTIMIZER % ("lr", "1e-3"),
    "lr": _OPTIMIZER % ("lr", "1e-3"),
    "lr_scheduler": _SCHEDULE,
    "max_epochs": "write `epochs: 20` below `training:`",
    "max_grad_norm": _BELOW % "clip_gradients: 1.0",
    "max_steps": _BELOW % "steps: 1000",
    "max_time": _BELOW % "minutes: 90",
    "model": "write the list of layers below `network:`",
    "momentum": _OPTIMIZER.replace("AdamW", "SGD") % ("momentum", "0.9"),
    "num_epochs": "write `epochs: 20` below `training:`",
    "optimiser": "write `optimizer:` instead below `training:`",
    "param_groups": _BELOW % 'groups: [{match: "*.bias", weight_decay: 0}]',
    "patience": "write `stop_early: {patience: 5}` below `training:`",
    "scheduler": _SCHEDULE,
    "swa": _BELOW % "average: {swa: 75%}",
    "target": "the columns that are predicted stand in `targets:` below `data:`",
    "train": "training is described below `training:`, the training file in `train:` below `data:`",
    "warmup": _SCHEDULE,
    "warmup_steps": _SCHEDULE,
    "weight_decay": _OPTIMIZER % ("weight_decay", "0.01"),
}

# The same for the command line, where all stands at a path. NAME is the optimiser of the file.
_TYPED: Final[MappingType[str, str]] = {
    "architecture": "network=…",
    "batch": "training.batch_size=32",
    "criterion": "training.loss=CrossEntropyLoss",
    "dataset": "data.train=FILE.csv",
    "early_stopping": "training.stop_early.patience=5",
    "epoch": "training.epochs=20",
    "layers": "network=…",
    "learning_rate": "training.optimizer.NAME.lr=1e-3",
    "lr": "training.optimizer.NAME.lr=1e-3",
    "max_epochs": "training.epochs=20",
    "model": "network=…",
    "momentum": "training.optimizer.NAME.momentum=0.9",
    "num_epochs": "training.epochs=20",
    "optimiser": "training.optimizer=AdamW",
    "patience": "training.stop_early.patience=5",
    "train": "data.train=FILE.csv",
    "weight_decay": "training.optimizer.NAME.weight_decay=0.01",
}
# The key that a sentence above says to write in the same place.
_SENT: Final = re.compile(r"(?:^write|stand in) `(\w+):")
_TOP: Final = ("network", "training", "data", "vars", "description")


def where_it_belongs(key: Scalar, known: Collection[str], training: Node | None = None) -> str:
    """Says what to write instead of a key that is unknown where it stands; empty where nobody knows.

    `known` are the keys of its section: one that is hardly another is a slip of the pen. A key that came by
    `--set` is answered with another `--set`. `training` is that section of the file, whose optimiser has
    arguments.
    """
    if key.text.lower() not in HABITS and get_close_matches(key.text, known, n=1, cutoff=_SLIP):
        return ""
    # The schema costs 0.1 s to import; a file without a mistake in its keys does not need it here.
    from pydantic import BaseModel

    from nncli.spec.schema import DataSpec, SplitSpec, TrainingSpec

    word, is_typed = key.text, key.place.file == SET_FILE
    sections: dict[str, type[BaseModel]] = {
        "training": TrainingSpec,
        "data": DataSpec,
        "data.split": SplitSpec,
    }
    for path, model in sections.items():
        if word in model.model_fields and word not in HABITS:
            section = path.rpartition(".")[2]
            return f"write `--set {path}.{word}=…`" if is_typed else f"`{word}:` stands below `{section}:`"
    if word in _TOP:
        return f"write `--set {word}=…`" if is_typed else f"`{word}:` stands at the left margin"
    if is_typed and word.lower() in _TYPED:
        return f"write `--set {_TYPED[word.lower()].replace('NAME', _optimizer(training))}`"
    said = HABITS.get(word.lower(), "")
    sent = _SENT.findall(said)
    # What stands below `training:` may stand in a phase of it as well.
    return said.removesuffix(_BELOW_TRAINING) if sent and sent[0] in known else said


def _optimizer(training: Node | None) -> str:
    """Finds the optimiser that a file names; one that many take where it names none."""
    node = training.get("optimizer") if isinstance(training, Mapping) else None
    words = node.keys() if isinstance(node, Mapping) else [node.text] if isinstance(node, Scalar) else []
    return next((word for word in words if word[:1].isupper()), "AdamW")


def unknown_key(name: Scalar, path: str, known: Iterable[str], training: Node | None = None) -> Problem:
    """Makes the problem for a key that nobody knows, with the nearest that somebody does."""
    keys = list(known)
    facts: dict[str, object] = {"key": name.text, "nearest": nearest(name.text, keys), "known": keys}
    facts["elsewhere"] = where_it_belongs(name, keys, training)
    return Problem("unknown-key", name.place, f"{path}.{name.text}".lstrip("."), facts)


def misspelt_keys(problems: Iterable[Problem]) -> set[str]:
    """Lists the keys that are there under a name that nobody knows."""
    unknown = [problem.facts for problem in problems if problem.code == "unknown-key"]
    sent = {word for facts in unknown for word in _SENT.findall(str(facts["elsewhere"]))}
    return sent | {str(facts["nearest"]) for facts in unknown if facts["nearest"]}
