"""The networks that `nncli init` begins with, by what flows in and what is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.data.guessing import Guess, Task

LOSSES: Final[Mapping[Task, tuple[str, str]]] = {
    "classification": ("CrossEntropyLoss", "$classes"),
    "binary classification": ("BCEWithLogitsLoss", "1"),
    "classification with several answers": ("BCEWithLogitsLoss", "$classes"),
    "regression": ("MSELoss", "1"),
    "forecast": ("SmoothL1Loss", "1"),
    "segmentation": ("CrossEntropyLoss", "$classes"),
    "language model": ("CrossEntropyLoss", "$classes"),
}
"""The loss of each task, and the width of what the network gives."""
TABLE_NETWORK: Final = """\
  - Linear: 32                     # input sizes are inferred
  - ReLU
  - Dropout: 0.2
  - Linear: {width}
"""
PIXEL_NETWORK: Final = """\
  - Conv2d: [32, 3, padding: same] # input sizes are inferred
  - ReLU
  - MaxPool2d: 2
  - Conv2d: [64, 3, padding: same]
  - ReLU
  - Flatten
  - Dropout: 0.25
  - Linear: {width}
"""
IMAGE_NETWORK: Final = """\
  - Conv2d: [32, 3, padding: same] # input sizes are inferred
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Conv2d: [64, 3, padding: same]
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Conv2d: [128, 3, padding: same]
  - BatchNorm2d
  - ReLU
  - AdaptiveAvgPool2d: 4
  - Flatten
  - Dropout: 0.25
  - Linear: {width}
"""
MASK_NETWORK: Final = """\
  - Conv2d: [32, 3, padding: same] # input sizes are inferred
  - BatchNorm2d
  - ReLU
  - Sequential: [Conv2d: [32, 3, padding: same, dilation: $reach], BatchNorm2d, ReLU]
    repeat: {reach: [2, 4, 8, 1]}  # each pixel sees further around itself
  - Conv2d: [{width}, 1]     # a score for each class at each pixel
"""
SOUND_NETWORK: Final = """\
  - MelSpectrogram: {n_fft: $(rate // 32), hop_length: $(rate // 100), n_mels: 40}
  - AmplitudeToDB: {top_db: 80}
  - SpecAugment: [1, 20, 1, 8]     # covers parts of it, in training
  - rearrange: b c mel t -> b (c mel) t
  - BatchNorm1d
  - Conv1d: [96, 5, padding: same]
  - BatchNorm1d
  - ReLU
  - MaxPool1d: 2
  - Conv1d: [128, 3, padding: same]
  - BatchNorm1d
  - ReLU
  - AdaptiveMaxPool1d: 1
  - Flatten
  - Dropout: 0.3
  - Linear: {width}
"""
TEXT_NETWORK: Final = """\
  - Embedding: 64                  # the vocabulary comes from the data
  - LSTM: 64
    take: last                     # of the last token, not of the padding
  - Dropout: 0.2
  - Linear: {width}
"""
LANGUAGE_NETWORK: Final = """\
  - Embedding: 64                  # the vocabulary comes from the data
  - LSTM: 256
  - Dropout: 0.1
  - Linear: {width}
"""
SERIES_NETWORK: Final = """\
  - parallel:                      # {remark}
      before: [compute: "{before}"]
      change:
        - compute: "{seen}"
        - Linear: 32
        - ReLU
        - Linear: {width}
    join: add
    from: {past}
"""


def network_of(guess: Guess) -> tuple[str, int]:
    """Chooses a network for what flows in, and how many epochs it sees the rows."""
    width = LOSSES[guess.task][1]
    types = {column.type for column in guess.inputs.values()}
    if guess.task == "language model":
        return LANGUAGE_NETWORK.format(width=width), 5
    if guess.task == "forecast":
        return _forecast(guess), 100
    if "text" in types:
        return TEXT_NETWORK.format(width=width), 20
    if "audio" in types:
        return SOUND_NETWORK.replace("{width}", width), 40
    if guess.task == "segmentation":
        return MASK_NETWORK.replace("{width}", width), 30
    if "image" in types:
        are_pixels = any(column.columns is not None for column in guess.inputs.values())
        return (PIXEL_NETWORK if are_pixels else IMAGE_NETWORK).format(width=width), 20
    return TABLE_NETWORK.format(width=width), 60


def _forecast(guess: Guess) -> str:
    """Adds a learned change to what was before: the last step, or as many steps of the season before."""
    ((_, target),) = guess.targets.items()
    steps = target.window[1] - target.window[0] if target.window else 1
    past = next(name for name, each in guess.inputs.items() if each.window and each.window[1] <= 0)
    flat = [f"flatten({name}, 1)" for name in guess.inputs]
    before, remark = f"{past}[:, -1, :1]", "what comes next is the last step, and how far it moves on"
    if steps > 1:
        first = -max(guess.season or steps, steps)
        before = f"{past}[:, {first}:{first + steps or ''}, 0]"
        remark = "what comes next is what was a season ago, and how far it is from that"
    seen = flat[0] if len(flat) == 1 else f"cat([{', '.join(flat)}], 1)"
    return SERIES_NETWORK.format(remark=remark, before=before, seen=seen, past=past, width=steps)
