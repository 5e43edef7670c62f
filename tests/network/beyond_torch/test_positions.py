"""Layers of positions are their formulas, and those of T5."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin

import pytest
import torch

from nncli.network.beyond_torch.attention import SelfAttention
from nncli.network.beyond_torch.positions import PositionEmbedding, RelativePositionBias

TIME, WIDTH = 6, 4
# Rows with 6, 4, 1 and no valid steps; what is padded holds NaN, which shows wherever it is looked at.
LENGTHS = (6, 4, 1, 0)
MASK = torch.arange(TIME) < torch.tensor(LENGTHS)[:, None]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_sinusoids_are_the_formula() -> None:
    layer = PositionEmbedding(5, 300, kind="sinusoidal")
    added = layer(torch.zeros(1, 300, 5))[0]
    for position in (0, 1, 7, 299):
        angles = [position / 10000 ** (2 * i / 5) for i in range(3)]
        expected = [turn(angle) for angle in angles for turn in (sin, cos)][:5]
        torch.testing.assert_close(added[position], torch.tensor(expected), rtol=0, atol=1e-7)
    assert layer.state_dict() == {}


def test_learned_positions_are_added_and_learned() -> None:
    layer = PositionEmbedding(WIDTH, 500)
    x = torch.randn(2, TIME, WIDTH)
    result = layer(x)
    assert torch.equal(result, x + layer.weight[:TIME])
    result.sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad[:TIME].eq(2).all() and layer.weight.grad[TIME:].eq(0).all()
    assert list(layer.state_dict()) == ["weight"]
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("kind", ["learned", "sinusoidal"])
def test_a_longer_sequence_is_refused(kind: str) -> None:
    layer = PositionEmbedding(WIDTH, TIME, kind)  # type: ignore[arg-type]
    assert layer(torch.zeros(1, TIME, WIDTH)).shape == (1, TIME, WIDTH)
    with pytest.raises(ValueError, match="has 6 positions; received 7 steps"):
        layer(torch.zeros(1, TIME + 1, WIDTH))
    with pytest.raises(ValueError, match="received 2 dimensions"):
        layer(torch.zeros(TIME, WIDTH))


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("buckets", "farthest", "time"), [(32, 128, 200), (8, 20, 30)])
def test_relative_positions_are_those_of_t5(
    bidirectional: bool, buckets: int, farthest: int, time: int
) -> None:
    transformers = pytest.importorskip("transformers")
    from transformers.models.t5 import modeling_t5 as t5

    config = transformers.T5Config(
        d_model=8, d_kv=4, num_heads=2, is_decoder=not bidirectional,
        relative_attention_num_buckets=buckets, relative_attention_max_distance=farthest,
    )  # fmt: skip
    other = t5.T5Attention(config, has_relative_attention_bias=True, layer_idx=0)
    layer = RelativePositionBias(2, buckets, farthest, bidirectional)
    layer.load_state_dict(other.relative_attention_bias.state_dict())
    assert torch.equal(layer(torch.zeros(1, time, 8)), other.compute_bias(time, time))


def test_t5s_attention_is_attention_with_a_bias() -> None:
    transformers = pytest.importorskip("transformers")
    from transformers.models.t5 import modeling_t5 as t5

    config = transformers.T5Config(d_model=8, d_kv=6, num_heads=2)
    other = t5.T5Attention(config, has_relative_attention_bias=True, layer_idx=0).eval()
    bias = RelativePositionBias(2)
    bias.load_state_dict(other.relative_attention_bias.state_dict())
    layer = SelfAttention(8, 2, head_dim=6, scale=1.0, bias=False)
    for mine, its in zip("query key value output".split(), "q k v o".split(), strict=True):
        getattr(layer, mine).load_state_dict(getattr(other, its).state_dict())
    x = torch.randn(len(LENGTHS), TIME, 8)
    left_out = torch.zeros(len(LENGTHS), 1, 1, TIME).masked_fill(~MASK[:, None, None], -1e9)
    expected = other(x, mask=left_out)[0]
    torch.testing.assert_close(layer(x, bias(x), MASK)[MASK], expected[MASK])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: PositionEmbedding(4, 0), "at least 1; received 4 and 0"),
        (lambda: PositionEmbedding(4, 2, kind="relative"), "kind is learned or sinusoidal"),  # type: ignore[arg-type]
        (lambda: RelativePositionBias(0), "heads is at least 1; received 0"),
        (lambda: RelativePositionBias(2, 7), "received 7"),
        (lambda: RelativePositionBias(2, 2), "received 2"),
        (lambda: RelativePositionBias(2, 32, 8), "max_distance is above 8; received 8"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(build: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build()
