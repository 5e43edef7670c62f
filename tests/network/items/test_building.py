"""Every mistake in a list of layers is found, at its line, also behind another one."""

from __future__ import annotations

import pytest

from tests.network.compiled import IMAGE, ROW, SIGNAL, TOKENS, codes, compiled, refusals


@pytest.mark.parametrize(
    ("layers", "inputs", "code"),
    [
        ("Linear: 3", IMAGE, "wrong-axis"),
        ("Conv2d: [4, 3], LayerNorm", IMAGE, "wrong-axis"),
        ("Embedding: 4, Conv1d: [4, 3]", TOKENS, "wrong-axis"),
        ("Embedding: 4, BatchNorm1d", TOKENS, "wrong-axis"),
        ("LSTM: 4, Conv1d: [4, 3]", SIGNAL, "wrong-axis"),
        ("Conv2d: [4, 3]", ROW, "input-dimensions"),
        ("LSTM: 4", IMAGE, "input-dimensions"),
        ("BatchNorm1d", IMAGE, "input-dimensions"),
        ("Conv2d: [4, 9]", IMAGE, "shape-mismatch"),
        ("MaxPool2d: 9", IMAGE, "shape-mismatch"),
        ("Unflatten: [1, [2, 2]]", ROW, "shape-mismatch"),
        ("BatchNorm2d: 64", IMAGE, "positions-refused"),
        ("LayerNorm: 6", ROW, "positions-refused"),
        ("LayerNorm: [6]", ROW, "positions-refused"),
        ("RMSNorm: 6", ROW, "positions-refused"),
        ("Linear: {in_features: 5, out_features: 3}", ROW, "size-differs"),
        ("Embedding: {num_embeddings: 10, embedding_dim: 3}", TOKENS, "size-differs"),
        ("Embedding: 3", "tokens: {shape: [5], type: index}", "size-not-inferred"),
        ("Linear: 3", TOKENS, "input-index"),
        ("Embedding: 3", ROW, "input-not-index"),
        ("Softmax", ROW, "argument-missing"),
        ("Conv2d: 4", IMAGE, "argument-missing"),
        ("LSTM: [4, batch_first: false]", SIGNAL, "argument-range"),
        ("LSTM: [4, num_layers: 1000000000]", SIGNAL, "argument-range"),
        ("Linear: 0", ROW, "argument-range"),
        ("Linear: 9999999999999999999999", ROW, "argument-range"),
        ("Linear: 3.5", ROW, "argument-type"),
        ("Linear: true", ROW, "argument-type"),
        ("Linear: [[3]]", ROW, "argument-type"),
        ("Linear: [3, bias: 1]", ROW, "argument-type"),
        ("Dropout: 2", ROW, "layer-refused"),
        ("Conv2d: [4, 3, padding: sme]", IMAGE, "layer-refused"),
        ("Conv2d: [4, 3, groups: 2]", IMAGE, "layer-refused"),
        ("Linear: [3, biass: true]", ROW, "argument-unknown"),
        ("Linear: [3, true, 4]", ROW, "too-many-arguments"),
        ("Linear: [3, out_features: 4]", ROW, "argument-repeated"),
        ("Linear: $(size(2))", ROW, "size-outside"),
        ("Linear: $(size(0))", ROW, "size-outside"),
        ('Linear: "$(size(other, 1))"', ROW, "value-unknown"),
        ("Linear: $classes", ROW, "count-unknown"),
        ("Linear: $kind.classes", ROW, "count-unknown"),
        ("{Linear: 3, from: lnear}", ROW, "value-unknown"),
        ("Linear: 3, {Linear: 3, from: linear}", ROW, "value-unnamed"),
        ("{Linear: 3, from: [row, row]}", ROW, "inputs-count"),
        ("Bilinear: 3", ROW, "inputs-count"),
        ("Liner: 3", ROW, "layer-unknown"),
        ("ModuleList: [ReLU]", ROW, "layer-not-allowed"),
        ("CrossEntropyLoss", ROW, "layer-not-allowed"),
        ("{Linear: 3, name: row}", ROW, "name-of-input"),
        ("{Linear: 3, name: training}", ROW, "name-taken"),
        ("{Linear: 3, name: self}", ROW, "name-taken"),
        ("{Linear: 3, name: forward}", ROW, "name-taken"),
        ("{Linear: 3, name: a}, {Linear: 3, name: a}", ROW, "name-repeated"),
    ],
)
def test_a_mistake_has_its_code(layers: str, inputs: str, code: str) -> None:
    assert codes(layers, inputs) == [code]


