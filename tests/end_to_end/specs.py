"""Specs and tables of these tests, small enough that a run takes a moment."""

from __future__ import annotations

import csv
import io
from pathlib import Path

# Everything in a network that has a state of its own: dropout, batch statistics, moments.
STATEFUL = """
name: stateful
data: builtin:digits
network:
  - Flatten
  - Linear: 16
  - BatchNorm1d
  - ReLU
  - Dropout: 0.25
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 3e-3}}
  epochs: 12
  batch_size: 8
  checkpoint_every: 0s
"""

FLOWERS = """
name: flowers
data:
  train: flowers.csv
  inputs: {length: number, width: number, colour: category}
  targets: {kind: category}
network:
  - Linear: 8
  - ReLU
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 3e-2}}
  epochs: 4
  batch_size: 16
"""

BINARY_TARGET = ("targets: {kind: category}", "targets: {ripe: binary}")
NUMBER_TARGET = ("targets: {kind: category}", "targets: {height: number}")


def flowers(rows: int = 120, kinds: tuple[str, ...] = ("rose", "tulip", "weed")) -> str:
    """Writes a table whose targets follow from its inputs."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["id", "length", "width", "colour", "kind", "ripe", "height"])
    for row in range(rows):
        kind = row * 7 % 3
        length, width = 1 + kind * 2 + row % 5 / 10, 0.5 + kind / 2 + row % 7 / 10
        colour, ripe = ("red", "blue")[row % 2], ("no", "yes")[row % 2]
        table.writerow([f"f{row}", f"{length:.2f}", f"{width:.2f}", colour, kinds[kind], ripe, 100 * length])
    return text.getvalue()


def write_flowers(folder: Path, spec: str = FLOWERS) -> Path:
    """Writes the table and a spec that trains on it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flowers.csv").write_text(flowers())
    path = folder / "flowers.yaml"
    path.write_text(spec)
    return path
