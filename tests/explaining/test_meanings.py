"""What torch says of arguments is read from its documentation, in every form in which it stands there."""

from __future__ import annotations

import pytest
from torch import nn, optim

from nncli.explaining.meanings import meanings_of, sentence_of
from nncli.network.calls.signatures import OWN_LAYERS, layer_classes, signature_of

MODES = "the upsampling algorithm: one of 'nearest', 'linear', 'bilinear', 'bicubic' and 'trilinear'"


@pytest.mark.parametrize(
    ("kind", "name", "meaning"),
    [
        (nn.Conv2d, "padding", "padding added to all four sides of the input"),
        (nn.Conv2d, "bias", "if true, adds a learnable bias to the output"),
        (nn.TransformerEncoderLayer, "nhead", "the number of heads in the multiheadattention models"),
        (nn.Upsample, "mode", MODES),
        (nn.Embedding, "sparse", "if true, gradient w.r.t. weight matrix will be a sparse tensor"),
        (nn.BatchNorm2d, "num_features", "C from an expected input of size (N, C, H, W)"),
        (optim.AdamW, "lr", "learning rate"),
    ],
)
def test_the_first_sentence_without_defaults_and_marks(kind: type, name: str, meaning: str) -> None:
    assert meanings_of(kind)[name] == meaning


def test_what_is_said_of_a_default_alone_is_nothing() -> None:
    assert "margin" not in meanings_of(nn.HingeEmbeddingLoss)


def test_a_section_ends_where_the_next_begins() -> None:
    def call() -> None:
        """Does something.

        Args:
            first: one thing
                that takes two lines. And more
            second (int, optional): another

        Returns:
            third: no argument
        """

    assert meanings_of(call) == {"first": "one thing that takes two lines", "second": "another"}


@pytest.mark.parametrize("name", OWN_LAYERS)
def test_every_argument_of_nnclis_own_layers_has_a_meaning(name: str) -> None:
    kind = layer_classes()[name]
    assert [*meanings_of(kind)] == [parameter.name for parameter in signature_of(kind).parameters]


def test_formulas_are_readable() -> None:
    def half() -> None:
        r"""half(x) -> Tensor
        Applies :math:`\text{Half}(x) = \frac{x + 1}{2}`. More.
        """

    assert sentence_of(half) == "applies Half(x) = (x + 1) / 2"
