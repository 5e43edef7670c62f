from __future__ import annotations

import ast
import operator
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import fx, nn

from nncli.errors import WeightsError
from nncli.network.calls.signatures import layer_classes
from nncli.network.checkpointing import use_checkpoints
from nncli.network.compiled import CompiledNetwork, Construction
from nncli.printing.source import python_source
from nncli.spec.network_spec import InputSpec
from tests.network.compiled import ROW, compiled
from tests.network.handmade import Hand, convolutions, inputs_of, opened, transformer
from tests.network.layers.test_every_layer import WRITTEN
from tests.printing.printed import assert_same, network

GOLDEN = Path(__file__).parents[1] / "golden" / "source"
RUFF = Path(sys.executable).parent / "ruff"
DOCUMENTS = {"OUTPUTS": '[{"target": "kind", "classes": ["\\"\\"\\"", "\\u202e", "b\'"], "unit": null}]'}


@pytest.mark.parametrize("make", [transformer, convolutions])
def test_the_program_is_the_network_and_reads_well(
    make: Callable[[], CompiledNetwork], tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    network = make()
    assert_same(network, tmp_path)
    golden(GOLDEN / f"{make.__name__}.txt", python_source(f"a-{make.__name__}.2", network, DOCUMENTS).text)


def test_shared_weights_stay_shared_and_frozen_ones_frozen(tmp_path: Path) -> None:
    program = assert_same(transformer(), tmp_path)
    assert program.linear.weight is program.embedding.weight  # type: ignore[union-attr]
    program = assert_same(convolutions(), tmp_path)
    trained = {name.split(".")[0] for name, weight in program.named_parameters() if weight.requires_grad}
    assert trained == {"lstm"}


@pytest.mark.parametrize("name", sorted(layer_classes()))
def test_every_layer_of_torch_can_be_printed(name: str, tmp_path: Path) -> None:
    network = compiled(*WRITTEN.get(name, (name, ROW)))
    network.module.eval()
    assert_same(network, tmp_path)


@pytest.mark.parametrize("make", [transformer, convolutions])
def test_the_program_needs_torch_alone_and_is_tidy(
    make: Callable[[], CompiledNetwork], tmp_path: Path
) -> None:
    text = python_source("net", make(), DOCUMENTS).text
    imported = {
        name.partition(".")[0]
        for node in ast.parse(text).body
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"torch"}
    (tmp_path / "net.py").write_text(text)
    command = [RUFF, "check", "--isolated", "--line-length=110", "--select=E,F,I,W", tmp_path / "net.py"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "never_used" not in text


@pytest.mark.parametrize("seed", range(25))
def test_variables_that_are_used_again_never_mix_up_values(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    hand = Hand(x=InputSpec((3,)), y=InputSpec((3,)))
    hand.root.register_buffer("steps", torch.tensor([0.5, 1.5, -2.0]), persistent=False)
    flows = [hand.input("x"), hand.input("y"), hand.attribute("steps")]
    infix = [operator.add, operator.sub, operator.mul, operator.truediv, torch.maximum]
    # What is no tensor is written where it is used, which may be later.
    waiting: list[fx.Node] = []
    for _ in range(draw.randint(2, 20)):
        one, other = draw.choice(flows[-5:]), draw.choice([*flows, 2, -1.5])
        kind = draw.random()
        if kind < 0.15:
            waiting.append(hand.call(torch.split, one, 1, -1))
        elif kind < 0.3 and waiting:
            part = hand.call(operator.getitem, waiting.pop(0), 0)
            flows.append(hand.call(operator.add, part, hand.input("y")))
        elif kind < 0.2:
            flows.append(hand.call(operator.neg, one))
        elif kind < 0.4:
            size = hand.call(operator.add, hand.method("size", one, -1), draw.choice([1, -3]))
            flows.append(hand.call(operator.mul, one, size, name=draw.choice(["", "x", "a.b", "b.0"])))
        else:
            function = draw.choice(infix if isinstance(other, fx.Node) else infix[:4])
            flows.append(hand.call(function, one, other, name=draw.choice(["", "", "y", "self", "torch"])))
    hand.root.to(torch.float64)
    last = hand.call(operator.add, hand.input("x"), flows[-1])
    network = hand.done(last, draw.choice(flows[3:]))
    program = opened(python_source("net", network, {}), tmp_path)
    inputs = inputs_of(network, 3)
    for one_result, other_result in zip(network.module(*inputs), program(*inputs), strict=True):
        torch.testing.assert_close(one_result.float(), other_result.float(), equal_nan=True)


def test_lists_with_gaps_and_unlike_members_are_written_out(tmp_path: Path) -> None:
    hand = Hand(x=InputSpec((3,)))
    flow = hand.input("x")
    for name, width in (("each.0.linear", 4), ("each.2.linear", 5), ("tower.0", 6), ("tower.1", 7)):
        hand.put(name, nn.Linear, in_features=flow.meta.get("shape", (2, 3))[-1], out_features=width)
        flow = hand.layer(name, flow)
    network = hand.done(flow)
    assert_same(network, tmp_path)
    text = python_source("net", network, {}).text
    assert 'self.each["2"].linear(x)' in text
    assert "self.tower = nn.Sequential(nn.Linear(5, 6), nn.Linear(6, 7))" in text


@pytest.mark.parametrize("name", ["a b", 'x"""', "", "x\ny", "${x}"])
def test_a_name_that_is_none_never_reaches_the_code(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        python_source(name, transformer(), {})


def test_an_argument_or_layer_that_is_no_name_never_reaches_the_code() -> None:
    network = transformer()
    node = next(iter(network.module.graph.nodes))  # type: ignore[union-attr, arg-type]
    node.target = "tokens): print(1) #"
    with pytest.raises(ValueError, match="is no name"):
        python_source("net", network, {})
    renamed = replace(transformer(), inputs={'"""': InputSpec((5,), "index", 11)})
    with pytest.raises(ValueError, match="is no name"):
        python_source("net", renamed, {})
    hand = Hand(x=InputSpec((3,)))
    hand.root.add_module('"),print("', nn.ReLU())
    hand.built['"),print("'] = Construction(nn.ReLU, {})
    with pytest.raises(ValueError, match="is no name"):
        python_source("net", hand.done(hand.layer('"),print("', hand.input("x"))), {})


def test_a_constant_too_long_to_read_is_refused() -> None:
    hand = Hand(x=InputSpec((3,)))
    hand.root.register_buffer("noise", torch.randn(10_001, 1), persistent=False)
    network = hand.done(
        hand.call(operator.add, hand.input("x"), hand.call(torch.sum, hand.attribute("noise")))
    )
    with pytest.raises(WeightsError) as caught:
        python_source("net", network, {})
    assert caught.value.problems[0].code == "export-constant-large"


CHECKPOINTS = """
blocks:
  block:
    args: [channels]
    layers:
      - residual: [Conv2d: [$channels, 3, padding: 1], BatchNorm2d, ReLU, Dropout: 0.3]
        shortcut: $(size(1) == channels)
network:
  inputs: {image: [3, 8, 8]}
  layers:
    - block: 4
      name: first
      checkpoint: true
    - block: 4
      name: stages
      repeat: 3
      checkpoint: true
    - Sequential:
        - block: 4
          checkpoint: true
        - ReLU
      name: outer
    - BatchNorm2d:
      name: norm
      checkpoint: true
    - Flatten
    - Linear: 2
"""


def test_checkpoints_are_printed_and_train_with_the_same_bits(tmp_path: Path) -> None:
    made = network(CHECKPOINTS)
    text = python_source("net", made, {}).text
    assert "x = checkpointed(self.first, image)" in text
    assert "        for stage in self.stages:\n            x = checkpointed(stage, x)" in text
    assert "x = checkpointed(self.block, x)" in text
    assert "x = checkpointed(self.norm, x)" in text
    assert "from torch.utils.checkpoint import checkpoint" in text
    program = assert_same(made, tmp_path)
    use_checkpoints(made.module)
    image, found = torch.randn(4, 3, 8, 8), []
    for module in (made.module, program):
        counts: list[nn.Module] = []
        for part in module.modules():
            if isinstance(part, nn.Conv2d):
                part.register_forward_hook(lambda part, *_, counts=counts: counts.append(part))
        torch.manual_seed(5)
        module.train()(image).square().sum().backward()
        assert len(counts) == 10
        found.append([*(weight.grad for weight in module.parameters()), *module.buffers()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
