from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from nncli.errors import WeightsError
from nncli.runs.weights_file import read_weights, write_weights

if TYPE_CHECKING:
    from tests.runs.conftest import Refused

METADATA = {"nncli.version": "0.1.0", "nncli.spec": '{"name": "é", "lr": 0.1}', "nncli.outputs": "[]"}


@pytest.fixture
def path(tmp_path: Path, tensors: dict[str, Tensor]) -> Path:
    path = tmp_path / "model.safetensors"
    write_weights(path, tensors, METADATA)
    return path


def _forged(path: Path, change: dict[str, object], data: bytes) -> None:
    """Writes a file by hand, so that its digest is right and something else is not."""
    header: dict[str, object] = {"__metadata__": {"nncli.format": "1"}, **change}
    digest = hashlib.sha256()
    for part in (b"nncli.format", b"1", b""):
        digest.update(len(part).to_bytes(8, "little") + part)
    for name, entry in sorted(change.items()):
        assert isinstance(entry, dict)
        begin, end = entry["data_offsets"]
        for part in (json.dumps([name, entry["dtype"], entry["shape"]]).encode(), data[begin:end]):
            digest.update(len(part).to_bytes(8, "little") + part)
    header["__metadata__"] = {"nncli.format": "1", "nncli.digest": digest.hexdigest()}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_tensors_and_metadata_come_back(path: Path, tensors: dict[str, Tensor]) -> None:
    weights = read_weights(path)
    assert weights.tensors.keys() == tensors.keys()
    assert all(torch.equal(weights.tensors[name], tensor) for name, tensor in tensors.items())
    assert METADATA.items() <= weights.metadata.items()
    assert weights.metadata["nncli.format"] == "1"


def test_safetensors_reads_the_state_dict(path: Path, tensors: dict[str, Tensor]) -> None:
    plain = safetensors.torch.load_file(path)
    assert all(torch.equal(plain[name], tensor) for name, tensor in tensors.items())


def test_the_same_weights_are_the_same_bytes(path: Path, tensors: dict[str, Tensor], tmp_path: Path) -> None:
    write_weights(tmp_path / "again", tensors, dict(reversed(METADATA.items())))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_metadata_as_read_can_be_written_again(path: Path, tmp_path: Path) -> None:
    weights = read_weights(path)
    write_weights(tmp_path / "again", weights.tensors, weights.metadata)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_no_tensors_are_a_file_too(tmp_path: Path) -> None:
    write_weights(tmp_path / "empty", {}, {})
    assert read_weights(tmp_path / "empty").tensors == {}


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(WeightsError):
            read_weights(path)


def test_every_truncation_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for size in range(len(content)):
        os.truncate(path, 0)
        path.write_bytes(content[:size])
        with pytest.raises(WeightsError):
            read_weights(path)


@given(position=st.integers(0, 10_000), inserted=st.binary(min_size=1, max_size=20))
@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_added_bytes_are_noticed(path: Path, position: int, inserted: bytes) -> None:
    content = path.read_bytes()
    other = path.with_name("other")
    position %= len(content) + 1
    other.write_bytes(content[:position] + inserted + content[position:])
    with pytest.raises(WeightsError):
        read_weights(other)


@given(st.binary(max_size=200))
@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_header_is_answered(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes((len(header) + 1).to_bytes(8, "little") + b"{" + header)
    with pytest.raises(WeightsError):
        read_weights(path)


def test_what_is_wrong_is_named(path: Path, refused: Refused) -> None:
    content = path.read_bytes()
    cases = {
        "weights-empty": b"",
        "weights-cut": content[:-1],
        "weights-damaged": content[:-1] + bytes([content[-1] ^ 1]),
        "weights-unknown": b"name,age\n1,2\n",
        "weights-header-large": (2**26 + 1).to_bytes(8, "little") + b"{",
    }
    for code, changed in cases.items():
        path.write_bytes(changed)
        with refused(code):
            read_weights(path)
    path.write_bytes(content + b"\0")
    with refused("weights-damaged"):
        read_weights(path)


def test_a_missing_file_and_a_folder(tmp_path: Path, refused: Refused) -> None:
    with refused("weights-missing"):
        read_weights(tmp_path / "none.safetensors")
    with refused("file-not-regular"):
        read_weights(tmp_path)


def test_a_file_of_another_program_is_foreign(tmp_path: Path, refused: Refused) -> None:
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "w", {"format": "pt"})
    with refused("weights-foreign"):
        read_weights(tmp_path / "w")


