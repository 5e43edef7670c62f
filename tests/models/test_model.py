from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars
import pytest
import torch

import nncli
from nncli.errors import DataError, NncliError, UsageError, WeightsError
from nncli.messages.catalogue import hint_of
from nncli.runs.weights_file import read_weights, write_weights
from tests.end_to_end.conftest import Trained, flowers, ripe
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers

__all__ = ["flowers", "ripe"]
ROW = {"length": 3.1, "width": 1.2, "colour": "red"}


@pytest.fixture
def exported(flowers: Trained, tmp_path: Path) -> Path:
    assert invoke(tmp_path, "export", flowers.run, "--output", "flowers.safetensors").code == 0
    return tmp_path / "flowers.safetensors"


def _code(error: NncliError) -> str:
    return error.problems[0].code


def test_a_run_folder_and_its_exported_file_are_the_same_model(flowers: Trained, exported: Path) -> None:
    one, other = nncli.load(flowers.run), nncli.load(str(exported))
    assert one.predict([ROW]) == other.predict([ROW])
    assert one.run is not None
    assert other.run is None
    for name, tensor in one.module.state_dict().items():
        assert torch.equal(tensor, other.module.state_dict()[name])
    assert list(one.module.state_dict()) == [
        "linear.weight",
        "linear.bias",
        "linear_2.weight",
        "linear_2.bias",
    ]


def test_the_exported_file_is_a_state_dict_for_everybody(exported: Path) -> None:
    from safetensors.torch import load_file

    assert sorted(load_file(exported)) == [
        "linear.bias",
        "linear.weight",
        "linear_2.bias",
        "linear_2.weight",
    ]


def test_the_metadata_say_what_is_needed(exported: Path) -> None:
    metadata = read_weights(exported).metadata
    assert sorted(metadata) == [
        *("nncli.digest", "nncli.encoders", "nncli.format", "nncli.layers"),
        *("nncli.outputs", "nncli.spec", "nncli.torch"),
    ]
    assert json.loads(metadata["nncli.outputs"]) == [
        {
            "target": "kind",
            "kind": "category",
            "classes": ["rose", "tulip", "weed"],
            "unit": None,
            "loss": "CrossEntropyLoss",
        }
    ]


def test_the_module_is_in_eval_mode_and_the_spec_states_its_inputs(flowers: Trained) -> None:
    model = nncli.load(flowers.run, device="cpu")
    assert not model.module.training
    inputs = model.spec.networks["network"].inputs
    assert inputs is not None and inputs["features"].shape == (4,)


def test_predicting_leaves_the_random_generator_alone(flowers: Trained) -> None:
    before = torch.get_rng_state()
    nncli.load(flowers.run).predict([ROW])
    assert torch.equal(torch.get_rng_state(), before)


def test_dicts_and_frames_may_hold_what_is_not_looked_at(flowers: Trained) -> None:
    model = nncli.load(flowers.run)
    wanted = model.predict([ROW])
    assert model.predict([{**ROW, "kind": "whatever", "note": None}]) == wanted
    assert model.predict(polars.DataFrame([{**ROW, "note": 1}])) == wanted


def test_rows_that_cannot_be_read_are_errors_of_the_data(flowers: Trained) -> None:
    model = nncli.load(flowers.run)
    for row in (
        {"length": 1},
        {**ROW, "colour": "violet"},
        {**ROW, "length": "wide"},
        {**ROW, "width": None},
    ):
        with pytest.raises(DataError):
            model.predict([row])


def test_a_binary_answer_names_both_classes(ripe: Trained) -> None:
    (said,) = nncli.load(ripe.run).predict([ROW])
    assert list(said["probabilities"]["ripe"]) == ["no", "yes"]
    assert sum(said["probabilities"]["ripe"].values()) == pytest.approx(1)


def test_what_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        nncli.load(tmp_path / "absent")
    assert _code(caught.value) == "file-unreadable"


def test_a_run_that_has_no_weights_yet_says_what_to_type(flowers: Trained, tmp_path: Path) -> None:
    shutil.copytree(flowers.run, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    with pytest.raises(WeightsError) as caught:
        nncli.load(tmp_path / "run")
    assert _code(caught.value) == "run-without-weights"
    (tmp_path / "run" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(WeightsError) as caught:
        nncli.load(tmp_path / "run")
    assert _code(caught.value) == "run-weights-damaged"
    assert hint_of(caught.value.problems[0]).endswith(f"--run {tmp_path / 'run'} --resume")


def test_the_layers_of_a_run_stand_where_they_were_written(tmp_path: Path) -> None:
    text = FLOWERS.replace("  - ReLU\n", "  # a remark\n  - ReLU\n")
    write_flowers(tmp_path, text)
    arguments = ("--set", "network.0.Linear=4", "--set", "network.1=Tanh", "--epochs", "1", "--run", "run")
    assert invoke(tmp_path, "train", "flowers.yaml", *arguments).code == 0
    model = nncli.load(tmp_path / "run")
    spec = str(tmp_path / "run" / "spec.yaml")
    lines = dict(enumerate(text.split("\n"), 1))
    first, second, third = [(call.place.file, call.place.line) for call in model.network.calls]
    assert first[0] == third[0] == spec
    assert (lines[first[1]], lines[third[1]]) == ("  - Linear: 8", "  - Linear: $classes")
    assert second == ("--set", 2)
    place = model.spec.place("data", "inputs", "colour", "missing")
    assert place.text == "  inputs: {length: number, width: number, colour: category}"


def test_a_run_with_a_spec_that_cannot_be_read_any_more_still_opens(flowers: Trained, tmp_path: Path) -> None:
    shutil.copytree(flowers.run, tmp_path / "run")
    (tmp_path / "run" / "spec.yaml").write_text("network: [")
    assert nncli.load(tmp_path / "run").network.calls[0].place.file.endswith("model.safetensors: nncli.spec")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("nncli.spec", None),
        ("nncli.spec", "not: [a spec"),
        ("nncli.spec", '{"network": [{"Linear": {"out_features": 3}}]}'),
        ("nncli.spec", '{"network": [{"Lambda": "import os"}], "training": {"loss": "MSELoss"}}'),
        ("nncli.encoders", None),
        ("nncli.encoders", "[1, 2"),
    ],
)
def test_metadata_that_describe_no_model_are_refused(key: str, value: str | None, exported: Path) -> None:
    weights = read_weights(exported)
    metadata = {name: text for name, text in weights.metadata.items() if name != key}
    write_weights(exported, weights.tensors, metadata if value is None else {**metadata, key: value})
    with pytest.raises(WeightsError) as caught:
        nncli.load(exported)
    assert _code(caught.value) == "weights-metadata"
    assert caught.value.problems[0].facts["key"] == key


