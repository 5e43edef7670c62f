"""Tokens a second of text that networks write: with what they keep, and with the whole read again each time.

python bench/texts.py

Networks have initial weights; one text is written, on one thread. Seconds are those of the processor.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import torch

from nncli.generation.next_token import Choice
from nncli.generation.step_by_step import Recomputing, Sequential, Steps, steps_of
from nncli.generation.writing import Writer
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.spec.text_recipes import TextOptions

HEAD: Final = """
network:
  inputs: {{text: {{shape: [{length}], type: index, vocabulary: 128}}}}
  layers:
"""
LSTM: Final = "    - Embedding: 48\n    - LSTM: 192\n    - Linear: 128\n"
GPT: Final = """
    - Embedding: {width}
    - PositionEmbedding
    - Sequential:
        - residual: [LayerNorm, SelfAttention: {{heads: {heads}, causal: true}}]
        - residual: [LayerNorm, Linear: {wide}, GELU, Linear: {width}]
      repeat: {depth}
    - LayerNorm
    - Linear: 128
"""
NETWORKS: Final = {
    "LSTM of 192, 128 steps": (128, LSTM),
    "GPT, 3 layers of 96, 128 steps": (128, GPT.format(width=96, wide=384, heads=4, depth=3)),
    "GPT, 6 layers of 384, 512 steps": (512, GPT.format(width=384, wide=1536, heads=6, depth=6)),
}


def speed(steps: Steps, length: int) -> float:
    """Writes as many tokens as fit into the window; returns tokens a second of the processor."""
    writer = Writer(steps, Choice(TextOptions(), (), 0), None)
    list(writer.write([1], 1, 8, torch.device("cpu")))
    began = time.process_time()
    count = len(list(writer.write([1], 1, length - 1, torch.device("cpu"))))
    return count / (time.process_time() - began)


def main() -> None:
    """Prints one line a network."""
    torch.set_num_threads(1)
    for name, (length, layers) in NETWORKS.items():
        text = HEAD.format(length=length) + layers
        network = prepare(parse_spec(text, Origin("bench.yaml", Path(), text))).network
        network.module.eval()
        found = Sequential(network, "text", {})
        kept, again = steps_of(found), Recomputing(found, takes_any_length=True)
        assert kept.keeps
        figures = speed(kept, length), speed(again, length)
        print(
            f"{name:34} kept {figures[0]:8.0f}  again {figures[1]:8.0f}  {figures[0] / figures[1]:5.1f} times"
        )


if __name__ == "__main__":
    main()
