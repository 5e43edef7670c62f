"""Keys of data: and training: as they are written: an example of each, and what short forms they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What may be written where the type in schema.py is that of the form spelt out.
TAKES: Final[Mapping[str, str]] = {
    "data": "the keys below, or a file alone",
    "data.inputs": "columns by name: a type, or the keys of data.inputs.NAME",
    "data.inputs.NAME": "a type, or the keys below",
    "data.inputs.NAME.missing": "error, median, mean, flag, keep or {constant: VALUE}",
    "data.nulls": "a word or a list of words",
    "data.targets": "columns by name, as data.inputs",
    "training.average": "{ema: DECAY}, or {swa: a stretch of the run}",
    "training.clip_gradients": "the largest norm, or the keys below",
    "training.checkpoint_every": "30s, 5m, 2h or a number of seconds",
    "training.on_non_finite": "stop, skip or rewind, or the keys below",
    "training.groups": "entries with `match:`, a pattern or several, and arguments of the optimiser",
    "training.batch_size": "a number of rows, or auto",
    "training.compute": "names with tensor expressions",
    "training.loss": "a loss of torch.nn, one for each target, or terms with `from:` or `compute:`",
    "training.updates": "entries: `update:`, `compute:`, `loss:`; also `repeat:`, `optimizer:`, `metrics:`",
    "training.metrics": "a metric, a list of metrics, or lists by target",
    "training.optimizer": "an optimiser of torch.optim",
    "training.regularise": "{l1: NUMBER}, with `match:` and a pattern or several beside it",
    "training.schedule": "a scheduler of torch, with `warmup`, `for`, `per` and `watch` beside it, or a list",
    "training.freeze": "a pattern of names, or a list of them",
    "training.phases": "entries with `epochs:`, `freeze:` and what is other than in training",
    "training.phases.freeze": "a pattern of names, or a list of them",
    "training.phases.optimizer": "an optimiser of torch.optim",
    "training.phases.groups": "as training.groups",
    "training.phases.schedule": "as training.schedule",
    "training.phases.regularise": "as training.regularise",
    "training.phases.clip_gradients": "as training.clip_gradients",
    "training.stop_early": "true, a number of epochs, or the keys below",
}
_PHASE: Final = "training:\n  phases: [{epochs: 2, %s}, {epochs: 5}]"
EXAMPLES: Final[Mapping[str, str]] = {
    "data": "data: builtin:digits",
    "data.train": "data: {train: titanic.csv, inputs: {age: number}, targets: {survived: binary}}",
    "data.validation": "data: {train: first.csv, validation: second.csv, targets: {price: number}}",
    "data.test": "data: {train: first.csv, test: last.csv, targets: {price: number}}",
    "data.split": "data: {train: builtin:iris, split: {validation: 0.2, test: 0.1, seed: 3}}",
    "data.split.validation": "data: {train: builtin:iris, split: {validation: 0.2}}",
    "data.split.test": "data: {train: builtin:iris, split: {test: 0.1}}",
    "data.split.stratify": "data: {train: builtin:iris, split: {stratify: none}}",
    "data.split.group": "data: {train: a.csv, split: {group: patient}}",
    "data.split.time": "data: {train: a.csv, split: {time: day, test: 30}}",
    "data.split.folds": "data: {train: builtin:iris, split: {folds: 5}}",
    "data.split.fold": "data: {train: builtin:iris, split: {folds: 5, fold: 2}}",
    "data.time": "data: {train: a.csv, time: day, inputs: {load: {type: series, window: [-24, 0]}}}",
    "data.group": "data: {train: a.csv, group: shop, time: day}",
    "data.stride": "data: {train: a.csv, stride: 24, inputs: {load: {type: series, window: [-24, 0]}}}",
    "data.season": "data: {train: a.csv, season: 12}",
    "data.split.seed": "data: {train: builtin:iris, split: {seed: 3}}",
    "data.inputs": "data:\n  train: titanic.csv\n  inputs: {age: number, sex: category}\n"
    "  targets: {survived: binary}",
    "data.inputs.NAME": "data:\n  train: titanic.csv\n"
    "  inputs: {age: {type: number, missing: median}}\n  targets: {survived: binary}",
    "data.inputs.NAME.type": "data: {train: titanic.csv, inputs: {age: {type: number}, sex: category}}",
    "data.inputs.NAME.column": 'data: {train: a.csv, inputs: {length: {type: number, column: "l (cm)"}}}',
    "data.inputs.NAME.columns": 'data: {train: a.csv, inputs: {image: {type: image, columns: "pixel_*", '
    "shape: [1, 8, 8]}}}",
    "data.inputs.NAME.shape": 'data: {train: a.csv, inputs: {image: {type: image, columns: "pixel_*", '
    "shape: [1, 8, 8]}}}",
    "data.inputs.NAME.missing": "data: {train: titanic.csv, inputs: {age: {type: number, missing: median}}}",
    "data.inputs.NAME.scale": "data: {train: titanic.csv, inputs: {age: {type: number, scale: none}}}",
    "data.inputs.NAME.classes": "data: {train: a.csv, targets: {size: {type: category, classes: [s, m, l]}}}",
    "data.inputs.NAME.positive": "data: {train: a.csv, targets: {ill: {type: binary, positive: yes}}}",
    "data.inputs.NAME.log": "data: {train: a.csv, inputs: {income: {type: number, log: true}}}",
    "data.inputs.NAME.unit": "data: {train: a.csv, targets: {price: {type: number, unit: EUR}}}",
    "data.inputs.NAME.rare": "data: {train: a.csv, inputs: {town: {type: category, rare: 5}}}",
    "data.inputs.NAME.unknown": "data: {train: a.csv, inputs: {town: {type: category, unknown: keep}}}",
    "data.inputs.NAME.separator": 'data: {train: a.csv, inputs: {genres: {type: set, separator: "|"}}}',
    "data.inputs.NAME.format": 'data: {train: a.csv, inputs: {day: {type: date, format: "%d.%m.%Y"}}}',
    "data.inputs.NAME.parts": "data: {train: a.csv, inputs: {day: {type: date, parts: [weekday, hour]}}}",
    "data.inputs.NAME.size": "data: {train: pets, inputs: {image: {type: image, size: [64, 64]}}}",
    "data.inputs.NAME.channels": "data: {train: pets, inputs: {image: {type: image, size: 32, channels: 1}}}",
    "data.inputs.NAME.resize": "data: {train: pets, inputs: {image: {type: image, size: 64, resize: crop}}}",
    "data.inputs.NAME.augment": "data: {train: pets, inputs: {image: {type: image, augment: "
    "[RandomHorizontalFlip]}}}",
    "data.inputs.NAME.views": "data: {train: pets, inputs: {image: {type: image, views: [one, two]}}}",
    "data.inputs.NAME.image": "data: {train: a.csv, inputs: {image: image}, targets: {part: "
    "{type: mask, image: image}}}",
    "data.inputs.NAME.tokenizer": "data: {train: a.csv, inputs: {review: {type: text, tokenizer: "
    "{BPE: {vocab_size: 8000}}}}}",
    "data.inputs.NAME.length": "data: {train: a.csv, inputs: {review: {type: text, length: 256}}}",
    "data.inputs.NAME.truncate": "data: {train: a.csv, inputs: {review: {type: text, length: "
    "256, truncate: start}}}",
    "data.inputs.NAME.pad": "data: {train: a.csv, inputs: {review: {type: text, pad: start}}}",
    "data.inputs.NAME.lowercase": "data: {train: a.csv, inputs: {review: {type: text, lowercase: true}}}",
    "data.inputs.NAME.begin": "data: {train: a.csv, inputs: {review: {type: text, begin: true}}}",
    "data.inputs.NAME.end": "data: {train: a.csv, inputs: {review: {type: text, end: true}}}",
    "data.inputs.NAME.vocabulary": "data: {train: a.csv, inputs: {source: text}, targets: "
    "{answer: {type: text, vocabulary: source}}}",
    "data.inputs.NAME.rate": "data: {train: sounds, inputs: {sound: {type: audio, rate: 8000}}}",
    "data.inputs.NAME.window": "data: {train: a.csv, inputs: {load: {type: series, window: [-24, 0]}}}",
    "data.inputs.NAME.shift": "data: {train: book.txt, inputs: {text: text}, targets: {next: "
    "{column: text, shift: -1}}}",
    "data.targets": "data: {train: titanic.csv, inputs: {age: number}, targets: {survived: binary}}",
    "data.delimiter": 'data: {train: a.csv, delimiter: ";"}',
    "data.encoding": "data: {train: a.csv, encoding: latin-1}",
    "data.nulls": 'data: {train: a.csv, nulls: ["", NA]}',
    "training": "training:\n  loss: CrossEntropyLoss\n  optimizer: {AdamW: {lr: 1e-3}}\n  epochs: 20",
    "training.updates": "training:\n  updates:\n    - update: network\n"
    "      compute: {found: network(features)}\n      loss: {compute: found ** 2}",
    "training.compute": "training:\n  compute: {difference: picture - image}\n"
    "  loss: {compute: difference ** 2}",
    "training.loss": "training:\n  loss: {SmoothL1Loss: {beta: 0.5}}",
    "training.optimizer": "training:\n  optimizer: {AdamW: {lr: 3e-4, weight_decay: 0.01}}",
    "training.groups": "training:\n  optimizer: {AdamW: {lr: 3e-4}}\n  groups:\n"
    '    - {match: "backbone.*", lr: 3e-5}\n    - {match: "*.bias", weight_decay: 0}',
    "training.schedule": "training:\n  schedule: {CosineAnnealingLR: {}, warmup: 5%}",
    "training.epochs": "training:\n  epochs: 20",
    "training.minutes": "training:\n  minutes: 90",
    "training.keep": "training:\n  keep: 3",
    "training.phases": 'training:\n  phases:\n    - {epochs: 2, freeze: "backbone.*"}\n'
    "    - {epochs: 5, optimizer: {AdamW: {lr: 1e-5}}}",
    "training.phases.epochs": _PHASE % 'freeze: "backbone.*"',
    "training.phases.freeze": _PHASE % 'freeze: "backbone.*"',
    "training.phases.optimizer": _PHASE % "optimizer: {AdamW: {lr: 1e-5}}",
    "training.phases.groups": _PHASE % 'groups: [{match: "*.bias", weight_decay: 0}]',
    "training.phases.schedule": _PHASE % "schedule: CosineAnnealingLR",
    "training.phases.accumulate": _PHASE % "accumulate: 4",
    "training.phases.clip_gradients": _PHASE % "clip_gradients: 1.0",
    "training.phases.clip_gradients.norm": _PHASE % "clip_gradients: {norm: 1.0}",
    "training.phases.clip_gradients.value": _PHASE % "clip_gradients: {value: 0.5}",
    "training.phases.regularise": _PHASE % "regularise: {l1: 1e-5}",
    "training.freeze": 'training:\n  freeze: "backbone.*"',
    "training.steps": "training:\n  steps: 1000",
    "training.batch_size": "training:\n  batch_size: 64",
    "training.precision": "training:\n  precision: float32",
    "training.compile": "training:\n  compile: auto",
    "training.choices": "training:\n  choices: fixed",
    "training.accumulate": "training:\n  batch_size: 16\n  accumulate: 4",
    "training.average": "training:\n  average: {ema: 0.999}",
    "training.regularise": 'training:\n  regularise: {l1: 1e-5, match: "*.weight"}',
    "training.clip_gradients": "training:\n  clip_gradients: 1.0",
    "training.clip_gradients.norm": "training:\n  clip_gradients: {norm: 1.0}",
    "training.clip_gradients.value": "training:\n  clip_gradients: {value: 0.5}",
    "training.on_non_finite": "training:\n  on_non_finite: skip",
    "training.on_non_finite.policy": "training:\n  on_non_finite: {policy: rewind}",
    "training.on_non_finite.learning_rate_factor": "training:\n"
    "  on_non_finite: {policy: rewind, learning_rate_factor: 0.1}",
    "training.on_non_finite.times": "training:\n  on_non_finite: {policy: rewind, times: 5}",
    "training.stop_early": "training:\n  stop_early: {watch: validation.loss, patience: 10}",
    "training.stop_early.watch": "training:\n  stop_early: {watch: validation.accuracy}",
    "training.stop_early.patience": "training:\n  stop_early: {patience: 10}",
    "training.keep_best": "training:\n  keep_best: validation.accuracy",
    "training.checkpoint_every": "training:\n  checkpoint_every: 5m",
    "training.metrics": "training:\n  metrics: [accuracy, f1]",
    "training.class_weights": "training:\n  class_weights: balanced",
    "training.sampling": "training:\n  sampling: balanced",
    "training.seed": "training:\n  seed: 1",
}


def may_be_key(word: str) -> bool:
    """Tells whether a word is a path with an example, or the end of one; needs no pydantic."""
    return "." in word or any(word == path or path.endswith(f".{word}") for path in EXAMPLES)
