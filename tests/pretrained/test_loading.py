"""Real checkpoints, written by transformers from tiny models, into networks with other names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nncli.errors import WeightsError
from nncli.pretrained.loading import check_weights, load_weights
from nncli.pretrained.planning import WeightsPlan, plan_weights
from nncli.pretrained.stored import open_stored
from tests.pretrained.files import file_of, said, spec_of, zeroed

TINY = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8, "intermediate_size": 16}


@pytest.fixture(scope="module")
def transformers() -> Iterator[Any]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    found = pytest.importorskip("transformers")
    found.logging.set_verbosity_error()
    torch.manual_seed(0)
    yield found


def loaded(path: Path, tensors: Mapping[str, Tensor], words: str) -> WeightsPlan:
    """Loads a file into tensors; nothing may be missing."""
    stored = open_stored(path)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    plan = plan_weights(shapes, stored.shapes(), spec_of(words))
    assert [each for each in said(plan) if each.startswith("error")] == []
    load_weights(plan, stored, tensors)
    return plan


def named(shapes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Empty tensors of the shapes that others have."""
    return {name: torch.zeros_like(tensor) for name, tensor in shapes.items()}


GPT2_WORDS = """
    rename:
      "transformer.": ""
      "h.*.attn.": "block.*.attention."
      "*.attention.c_proj.": "*.attention.output."
      "h.": "block."
    transpose: ["*.c_attn.weight", "*.c_fc.weight", "*.c_proj.weight"]
    split: {"*.c_attn.*": [query, key, value]}
"""


@pytest.mark.parametrize("shard_size", ["1GB", "2KB"])
def test_gpt2(transformers: Any, tmp_path: Path, shard_size: str) -> None:
    config = transformers.GPT2Config(n_embd=8, n_layer=2, n_head=2, vocab_size=11, n_positions=5)
    model = transformers.GPT2LMHeadModel(config)
    model.save_pretrained(tmp_path, max_shard_size=shard_size)
    (path,) = [*tmp_path.glob("*.index.json"), *tmp_path.glob("model.safetensors")]
    assert path.name.endswith(".index.json") == (shard_size == "2KB")
    theirs = model.transformer.state_dict()
    expected = {}
    for name, tensor in theirs.items():
        ours = (
            name.replace("h.", "block.")
            .replace("attn.c_proj", "attention.output")
            .replace(".attn.", ".attention.")
        )
        value = (
            tensor.t() if name.split(".")[-2] in ("c_attn", "c_fc", "c_proj") and tensor.ndim == 2 else tensor
        )
        if "c_attn" in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                expected[ours.replace("c_attn", part)] = rows
        else:
            expected[ours] = value
    tensors = named(expected)
    plan = loaded(path, tensors, GPT2_WORDS)
    assert plan.problems == ()
    assert set(plan.report.loaded) == set(expected)
    for name, value in expected.items():
        assert torch.equal(tensors[name], value), name


def test_bert_becomes_a_transformer_encoder_of_torch(transformers: Any, tmp_path: Path) -> None:
    """The layers of torch compute what those of BERT compute, from its weights."""
    config = transformers.BertConfig(**TINY, vocab_size=11)
    model = transformers.BertForSequenceClassification(config).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(tmp_path)
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, activation="gelu", batch_first=True, layer_norm_eps=config.layer_norm_eps
    )
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    tensors = zeroed(encoder)
    words = """
        join: {"*.self.in_proj.*": [query, key, value]}
        rename:
          "bert.encoder.layer.": "layers."
          "*.self.in_proj.*": "*.self.in_proj_*"
          "layers.*.attention.self.": "layers.*.self_attn."
          "layers.*.attention.output.dense.": "layers.*.self_attn.out_proj."
          "layers.*.attention.output.LayerNorm.": "layers.*.norm1."
          "layers.*.intermediate.dense.": "layers.*.linear1."
          "layers.*.output.dense.": "layers.*.linear2."
          "layers.*.output.LayerNorm.": "layers.*.norm2."
        skip: ["bert.embeddings.*", "bert.pooler.*", "classifier.*"]
    """
    plan = loaded(tmp_path / "model.safetensors", tensors, words)
    assert plan.problems == () and len(plan.report.joined) == 4
    hidden = torch.randn(2, 5, 8)
    with torch.no_grad():
        theirs = model.bert.encoder(hidden).last_hidden_state
        assert torch.allclose(encoder(hidden), theirs, atol=1e-5)


def test_vit_with_a_head_of_its_own(transformers: Any, tmp_path: Path) -> None:
    config = transformers.ViTConfig(**TINY, image_size=8, patch_size=4, num_labels=5)
    model = transformers.ViTForImageClassification(config)
    model.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    stored = open_stored(path).shapes()
    tensors = {
        name.replace("vit.", "").replace("encoder.layer", "blocks"): torch.zeros(shape)
        for name, shape in stored.items()
        if not name.startswith("classifier.")
    }
    tensors["head.weight"] = torch.full((3, 8), 7.0)
    plan = loaded(
        path, tensors, 'rename: {"vit.": "", "encoder.layer.": "blocks."}\nskip: ["classifier.*", "head.*"]'
    )
    assert plan.report.left_over == () and plan.problems == ()
    assert torch.equal(tensors["embeddings.cls_token"], model.vit.embeddings.cls_token)
    assert torch.equal(tensors["head.weight"], torch.full((3, 8), 7.0))
    assert all(tensor.any() for name, tensor in tensors.items() if name.endswith("dense.weight"))


