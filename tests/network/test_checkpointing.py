"""What `checkpoint:` names runs a second time on the way back, and nothing else changes, not in one bit."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import fx, nn

from nncli.network.checkpointing import Again, use_checkpoints, with_checkpoints
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.graph.regions import has_checkpoints
from nncli.spec.opening import Origin, parse_spec
from tests.network.compiled import codes, rows

HEAD = """
constants: {shift: "linspace(0, 1, 8)"}
blocks:
  block:
    args: [channels, rate: 0.3]
    layers:
      - residual:
          - Conv2d: [$channels, 3, padding: 1]
          - BatchNorm2d
          - ReLU
          - Dropout: $rate
        shortcut: $(size(1) == channels)
      - compute: x + shift
  gated:
    inputs: [x, memory]
    layers:
      - Linear: 6
        parametrize: spectral_norm
      - BatchNorm1d:
        name: normed
      - mul:
        from: [x, memory]
      - Dropout: 0.5
        name: dropped
    outputs: [normed, dropped]
network:
"""
IMAGE = "  inputs: {image: [3, 8, 8]}\n"
NETWORKS = {
    "calls of a block, repeated": IMAGE
    + """\
  layers:
    - block: 4
      checkpoint: AGAIN
    - block: 4
      repeat: 3
      checkpoint: AGAIN
    - Flatten
    - Linear: 2
""",
    "some repetitions, one inside of another": IMAGE
    + """\
  layers:
    - Sequential:
        - block: [4, 0.5]
          checkpoint: AGAIN
        - BatchNorm2d
        - Dropout: 0.2
      repeat: {i: 3}
      checkpoint: $(i > 0 and AGAIN)
    - Flatten
    - Linear: 2
""",
    "shared calls, structures and layers": IMAGE
    + """\
  layers:
    - block: 3
      name: first
      checkpoint: AGAIN
    - block: 3
      share: first
      checkpoint: AGAIN
    - block: 3
      share: first
    - residual: [BatchNorm2d, Dropout: 0.4, Conv2d: [3, 1]]
      name: named
      checkpoint: AGAIN
    - parallel: {a: [Conv2d: [2, 1], BatchNorm2d], b: []}
      join: cat
      name: side
      checkpoint: AGAIN
    - BatchNorm2d:
      checkpoint: AGAIN
    - Flatten
    - Linear: 2
""",
    "several values flow in and out": """\
  inputs: {row: [6], other: [6]}
  layers:
    - Linear: 6
      from: row
    - gated:
      name: both
      from: {x: x, memory: other}
      checkpoint: AGAIN
    - add:
      from: [both.normed, both.dropped]
    - Linear: 2
""",
    "padded sequences": """\
  inputs: {tokens: {shape: [5], type: index, vocabulary: 11, mask: true}}
  layers:
    - Embedding: 8
    - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8, dropout: 0.3}
      repeat: 2
      checkpoint: AGAIN
    - SelfAttention: {heads: 2, dropout: 0.2}
      checkpoint: AGAIN
    - Sequential:
        - LSTM: [6, bidirectional: true]
        - Dropout: 0.3
      name: recurrent
      checkpoint: AGAIN
    - LSTM: 4
      take: last
      checkpoint: AGAIN
    - Linear: 2
