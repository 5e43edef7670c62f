"""The keys of inputs and of weights: what each means, its forms, an example."""

from __future__ import annotations

from typing import Final

from nncli.spec.reference import Entry

_ROW: Final = (
    "network:\n  inputs: {row: [8]}\n  layers: [Linear: 4]\n  weights:\n    file: before.safetensors\n    "
)

_INPUT: Final = """\
network:
  inputs:
    tokens: {shape: [64], type: index, vocabulary: 1000, mask: true}
    sound: {shape: [1, 16000], type: audio, rate: 16000}
  layers:
    - Embedding: 32
      from: tokens
"""


def _of_weights(name: str, text: str, forms: tuple[tuple[str, str], ...], written: str) -> Entry:
    return Entry(f"weights.{name}", "key of weights", text, forms, _ROW + written + "\n")


def _of_input(name: str, text: str, forms: tuple[tuple[str, str], ...]) -> Entry:
    return Entry(f"inputs.{name}", "key of an input", text, forms, _INPUT)


WEIGHTS_ENTRIES: Final = (
    _of_weights(
        "file",
        "the safetensors file that weights come from, or the index of several",
        (
            ("file: bert.safetensors", "from the folder of the spec on"),
            ("file: model.safetensors.index.json", "the index of a file in several pieces"),
        ),
        "skip: []",
    ),
    _of_weights(
        "rename",
        "names in the file to names in the network; entries work one after the other, behind all other keys",
        (
            ('rename: {"encoder.layer.": "layers."}', "the start of names"),
            ('rename: {"h.*.attn.": "block.*.attention."}', "* stands for the same text on both sides"),
            ('rename: {"*.gamma": "*.weight"}', "the end of names"),
            ('rename: {"model.": ""}', "takes the start away"),
        ),
        'rename: {"model.": ""}',
    ),
    _of_weights(
        "transpose",
        "matrices that lie the other way round in the file",
        (('transpose: ["*.c_attn.weight"]', "patterns of their names in the file"),),
        'transpose: ["linear.weight"]',
    ),
    _of_weights(
        "split",
        "one tensor of the file that is several in the network, whose rows lie one behind the other",
        (
            (
                'split: {"*.c_attn.*": [query, key, value]}',
                "h.0.c_attn.bias becomes h.0.query.bias and two more",
            ),
        ),
        'split: {"both.*": [linear, other]}',
    ),
    _of_weights(
        "join",
        "several tensors of the file that are one in the network, their rows one behind the other",
        (
            (
                'join: {"*.qkv.*": [q_proj, k_proj, v_proj]}',
                "h.0.q_proj.bias and two more become h.0.qkv.bias",
            ),
        ),
        'join: {"linear.*": [upper, lower]}',
    ),
    _of_weights(
        "skip",
        "what is not loaded: tensors of the file, or of the network, which keep their initial values",
        (('skip: ["pooler.*"]', "patterns of names, in the file or in the network"),),
        'skip: ["head.*"]',
    ),
)

INPUT_ENTRIES: Final = (
    _of_input(
        "shape",
        "the sizes of an input, without the rows",
        (("[3, 224, 224]", "alone where nothing else is said"),),
    ),
    _of_input(
        "type",
        "what the numbers of an input are; left out, number",
        (
            ("number", "any numbers"),
            ("index", "whole numbers from 0, for an Embedding"),
            ("image", "channels, height, width"),
            ("audio", "channels, samples"),
            ("category", "the number of a class"),
            ("binary", "0 or 1"),
        ),
    ),
    _of_input("vocabulary", "how many values an index can have", (("vocabulary: 1000", "0 to 999"),)),
    _of_input("classes", "how many classes a category has", (("classes: 5", "0 to 4"),)),
    _of_input(
        "rate", "samples in a second of an audio", (("rate: 16000", "the sample_rate of MelSpectrogram"),)
    ),
    _of_input(
        "mask",
        "whether an input brings a padding mask along, true where a step is valid",
        (("mask: true", "padding stands at the end of a row; tokens.mask is the mask of tokens"),),
    ),
)
