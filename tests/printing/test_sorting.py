from __future__ import annotations

import re
from pathlib import Path

from nncli.printing.source import python_source
from tests.printing.printed import assert_same, networks, printed

STAGES = """
blocks:
  conv_bn:
    args: [channels, kernel: 1, stride: 1]
    layers:
      - Conv2d: [$channels, $kernel, stride: $stride, padding: $(kernel // 2), bias: false]
      - BatchNorm2d
  block:
    args: [width, stride: 1]
    layers:
      - residual: [conv_bn: [$width, 3, $stride], ReLU]
        shortcut:
          - conv_bn: [$width, 1, $stride]
            when: $(stride > 1)
network:
  inputs: {image: [4, 8, 8]}
  layers:
    - block: [$width, $stride]
      name: stages
      repeat:
        width, stride:
          - [4, 1]
          - [8, 2]
          - [8, 1]
    - conv_bn: 6
"""


def classes(text: str) -> list[str]:
    return re.findall(r"^class (\w+)", text, re.MULTILINE)


def test_a_block_is_a_class_whose_parameters_are_what_differs(tmp_path: Path) -> None:
    text = printed(STAGES, tmp_path)
    assert classes(text) == ["ConvBn", "Block", "Net"]
    assert "self, in_channels: int, channels: int, kernel: int = 3, stride: int = 1, padding: int = 1" in text
    assert "nn.Conv2d(in_channels, channels, kernel, stride=stride, padding=padding, bias=False)" in text
    assert "        return self.batchnorm2d(x)  # [batch, channels, *, *]\n" in text


def test_a_shortcut_that_some_copies_have_is_a_choice(tmp_path: Path) -> None:
    text = printed(STAGES, tmp_path)
    assert "shortcut: bool = False" in text
    assert "if shortcut else nn.Identity()" in text
    assert "nn.Sequential(Block(4, 4), Block(4, 8, stride=2, shortcut=True), Block(8, 8))" in text
    plain = STAGES.replace("[8, 2]", "[4, 1]").replace("[8, 1]", "[4, 1]")
    text = printed(plain, tmp_path)
    assert "shortcut" not in text
    assert "self.stages = nn.Sequential(*(Block() for _ in range(3)))" in text
    always = STAGES.replace("[4, 1]", "[4, 2]").replace("[8, 1]", "[8, 2]")
    text = printed(always, tmp_path)
    assert "self.shortcut = nn.Sequential(OrderedDict(conv_bn=ConvBn(" in text
    assert "nn.Identity()" not in text


def test_calls_of_other_code_are_classes_of_their_own(tmp_path: Path) -> None:
    text = printed(
        """
blocks:
  part:
    args: [last]
    layers: [Linear: 4, $last]
network:
  inputs: {row: [4]}
  layers: [part: {last: ReLU}, part: {last: Tanh}, part: {last: ReLU}]
""",
        tmp_path,
    )
    assert classes(text) == ["Part", "Part2", "Net"]
    assert "self.part_3 = Part()" in text


def test_branches_are_sequentials_where_they_are_layers_in_a_row(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {row: [4]}
  layers:
    - parallel:
        one: [Linear: 3, ReLU]
        other:
          - Linear: 3
          - add: {other: 1.0}
        same: []
      join: cat
""",
        tmp_path,
    )
    assert classes(text) == ["Other", "Net"]
    assert "self.one = nn.Sequential(OrderedDict(linear=nn.Linear(4, 3), relu=nn.ReLU()))" in text
    assert "one = self.one(row)  # [batch, 3]" in text


def test_repetitions_are_named_after_their_layers_and_lists(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {row: [4]}
  layers:
    - Sequential: [Linear: $n, ReLU]
      repeat: {n: [3, 5]}
    - Sequential: [Linear: $n, Tanh]
      name: stages
      repeat: {n: [3, 5]}
    - Linear: 5
      name: lone
      repeat: 3
""",
        tmp_path,
    )
    assert classes(text) == ["LinearReLU", "Stage", "Net"]
    assert "self.sequential = nn.Sequential(LinearReLU(4, 3), LinearReLU(3, 5))" in text
    assert "self.lone = nn.Sequential(*(nn.Linear(5, 5) for _ in range(3)))" in text
    assert "x = self.stages(x)  # [batch, 5]" in text


def test_what_is_needed_later_comes_out_of_a_class_beside_its_result(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {row: [8]}
  layers:
    - Sequential:
        - Linear: $n
          name: skip
        - ReLU
      name: down
      repeat: {n: [6, 4]}
    - Linear: 8
    - cat: {dim: 1}
      from: [x, down.0.skip]
""",
        tmp_path,
    )
    assert "def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:" in text
    assert "skip, x = self.down[0](row)  # [batch, 6], [batch, 6]" in text
    assert "_, x = self.down[1](x)  # [batch, 4], [batch, 4]" in text


def test_a_network_that_is_a_layer_is_a_class_and_called_as_often_as_it_is_used(tmp_path: Path) -> None:
    made = networks(
        """
networks:
  tower: {inputs: {row: [4]}, layers: [Linear: 3, ReLU]}
  pair:
    inputs: {left: [4], right: [4]}
    layers:
      - tower:
        name: one
        from: left
      - tower:
        name: other
        from: right
      - compute: one * other
"""
    )
    assert_same(made["pair"], tmp_path)
    text = python_source("net", made["pair"], {}).text
    assert classes(text) == ["Tower", "Net"]
    assert "one = self.tower(left)  # [batch, 3]\n" in text
    assert "x = self.tower(right)  # [batch, 3]\n        return one * x  # [batch, 3]" in text


def test_a_scope_whose_calls_differ_is_no_class(tmp_path: Path) -> None:
    text = printed(
        """
blocks:
  part:
    layers:
      - LSTM: 4
        name: lstm
network:
  inputs: {one: [5, 4], other: [6, 4]}
  layers:
    - part:
      name: first
      from: one
    - part:
      share: first
      name: second
      from: other
    - compute: first.lstm.last + second.lstm.sequence[:, 0]
""",
        tmp_path,
    )
    assert classes(text) == ["Group", "Net"]
    assert text.count("self.first.lstm(") == 2


def test_one_of_equal_blocks_whose_layers_others_use_stays_a_class(tmp_path: Path) -> None:
    text = printed(
        """
blocks: {part: {layers: [{Linear: 4, name: own}, ReLU]}}
network:
  inputs: {row: [4]}
  layers:
    - part:
      name: parts
      repeat: 2
    - Linear:
      share: parts.0.own
""",
        tmp_path,
    )
    assert "return self.parts[0].own(x)  # [batch, 4]" in text


def test_learned_tensors_in_a_row_are_a_list(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {row: [4]}
  layers:
    - Parameter: [4]
      name: p
      repeat: 2
    - compute: row * p.0 + p.1[..., 0:1]
    - Linear: 2
""",
        tmp_path,
    )
    assert "self.p = nn.ParameterList(nn.Parameter(torch.zeros(4)) for _ in range(2))" in text
    assert "self.p[1][..., 0:1]" in text