def test_resnet_with_its_running_statistics(transformers: Any, tmp_path: Path) -> None:
    config = transformers.ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 8], depths=[1, 2], layer_type="basic"
    )
    model = transformers.ResNetForImageClassification(config)
    for name, buffer in model.named_buffers():
        buffer.copy_(torch.tensor(42) if name.endswith("tracked") else torch.rand_like(buffer))
    model.save_pretrained(tmp_path)
    block = nn.ModuleDict({"convolution": nn.Conv2d(4, 8, 3, bias=False), "normalization": nn.BatchNorm2d(8)})
    tensors = zeroed(block)
    words = 'rename: {"resnet.encoder.stages.1.layers.0.layer.0.": ""}'
    plan = loaded(tmp_path / "model.safetensors", tensors, words)
    assert [each.code for each in plan.problems] == ["tensors-left-over"]
    theirs = model.resnet.encoder.stages[1].layers[0].layer[0].state_dict()
    assert len(theirs) == 6 and set(theirs) == set(tensors)
    for name, value in theirs.items():
        assert torch.equal(tensors[name], value), name
    assert tensors["normalization.num_batches_tracked"] == 42


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_widths_become_that_of_the_network(tmp_path: Path, kind: torch.dtype) -> None:
    value = torch.randn(3, 4).to(kind)
    tensors = {"a": torch.zeros(3, 4), "b": torch.zeros(3, 4, dtype=torch.float64)}
    loaded(file_of(tmp_path / "x.safetensors", {"a": value, "b": value.clone()}), tensors, "")
    assert torch.equal(tensors["a"], value.float())
    assert torch.equal(tensors["b"], value.double())


@pytest.mark.parametrize(("held", "wanted"), [("int8", "float32"), ("float32", "int64"), ("int32", "int64")])
def test_numbers_of_another_kind_are_refused(tmp_path: Path, held: str, wanted: str) -> None:
    stored = {"a": torch.ones(2), "b": torch.ones(2, dtype=getattr(torch, held))}
    tensors = {"a": torch.zeros(2), "b": torch.zeros(2, dtype=getattr(torch, wanted))}
    with pytest.raises(WeightsError, match=f"cannot become the {wanted} of `b`"):
        loaded(file_of(tmp_path / "x.safetensors", stored), tensors, "")
    assert not tensors["a"].any(), "nothing is loaded where something cannot be"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    tensors = {"fine": torch.ones(2), "wrong": torch.tensor([1.0, value], dtype=torch.float64)}
    stored = open_stored(file_of(tmp_path / "x.safetensors", tensors))
    plan = plan_weights({"fine": (2,), "wrong": (2,)}, stored.shapes(), spec_of())
    for look in (check_weights, load_weights):
        with pytest.raises(
            WeightsError, match=r"`wrong` of x\.safetensors holds a number that is not finite"
        ):
            look(plan, stored, {"fine": torch.zeros(2), "wrong": torch.zeros(2)})


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    stored = open_stored(file_of(tmp_path / "x.safetensors", {"a": torch.ones(2)}))
    tensors = {"a": torch.zeros(2)}
    check_weights(plan_weights({"a": (2,)}, stored.shapes(), spec_of()), stored, tensors)
    assert not tensors["a"].any()


def test_nothing_is_loaded_where_something_is_missing(tmp_path: Path) -> None:
    path = file_of(tmp_path / "x.safetensors", {"a": torch.ones(2)})
    stored = open_stored(path)
    plan = plan_weights({"a": (2,), "b": (2,)}, stored.shapes(), spec_of())
    tensors = {"a": torch.zeros(2), "b": torch.zeros(2)}
    with pytest.raises(WeightsError, match=r"lacks 1 tensor of the network: b"):
        load_weights(plan, stored, tensors)
    assert not tensors["a"].any()


def test_parameters_stay_parameters_in_their_own_storage(tmp_path: Path) -> None:
    linear = nn.Linear(3, 2)
    before = linear.weight.data_ptr()
    value = torch.randn(2, 3)
    path = file_of(tmp_path / "x.safetensors", {"weight": value, "bias": torch.ones(2)})
    loaded(path, dict(linear.named_parameters()), "")
    assert (
        linear.weight.data_ptr() == before and linear.weight.requires_grad and linear.weight.grad_fn is None
    )
    assert torch.equal(linear.weight, value)


def test_joined_after_transposition(tmp_path: Path) -> None:
    one, other = torch.randn(4, 2), torch.randn(4, 3)
    tensors = {"both": torch.zeros(5, 4)}
    path = file_of(tmp_path / "x.safetensors", {"one": one, "other": other})
    loaded(path, tensors, 'transpose: ["*"]\njoin: {both: [one, other]}')
    assert torch.equal(tensors["both"], torch.cat([one.t(), other.t()]))


def test_a_file_that_changes_between_plan_and_loading(tmp_path: Path) -> None:
    path = file_of(tmp_path / "x.safetensors", {"a": torch.ones(2)})
    stored = open_stored(path)
    plan = plan_weights({"a": (2,)}, stored.shapes(), spec_of())
    file_of(path, {"b": torch.ones(2)})
    with pytest.raises(WeightsError, match="damaged"):
        load_weights(plan, stored, {"a": torch.zeros(2)})
