"""The keys of networks: what each means, its forms, an example."""

from __future__ import annotations

from typing import Final

from nncli.spec.reference import Entry

_ROWS: Final[tuple[tuple[str, str, tuple[tuple[str, str], ...], str], ...]] = (
    (
        "network.inputs",
        "what flows in, where the data does not say so; rows are left out of shapes",
        (
            ("inputs: {image: [3, 224, 224]}", "a shape; [] is one number for each row"),
            ("inputs: {tokens: {shape: [64], type: index, vocabulary: 1000}}", "whole numbers below 1000"),
            ("inputs: [digit, noise: [64]]", "an input of the data by its name, beside another"),
        ),
        "network:\n  inputs: {image: [3, 32, 32]}\n  layers:\n    - Conv2d: [16, 3]\n",
    ),
    (
        "network.layers",
        "the items of the network, from input to output",
        (("layers: [...]", "each item is one operation with words beside it"),),
        "network:\n  inputs: {row: [8]}\n  layers:\n    - Linear: 4\n",
    ),
    (
        "network.outputs",
        "the results; left out, the last one",
        (("outputs: [mu, logvar]", "by name"), ("outputs: {class: head}", "under other names")),
        """\
network:
  inputs: {row: [8]}
  layers:
    - Linear: 4
      name: latent
    - Linear: 8
  outputs: {code: latent, row: x}
""",
    ),
    (
        "network.init",
        "initial values of parameters by their names in the weights file",
        (('init: [{match: "*.weight", normal_: {std: 0.02}}]', "later rules go over earlier ones"),),
        """\
network:
  inputs: {row: [8]}
  layers: [Linear: 4]
  init:
    - {match: "*.bias", zeros_: {}}
""",
    ),
    (
        "network.parametrize",
        "norms through which weights are learned, by their names in the weights file",
        (
            (
                'parametrize: [{match: "*.weight", spectral_norm: {}}]',
                "of tensors with two dimensions or more",
            ),
            (
                'parametrize: [{match: "block.*", weight_norm: {dim: 0}}]',
                "of one block; later rules go over earlier ones",
            ),
        ),
        """\
network:
  inputs: {image: [3, 32, 32]}
  layers: [Conv2d: [16, 3], LeakyReLU: 0.2, Flatten, Linear: 1]
  parametrize:
    - {match: "*.weight", spectral_norm: {}}
""",
    ),
    (
        "network.weights",
        "weights of the whole network from a safetensors file",
        (("weights: {file: …, rename: {…}}", "as the word beside an item"),),
        "network:\n  inputs: {row: [8]}\n  layers: [Linear: 4]\n  weights: before.safetensors\n",
    ),
    (
        "network.freeze",
        "what is not trained",
        (("freeze: true", "the whole network"), ('freeze: "backbone.*"', "parameters by name; or a list")),
        """\
network:
  inputs: {row: [8]}
  layers:
    - Linear: 4
      name: backbone
    - Linear: 2
  freeze: "backbone.*"
""",
    ),
)

NETWORK_ENTRIES: Final = tuple(
    Entry(name, "key of a network", text, forms, example) for name, text, forms, example in _ROWS
)
