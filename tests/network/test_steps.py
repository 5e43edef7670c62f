from __future__ import annotations

from dataclasses import replace

from nncli.network.steps import wiring
from tests.network.traced import decoder, digits, resnet, two_inputs, unet


def test_layers_in_order_with_what_flows_in() -> None:
    found = wiring(digits())
    assert [step.type for step in found.steps][:3] == ["Conv2d", "ReLU", "MaxPool2d"]
    first, second = found.steps[:2]
    assert (first.output, first.parameters, first.is_layer) == ((32, 8, 8), 320, True)
    assert [found.inputs[source] for source in first.sources] == ["image"]
    assert second.sources == (first.key,)
    assert found.outputs == {"output": found.steps[-1].key}


def test_a_sum_stands_in_the_scope_of_its_residual() -> None:
    names = [step.name for step in wiring(decoder()).steps if step.type == "add"]
    assert names == [f"layers.{n}.add" for n in (0, 0, 1, 1, 2, 2)]
    names = [step.name for step in wiring(resnet()).steps if step.type == "add"]
    assert names[:4] == ["stages.0.0.add", "stages.0.1.add", "stages.0.2.add", "stages.1.0.add"]


def test_a_skip_is_read_where_it_is_joined() -> None:
    steps = {step.name: step for step in wiring(unet()).steps}
    keys = {step.key: name for name, step in steps.items()}
    assert [keys[source] for source in steps["up.0.cat"].sources] == ["down.2.skip.3", "up.0.convtranspose2d"]


def test_two_inputs_and_two_outputs() -> None:
    found = wiring(two_inputs())
    keys = {step.key: step.name for step in found.steps}
    assert list(found.inputs.values()) == ["tokens", "image"]
    assert {name: keys[key] for name, key in found.outputs.items()} == {"output": "head", "output_1": "score"}
    (cat,) = (step for step in found.steps if step.type == "cat")
    # Taking the last step of the sequence is no step of its own.
    assert [keys[source] for source in cat.sources] == ["text.lstm", "picture.2"]


def test_nodes_that_the_file_says_as_one_are_one_step() -> None:
    network = resnet(times=1)
    graph = network.module.graph
    total = next(node for node in graph.nodes if node.name == "add")
    relu = next(iter(total.users))
    for node in (total, relu):
        node.meta |= {"label": "compute", "place": network.calls[0].place}
    (call,) = (each for each in network.calls if each.node == relu.name)
    named = replace(call, type="relu(x + y)", is_layer=False)
    calls = tuple(named if each is call else each for each in network.calls)
    steps = wiring(replace(network, calls=calls)).steps
    (one,) = (step for step in steps if step.type == "relu(x + y)")
    assert one.nodes == {total.name, relu.name}
    assert "add" not in [step.type for step in steps][:8]
