"""Every shipped architecture is printed as a program that gives the same bits and reads well."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import torch

from nncli.network.compiled import CompiledNetwork
from nncli.printing.source import python_source
from tests.network.handmade import opened
from tests.printing.printed import assert_same
from tests.specs.architectures import LARGE, NAMES, networks, small

# The whole program, with what loads its weights.
MOST_LINES = {"gpt-2": 130, "resnet-50": 130, "vit-b-16": 130, "transformer": 260}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_printed_as_it_is(name: str, tmp_path: Path) -> None:
    for label, network in small(name).items():
        if name in LARGE:
            assert_same_names(network, tmp_path)
        else:
            assert_same(network, tmp_path)
        text = python_source(f"{name}-{label}", network, {}).text
        assert "Group(" not in text
        assert max(map(len, text.splitlines())) <= 110


def assert_same_names(network: CompiledNetwork, folder: Path) -> None:
    with torch.device("meta"):
        program = opened(python_source("net", network, {}), folder)
    expected = {key: tensor.shape for key, tensor in network.module.state_dict().items()}
    assert {key: tensor.shape for key, tensor in program.state_dict().items()} == expected


@pytest.mark.parametrize("name", MOST_LINES)
def test_it_is_as_short_as_a_hand_would_write_it(name: str) -> None:
    (network,) = networks(name, weights=False).values()
    text = python_source(name, network, {}).text
    assert len(text.splitlines()) <= MOST_LINES[name]


def test_blocks_are_classes_and_repetitions_lists() -> None:
    (network,) = networks("resnet-50", weights=False).values()
    tree = ast.parse(python_source("resnet-50", network, {}).text)
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == [
        "ConvBn",
        "Bottleneck",
        "Resnet50",
    ]
    text = ast.unparse(tree)
    assert re.search(r"\*\(Bottleneck\(1024, 256, 1024\) for _ in range\(5\)\)", text)
    assert "nn.Sequential(OrderedDict(conv_bn=ConvBn(in_channels, channels, stride=stride)))" in text


def test_a_decoder_is_a_loop() -> None:
    (network,) = networks("transformer", weights=False).values()
    text = python_source("transformer", network, {}).text
    assert "        for layer in self.decoder:\n            y = layer(y, x, source_mask)" in text
    assert "rotary" not in text
