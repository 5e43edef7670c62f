"""Layers whose two rows take long are told from quick ones: the meta device takes a second to begin with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import nn

from nncli.network.beyond_torch.attention import SelfAttention
from nncli.network.graph.sizing import is_costly


def _value(*shape: int) -> Any:
    return cast(Any, SimpleNamespace(sample=torch.empty(shape, device="meta"), shape=shape))


@pytest.mark.parametrize(
    ("steps", "width", "costly"),
    [(128, 128, False), (1024, 128, False), (16384, 128, True), (512, 2048, True)],
)
def test_attention_counts_by_steps_that_look_at_each_other(steps: int, width: int, costly: bool) -> None:
    with torch.device("meta"):
        layer = SelfAttention(width, 4)
    found = is_costly("SelfAttention", {"embed_dim": width, "heads": 4}, layer, _value(2, steps, width))
    assert found == costly


def test_a_layer_of_single_steps_counts_by_its_weights() -> None:
    layer = nn.Linear(128, 512, device="meta")
    arguments = {"in_features": 128, "out_features": 512}
    assert not is_costly("Linear", arguments, layer, _value(2, 8192, 128))
    assert is_costly("Linear", arguments, layer, _value(2, 32768, 128))
