"""Ideas of the language that have no word of their own: what each means, its forms, an example."""

from __future__ import annotations

from typing import Final

from nncli.spec.functions import GROUPS
from nncli.spec.reference import Entry


def _concept(name: str, text: str, forms: tuple[tuple[str, str], ...], example: str) -> Entry:
    return Entry(name, "concept", text, forms, example)


def _by_purpose() -> tuple[tuple[str, str], ...]:
    """Pairs each purpose with the functions for it."""
    found: dict[str, list[str]] = {}
    for group in GROUPS:
        found.setdefault(group.title, []).extend(group.names)
    return tuple((title, " ".join(sorted(names))) for title, names in found.items())


CONCEPTS: Final = (
    _concept(
        "mask",
        "which steps of a row are valid; it travels beside the value, and reaches what works along time",
        (
            ("mask: true", "beside an input: it brings a mask, true where a step is valid"),
            ("tokens.mask", "the mask as a value, bool [batch, steps], in from and in expressions"),
            ("tokens.length", "how many steps of each row are valid"),
            ("from: {mask: none}", "goes without it, from there on"),
            ("from: {mask: seen}", "takes another one, such as tokens != 0"),
            ("nncli summary", "shows in its last column where it goes"),
        ),
        """\
network:
  inputs: {tokens: {shape: [64], type: index, vocabulary: 1000, mask: true}}
  layers:
    - Embedding: 32
    - SelfAttention: {heads: 4}
    - mean: 1
""",
    ),
    _concept(
        "padding",
        "steps that only fill rows up to one length; where a value has a mask, no valid step depends on them",
        (
            ("SelfAttention, LSTM, GRU, RNN", "leave them out"),
            ("take: last", "is the last valid step"),
            ("mean, sum, amax … over time", "are those of the valid steps"),
            ("Softmax over time", "gives them no weight"),
            ("Conv1d, AvgPool1d, Flatten", "see zeros there"),
            ("GroupNorm, InstanceNorm over time", "count them as zeros; so does BatchNorm1d in training"),
            ("median, quantile …", "are refused, since they cannot leave them out"),
            ("padding: same", "of a convolution: the same size comes out; see Conv2d"),
        ),
        """\
network:
  inputs: {signal: {shape: [50, 8], mask: true}}
  layers:
    - GRU: 16
      take: last
    - Linear: 2
""",
    ),
    _concept(
        "record",
        "what is known about a value while the network is made: layers and joins read axes and sizes there",
        (
            ("channels", "the axis that Conv2d, BatchNorm2d and join: cat read as such"),
            ("time", "the axis of the steps of a sequence"),
            ("mask", "which steps are valid"),
            ("vocabulary", "how many values an index can have: num_embeddings of Embedding"),
            ("rate", "samples in a second: sample_rate of MelSpectrogram"),
        ),
        """\
- parallel:
    wide: [Conv2d: [8, 5, padding: same]]
    narrow: [Conv2d: [8, 3, padding: same]]
  join: cat                 # along the channels, which the record knows
""",
    ),
    _concept(
        "names",
        "what weights are called in the weights file; nncli summary shows them",
        (
            ("name: head", "head.weight and head.bias"),
            ("no name", "the operation in lower case, counted: conv2d, conv2d_2"),
            ("a block, branch or shortcut", "stands in front: encoder.conv2d.weight"),
            ("repeat", "stages.0, stages.1 …; nested stages.1.0"),
            ("residual, parallel, Sequential", "stand in front only where they have a name"),
            ("several networks", "each stands in front of its own"),
            ("share", "one tensor, under the name of its owner"),
        ),
        """\
- Conv2d: [8, 3, padding: same]      # stages.0.weight, stages.1.weight
  name: stages
  repeat: 2
- Conv2d: [4, 1]                     # conv2d.weight
""",
    ),
    _concept(
        "paths",
        "how from, outputs and expressions reach values inside of named things",
        (
            ("edges", "the result of the item of that name"),
            ("x", "what flows in from above"),
            ("lstm.state", "one of several results"),
            ("stages.1.0", "one repetition"),
            ("layers.*.skip", "of every repetition, several values"),
            ("encoder.hidden", "a named item in a block or network, or one of its outputs"),
        ),
        """\
- Conv2d: [3, 3, padding: same]
  name: stages
  repeat: 3
- cat: {dim: 1}
  from: stages.*
""",
    ),
    _concept(
        "patterns",
        "which names of weights rename, skip, freeze, init and parametrize mean",
        (
            ("fc.weight", "this name"),
            ("h.*.attn.weight", "* stands for what lies between two dots, or for a piece of it"),
            ("backbone.*", "at the end for all below"),
            ("*.bias", "at the start for all in front: every bias"),
            ("h.", "is short for h.*"),
        ),
        """\
network:
  inputs: {row: [8]}
  layers: [Linear: 4, Linear: 2]
  init:
    - {match: "*.bias", zeros_: {}}
""",
    ),
    _concept(
        "expressions",
        "formulas over tensors: of compute, of join, and of constants",
        (
            ("x, batch", "what flows in, and how many rows it has"),
            ("edges, lstm.state", "values of the network by name"),
            ("$width, $(2 * width)", "constants"),
            ("+ - * / // % ** @", "arithmetic; @ is a product of matrices"),
            ("== != < <= > >=", "comparison, value by value"),
            ("x[:, 0], x[:, none]", "a part, and a new axis"),
            ("softmax(x, dim=1)", "functions of tensors; nncli explain functions lists them"),
            ("a if $constant else b", "one of two, settled when the network is made"),
            ("compute: {a: …, b: …}", "several lines; each sees those above, the last flows on"),
        ),
        """\
- compute: x * sigmoid(1.702 * x)
- compute:
    mean, spread: chunk(x, 2, dim=2)
    sample: mean + exp(spread) * randn_like(mean)
""",
    ),
    _concept(
        "arithmetic",
        "constants worked out where they stand: $name, and $(…)",
        (
            ("$width", "a value: of vars, of a block's arguments, of a loop, or counted in the data"),
            ("$(4 * width + 1)", "+ - * / // % **"),
            ("$(depth > 2 and not small)", "comparison, and, or, not"),
            ("$(2 if i == 0 else 1)", "one of two"),
            ("$(widths[i])", "an item of a list; [1, 2] makes one"),
            ("$(max(8, size(1)))", "min, max, len, sum, range, size; quoted inside [ ] and { }"),
            ("conv_$i", "inside a longer word"),
            ("$$", "a dollar"),
        ),
        "vars: {width: 32}\nnetwork:\n  - Linear: $(2 * width)\n  - ReLU\n  - Linear: $classes\n",
    ),
    _concept(
        "loops",
        "repeat beside an item: in a row, or side by side with join",
        (
            ("repeat: 3", "three in a row, each with weights of its own"),
            ("repeat: {i: 3}", "$i is 0, 1, 2"),
            ("repeat: {k: [3, 5, 7]}", "$k is each of them"),
            ('repeat: {"c, s": [[64, 1], [128, 2]]}', "a row at a time"),
            ("repeat: [{c: [64, 128]}, {i: 2}]", "nested, outer first"),
            ("join: cat", "beside repeat: side by side on the same value, then joined"),
            ("share: true", "beside repeat: the same weights each time"),
            ("stages.0, stages.*", "one repetition, and all of them"),
        ),
        """\
- Conv2d: [8, $k, padding: same]
  name: scales
  repeat: {k: [1, 3, 5]}
  join: cat
""",
    ),
    _concept(
        "functions",
        "functions of tensors, by torch's names: in expressions, or as items on what flows in",
        _by_purpose(),
        """\
- chunk: [2, dim: 2]
  name: [upper, lower]
- compute: relu(upper) * sigmoid(lower)
""",
    ),
    _concept(
        "builtin",
        "sets that nncli carries: each declares its inputs and targets by itself",
        (
            ("builtin:iris", "150 flowers by four lengths, in three kinds"),
            ("builtin:wine", "178 wines by 13 figures, in three cultivars"),
            ("builtin:breast-cancer", "569 tumours by 30 figures, benign or malignant"),
            ("builtin:diabetes", "442 patients by ten figures, and how the illness went on: a number"),
            ("builtin:digits", "1,797 handwritten digits of 8 by 8 pixels"),
            ("builtin:energy", "the load of two regions by the hour, to be forecast for a day"),
            ("builtin:tones", "480 sounds of half a second, in eight kinds"),
            ("builtin:python-topics", "Python's own documentation as one long text, character by character"),
            ("builtin:python-chapters", "its paragraphs, and the chapter that each is from"),
        ),
        "data: builtin:digits\n",
    ),
)
