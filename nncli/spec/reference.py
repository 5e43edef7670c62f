"""The words beside an operation: what each means, its forms, an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Group: TypeAlias = Literal[
    "word of an item",
    "structure",
    "key of a file",
    "key of a network",
    "key of an input",
    "key of a block",
    "key of weights",
    "value",
    "concept",
    "metric",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the language, as explain, editors and pages say it.

    `text` is one sentence without a full stop. `forms` pairs what may be written with what it means.
    `example` is a list of items, or keys of a file.
    """

    name: str
    group: Group
    text: str
    forms: tuple[tuple[str, str], ...]
    example: str


def _word(name: str, text: str, forms: tuple[tuple[str, str], ...], example: str) -> Entry:
    return Entry(name, "word of an item", text, forms, example)


ITEM_ENTRIES: Final = (
    _word(
        "name",
        "what other items call this one, and its name in the weights file",
        (("name: head", "one name"), ("name: [mu, logvar]", "unpacks several results")),
        """\
- Conv2d: [3, 3, padding: same]
  name: edges
- ReLU
- add:
  from: [x, edges]
""",
    ),
    _word(
        "from",
        "what flows in; left out, it is the result of the item above",
        (
            ("from: edges", "the value of that name"),
            ("from: [x, edges]", "several in order; x is what flows in from above"),
            ("from: {memory: encoder}", "by the name of an input of the layer or block"),
            ("from: lstm.state", "a path leads inward through named things"),
            ("from: layers.*.skip", "* stands for every repetition"),
            ("from: {mask: none}", "the padding mask is not used here"),
        ),
        """\
- Conv2d: [16, 3]
  name: edges
- ReLU
- add:
  from: [x, edges]
""",
    ),
    _word(
        "take",
        "which result flows on, where a layer has several",
        (
            ("take: last", "the last valid step of a sequence, both directions side by side"),
            ("take: state", "a result by its name"),
            ("take: 1", "a result by its number, from 0"),
        ),
        """\
- rearrange: b c h w -> b (h w) c
- LSTM: 64
  take: last
- Linear: 10
""",
    ),
    _word(
        "repeat",
        "the item several times, one after the other, each with weights of its own",
        (
            ("repeat: 3", "three times"),
            ("repeat: {i: 4}", "$i is 0, 1, 2, 3"),
            ("repeat: {k: [3, 4, 5]}", "$k is each of these; several names are walked in step"),
            ('repeat: {"c, s": [[64, 1], [128, 2]]}', "a table, a row for each time"),
            ("repeat: [{c: [64, 128]}, {i: 2}]", "nested, outer first"),
            ("repeat: 0", "not at all"),
        ),
        """\
- Conv2d: [$(16 * 2 ** i), 3, padding: same]
  name: stages
  repeat: {i: 3}
""",
    ),
    _word(
        "share",
        "the weights of another layer instead of its own",
        (
            ("share: other", "all weights of that layer; arguments are left out"),
            ("share: {weight: embedding.weight}", "one parameter"),
            ("share: true", "beside repeat: the same weights each time"),
        ),
        """\
- Conv2d: [3, 3, padding: same]
  name: first
- ReLU
- Conv2d:
  share: first
""",
    ),
    _word(
        "init",
        "the initial values of the layer's weight, by a function of torch.nn.init",
        (
            ("init: zeros_", "a function by its name"),
            ("init: {normal_: {std: 0.02}}", "with arguments"),
        ),
        """\
- Conv2d: [16, 3]
  init: {kaiming_normal_: {nonlinearity: relu}}
""",
    ),
    _word(
        "parametrize",
        "the norm through which the layer's weight is learned, as in torch.nn.utils.parametrizations",
        (
            ("parametrize: spectral_norm", "the largest singular value of the weight stays 1"),
            ("parametrize: {spectral_norm: {n_power_iterations: 2}}", "with arguments"),
            ("parametrize: {weight_norm: {dim: 0}}", "length and direction are learned apart"),
        ),
        """\
- Conv2d: [16, 3]
  parametrize: spectral_norm
- LeakyReLU: 0.2
""",
    ),
    _word(
        "freeze",
        "the weights stay as they are, and the layer in eval mode",
        (("freeze: true", "do not train it"), ("freeze: $(depth > 2)", "as worked out")),
        """\
- Conv2d: [16, 3]
  freeze: true
- Conv2d: [16, 3]
""",
    ),
    _word(
        "checkpoint",
        "nothing inside is kept for gradients: it runs a second time on the way back",
        (
            ("checkpoint: true", "less memory in training, for the time of one more run forward"),
            ("checkpoint: $(depth > 2)", "as worked out"),
            ("repeat: 12", "beside it: each repetition by itself"),
        ),
        """\
- Sequential:
    - Conv2d: [16, 3, padding: same]
    - ReLU
  name: stages
  repeat: 3
  checkpoint: true
""",
    ),
    _word(
        "when",
        "whether the item is there at all",
        (("when: $(depth > 2)", "where false, the item is left out"),),
        """\
- Conv2d: [16, 1]
  when: $(size(1) != 16)
- ReLU
""",
    ),
    _word(
        "shortcut",
        "what runs beside the body of a residual",
        (
            ("shortcut: true", "what flows in, as it is; the default"),
            ("shortcut: false", "nothing: the body alone"),
            ("shortcut: $(stride == 1)", "as worked out"),
            ("shortcut: [Conv2d: [16, 1]]", "layers"),
        ),
        """\
- residual:
    - Conv2d: [16, 3, stride: 2, padding: 1]
    - BatchNorm2d
  shortcut: [Conv2d: [16, 1, stride: 2]]
""",
    ),
    _word(
        "join",
        "how values side by side become one: of parallel, and of repeat",
        (
            ("join: cat", "one behind the other, along the channels"),
            ("join: add", "added up; also mul"),
            ("join: {stack: {dim: 1}}", "a function of tensors with arguments"),
            ("join: left - right", "an expression over the branches"),
            ("join: none", "several results"),
        ),
        """\
- Conv2d: [8, $k, padding: same]
  repeat: {k: [1, 3, 5]}
  join: cat
""",
    ),
    _word(
        "weights",
        "weights from a safetensors file",
        (
            ("weights: resnet.safetensors", "the same names"),
            ("weights: {file: …, rename: {…}}", "also transpose, split, join, skip"),
        ),
        """\
- Conv2d: [16, 3]
  weights: {file: first.safetensors, rename: {"conv1.*": "*"}}
""",
    ),
)
