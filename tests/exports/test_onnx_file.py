from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from nncli.errors import UsageError, WeightsError
from nncli.exports import onnx_file
from nncli.exports.onnx_file import run_onnx, write_onnx
from tests.exports.subjects import METADATA, assert_close, batches, normed, pictures, tokens

onnx = pytest.importorskip("onnx")


def test_one_file_takes_any_number_of_rows_and_has_the_names_of_the_network(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    subject, path = tokens(), tmp_path / "net.onnx"
    write_onnx(subject, path)
    assert_close(subject, run_onnx(subject, path, batches(subject)))
    assert [each.name for each in tmp_path.iterdir()] == ["net.onnx"]
    model = onnx.load(path)
    assert [each.name for each in model.graph.input] == ["tokens"]
    assert [each.name for each in model.graph.output] == ["output_1", "output_2"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert model.graph.output[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert {entry.key: entry.value for entry in model.metadata_props} == METADATA
    assert b"site-packages" not in path.read_bytes()
    assert capfd.readouterr() == ("", "")


def test_without_the_extra_the_answer_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def without_runtime(name: str, *rest: Any) -> Any:
        return None if name == "onnxruntime" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without_runtime)
    with pytest.raises(UsageError) as caught:
        write_onnx(pictures(), tmp_path / "net.onnx")
    assert caught.value.problems[0].facts["packages"] == ["onnxruntime"]


def test_more_than_one_file_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 100)
    with pytest.raises(WeightsError) as caught:
        write_onnx(pictures(), tmp_path / "net.onnx")
    assert caught.value.problems[0].code == "export-too-large"


def test_norms_of_weights_are_worked_out_once(tmp_path: Path) -> None:
    subject, path = normed(), tmp_path / "net.onnx"
    write_onnx(subject, path)
    assert_close(subject, run_onnx(subject, path, batches(subject)))
    assert "conv2d.weight" in {each.name for each in onnx.load(path).graph.initializer}