def test_a_newer_format_is_named(path: Path, refused: Refused) -> None:
    path.write_bytes(path.read_bytes().replace(b'"nncli.format":"1"', b'"nncli.format":"2"'))
    with refused("weights-newer"):
        read_weights(path)


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".ckpt", ".safetensors", ""])
@pytest.mark.parametrize("protocol", [2, 5, "zip"])
def test_a_pickle_is_refused_and_not_run(
    tmp_path: Path, suffix: str, protocol: int | str, refused: Refused
) -> None:
    canary = tmp_path / "ran"
    path = tmp_path / f"model{suffix}"
    if isinstance(protocol, int):
        path.write_bytes(pickle.dumps(_Canary(canary), protocol))
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(_Canary(canary)))
        path.write_bytes(buffer.getvalue())
    with refused("weights-pickle"):
        read_weights(path)
    assert not canary.exists()


def test_a_header_that_begins_like_a_pickle_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for padding in range(1000):
        write_weights(path, {}, {"padding": " " * padding})
        assert read_weights(path).metadata["padding"] == " " * padding
        if path.read_bytes()[:2] == b"\x80\x02":
            return
    raise AssertionError("no header was 640 bytes long")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_number_that_is_not_finite_is_refused(tmp_path: Path, value: float, refused: Refused) -> None:
    write_weights(tmp_path / "model", {"a": torch.ones(2), "b": torch.tensor([1.0, value])}, METADATA)
    with refused("weights-not-finite"):
        read_weights(tmp_path / "model")


def test_the_forger_forges(tmp_path: Path) -> None:
    _forged(tmp_path / "f", {"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}, b"ab")
    assert read_weights(tmp_path / "f").tensors["w"].tolist() == [97, 98]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("../../x", {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}),
        ("\x1b[31mw", {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}),
        ("w", {"dtype": "F8_E5M2", "shape": [2], "data_offsets": [0, 2]}),
        ("w", {"dtype": "U8", "shape": [3], "data_offsets": [0, 2]}),
        ("w", {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}),
        ("w", {"dtype": "U8", "shape": [-2], "data_offsets": [0, 2]}),
        ("w", {"dtype": "U8", "shape": [0, 2**62], "data_offsets": [0, 0]}),
        ("w", {"dtype": "U8", "shape": [True, 2], "data_offsets": [0, 2]}),
        ("w", {"dtype": ["U8"], "shape": [2], "data_offsets": [0, 2]}),
        ("w", {"dtype": "U8", "shape": [2], "data_offsets": [0, 2], "more": 1}),
    ],
)
def test_an_entry_with_a_right_digest_is_still_checked(
    tmp_path: Path, name: str, entry: dict[str, object], refused: Refused
) -> None:
    _forged(tmp_path / "f", {name: entry}, b"ab")
    with refused("weights-damaged"):
        read_weights(tmp_path / "f")


@pytest.mark.parametrize(
    "header",
    [
        b'{"__metadata__":{"nncli.format":"1","nncli.format":"1"}}',
        b'{"__metadata__":{"nncli.format":1}}',
        b'{"__metadata__":{"nncli.format":"one"}}',
        b'{"__metadata__":{"nncli.format":"1","\\ud800":"\\udfff"}}',
        b'{"__metadata__":[]}',
        b'{"w":' + b"[" * 100_000,
        b'{"w":' + b"9" * 10_000 + b"}",
    ],
)
def test_a_strange_header_is_damage(tmp_path: Path, header: bytes, refused: Refused) -> None:
    (tmp_path / "f").write_bytes(len(header).to_bytes(8, "little") + header)
    with refused("weights-damaged"):
        read_weights(tmp_path / "f")
