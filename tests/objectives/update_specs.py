"""Specs whose training says its own updates, for the tests of updates."""

from __future__ import annotations

from pathlib import Path

import torch

from nncli.preparing.prepared import Prepared, prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.training.job import TrainJob
from nncli.training.state import TrainState

CPU = torch.device("cpu")

DATA = """
data:
  train: builtin:digits
  inputs: {image: {type: image, columns: "pixel_*", shape: [1, 8, 8], scale: minmax}}
"""
PAIR = (
    DATA
    + """
networks:
  generator:
    inputs: {noise: [4]}
    layers: [Linear: 64, Sigmoid, Unflatten: [1, [1, 8, 8]]]
  critic:
    inputs: [image]
    layers: [Flatten, Linear: 8, Tanh, Linear: 1]
training:
  optimizer: {SGD: {lr: 0.1}}
  batch_size: 256
  steps: 3
  updates:
"""
)
GAN = (
    PAIR
    + """
    - update: critic
      compute:
        fake: detach(generator(randn(batch, 4)))
        on_real: critic(image)
        on_fake: critic(fake)
      loss:
        - {BCEWithLogitsLoss: {}, from: [on_real, 1], name: real}
        - {BCEWithLogitsLoss: {}, from: [on_fake, 0]}
    - update: generator
      optimizer: {Adam: {lr: 1e-2}}
      compute: {score: "critic(generator(randn(batch, 4)))"}
      loss: {BCEWithLogitsLoss: {}, from: [score, 1]}
"""
)
PENALTY = (
    PAIR
    + """
    - update: critic
      repeat: 2
      compute:
        mix: lerp(image, detach(generator(randn(batch, 4))), rand(batch, 1, 1, 1))
        slope: flatten(grad(critic(mix), mix), 1)
      loss: {compute: "(norm(slope, 2, 1) - 1) ** 2"}
    - update: generator
      compute: {score: "critic(generator(randn(batch, 4)))"}
      loss: {compute: -score}
"""
)
NORMED, NORMED_PENALTY = (
    text.replace(
        "    layers: [Flatten, Linear: 8, Tanh, Linear: 1]\n",
        """\
    layers: [Conv2d: [4, 3, stride: 2], LeakyReLU: 0.2, Flatten, Linear: 1]
    parametrize: [{match: "*.weight", spectral_norm: {}}]
""",
    )
    for text in (GAN, PENALTY)
)
AGAIN = NORMED.replace(
    "layers: [Conv2d: [4, 3, stride: 2], LeakyReLU: 0.2, Flatten, Linear: 1]",
    """layers:
      - Sequential: [Conv2d: [4, 3, stride: 2], BatchNorm2d, LeakyReLU: 0.2, Dropout: 0.3]
        name: features
        checkpoint: true
      - Flatten
      - Linear: 1""",
)
ONE = (
    DATA
    + """
network:
  inputs: [image]
  layers:
    - Flatten
    - Linear: 8
      name: hidden
    - Linear: 64
    - Unflatten: [1, [1, 8, 8]]
      name: picture
  outputs: {picture: picture, hidden: hidden}
training:
  optimizer: {SGD: {lr: 0.1}}
  batch_size: 256
  steps: 3
"""
)


def prepared(text: str) -> Prepared:
    """Prepares a spec."""
    return prepare(parse_spec(text, Origin("spec.yaml", Path(), text)))


def job(text: str) -> tuple[TrainJob, TrainState]:
    """Makes the job of a spec, ready to train."""
    return prepared(text).job(CPU)
