from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest
import torch

from nncli.printing.copied_source import copied_source
from nncli.printing.specialising import Use, specialised
from nncli.printing.unparsing import definition_text
from tests.printing.printed import assert_same, network, printed

FILE = ast.parse(
    dedent('''
    class Scale(nn.Module):
        """Scales."""

        def __init__(self, width: int, *, bias: bool = True, start: float | None = None) -> None:
            super().__init__()
            _require(width)
            start = 1.0 if start is None else start
            self.bias = bias
            self.linear = nn.Linear(width, width, bias=bias)

        def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
            if mask is not None:
                x = _masked(x, mask, self.bias)
            return self.linear(x)


    def _require(width: int) -> None:
        if width < 1:
            raise ValueError(width)


    def _masked(x: Tensor, mask: Tensor | None, turned: bool) -> Tensor:
        if mask is None:
            return x
        return x.masked_fill(mask if turned else ~mask, 0.0)
    ''')
)
DEFINITIONS = {node.name: node for node in FILE.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
OPTIONAL = frozenset({"bias", "start"})


def text(use: Use) -> str:
    done = specialised(DEFINITIONS, {"Scale": use})
    return "\n".join(definition_text(node) for node in done.values())


def test_options_that_nobody_gives_are_gone() -> None:
    said = text(Use(OPTIONAL, [{"width": 3}], [((True,), {})]))
    assert "def __init__(self, width: int) -> None:" in said
    assert "self.linear = nn.Linear(width, width)" in said
    assert "def forward(self, x: Tensor) -> Tensor:\n        return self.linear(x)" in said
    assert "_masked" not in said and "_require" not in said


def test_what_all_give_alike_is_no_option_and_what_differs_is_one() -> None:
    alike = Use(OPTIONAL, [{"width": 3, "bias": False}, {"width": 4, "bias": False}], [((True,), {})])
    assert alike.dropped() == {"bias"}
    assert "nn.Linear(width, width, bias=False)" in text(alike)
    unlike = Use(OPTIONAL, [{"width": 3, "bias": False}, {"width": 4}], [((True,), {})])
    assert unlike.dropped() == frozenset()
    assert "bias: bool = True" in text(unlike)


def test_what_is_always_given_is_never_none_and_what_is_sometimes_given_may_be() -> None:
    always = text(Use(OPTIONAL, [{"width": 3, "start": 2.0}], [((True,), {"mask": True})]))
    assert "def forward(self, x: Tensor, mask: Tensor) -> Tensor:\n        x = _masked(x, mask)" in always
    assert "def _masked(x: Tensor, mask: Tensor) -> Tensor:\n    return x.masked_fill(mask, 0.0)" in always
    assert "*, start: float" in always
    sometimes = text(Use(OPTIONAL, [{"width": 3}], [((True,), {"mask": True}), ((True,), {})]))
    assert "mask: Tensor | None = None" in sometimes
    assert "if mask is not None:" in sometimes
    none = text(Use(OPTIONAL, [{"width": 3}], [((True, False), {}), ((True, True), {})]))
    assert "if mask is not None:" in none


ATTENTION = [
    "{heads: 2}",
    "{heads: 2, causal: true}",
    "{heads: 4, kv_heads: 2, rotary: true, bias: false}",
    "{heads: 2, rotary: {base: 500, dimensions: 2, interleaved: true}, scale: 0.5, head_dim: 6}",
    "{heads: 2, dropout: 0.1, output_bias: false}",
]


@pytest.mark.parametrize("options", ATTENTION)
@pytest.mark.parametrize("masked", [True, False])
def test_attention_of_every_kind_gives_the_same_bits(options: str, masked: bool, tmp_path: Path) -> None:
    made = network(
        f"""
network:
  inputs: {{x_in: {{shape: [5, 8], mask: {str(masked).lower()}}}}}
  layers:
    - SelfAttention: {options}
    - RelativePositionBias: 2
      name: bias
    - SelfAttention: {{heads: 2}}
      from: [x_in, bias]
"""
    )
    assert_same(made, tmp_path)


def test_the_attention_of_a_causal_network_has_no_options_left(tmp_path: Path) -> None:
    text = printed(
        """
network:
  inputs: {words: [5, 8]}
  layers:
    - PositionEmbedding
    - SelfAttention: {heads: 2, causal: true, dropout: 0.1}
""",
        tmp_path,
    )
    assert (
        "attended = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout, is_causal=True)"
        in text
    )
    for word in ("rotary", "scale", "groups", "mask", "raise", "kind", "sinusoid"):
        assert word not in text.replace("_scaled", "").replace("scaled_dot", "")


def test_layers_of_people_stay_as_they_wrote_them() -> None:
    from tests.network.own_layers import Scale

    use = Use(frozenset({"kind"}), [{"start": 0.5, "kind": "root"}], [((True,), {})])
    said = copied_source({Scale: use}).definitions["Scale"]
    assert 'kind: Literal["plain", "root"] = "plain"' in said


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_draws_the_same_numbers(mode: str, tmp_path: Path) -> None:
    made = network(
        f"network: {{inputs: {{row: [4]}}, layers: [StochasticDepth: {{p: 0.5, mode: {mode}}}, Linear: 3]}}"
    )
    program = assert_same(made, tmp_path)
    rows = torch.randn(6, 4)
    with torch.no_grad():
        torch.manual_seed(1)
        one = made.module.train()(rows)
        torch.manual_seed(1)
        assert torch.equal(program.train()(rows), one)
