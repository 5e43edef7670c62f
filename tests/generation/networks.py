"""Networks that take a text of twelve steps, and texts to train them on."""

from __future__ import annotations

from pathlib import Path

import torch

from nncli.generation.step_by_step import Sequential
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin

STEPS = 12
SIZE = 20
_HEAD = "network:\n  inputs: {text: {shape: [12], type: index, vocabulary: 20%s}}\n  layers:\n"
NETWORKS = {
    "lstm": "[{Embedding: 8}, {LSTM: 8}, {Linear: 20}]",
    "gru": "[{Embedding: 8}, {GRU: [8, num_layers: 2]}, {RNN: 8}, {Linear: 20}]",
    "gpt": """
    - Embedding: 8
    - PositionEmbedding
    - residual: [LayerNorm, SelfAttention: {heads: 2, causal: true}, Dropout: 0.5]
      repeat: 2
    - Linear: 20""",
    "sinusoids": """
    - Embedding: 8
    - PositionEmbedding: {kind: sinusoidal}
    - SelfAttention: {heads: 2, causal: true}
    - Linear: 20""",
    "llama": """
    - Embedding: 16
    - residual: [RMSNorm, SelfAttention: {heads: 4, kv_heads: 2, causal: true, rotary: {interleaved: true}}]
    - residual: [RMSNorm, Linear: 16, SiLU]
    - Linear: 20""",
    "t5": """
    - Embedding: 8
      name: embedded
    - RelativePositionBias: {heads: 2, buckets: 4, max_distance: 6, bidirectional: false}
      name: bias
    - SelfAttention: {heads: 2, causal: true}
      from: {x: embedded, attn_mask: bias}
    - Linear: 20""",
    "torch's": """
    - Embedding: 8
      name: embedded
    - compute: {future: "triu(ones([12, 12]), 1) > 0"}
    - MultiheadAttention: {num_heads: 2}
      from: {query: embedded, key: embedded, value: embedded, attn_mask: future}
    - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8}
      from: {src: x, src_mask: future}
    - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8, norm_first: true}
      from: {src: x, src_mask: future}
    - Linear: 20""",
    "shared": """
    - Embedding: 8
    - SelfAttention: {heads: 2, causal: true}
      name: first
    - SelfAttention:
      share: first
    - Linear: 20""",
}
"""Networks whose layers all go on from a state."""
OTHERS = {
    "two ways": "[{Embedding: 8}, {LSTM: [8, bidirectional: true]}, {Linear: 20}]",
    "looks ahead": "[{Embedding: 8}, {SelfAttention: {heads: 2}}, {Linear: 20}]",
    "mean": "[{Embedding: 8}, {compute: 'x + mean(x, 1, keepdim=true)'}, {Linear: 20}]",
    "convolution": """
    - Embedding: 8
    - rearrange: b t c -> b c t
    - ConstantPad1d: [[2, 0], 0.0]
    - Conv1d: [8, 3]
    - rearrange: b c t -> b t c
    - Linear: 20""",
    "one length": """
    - Embedding: 8
    - rearrange: b t c -> b c t
    - Linear: 12
    - rearrange: b c t -> b t c
    - Linear: 20""",
}
"""Networks with something that has no state."""
TEXT = "to be or not to be, that is the question.\n" * 30


def sequential(layers: str, *, mask: bool = False) -> Sequential:
    """Makes a network with initial weights, in eval mode."""
    text = _HEAD % (", mask: true" if mask else "") + ("    " + layers if layers[0] == "[" else layers[1:])
    network = prepare(parse_spec(text, Origin("spec.yaml", Path(), text))).network
    network.module.eval()
    return Sequential(network, "text", {})


def tokens(rows: int = 3, steps: int = STEPS) -> torch.Tensor:
    """Draws tokens, the same each time."""
    return torch.randint(SIZE, (rows, steps), generator=torch.Generator().manual_seed(1))