def test_what_stands_behind_a_mistake_is_checked_as_far_as_it_goes() -> None:
    found = codes("Liner: 3, Dropout: 2, Linear: [3, biass: 1], LayerNorm: 4, Softmax, ReLU", ROW)
    expected = "layer-unknown layer-refused argument-unknown positions-refused argument-missing"
    assert found == expected.split()


def test_a_named_result_that_failed_hides_nothing_else() -> None:
    layers = "{Liner: 3, name: a}, {Linear: 4, from: row}, {Bilinear: 2, from: [a, row]}, Dropout: 7"
    assert codes(layers, ROW) == ["layer-unknown", "layer-refused"]


def test_a_name_goes_back_to_the_flow() -> None:
    layers = "{Linear: 4, name: a}, {Linear: 2, name: b}, {Linear: 3, from: a}, {cat: {dim: 1}, from: [b, x]}"
    network = compiled(layers, ROW)
    assert [call.input_shapes[0] for call in network.calls] == [(2, 6), (2, 4), (2, 4), (2, 2)]
    assert network.output_shape == (5,)


def test_sizes_are_read_from_what_flows_in_and_from_names() -> None:
    layers = '{Conv2d: [4, 3], name: stem}, Flatten, Linear: "$(size(1) // size(stem, 2))"'
    assert compiled(layers, IMAGE).output_shape == (4 * 6 * 6 // 6,)


def test_stated_sizes_that_fit_are_taken() -> None:
    assert compiled("Linear: {in_features: 6, out_features: 3}", ROW).output_shape == (3,)
    assert compiled("LayerNorm: {normalized_shape: [3, 8, 8]}", IMAGE).output_shape == (3, 8, 8)
    assert compiled("Embedding: {num_embeddings: 20, embedding_dim: 3}", TOKENS).output_shape == (5, 3)


def test_automatic_names_count_and_step_aside() -> None:
    layers = "Linear: 4, {Linear: 4, name: linear_2}, Linear: 4, Linear: 4, {ReLU: , name: linear}"
    names = [call.name for call in compiled(layers, "linear_3: [6]").calls]
    assert names == ["linear_4", "linear_2", "linear_5", "linear_6", "linear"]


def test_the_wrong_axis_names_both_layers_the_shape_and_what_to_type() -> None:
    [(_, facts)] = refusals("Conv2d: [16, 3], Linear: 3", IMAGE)
    assert facts["layer"] == "Linear" and "Conv2d" in str(facts["source"])
    assert facts["received"] == "[batch, 16, 6, 6]" and "Flatten" in str(facts["fix"])


@pytest.mark.parametrize(
    ("layers", "inputs", "near"),
    [
        ("Dense: 3", ROW, "Linear"),
        ("LazyLinear: 3", ROW, "Linear"),
        ("Conv2D: [3, 3]", IMAGE, "Conv2d"),
        ("Zzz", ROW, ""),
    ],
)
def test_an_unknown_layer_names_the_one_that_was_meant(layers: str, inputs: str, near: str) -> None:
    [(_, facts)] = refusals(layers, inputs)
    assert facts["nearest"] == near


@pytest.mark.parametrize(
    ("layers", "near"),
    [
        ("Linear: {units: 3}", "out_features"),
        ("Linear: {out_feature: 3}", "out_features"),
        ("Linear: {zzz: 3}", ""),
    ],
)
def test_an_unknown_argument_names_the_one_that_was_meant(layers: str, near: str) -> None:
    [(_, facts)] = refusals(layers, ROW)
    assert facts["nearest"] == near and "in_features, out_features" in str(facts["signature"])


@pytest.mark.parametrize("shape", ["$(size(1))", "[$(size(1))]"])
def test_a_parameter_is_as_wide_as_what_flows_in(shape: str) -> None:
    network = compiled(f"Linear: 7, {{Parameter: {shape}, name: scale}}, compute: scale * x", ROW)
    assert network.module.get_parameter("scale").shape == (7,)
