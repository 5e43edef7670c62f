"""The forms of the language: every snippet reads without a problem, into the items that it says."""

from __future__ import annotations

import pytest

from tests.spec.specs import items, problems_of

BLOCKS = """
blocks:
  conv_bn:
    args: [channels, kernel: 3, stride: 1, act: ReLU]
    vars: {padding: $(kernel // 2)}
    layers: [Conv2d: [$channels, $kernel, stride: $stride, padding: $padding, bias: false], BatchNorm2d, $act]
"""

SNIPPETS = [
    "- Conv2d: [64, 3, stride: 2, bias: false]",
    "- Conv2d: {out_channels: 64, kernel_size: 3}",
    """\
- LayerNorm:
  name: norm
  from: [image, norm2]
  take: last
  repeat: 3
  share: other
  init: {kaiming_normal_: {nonlinearity: relu}}
  freeze: true
  when: $(depth > 2)""",
    "- residual: [LayerNorm, SelfAttention: {heads: 8, causal: true}, Dropout: 0.1]",
    """\
- residual: [ReLU]
  shortcut: [Conv2d: [128, 1, stride: 2], BatchNorm2d]""",
    """\
- residual: [ReLU]
  shortcut: $(depth == 1)""",
    """\
- parallel: {a: [ReLU], b: [Tanh], c: []}
  join: cat""",
    """\
- parallel: {a: [ReLU], b: [Tanh]}
  join: a * b""",
    """\
- parallel: {a: [ReLU], b: [Tanh]}
  join: {stack: {dim: 1}}""",
    """\
- ReLU:
  name: down
  repeat: 4
- Sequential:
    - cat: {dim: 1}
      from: [x, down.$(3 - i).skip]
  repeat: {i: 4}""",
    "- compute: x * sigmoid(1.702 * x)",
    "- rearrange: [b c (h p) w -> b (c p) h w, p: 2]",
    "- rearrange: b t c -> b c t",
    "- reduce: [b c h w -> b c, mean]",
    "- repeat_axis: [b c -> b c n, n: 3]",
    """\
- Parameter: [1, 1, $width]
  name: cls""",
    """\
- conv_bn: [$t, $c, stride: $(s if i == 0 else 1)]
  repeat:
    - t, c, n, s:
        - [1, 16, 1, 1]
        - [6, 24, 2, 2]
    - i: $n""",
    """\
- conv_bn: [64, 7, stride: 2]
- conv_bn: 64
  repeat: 2""",
    # --- The thirty architectures of the stress test
    """\
- residual: [conv_bn: 64]
  shortcut: [{conv_bn: 64, when: $(depth > 1 or size(1) != 4 * width)}]
  repeat: [{w: [64, 128, 256, 512], n: [3, 4, 6, 3], s: [1, 2, 2, 2]}, {i: $n}]""",
    """\
- residual: [ReLU]
  shortcut: $(depth == 1 and size(1) == width)""",
    """\
- parallel: {old: [], new: [ReLU]}
  join: cat
  repeat: 6
- conv_bn: $(size(1) // 2)""",
    """\
- parallel: {value: [], gate: [AdaptiveAvgPool2d: 1, Sigmoid]}
  join: mul""",
    """\
- Parameter: $width
  name: scale
  init: {constant_: 1e-6}
- compute: scale * x""",
    "- compute: cat([expand(cls, batch, -1, -1), x], 1)\n- compute: x[:, 0]",
    """\
- Linear: {bias: false}
  share: {weight: embedding.weight}""",
    """\
- ReLU:
  when: $tied""",
    "- SelfAttention: {heads: 32, kv_heads: 4, causal: true, bias: false, rotary: {base: 10000}}",
    """\
- ReLU:
  from: {x: image, bias: decoder_bias, mask: none}
  repeat: $depth""",
    """\
- LSTM: {hidden_size: 8, bidirectional: true}
  take: last""",
    """\
- LSTM: 512
  from: {hx: encoder.state}""",
    """\
- conv_bn: $(2 ** i)
  repeat: [{stack: 3}, {i: 10}]
  name: layers
- add:
  from: layers.*.*.skip""",
    """\
- chunk: {chunks: 2, dim: 1}
  name: [mu, logvar]""",
    """\
- Embedding: 16
  from: $field
  repeat: {field: [image, image]}
  join: {stack: {dim: 1}}""",
    """\
- parallel: {left: [], seen: [ReLU]}
  join: left - seen""",
    """\
- Conv1d: [100, $k]
  repeat: {k: [3, 4, 5]}
  join: cat""",
    """\
- Linear: 4
  repeat: 2
  share: true""",
    """\
- compute:
    mu, logvar: chunk(x, 2, 1)
    code: mu + exp(logvar / 2)""",
    "- add:\n  from: [image, 1]",
    "- ReLU:\n  weights: {file: a.safetensors}",
    "- Sequential: [Linear: 2, ReLU]\n  repeat: 2",
    "- reshape: [-1, 49]\n- permute: [0, 2, 1]",
    "- ReLU:\n  repeat: 0",
    "- Linear:\n    out_features: $classes\n- Linear: $image.classes",
]
VARS = "vars: {width: 32, depth: 3, tied: true}\n"


def spec(layers: str) -> str:
    indented = "".join(f"    {line}\n" for line in layers.split("\n"))
    return f"{VARS}{BLOCKS}\nnetwork:\n  inputs: {{image: [3, 8, 8]}}\n  layers:\n{indented}"


@pytest.mark.parametrize("layers", SNIPPETS)
def test_a_snippet_of_the_language_reads_without_a_problem(layers: str) -> None:
    assert problems_of(spec(layers)) == []
    assert items(spec(layers))
