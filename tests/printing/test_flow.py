from __future__ import annotations

from pathlib import Path

from tests.printing.printed import printed

LOOP = """
blocks:
  look:
    inputs: [x, memory]
    layers:
      - residual:
          - CrossAttention: {heads: 2}
            from: [x, memory]
network:
  inputs: {words: [5, 4], memory: [3, 4]}
  layers:
    - look:
      name: layers
      from: [words, memory]
      repeat: 3
"""


def test_layers_that_take_more_than_the_flow_are_called_in_a_loop(tmp_path: Path) -> None:
    text = printed(LOOP, tmp_path)
    assert "self.layers = nn.ModuleList(Look() for _ in range(3))" in text
    loop = "        for layer in self.layers:\n            words = layer(words, memory)  # [batch, 5, 4]\n"
    assert f"{loop}        return words" in text


def test_what_is_needed_behind_a_loop_is_not_passed_along_in_it(tmp_path: Path) -> None:
    text = printed(f"{LOOP}    - cat: {{dim: 1}}\n      from: [words, x]\n", tmp_path)
    loop = "        for layer in self.layers:\n            x = layer(x, memory)  # [batch, 5, 4]\n"
    assert f"        x = words\n{loop}        return torch.cat((words, x), dim=1)  # [batch, 10, 4]" in text


def test_values_go_by_the_names_of_the_file(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {row: [6]}
  layers:
    - chunk: [2, dim: 1]
      name: [mean, spread]
    - exp:
      from: spread
      name: scale
    - Linear: 3
      from: mean
    - mul:
      from: [x, scale]
""",
        tmp_path,
    )
    assert "mean, spread = torch.chunk(row, 2, dim=1)  # [batch, 3], [batch, 3]" in text
    assert "scale = torch.exp(spread)  # [batch, 3]" in text
    assert "return torch.mul(x, scale)  # [batch, 3]" in text


def test_an_index_of_a_long_call_stays_an_index(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {tokens: {shape: [6], type: index, vocabulary: 9, mask: true}}
  layers:
    - Embedding: 4
      name: a_name_so_long_that_the_call_behind_it_takes_several_lines
    - LSTM: [3, bidirectional: true]
      take: last
""",
        tmp_path,
    )
    assert "        )[0]  # [batch, 6, 6]" in text
