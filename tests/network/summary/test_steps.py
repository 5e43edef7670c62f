from __future__ import annotations

import pytest

from nncli.network.summary.steps import wiring
from tests.network.compiled import IMAGE, compiled
from tests.network.compiled import network as compiled_spec
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


MASKED = "tokens: {shape: [8], type: index, vocabulary: 11, mask: true}"


def steps_of(layers: str, inputs: str = IMAGE) -> list[tuple[str, str]]:
    return [(step.name, step.type) for step in wiring(compiled(layers, inputs)).steps]


def test_an_expression_with_all_its_parts_is_one_step() -> None:
    (one,) = wiring(compiled("compute: x * sigmoid(1.702 * x)")).steps
    assert (one.name, one.type, len(one.nodes)) == ("compute", "compute", 3)
    (one,) = wiring(compiled("compute: {a: relu(x), b: a + x}")).steps
    assert len(one.nodes) == 2


def test_the_sum_of_a_residual_stands_in_its_scope_whatever_its_body_ends_in() -> None:
    found = steps_of("{residual: [ReLU, compute: x + 1], name: around, repeat: 2}")
    assert found == [
        (f"around.{number}.{own}", kind)
        for number in (0, 1)
        for own, kind in (("relu", "ReLU"), ("compute", "compute"), ("add", "add"))
    ]


@pytest.mark.parametrize(("join", "own"), [("cat", "cat"), ("add", "add"), ("a * b", "join")])
def test_a_join_stands_beside_its_branches(join: str, own: str) -> None:
    branches = "parallel: {a: [Conv2d: [4, 1]], b: [Conv2d: [4, 1], ReLU]}"
    found = steps_of(f"{{{branches}, join: {join}}}")
    assert [name for name, _ in found] == ["a.conv2d", "b.conv2d", "b.relu", own]
    found = steps_of(f"{{{branches}, join: {join}, name: both}}")
    assert [name for name, _ in found] == ["both.a.conv2d", "both.b.conv2d", "both.b.relu", f"both.{own}"]


def test_the_join_of_a_loop_stands_beside_its_repetitions() -> None:
    found = steps_of("{Conv2d: [4, $k, padding: same], repeat: {k: [1, 3, 5]}, join: add}")
    # Two sums of torch are one of the file.
    assert [name for name, _ in found] == ["conv2d.0", "conv2d.1", "conv2d.2", "conv2d.add"]


def test_what_a_layer_takes_along_belongs_to_it() -> None:
    layers = "Embedding: 4, rearrange: b t c -> b c t, Conv1d: [4, 3, stride: 2, padding: 1], ReLU"
    found = steps_of(layers, MASKED)
    # Neither what fills padding nor the shorter mask is a step.
    assert [kind for _, kind in found] == ["Embedding", "rearrange", "Conv1d", "ReLU"]


def test_a_mask_is_named_by_the_input_that_it_comes_from() -> None:
    layers = "Embedding: 4, residual: [Linear: 4], {parallel: {a: [], b: [Tanh]}, join: {cat: {dim: -1}}}"
    steps = wiring(compiled(f"{layers}, {{GRU: 4, take: last}}", MASKED)).steps
    assert {step.name: step.mask for step in steps} == {
        "embedding": "tokens.mask",
        "linear": "tokens.mask",
        "add": "tokens.mask",
        "b.tanh": "tokens.mask",
        "cat": "tokens.mask",
        "gru": "",
    }
    layers = "Embedding: 4, rearrange: b t c -> b c t, Conv1d: [4, 3, stride: 2], MaxPool1d: 2"
    assert wiring(compiled(layers, MASKED)).steps[-1].mask == "tokens.mask"


def test_a_layer_is_shown_with_what_it_hands_on() -> None:
    rows = "tokens: {shape: [8], type: index, vocabulary: 11}"
    steps = wiring(compiled("Embedding: 4, {LSTM: 6, take: last}, Linear: 2", rows)).steps
    assert [(step.name, step.output) for step in steps][1:] == [("lstm", (6,)), ("linear", (2,))]
    steps = wiring(compiled("Embedding: 4, {Sequential: [Linear: 6], take: last}", rows)).steps
    assert [(step.name, step.output) for step in steps][1:] == [("linear", (8, 6)), ("last", (6,))]
    (step,) = wiring(compiled("{max: {dim: 1}, take: indices}", "row: [3, 4]")).steps
    assert (step.type, step.output) == ("max", (4,))


def test_a_learned_tensor_is_a_step_that_feeds_what_uses_it() -> None:
    layers = "{Parameter: [3, 1, 1], name: scale}, compute: x * scale"
    parameter, product = wiring(compiled(layers)).steps
    assert (parameter.name, parameter.type, parameter.parameters) == ("scale", "Parameter", 3)
    assert (parameter.sources, parameter.key in product.sources) == ((), True)
    # It has no rows that could be left out.
    assert (parameter.output, product.output) == ((3, 1, 1), (3, 8, 8))


def test_a_length_that_a_network_gives_is_a_step_by_itself() -> None:
    network = compiled_spec(f"""
        network:
          inputs: {{{MASKED}}}
          layers: [Embedding: 4]
          outputs: {{words: x, count: tokens.length}}
    """)
    assert [step.type for step in wiring(network).steps] == ["Embedding", "sum"]