""",
}


def _compiled(text: str, *, again: bool, own: Mapping[str, type[nn.Module]] | None = None) -> CompiledNetwork:
    text = HEAD + text.replace("AGAIN", str(again).lower())
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    torch.manual_seed(0)
    around = Surroundings({}, {"shift": torch.linspace(0, 1, 8)}, own or {})
    return compile_networks(spec.networks, {}, around)["network"]


def _inputs(network: CompiledNetwork) -> list[torch.Tensor]:
    given = {name: each for name, each in network.inputs.items() if each.type != "mask"}
    found = rows(given, 4)
    if any(each.type == "mask" for each in network.inputs.values()):
        found.append(torch.arange(5).expand(4, 5) < torch.tensor([[5], [3], [4], [5]]))
    return found


def _trained(
    module: fx.GraphModule, inputs: list[torch.Tensor], *, halves: bool = False
) -> list[torch.Tensor]:
    """Takes three steps; gives losses, gradients, weights, buffers and the state of the generator."""
    torch.manual_seed(7)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    found = []
    for _ in range(3):
        with torch.autocast("cpu", torch.bfloat16, enabled=halves):
            loss = module(*inputs).float().square().mean()
        optimizer.zero_grad()
        loss.backward()
        found += [
            loss.detach(),
            *(weight.grad.clone() for weight in module.parameters() if weight.grad is not None),
        ]
        optimizer.step()
    return [*found, *module.state_dict().values(), torch.get_rng_state()]


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_training_gives_the_same_bits(text: str, halves: bool) -> None:
    plain, sparing = (_compiled(text, again=again) for again in (False, True))
    inputs = _inputs(plain)
    assert has_checkpoints(sparing.module) and not has_checkpoints(plain.module)
    assert list(sparing.module.state_dict()) == list(plain.module.state_dict())
    use_checkpoints(sparing.module)
    pairs = list(
        zip(
            _trained(plain.module, inputs, halves=halves),
            _trained(sparing.module, inputs, halves=halves),
            strict=True,
        )
    )
    assert len(pairs) > 10
    assert all(torch.equal(one, other) for one, other in pairs)


def _calls(module: nn.Module) -> Counter[str]:
    """Counts how often layers run from now on."""
    counts: Counter[str] = Counter()

    def note(name: str) -> None:
        counts[name] += 1

    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(lambda *_, name=name: note(name))
    return counts


def test_only_training_with_gradients_runs_twice() -> None:
    made = _compiled(NETWORKS["calls of a block, repeated"], again=True)
    use_checkpoints(made.module)
    inputs, counts = _inputs(made), _calls(made.module)
    made.module(*inputs).sum().backward()
    assert set(counts.values()) == {2} and len(counts) == 4
    counts.clear()
    with torch.no_grad():
        made.module(*inputs)
    assert set(counts.values()) == {1}
    counts.clear()
    made.module.eval()(*inputs).sum().backward()
    assert set(counts.values()) == {1}
    twin = copy.deepcopy(made.module).train()
    counts = _calls(twin)
    twin(*inputs).sum().backward()
    assert set(counts.values()) == {1}, "a copy is looked into, and runs as it is written"


def test_a_gradient_of_a_gradient_goes_through() -> None:
    found = []
    for again in (False, True):
        made = _compiled(NETWORKS["calls of a block, repeated"], again=again)
        use_checkpoints(made.module)
        (image,) = _inputs(made)
        torch.manual_seed(3)
        image = image.requires_grad_()
        (slope,) = torch.autograd.grad(made.module(image).sum(), image, create_graph=True)
        slope.square().sum().backward()
        found.append([weight.grad for weight in made.module.parameters() if weight.grad is not None])
    assert len(found[0]) > 5
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


class Counting(nn.Module):
    """A layer of `--code` that keeps something beside its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("runs", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.runs += 1
        return torch.relu(x) * self.runs


def test_what_layers_of_ones_own_keep_changes_once() -> None:
    text = (
        IMAGE
        + "  layers:\n    - Conv2d: [3, 1]\n    - Counting:\n      checkpoint: AGAIN\n      name: counting\n"
    )
    found = []
    for again in (False, True):
        made = _compiled(text, again=again, own={"Counting": Counting})
        use_checkpoints(made.module)
        found.append(_trained(made.module, _inputs(made)))
        assert made.module.counting.runs == 3
    torch.manual_seed(0)
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_the_twin_has_one_call_for_each_checkpoint() -> None:
    made = _compiled(NETWORKS["some repetitions, one inside of another"], again=True)
    twin = with_checkpoints(made.module)
    names = [str(node.target) for node in twin.graph.nodes if node.op == "call_module"]
    assert [name.startswith("_checkpoint_") for name in names].count(True) == 3
    inside = [part for _, part in twin.named_children() if isinstance(part, Again)]
    first = [next(n for n in part.layers.graph.nodes if n.op != "placeholder") for part in inside]
    assert [str(node.target).startswith("_checkpoint_") for node in first] == [False, True, True]


@pytest.mark.parametrize(
    "item",
    [
        "{relu: , checkpoint: true}",
        "{compute: x + 1, checkpoint: true}",
        "{rearrange: b c h w -> b c w h, checkpoint: true}",
        "{residual: [Conv2d: [3, 1]], checkpoint: true}",
        "{Sequential: [Conv2d: [3, 1]], checkpoint: true}",
        "{Parameter: [3, 1, 1], name: a, checkpoint: true}, {add: , from: [x, a]}",
    ],
)
def test_what_has_nothing_inside_or_no_name_is_refused(item: str) -> None:
    assert codes(item) == ["checkpoint-unfit"]


def test_the_word_takes_true_or_false() -> None:
    assert codes("{Conv2d: [3, 1], checkpoint: often}") == ["value-type"]
    assert not has_checkpoints(
        _compiled(IMAGE + "  layers: [{Conv2d: [3, 1], checkpoint: AGAIN}]\n", again=False).module
    )
