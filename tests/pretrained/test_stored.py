from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nncli.errors import Place, WeightsError
from nncli.messages.catalogue import hint_of, message_of
from nncli.pretrained.stored import open_stored
from nncli.runs.layer_record import LAYERS_KEY, LayerRecord, layers_text
from nncli.runs.weights_file import write_weights
from tests.pretrained.files import file_of

PLACE = Place("a.yaml", 3, 5)


def refusal(path: Path) -> tuple[str, str, str]:
    """Opens what must be refused; returns code, message and hint."""
    with pytest.raises(WeightsError) as caught:
        open_stored(path, PLACE)
    (problem,) = caught.value.problems
    return problem.code, message_of(problem), hint_of(problem)


def test_names_shapes_and_types(tmp_path: Path) -> None:
    tensors = {
        "a.weight": torch.ones(2, 3),
        "a.count": torch.tensor(4),
        "b": torch.ones(2).to(torch.bfloat16),
    }
    stored = open_stored(file_of(tmp_path / "x.safetensors", tensors))
    assert stored.shapes() == {"a.weight": (2, 3), "a.count": (), "b": (2,)}
    assert {name: each.dtype for name, each in stored.tensors.items()} == {
        "a.weight": "F32",
        "a.count": "I64",
        "b": "BF16",
    }
    assert stored.layers == {}


def test_a_file_of_nncli_tells_its_layers(tmp_path: Path) -> None:
    layers = {"linear": LayerRecord("Linear", 4)}
    path = tmp_path / "x.safetensors"
    write_weights(path, {"linear.weight": torch.ones(2, 3)}, {LAYERS_KEY: layers_text(layers)})
    assert open_stored(path).layers == layers


def test_a_changed_byte_in_a_file_of_nncli_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_weights(path, {"linear.weight": torch.ones(2, 3)}, {})
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="digest"):
        open_stored(path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")


def _broken_header(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"dtype"', b'"dtyqe"'))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(_cut, "broke off"), (_empty, "empty"), (_text, "no safetensors file"), (_broken_header, "header")],
)
def test_damaged_files(tmp_path: Path, damage: Callable[[Path], None], reason: str) -> None:
    path = file_of(tmp_path / "x.safetensors", {"a": torch.ones(8)})
    damage(path)
    code, message, _ = refusal(path)
    assert code == "pretrained-damaged" and reason in message


@pytest.mark.parametrize("start", [b"PK\x03\x04rest of a zip", b"\x80\x02}q\x00", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "x.safetensors"])
def test_pickles_are_refused_by_their_content(tmp_path: Path, start: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(start)
    code, _, hint = refusal(path)
    assert code == "pretrained-pickle" and "weights_only=True" in hint


def test_a_header_that_begins_like_a_pickle_is_no_pickle(tmp_path: Path) -> None:
    for count in range(1, 300):
        path = file_of(tmp_path / "x.safetensors", {"a" * count: torch.ones(1)})
        if path.read_bytes()[0] == 0x80:
            assert open_stored(path).shapes() == {"a" * count: (1,)}
            return
    pytest.fail("no header began with 0x80")


def test_what_is_no_file(tmp_path: Path) -> None:
    path = file_of(tmp_path / "model.safetensors", {"a": torch.ones(1)})
    code, _, hint = refusal(tmp_path)
    assert code == "pretrained-folder" and str(path) in hint
    code, _, hint = refusal(tmp_path / "modle.safetensors")
    assert code == "pretrained-missing" and "`model.safetensors`" in hint
    assert refusal(Path("https://example.org/model.safetensors"))[0] == "pretrained-address"
    assert refusal(tmp_path / "hf://gpt2")[0] == "pretrained-address"
    assert refusal(Path("C:/model.safetensors"))[0] == "pretrained-missing"
    assert refusal(tmp_path / "a" / "b")[0] == "pretrained-missing"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.safetensors")
    assert refusal(tmp_path / "x.safetensors")[0] == "pretrained-closed"


def test_long_names_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path / "x.safetensors", {"a" * 2000: torch.ones(1)})
    assert refusal(path)[0] == "pretrained-damaged"


def _index(folder: Path, weight_map: object) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return path


def test_an_index_brings_its_files_together(tmp_path: Path) -> None:
    file_of(tmp_path / "one.safetensors", {"a": torch.ones(1), "spare": torch.ones(5)})
    file_of(tmp_path / "two.safetensors", {"b": torch.ones(2)})
    stored = open_stored(_index(tmp_path, {"a": "one.safetensors", "b": "two.safetensors"}))
    assert stored.shapes() == {"a": (1,), "b": (2,)}
    assert stored.tensors["b"].file == tmp_path / "two.safetensors"


@pytest.mark.parametrize(
    ("weight_map", "code"),
    [
        ({"a": "../one.safetensors"}, "pretrained-index"),
        ({"a": "/etc/passwd"}, "pretrained-index"),
        ({"a": ".."}, "pretrained-index"),
        ({"a": ""}, "pretrained-index"),
        ({"a": 3}, "pretrained-index"),
        ([], "pretrained-index"),
        ({"b": "one.safetensors"}, "pretrained-index"),
        ({"a": "two.safetensors"}, "pretrained-missing"),
    ],
)
def test_an_index_that_leads_elsewhere(tmp_path: Path, weight_map: object, code: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    file_of(folder / "one.safetensors", {"a": torch.ones(1)})
    file_of(tmp_path / "one.safetensors", {"a": torch.ones(1)})
    assert refusal(_index(folder, weight_map))[0] == code


@pytest.mark.parametrize("text", ["{", "[]", "[" * 5000])
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(text)
    assert refusal(path)[0] == "pretrained-index"
