"""Weights of other implementations, loaded by a spec's `weights:`, give the numbers that those give."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, fx, nn

from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_spec

os.environ.setdefault("HF_HUB_OFFLINE", "1")
transformers = pytest.importorskip("transformers")

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "specs" / "architectures"
OWN = ROOT / "tests" / "specs"

FLOAT32, FLOAT64 = 1e-5, 1e-10

RESNET = """
  weights:
    file: model.safetensors
    rename:
      "resnet.embedder.embedder.": "conv_bn."
      "resnet.encoder.stages.*.layers.*.layer.0.": "stages.*.*.conv_bn."
      "resnet.encoder.stages.*.layers.*.layer.1.": "stages.*.*.conv_bn_2."
      "resnet.encoder.stages.*.layers.*.layer.2.": "stages.*.*.conv_bn_3."
      "resnet.encoder.stages.*.layers.*.shortcut.": "stages.*.*.shortcut.conv_bn."
      "*.convolution.": "*.conv2d."
      "*.normalization.": "*.batchnorm2d."
      "classifier.1.": "linear."
"""
VIT = """
  weights:
    file: model.safetensors
    rename:
      "vit.embeddings.cls_token": "cls"
      "vit.embeddings.position_embeddings": "position.weight"
      "vit.embeddings.patch_embeddings.projection.": "patches."
      "vit.encoder.layer.*.layernorm_before.": "layers.*.layernorm."
      "vit.encoder.layer.*.attention.attention.": "layers.*.selfattention."
      "vit.encoder.layer.*.attention.output.dense.": "layers.*.selfattention.output."
      "vit.encoder.layer.*.layernorm_after.": "layers.*.layernorm_2."
      "vit.encoder.layer.*.intermediate.dense.": "layers.*.linear."
      "vit.encoder.layer.*.output.dense.": "layers.*.linear_2."
      "vit.layernorm.": "norm."
      "classifier.": "head."
"""
GPT2 = """
  weights:
    file: model.safetensors
    transpose: ["*.c_attn.weight", "*.c_proj.weight", "*.c_fc.weight"]
    split: {"*.c_attn.*": [query, key, value]}
    rename:
      "transformer.wte.": "embedding."
      "transformer.wpe.": "position."
      "transformer.h.*.ln_1.": "layers.*.layernorm."
      "transformer.h.*.attn.c_proj.": "layers.*.selfattention.output."
      "transformer.h.*.attn.": "layers.*.selfattention."
      "transformer.h.*.ln_2.": "layers.*.layernorm_2."
      "transformer.h.*.mlp.c_fc.": "layers.*.linear."
      "transformer.h.*.mlp.c_proj.": "layers.*.linear_2."
      "transformer.ln_f.": "norm."
"""


def randomised(model: nn.Module) -> nn.Module:
    """Draws everything that is stored, so that no norm, bias or running statistic is what it starts with."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * (0.1 if parameter.dim() < 2 else 0.02))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return model.eval()


def shipped(name: str, weights: str, folder: Path) -> Path:
    """Writes a shipped spec with `weights:` in its network."""
    path = folder / "spec.yaml"
    text = (SHIPPED / f"{name}.yaml").read_text()
    path.write_text(text.replace("\nnetwork:\n", "\nnetwork:" + weights.rstrip() + "\n"))
    return path


def own(name: str, folder: Path) -> Path:
    """Copies a spec of these tests beside the weights."""
    path = folder / "spec.yaml"
    path.write_text((OWN / f"{name}.yaml").read_text())
    return path


def loaded(model: nn.Module, spec_path: Path, *sets: str) -> fx.GraphModule:
    """Saves the reference beside a spec and compiles the spec, which loads it without anything left over."""
    randomised(model)
    model.save_pretrained(spec_path.parent)  # type: ignore[operator]
    spec, problems = read_spec(spec_path, sets)
    prepared = prepare(spec, problems)
    assert prepared.warnings == ()
    return prepared.network.module.eval()


