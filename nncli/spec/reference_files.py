"""The words of files and blocks, and values: what each means, its forms, an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nncli.spec.expressions import FUNCTIONS
from nncli.spec.reference import ITEM_ENTRIES, Entry, Group
from nncli.spec.reference_concepts import CONCEPTS
from nncli.spec.reference_keys import INPUT_ENTRIES, WEIGHTS_ENTRIES
from nncli.spec.reference_metrics import METRICS
from nncli.spec.reference_networks import NETWORK_ENTRIES
from nncli.spec.reference_structures import STRUCTURE_ENTRIES


def _keys(group: Group, *rows: tuple[str, str, tuple[tuple[str, str], ...], str]) -> tuple[Entry, ...]:
    return tuple(Entry(name, group, text, forms, example) for name, text, forms, example in rows)


_FILES: Final = _keys(
    "key of a file",
    (
        "name",
        "what the spec is called; left out, it is the name of its file",
        (("name: digits-cnn", "letters, digits, dot, dash and underscore"),),
        "name: digits-cnn\n",
    ),
    (
        "description",
        "a sentence about the network",
        (("description: TEXT", "quoted where it holds a colon"),),
        "description: Hand-written digits with a small convolutional network.\n",
    ),
    (
        "include",
        "other files whose blocks may be used here",
        (("include: blocks/resnet.yaml", "one file, relative to this one"), ("include: [...]", "several")),
        "include: blocks/resnet.yaml\n",
    ),
    (
        "vars",
        "constants of the file: $width and $(2 * width) stand for their values",
        (("vars: {width: 32}", "--set vars.width=64 changes it for one run"),),
        "vars: {width: 32}\nnetwork:\n  - Linear: $width\n  - ReLU\n  - Linear: $classes\n",
    ),
    (
        "constants",
        "tensors that are worked out once, and seen by name in every expression",
        (("constants: {NAME: EXPRESSION}", "in order; a later one may use those above"),),
        "constants:\n  beta: linspace(0.0001, 0.02, 1000)\n  kept: cumprod(1 - beta, 0)\n",
    ),
    (
        "blocks",
        "own layers, made of others; called like a layer",
        (
            ("args: [channels, kernel: 3]", "a Python signature: required, then with defaults"),
            ("inputs: [x, memory]", "what flows in; left out, x"),
            ("vars: {padding: $(kernel // 2)}", "constants of the block"),
            ("layers: [...]", "its items"),
            ("outputs: [...]", "its results, where there are several"),
        ),
        """\
blocks:
  dense:
    args: [width, act: ReLU]
    layers: [Linear: $width, BatchNorm1d, $act]
network:
  - dense: 32
  - dense: [16, act: GELU]
  - Linear: $classes
""",
    ),
    (
        "network",
        "the network: a list of items, or a mapping with layers and more",
        (
            ("network: [...]", "items, from input to output"),
            ("network: {layers: [...]}", "also inputs, outputs, init, parametrize, weights, freeze"),
        ),
        "network:\n  - Linear: 16\n  - ReLU\n  - Linear: $classes\n",
    ),
    (
        "networks",
        "several networks by name, instead of network; one may be a layer of another",
        (("networks: {encoder: …, decoder: …}", "each as network is written"),),
        """\
networks:
  encoder:
    inputs: {image: [784]}
    layers: [Linear: 32, ReLU]
  autoencoder:
    inputs: {image: [784]}
    layers: [encoder, Linear: 784]
""",
    ),
    (
        "predict",
        "recipes over trained networks by name; `nncli generate` runs those that read no column of the data",
        (
            ("sample: {compute: {image: …}}", "tensor expressions that call networks"),
            ("start: {image: …}", "computed once, and carried through the rounds"),
            ("repeat: {t: 50}", "rounds, whose numbers are read by name"),
            ("outputs: [image]", "what comes out; left out, the last line of compute"),
            ("generate: {temperature: 0.8}", "text from a prompt; also prompt, top_k, top_p, length"),
            ("decode: {beams: 4}", "text that answers rows, by predict; also length"),
        ),
        """\
networks:
  generator: {inputs: {noise: [16]}, layers: [Linear: 64, Sigmoid]}
predict:
  sample: {compute: {image: "generator(randn(batch, 16))"}}
