from __future__ import annotations

from math import prod

import pytest
import torch
from torch import nn

from nncli.network.summary.measuring import Gauge
from nncli.spec.network_spec import InputSpec
from tests.network.compiled import compiled
from tests.network.traced import Attention, traced

IMAGE = InputSpec((3, 8, 8), "image")
ROW = InputSpec((12,))
STEPS = InputSpec((7, 12))

CASES: dict[str, tuple[nn.Module, InputSpec, int]] = {
    "Linear": (nn.Linear(12, 5), ROW, 2 * 12 * 5),
    "Linear on steps": (nn.Linear(12, 5), STEPS, 7 * 2 * 12 * 5),
    "Conv2d": (nn.Conv2d(3, 4, 3, padding=1), IMAGE, 8 * 8 * 4 * 2 * 3 * 9),
    "Conv2d with stride": (nn.Conv2d(3, 4, 3, stride=2), IMAGE, 3 * 3 * 4 * 2 * 3 * 9),
    "grouped Conv2d": (nn.Conv2d(3, 3, 3, padding=1, groups=3), IMAGE, 8 * 8 * 3 * 2 * 9),
    "ConvTranspose2d": (nn.ConvTranspose2d(3, 4, 2, stride=2), IMAGE, 8 * 8 * 3 * 4 * 2 * 4),
    "ReLU": (nn.ReLU(), IMAGE, 3 * 8 * 8),
    "GELU": (nn.GELU(), ROW, 12),
    "Softmax": (nn.Softmax(-1), ROW, 3 * 12),
    "LayerNorm": (nn.LayerNorm(12), STEPS, 5 * 7 * 12),
    "BatchNorm2d": (nn.BatchNorm2d(3), IMAGE, 5 * 3 * 8 * 8),
    "MaxPool2d": (nn.MaxPool2d(2), IMAGE, 3 * 4 * 4 * 4),
    "AvgPool2d": (nn.AvgPool2d((2, 4)), IMAGE, 3 * 4 * 2 * 8),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d(1), IMAGE, 3 * 8 * 8),
    "Embedding": (nn.Embedding(9, 6), InputSpec((7,), "index", 9), 0),
    "Flatten": (nn.Flatten(), IMAGE, 0),
    "Dropout": (nn.Dropout(0.5), ROW, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_operations_of_a_layer_are_those_counted_by_hand(name: str) -> None:
    layer, arriving, expected = CASES[name]
    network = traced(nn.Sequential(layer), given=arriving)
    assert Gauge(network).forward(2).total_flops == 2 * expected


def test_a_spectrum_counts_its_transform() -> None:
    network = compiled("Spectrogram: {n_fft: 32, hop_length: 8}", "sound: {shape: [1, 64], type: audio}")
    # 9 frames, windowed, transformed, and 17 magnitudes of each squared.
    assert Gauge(network).forward(2).total_flops == 2 * 9 * (32 + 2.5 * 32 * 5 + 17 * 2)


class First(nn.Module):
    """Hands on the first result of a layer that has several."""

    def __init__(self, layer: nn.Module, **keywords: object) -> None:
        super().__init__()
        self.layer, self.copies, self.keywords = layer, 3 if keywords else 1, keywords

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layer(*[x] * self.copies, **self.keywords)[0]
        return found


@pytest.mark.parametrize(("kind", "gates", "elementwise"), [(nn.LSTM, 4, 13), (nn.GRU, 3, 10)])
def test_recurrent_layers_count_every_gate_at_every_step(
    kind: type[nn.Module], gates: int, elementwise: int
) -> None:
    network = traced(First(kind(12, 6, batch_first=True)), given=STEPS)
    # Every gate reads what arrives and the state.
    expected = 7 * (2 * gates * 6 * (12 + 6) + elementwise * 6)
    assert Gauge(network).forward(2).total_flops == 2 * expected


def test_attention_counts_its_projections_and_both_products() -> None:
    network = traced(nn.Sequential(Attention(12, 3)), given=STEPS)
    projections, products = 4 * 7 * 2 * 12 * 12, 2 * 2 * 7 * 7 * 12
    assert Gauge(network).forward(1).total_flops == projections + products


def test_torchs_attention_is_counted_like_our_own() -> None:
    attention = nn.MultiheadAttention(12, 3, batch_first=True)
    counted = Gauge(traced(First(attention, need_weights=False), given=STEPS)).forward(1).total_flops
    assert counted == 4 * 7 * 2 * 12 * 12 + 2 * 2 * 7 * 7 * 12


def test_a_step_of_training_counts_the_way_back() -> None:
    network = traced(nn.Sequential(nn.Linear(12, 5), nn.Linear(5, 4)), given=ROW)
    found = Gauge(network).training_step(1)
    assert sum(found.flops.values()) == 2 * 12 * 5 + 2 * 5 * 4
    # The gradients of both weights, and of what flows into the second.
    products = 2 * 12 * 5 + 2 * 2 * 5 * 4
    assert products <= found.total_flops - sum(found.flops.values()) < products + 60


# Of the loss that stands for a real one: six for every number of the output, and its sum.
_LOSS, _SUM = 6, 1


def _backward(*layers: nn.Module, given: InputSpec) -> int:
    network = traced(nn.Sequential(*layers), given=given)
    found = Gauge(network).training_step(1)
    return found.total_flops - sum(found.flops.values()) - _LOSS * prod(network.output_shape) - _SUM


def test_the_way_back_through_groups_counts_the_channels_of_a_group() -> None:
    expand = nn.Conv2d(3, 12, 1, bias=False)
    depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12, bias=False)
    pointwise = nn.Conv2d(12, 4, 1, bias=False)
    places = 8 * 8
    forward = [2 * places * numbers for numbers in (3 * 12, 12 * 9, 12 * 4)]
    # The image needs no gradient; both others need one of what flows in and one of their weight.
    assert _backward(expand, depthwise, pointwise, given=IMAGE) == forward[0] + 2 * (forward[1] + forward[2])


def test_the_way_back_through_a_transposed_convolution_counts_where_it_starts() -> None:
    first, second = (nn.ConvTranspose1d(12, 12, 2, stride=2, groups=3, bias=False) for _ in range(2))
    forward = [2 * steps * 12 * 4 * 2 for steps in (7, 14)]
    assert _backward(first, second, given=InputSpec((12, 7))) == forward[0] + 2 * forward[1]


def test_frozen_weights_need_no_gradient() -> None:
    first, second = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 3, 1, groups=3, bias=False)
    second.weight.requires_grad_(False)
    assert _backward(first, second, given=IMAGE) == 2 * 64 * 9 + 2 * 64 * 3