def difference(mine: Tensor, theirs: Tensor) -> float:
    """The largest difference, as a share of the largest number."""
    assert mine.shape == theirs.shape
    return float((mine - theirs).abs().max() / theirs.abs().max())


def check(mine: nn.Module, inputs: tuple[Tensor, ...], theirs: Callable[[Tensor], Tensor]) -> None:
    """Compares in float32, and in float64 where the first input is one of numbers or the weights are."""
    with torch.no_grad():
        found, wanted = mine(*inputs), theirs(inputs[0])
    found = found[0] if isinstance(found, tuple) else found
    limit = FLOAT64 if wanted.dtype == torch.float64 else FLOAT32
    assert found.dtype == wanted.dtype
    assert difference(found, wanted) <= limit


def images(*shape: int) -> Tensor:
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))


def tokens(length: int, vocabulary: int = 60) -> Tensor:
    return torch.randint(vocabulary, (2, length), generator=torch.Generator().manual_seed(1))


RESNETS: Mapping[str, Mapping[str, object]] = {
    "resnet-18": {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]},
    "resnet-50": {"layer_type": "bottleneck"},
}


@pytest.mark.parametrize("name", RESNETS)
def test_resnet(name: str, tmp_path: Path) -> None:
    config = transformers.ResNetConfig(num_labels=1000, **RESNETS[name])
    theirs = transformers.ResNetForImageClassification(config)
    weights = RESNET if name == "resnet-50" else RESNET.replace(_line(RESNET, "layer.2."), "")
    mine = loaded(theirs, shipped(name, weights, tmp_path), "network.inputs.image=[3,64,64]")
    check(mine, (images(3, 64, 64),), lambda x: theirs(x).logits)
    mine.double(), theirs.double()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).logits)
    mine.train(), theirs.train()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).logits)
    # Running statistics moved alike.
    mine.eval(), theirs.eval()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).logits)


def _line(text: str, word: str) -> str:
    return next(line for line in text.splitlines(keepends=True) if word in line)


def test_vit(tmp_path: Path) -> None:
    config = transformers.ViTConfig(
        hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=192,
        image_size=32, patch_size=8, num_labels=7, layer_norm_eps=1e-6,
    )  # fmt: skip
    theirs = transformers.ViTForImageClassification(config)
    sets = ("size=32", "patch=8", "width=48", "depth=3", "heads=4", "classes=7")
    mine = loaded(theirs, shipped("vit-b-16", VIT, tmp_path), *(f"vars.{each}" for each in sets))
    check(mine, (images(3, 32, 32),), lambda x: theirs(x).logits)
    mine.double(), theirs.double()
    check(mine, (images(3, 32, 32).double(),), lambda x: theirs(x).logits)


def test_gpt_2(tmp_path: Path) -> None:
    config = transformers.GPT2Config(
        n_embd=48, n_layer=3, n_head=4, vocab_size=60, n_positions=20, bos_token_id=None, eos_token_id=None
    )
    theirs = transformers.GPT2LMHeadModel(config)
    sets = ("length=20", "vocabulary=60", "width=48", "depth=3", "heads=4")
    mine = loaded(theirs, shipped("gpt-2", GPT2, tmp_path), *(f"vars.{each}" for each in sets))
    check(mine, (tokens(20),), lambda x: theirs(x).logits)
    mine.double(), theirs.double()
    check(mine, (tokens(20),), lambda x: theirs(x).logits)


def test_bert_with_padding(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        vocab_size=60, max_position_embeddings=12, num_labels=3,
    )  # fmt: skip
    theirs = transformers.BertForSequenceClassification(config)
    mine = loaded(theirs, own("bert", tmp_path))
    mask, kinds = torch.ones(2, 12, dtype=torch.bool), tokens(12, 2)
    mask[1, 7:] = False

    def logits(x: Tensor) -> Tensor:
        result: Tensor = theirs(x, attention_mask=mask.long(), token_type_ids=kinds).logits
        return result

    check(mine, (tokens(12), mask, kinds), logits)
    mine.double(), theirs.double()
    check(mine, (tokens(12), mask, kinds), logits)


