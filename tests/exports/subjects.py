"""Subjects made by hand, for the tests of this folder."""

from __future__ import annotations

import torch

from nncli.exports.subject import Subject
from nncli.exports.verification import Batches, sample_rows
from nncli.network.compiled import CompiledNetwork, stored_tensors, together
from tests.network.compiled import network
from tests.network.handmade import convolutions, transformer

METADATA = {
    "nncli.spec": '{"name": "net"}',
    "nncli.outputs": '[{"target": "kind", "classes": ["rose", "tülip"]}]',
    "nncli.encoders": '{"inputs": [{"mean": 1.5}]}',
}


def subject(name: str, networks: dict[str, CompiledNetwork]) -> Subject:
    """Takes networks with the weights that they have."""
    tensors = {name: tensor.detach() for name, tensor in stored_tensors(together(networks).eval()).items()}
    return Subject(name, networks, tensors, METADATA)


def tokens() -> Subject:
    """Whole numbers in, two outputs, shared weights, a constant."""
    return subject("tokens", {"network": transformer()})


def pictures() -> Subject:
    """Two inputs, batch statistics, an LSTM."""
    return subject("pictures", {"network": convolutions()})


def normed() -> Subject:
    """Weights that are learned through norms, one of them inside of a layer."""
    text = """
    network:
      inputs: {image: [2, 6, 6]}
      parametrize: [{match: "*.query.weight", spectral_norm: {}}]
      layers:
        - Conv2d: [4, 3]
          parametrize: {spectral_norm: {n_power_iterations: 2}}
        - rearrange: b c h w -> b (h w) c
        - SelfAttention: {heads: 2}
        - Linear: 3
          parametrize: weight_norm
    """
    torch.manual_seed(0)
    return subject("normed", {"network": network(text)})


def both() -> Subject:
    """Two networks."""
    return subject("both", {"tokens": transformer(), "pictures": convolutions()})


def batches(subject: Subject) -> Batches:
    """Draws one row, then three."""
    return [sample_rows(subject, 1), sample_rows(subject, 3)]


def assert_close(subject: Subject, found: Batches) -> None:
    """Compares what an export gave with what the network gives."""
    for inputs, outputs in zip(batches(subject), found, strict=True):
        torch.testing.assert_close(outputs, subject.run(inputs), rtol=1e-5, atol=1e-6)
