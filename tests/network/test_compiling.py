"""A compiled network is the class that a person would have written, bit for bit."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch
from torch import nn

from nncli.errors import Exit, NncliError
from nncli.network.compiled import CompiledNetwork, stored_tensors
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.graph.samples import run_rows
from nncli.spec.network_spec import InputSpec
from tests.network.compiled import IMAGE, ROW, SIGNAL, codes, compiled, refusals, rows


def _is_without_weights(network: CompiledNetwork) -> bool:
    return any(weight.is_meta for weight in network.module.parameters())


class HandWritten(nn.Module):
    """What `CONVOLUTIONS` says."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 8, 3, padding="same")
        self.batchnorm2d = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.conv2d_2 = nn.Conv2d(8, 4, 3, bias=False)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(144, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        image = self.relu(self.batchnorm2d(self.conv2d(image)))
        result: torch.Tensor = self.head(self.dropout(self.flatten(self.conv2d_2(image))))
        return result


CONVOLUTIONS = (
    "Conv2d: [8, 3, padding: same], BatchNorm2d, ReLU, Conv2d: [4, 3, bias: false], Flatten, "
    "Dropout: 0.25, {Linear: $classes, name: head}"
)


def equal_states(mine: nn.Module, theirs: nn.Module) -> bool:
    pairs = zip(mine.state_dict().items(), theirs.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_it_equals_the_hand_written_class_bit_for_bit() -> None:
    torch.manual_seed(7)
    hand_written = HandWritten()
    after_theirs = torch.get_rng_state()
    torch.manual_seed(7)
    network = compiled(CONVOLUTIONS, classes=5)
    assert torch.equal(torch.get_rng_state(), after_theirs)
    assert equal_states(network.module, hand_written)
    image = torch.randn(4, 3, 8, 8)
    torch.manual_seed(1)
    mine = network.module(image)
    torch.manual_seed(1)
    assert torch.equal(mine, hand_written(image))
    assert equal_states(network.module, hand_written), "running statistics moved alike"


def test_its_forward_is_straight_line_code_with_the_names_of_the_file() -> None:
    network = compiled(CONVOLUTIONS, classes=5)
    code = str(network.module.code)
    assert "def forward(self, image):" in code and "self.head(" in code
    assert not any(word in code for word in ("for ", "if ", "while "))
    assert network.output_shape == (5,) and network.parameters() == sum(
        weight.numel() for weight in HandWritten().parameters()
    )


def test_a_network_above_64_mb_is_sized_without_memory_and_starts_equal() -> None:
    layers = "Linear: 3000, ReLU, Linear: 6000, ReLU, Linear: 2"
    torch.manual_seed(5)
    theirs = nn.Sequential(
        nn.Linear(6, 3000), nn.ReLU(), nn.Linear(3000, 6000), nn.ReLU(), nn.Linear(6000, 2)
    )
    torch.manual_seed(5)
    network = compiled(layers, ROW)
    assert not _is_without_weights(network)
    for mine, other in zip(network.module.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert _is_without_weights(compiled(layers, ROW, weights=False))


@pytest.mark.parametrize(
    "layers", [", ".join(["Linear: 4, ReLU"] * 2500), "{Sequential: [Linear: 4, ReLU], repeat: 2500}"]
)
def test_of_five_thousand_layers_equal_ones_run_once(layers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    def counted(*arguments: object, **keywords: object) -> object:
        runs.append(arguments)
        return run_rows(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr("nncli.network.items.layer_calls.run_rows", counted)
    network = compiled(layers, ROW, weights=False)
    # The first Linear takes the width of the row, all others that of the layer above.
    assert len(network.calls) == 5000 and len(runs) == 3


def test_a_giant_layer_is_refused_with_its_figure_before_anything_is_allocated() -> None:
    began = time.process_time()
    with pytest.raises(NncliError) as caught:
        compiled("Linear: 1000000, Linear: 1000000", ROW)
    problem = caught.value.problems[0]
    assert caught.value.exit_code == Exit.RESOURCE and problem.facts["needed"] == "3.6 TiB"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("layers", "inputs"),
    [
        ("Linear: 1000000000000, Linear: 1000000000000", ROW),
        ("Linear: 9223372036854775807", ROW),
        ("Upsample: {scale_factor: 100000}", IMAGE),
        ("ZeroPad2d: 1000000", IMAGE),
        ("AdaptiveAvgPool2d: 1000000", IMAGE),
        ("Conv2d: [8, 1, padding: 1000000]", IMAGE),
        ("ConvTranspose2d: [8, 1, stride: 1000000]", IMAGE),
        ("Upsample: {scale_factor: 50}, Upsample: {scale_factor: 50}, Upsample: {scale_factor: 50}", IMAGE),
        ("ReLU", "image: [3, 1000000, 1000000]"),
    ],
)
def test_what_no_memory_holds_is_a_resource(layers: str, inputs: str) -> None:
    with pytest.raises(NncliError) as caught:
        compiled(layers, inputs)
    assert caught.value.exit_code == Exit.RESOURCE
    assert caught.value.problems[0].place is not None


def test_a_large_picture_is_followed_by_its_shape() -> None:
    # Two rows are more than MOST_VALUES, and their results still fit into any memory.
    network = compiled("Conv2d: [8, 3], ReLU, MaxPool2d: 2, Flatten", "image: [3, 2600, 2600]")
    assert network.output_shape == (8 * 1299 * 1299,)
    assert not _is_without_weights(network)


@pytest.mark.parametrize(
    "name", ["class", "print", "self", "torch", "input", "inf", "lambda", "len", "nan", "device", "NoneType"]
)
def test_an_input_may_have_a_name_that_python_has(name: str) -> None:
    network = compiled("Linear: 3", f"{name}: [6]")
    assert list(network.inputs) == [name]
    assert network.module(torch.randn(2, 6)).shape == (2, 3)


def test_inputs_whose_names_differ_by_an_underscore_stay_apart() -> None:
    network = compiled("{Bilinear: 2, from: [class, class_]}", "class: [6], class_: [5]")
    assert network.module(torch.randn(2, 6), torch.randn(2, 5)).shape == (2, 2)


@pytest.mark.parametrize("name", ["print", "torch", "input", "inf", "len", "root", "nan", "math", "int"])
def test_a_layer_may_have_the_name_of_a_builtin(name: str) -> None:
    network = compiled(f"{{Linear: 3, name: {name}}}, ReLU", ROW)
    assert network.module(torch.randn(2, 6)).shape == (2, 3)
    assert next(iter(network.module.state_dict())) == f"{name}.weight"


def test_inputs_that_nobody_uses_are_left_out() -> None:
    network = compiled("{Linear: 2, from: b}", "a: [6], b: [5], c: [4]")
    assert network.output_shape == (2,) and list(network.inputs) == ["b"]
    assert network.module(*rows(network.inputs)).shape == (4, 2)


def test_a_layer_that_nobody_uses_is_a_mistake() -> None:
    layers = "{Linear: 3, from: a, name: lost}, {Linear: 2, from: b}"
    assert codes(layers, "a: [6], b: [5]") == ["result-unused"]


@pytest.mark.parametrize(
    "beside", ["join: add, name: both}, {Linear: 2, from: both.a}", "join: a * b}, {Linear: 2, from: a}"]
)
def test_what_joins_branches_may_be_unused_where_a_branch_is_used_by_name(beside: str) -> None:
    # The other branch is told, and not the join.
    assert codes(f"{{parallel: {{a: [Linear: 3], b: [Linear: 3]}}, {beside}", ROW) == ["result-unused"]


def test_a_learned_tensor_is_used_where_its_weights_are() -> None:
    assert codes("{Parameter: [3], name: lost}, Linear: 2", ROW) == ["result-unused"]
    shared = "{Linear: {out_features: 3, bias: false}, share: {weight: table}}"
    found = compiled(f"{{Parameter: [3, 6], name: table}}, {shared}", ROW)
    assert [*stored_tensors(found.module)] == ["table"]
    assert sum(call.parameters for call in found.calls) == found.parameters() == 18


def test_features_flow_in_where_there_are_several_inputs() -> None:
    inputs = {"age": InputSpec((1,)), "features": InputSpec((6,), "features")}
    spec = compiled("Linear: 2", ROW).spec
    bare = {"network": replace(spec, inputs=None)}
    network = compile_networks(bare, inputs, Surroundings())["network"]
    assert list(network.inputs) == ["features"]


def test_several_inputs_without_features_are_listed() -> None:
    [(code, facts)] = refusals("Linear: 3", "a: [6], b: [5]")
    assert code == "input-ambiguous" and facts["inputs"] == ["a [6]", "b [5]"]


def test_an_empty_network_is_refused() -> None:
    assert codes("") == ["network-empty"]


def test_the_first_result_of_a_recurrent_layer_flows_on() -> None:
    network = compiled("LSTM: 7, GRU: 3, Linear: 2", SIGNAL)
    assert network.output_shape == (5, 2)
    assert network.constructions["lstm"].arguments["batch_first"] is True