""",
    ),
)

_BLOCK: Final = "blocks:\n  dense:\n%s    layers: [Linear: $width, ReLU]\nnetwork:\n  - dense: 8\n"
_BLOCKS: Final = _keys(
    "key of a block",
    (
        "blocks.args",
        "the arguments of a block, as a Python signature",
        (("args: [channels, kernel: 3]", "required, then with defaults; any may be a layer or a list"),),
        _BLOCK % "    args: [width]\n",
    ),
    (
        "blocks.inputs",
        "the names under which values flow into a block; left out, x",
        (("inputs: [x, memory]", "called with from: {memory: encoder}"),),
        _BLOCK % "    args: [width]\n    inputs: [x]\n",
    ),
    (
        "blocks.vars",
        "constants of a block, worked out once at each call",
        (("vars: {hidden: $(4 * size(-1))}", "size(d) is that of what flows into the call"),),
        _BLOCK % "    args: [half]\n    vars: {width: $(2 * half)}\n",
    ),
    (
        "blocks.layers",
        "the items of a block",
        (("layers: [...]", "arguments are $names in it"),),
        _BLOCK % "    args: [width]\n",
    ),
    (
        "blocks.outputs",
        "the results of a block; left out, the last one",
        (("outputs: {skip: first}", "by name, for paths from outside"),),
        """\
blocks:
  pair:
    layers:
      - Linear: 8
        name: first
      - Linear: 8
    outputs: {skip: first, last: x}
network:
  - pair
""",
    ),
)

_VALUES: Final = _keys(
    "value",
    (
        "$",
        "starts a constant: of vars, of a block's arguments, of a loop, or counted in the data",
        (
            ("$width", "a value"),
            ("$(2 * width)", "arithmetic: + - * / // % **, comparison, a if c else b"),
            ("$(round(sqrt(width)))", f"functions: {', '.join(FUNCTIONS)}"),
            ("stage_$i", "inside a longer word"),
            ("$$", "a dollar"),
        ),
        "vars: {width: 32}\nnetwork:\n  - Linear: $width\n  - Linear: $(width // 2)\n",
    ),
    (
        "size",
        "size(d) in $(…) is dimension d of what flows in; 0 would be the rows, -1 is the last",
        (("$(size(1))", "of what flows in"), ("$(size(edges, 1))", "of a value by name")),
        "- Conv2d: [$(2 * size(1)), 3, groups: $(size(1))]\n",
    ),
    (
        "x",
        "what flows into an item from above",
        (("from: [x, edges]", "in from"), ("compute: x * 2", "in expressions")),
        "- compute: x * 2\n",
    ),
    (
        "batch",
        "the number of rows, in expressions",
        (("expand(cls, batch, -1, -1)", "as a size"),),
        "- compute: reshape(x, [batch, -1])\n",
    ),
    (
        "features",
        "every number of a table, standardised, then binaries as 0 and 1 and categories one-hot",
        (("from: features", "the default where all columns are such; beside a text it is named"),),
        "data: builtin:iris\nnetwork:\n  - Linear: 16\n    from: features\n",
    ),
    (
        "classes",
        "$classes is the number of classes of the target; with several targets, $species.classes",
        (("Linear: $classes", "one score for each class"),),
        "data: builtin:iris\nnetwork:\n  - Linear: $classes\n",
    ),
    (
        "vocabulary",
        "$vocabulary is the number of values that an index can have",
        (("Linear: $vocabulary", "one score for each"), ("$text.vocabulary", "where there are several")),
        "- Linear: $vocabulary\n",
    ),
    (
        "rate",
        "$rate is the number of samples in a second of the sound that flows in",
        (("n_fft: $(rate // 40)", "stretches of 25 ms"), ("$noise.rate", "where there are several")),
        "data: builtin:tones\nnetwork:\n  - MelSpectrogram: {n_fft: $(rate // 40)}\n",
    ),
)

ENTRIES: Final = (
    *ITEM_ENTRIES,
    *STRUCTURE_ENTRIES,
    *_FILES,
    *NETWORK_ENTRIES,
    *INPUT_ENTRIES,
    *_BLOCKS,
    *WEIGHTS_ENTRIES,
    *_VALUES,
    *CONCEPTS,
    *METRICS,
)


def entries_of(group: Group) -> Iterator[Entry]:
    """Finds the words of a group, in the order of the reference."""
    return (entry for entry in ENTRIES if entry.group == group)