def test_encoders_of_other_inputs_are_refused(exported: Path) -> None:
    weights = read_weights(exported)
    encoders = json.loads(weights.metadata["nncli.encoders"])
    del encoders["input_encoders"][-1]
    metadata = {**weights.metadata, "nncli.encoders": json.dumps(encoders)}
    write_weights(exported, weights.tensors, metadata)
    with pytest.raises(WeightsError) as caught:
        nncli.load(exported)
    assert _code(caught.value) == "weights-metadata"


def test_tensors_that_do_not_fit_the_spec_are_named(exported: Path) -> None:
    weights = read_weights(exported)
    tensors = {name: tensor for name, tensor in weights.tensors.items() if name != "linear.bias"}
    tensors |= {"linear.weight": torch.zeros(8, 5), "other": torch.zeros(1)}
    write_weights(exported, tensors, weights.metadata)
    with pytest.raises(WeightsError) as caught:
        nncli.load(exported)
    assert _code(caught.value) == "weights-differ"
    assert caught.value.problems[0].facts["differing"] == [
        "linear.weight is [8, 5], not [8, 4]",
        "linear.bias is missing",
        "other belongs to nothing",
    ]


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text("network: {inputs: {row: [4]}, layers: [Linear: 3, ReLU]}")
    assert invoke(tmp_path, "export", "small.yaml", "-o", "small.safetensors").code == 0
    return tmp_path


def test_a_network_without_data_runs_tensors_from_its_file_and_from_its_spec(untrained: Path) -> None:
    rows = torch.randn(2, 4)
    one, other = nncli.load(untrained / "small.safetensors"), nncli.load(untrained / "small.yaml")
    assert torch.equal(one(rows)["output"], other(row=rows)["output"])
    assert not one.module.training


def test_a_network_without_data_says_that_it_takes_no_rows(untrained: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        nncli.load(untrained / "small.safetensors").predict([ROW])
    assert _code(caught.value) == "model-without-encoders"
    for verb in ("predict", "evaluate", "inspect-gradients"):
        rows = ["rows.csv"] if verb == "predict" else []
        answer = invoke(untrained, verb, "small.safetensors", *rows)
        assert answer.code == 5
        assert "there is no `data:` in its spec" in answer.err
        assert (
            "hint: tensors run through it in Python: `nncli.load('small.safetensors')(row=tensor)`"
            in answer.err
        )


def test_a_network_with_data_and_no_training_says_so(flowers: Trained, tmp_path: Path) -> None:
    network = "network: [Linear: 8]\n"
    (flowers.folder / "bare.yaml").write_text(FLOWERS[: FLOWERS.index("network:")] + network)
    assert invoke(flowers.folder, "export", "bare.yaml", "-o", tmp_path / "bare.safetensors").code == 0
    answer = invoke(tmp_path, "evaluate", "bare.safetensors")
    assert (answer.code, "error[model-without-training]" in answer.err) == (5, True)


def test_one_of_several_networks_is_chosen(tmp_path: Path) -> None:
    one, two = (f"{{inputs: {{row: [4]}}, layers: [{layer}]}}" for layer in ("Linear: 3", "ReLU"))
    (tmp_path / "several.yaml").write_text(f"networks: {{one: {one}, two: {two}}}")
    assert invoke(tmp_path, "export", "several.yaml", "-o", "several.safetensors").code == 0
    for file in ("several.yaml", "several.safetensors"):
        rows = torch.randn(2, 4)
        assert torch.equal(nncli.load(tmp_path / file, network="two")(rows)["output"], rows.relu())
        with pytest.raises(UsageError) as caught:
            nncli.load(tmp_path / file)
        assert _code(caught.value) == "network-not-chosen"
        assert hint_of(caught.value.problems[0]) == '`network="one"`, for example'
    answer = invoke(tmp_path, "predict", "several.safetensors", "rows.csv")
    assert "`nncli.load('several.safetensors', network=\"one\")(row=tensor)`" in answer.err