def test_llama(tmp_path: Path) -> None:
    config = transformers.LlamaConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=80, vocab_size=60, rms_norm_eps=1e-5, max_position_embeddings=12,
    )  # fmt: skip
    theirs = transformers.LlamaForCausalLM(config)
    mine = loaded(theirs, own("llama", tmp_path))
    check(mine, (tokens(12),), lambda x: theirs(x).logits)
    _norms_in_full(theirs)
    mine.double(), theirs.double()
    check(mine, (tokens(12),), lambda x: theirs(x).logits)


def test_the_encoder_of_t5_with_padding(tmp_path: Path) -> None:
    config = transformers.T5Config(
        d_model=32, num_layers=2, num_heads=4, d_kv=6, d_ff=64, vocab_size=60, feed_forward_proj="relu"
    )
    theirs = transformers.T5EncoderModel(config)
    mine = loaded(theirs, own("t5-encoder", tmp_path))
    mask = torch.ones(2, 150, dtype=torch.bool)
    mask[1, 90:] = False

    def sequence(x: Tensor) -> Tensor:
        result: Tensor = theirs(x, attention_mask=mask.long()).last_hidden_state
        return result

    check(mine, (tokens(150), mask), sequence)
    _norms_in_full(theirs)
    mine.double(), theirs.double()
    check(mine, (tokens(150), mask), sequence)


def _norms_in_full(model: nn.Module) -> None:
    """Puts torch's norm in the place of transformers', which goes through float32 whatever its input is."""
    for name, module in list(model.named_modules()):
        if type(module).__name__ in ("LlamaRMSNorm", "T5LayerNorm"):
            norm = nn.RMSNorm(module.weight.shape[0], module.variance_epsilon)
            norm.weight = module.weight
            model.set_submodule(name, norm)


def test_mobilenet_v2(tmp_path: Path) -> None:
    theirs = transformers.MobileNetV2Model(transformers.MobileNetV2Config())
    mine = loaded(theirs, own("mobilenet-v2", tmp_path))
    check(mine, (images(3, 64, 64),), lambda x: theirs(x).pooler_output)
    mine.double(), theirs.double()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).pooler_output)
    mine.train(), theirs.train()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).pooler_output)


def test_convnext(tmp_path: Path) -> None:
    config = transformers.ConvNextConfig(
        num_stages=3, hidden_sizes=[8, 16, 24], depths=[1, 2, 1], num_labels=5
    )
    theirs = transformers.ConvNextForImageClassification(config)
    mine = loaded(theirs, own("convnext", tmp_path))
    check(mine, (images(3, 64, 64),), lambda x: theirs(x).logits)
    mine.double(), theirs.double()
    check(mine, (images(3, 64, 64).double(),), lambda x: theirs(x).logits)


def test_roberta_with_padding(tmp_path: Path) -> None:
    config = transformers.RobertaConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        vocab_size=100, max_position_embeddings=14, type_vocab_size=1, layer_norm_eps=1e-5,
    )  # fmt: skip
    theirs = transformers.RobertaModel(config, add_pooling_layer=False)
    mine = loaded(theirs, own("roberta", tmp_path))
    mask = torch.ones(2, 12, dtype=torch.bool)
    mask[1, 7:] = False
    given = (tokens(12) + 2).masked_fill(~mask, config.pad_token_id)

    def sequence(x: Tensor) -> Tensor:
        result: Tensor = theirs(x, attention_mask=mask.long()).last_hidden_state
        return result

    check(mine, (given, mask), sequence)
    mine.double(), theirs.double()
    check(mine, (given, mask), sequence)


def test_swin(tmp_path: Path) -> None:
    config = transformers.SwinConfig(
        image_size=56, embed_dim=24, depths=[2, 2], num_heads=[3, 6], window_size=7, num_labels=10
    )
    theirs = transformers.SwinForImageClassification(config)
    mine = loaded(theirs, own("swin", tmp_path))
    check(mine, (images(3, 56, 56),), lambda x: theirs(x).logits)
    mine.double(), theirs.double()
    check(mine, (images(3, 56, 56).double(),), lambda x: theirs(x).logits)
