from __future__ import annotations

import pytest
import torch

import nncli
from nncli.errors import UsageError
from nncli.messages.catalogue import hint_of
from nncli.models.model import Model
from tests.end_to_end.program import invoke

SPEC = """
network:
  inputs:
    source: {shape: [5], type: index, vocabulary: 9, mask: true}
    weight: [3]
  layers:
    - Embedding: 3
      from: source
    - SelfAttention: {heads: 1}
    - mean: {dim: 1}
      name: pooled
    - mul:
      from: [pooled, weight]
  outputs: {product: x, pooled: pooled}
"""
TOKENS, WEIGHT = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]]), torch.ones(2, 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("tensors")
    (folder / "net.yaml").write_text(SPEC)
    assert invoke(folder, "export", "net.yaml", "-o", "net.safetensors").code == 0
    return nncli.load(folder / "net.safetensors", device="cpu")


def test_tensors_by_position_and_by_name_give_outputs_by_name(model: Model) -> None:
    one = model(TOKENS, WEIGHT)
    other = model(weight=WEIGHT.double(), source=TOKENS.int())
    assert list(one) == ["product", "pooled"]
    assert one["product"].shape == (2, 3)
    assert not one["product"].requires_grad
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_mask_that_is_left_out_is_all_true(model: Model) -> None:
    whole = model(TOKENS, WEIGHT, source_mask=torch.ones(2, 5, dtype=torch.bool))
    assert torch.equal(whole["pooled"], model(TOKENS, WEIGHT)["pooled"])
    mask = torch.ones(2, 5, dtype=torch.bool)
    mask[1, 3:] = False
    assert not torch.equal(model(TOKENS, WEIGHT, source_mask=mask)["pooled"][1], whole["pooled"][1])


def test_a_shorter_sequence_runs_where_the_layers_can(model: Model) -> None:
    assert model(TOKENS[:, :3], WEIGHT)["pooled"].shape == (2, 3)


@pytest.mark.parametrize(
    ("positions", "named", "code"),
    [
        ((TOKENS,), {}, "tensor-missing"),
        ((TOKENS, WEIGHT, WEIGHT), {}, "tensor-extra"),
        ((TOKENS, WEIGHT), {"sourc": TOKENS}, "tensor-unknown"),
        ((TOKENS, WEIGHT), {"source": TOKENS}, "tensor-twice"),
        ((TOKENS, WEIGHT[0]), {}, "tensor-shape"),
        ((TOKENS, torch.ones(2, 4)), {}, "tensor-shape"),
        ((TOKENS, torch.ones(3, 3)), {}, "tensor-shape"),
        ((TOKENS.float(), WEIGHT), {}, "tensor-type"),
        ((TOKENS, "wide"), {}, "tensor-type"),
        ((TOKENS, WEIGHT), {"source_mask": torch.ones(2, 5)}, "tensor-type"),
        ((TOKENS + 1, WEIGHT), {}, "tensor-index"),
        ((TOKENS - 1, WEIGHT), {}, "tensor-index"),
    ],
)
def test_what_does_not_fit_is_said(
    positions: tuple[torch.Tensor], named: dict[str, torch.Tensor], code: str, model: Model
) -> None:
    with pytest.raises(UsageError) as caught:
        model(*positions, **named)
    assert caught.value.problems[0].code == code


def test_a_mask_by_position_is_told_its_name(model: Model) -> None:
    with pytest.raises(UsageError) as caught:
        model(TOKENS, WEIGHT, torch.ones(2, 5, dtype=torch.bool))
    assert hint_of(caught.value.problems[0]) == "a padding mask is given by its name: `source_mask=mask`"


def test_what_is_missing_is_shown_in_a_call(model: Model) -> None:
    with pytest.raises(UsageError) as caught:
        model()
    assert hint_of(caught.value.problems[0]) == "`model(source=tensor, weight=tensor)`"
