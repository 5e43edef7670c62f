"""Arrays as data: .npy, .npz and safetensors."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from nncli.errors import DataError
from nncli.sources import stored_arrays, storing
from nncli.sources.files import read_table
from nncli.sources.frames import StoredFrame
from nncli.sources.pieces import Wanted
from nncli.sources.tables import Reading, Table
from tests.sources.reading import large, refused, small, table_of

IMAGES = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2)
ARRAYS: dict[str, Any] = {
    "image": IMAGES,
    "label": np.array([0, 1, 2, 1, 0]),
    "kind": np.array(["a", "bc", "", "d", "e"]),
    "weight": np.array([1.5, np.nan, 2, 3, 4], np.float16),
    "seen": np.array([True, False, True, True, False]),
    "big": np.array([1, 2, 3, 4, 5], ">i4"),
    "name": np.array([b"x", "\u00e4".encode(), b"y", b"z", b"w"]),
    "day": np.array(["2026-01-01", "NaT", "2026-01-03", "2026-01-04", "2026-01-05"], "M8[s]"),
    "by_column": np.asfortranarray(np.arange(10.0).reshape(5, 2)),
    "one_value": np.array(3),
}
COLUMNS = frozenset(ARRAYS) - {"one_value"}


def npz(arrays: dict[str, Any], packed: bool = False) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(stream, **arrays)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(content: bytes, name: str, headers: frozenset[str] | None = None) -> Table:
    return read_table(small(content, name), Reading(), lambda _: Wanted(headers))


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_of_an_archive_are_columns(packed: bool) -> None:
    table = read(npz(ARRAYS, packed), "a.npz", COLUMNS)
    assert table.columns == tuple(ARRAYS) and len(table) == 5
    assert np.array_equal(table.array("image"), IMAGES)
    assert table.array("image").dtype == np.uint8
    assert table.texts("label").to_list() == ["0", "1", "2", "1", "0"]
    assert table.texts("kind").to_list() == ["a", "bc", None, "d", "e"]
    assert table.texts("weight").to_list() == ["1.5", None, "2.0", "3.0", "4.0"]
    assert table.texts("seen").to_list() == ["true", "false", "true", "true", "false"]
    assert table.texts("big").to_list() == ["1", "2", "3", "4", "5"]
    assert table.texts("name").to_list() == ["x", "ä", "y", "z", "w"]
    assert table.series("day").dt.date().cast(pl.String).to_list()[:2] == ["2026-01-01", None]
    assert np.array_equal(table.array("by_column"), np.arange(10.0).reshape(5, 2))
    picked = table.take(np.array([4, 0]))
    assert np.array_equal(picked.array("image"), IMAGES[[4, 0]])
    assert table.lines.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("no_file_is_small")
def test_many_rows_lie_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_arrays, "LARGE_BYTES", 0)
    monkeypatch.setattr(stored_arrays, "_PIECE_BYTES", 50)
    monkeypatch.setattr(storing, "_ENOUGH_BYTES", 0)
    file = large(tmp_path / "a.npz", npz(ARRAYS, packed=True))
    table = read_table(file, Reading(), lambda _: Wanted(COLUMNS))
    assert isinstance(table.cells, StoredFrame) and len(table.cells.paths) > 1
    whole = read(npz(ARRAYS), "a.npz", COLUMNS)
    assert table.frame.equals(whole.frame)
    assert np.array_equal(table.array("image"), IMAGES)


def test_one_array_is_a_column_without_a_name() -> None:
    table = read(npy(np.arange(6, dtype=np.float32).reshape(2, 3)), "x.npy")
    assert table.columns == ("array",)
    assert table.array("array").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tensors_are_columns() -> None:
    tensors = {
        "image": torch.arange(12, dtype=torch.uint8).reshape(3, 2, 2),
        "x": torch.tensor([1.5, -2.0, 3.0], dtype=torch.bfloat16),
        "y": torch.tensor([True, False, True]),
    }
    table = read(save(tensors, {"made by": "a test"}), "a.safetensors")
    assert sorted(table.columns) == ["image", "x", "y"]
    assert np.array_equal(table.array("image"), tensors["image"].numpy())
    assert table.array("x").tolist() == [1.5, -2.0, 3.0]
    assert table.array("y").tolist() == [True, False, True]


def test_only_what_is_wanted_has_to_fit() -> None:
    content = npz({"x_train": np.zeros((4, 2)), "y_train": np.zeros(4), "x_test": np.zeros((2, 2))})
    assert len(read(content, "a.npz", frozenset({"x_train", "y_train"}))) == 4
    problem = refused(small(content, "a.npz"))
    assert problem.code == "array-lengths"
    assert problem.facts["lengths"] == [
        "`x_train` has 4 rows",
        "`y_train` has 4 rows",
        "`x_test` has 2 rows",
    ]


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.0),
        np.zeros(3, "c8"),
        np.zeros(3, "f8,i4"),
        np.zeros((3, 0)),
        np.zeros(3, "m8[s]"),
        np.array([{"a": 1}], object),
    ],
    ids=str,
)
def test_what_is_no_column_is_refused(array: Any) -> None:
    assert refused(small(npy(array), "x.npy")).code in ("array-type", "data-unreadable")


def header(text: str, body: bytes = b"") -> bytes:
    text = text + " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1") + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + bytes(100),
        npy(np.zeros(100))[:-1],
        npy(np.zeros(100)) + b"x",
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n(S'id'\ntR."),
        header("[" * 5000),
        header("__import__('os').system('id')"),
        header("{'descr': '<f8'}"),
        header("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,), }", bytes(8)),
        header("{'descr': '<Q9', 'fortran_order': False, 'shape': (1,), }", bytes(8)),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9," * 4000 + "), }"),
    ],
)
def test_a_damaged_array_is_refused_before_memory_is_taken(content: bytes) -> None:
    problem = refused(small(content, "x.npy"))
    assert problem.code in ("data-unreadable", "data-empty", "array-type")


def test_a_damaged_archive_is_refused() -> None:
    content = bytearray(npz({"x": np.arange(1000)}, packed=True))
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        try:
            table = table_of(small(bytes(damaged), "x.npz"))
        except DataError as error:
            assert error.problems[0].code in ("data-unreadable", "data-empty", "array-type")
        else:
            assert table.series(table.columns[0]).to_list() == list(range(1000))
    for cut in (1, 50, len(content) - 10):
        assert refused(small(bytes(content[:cut]), "x.npz")).code == "data-unreadable"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy(np.zeros(10)))
    assert refused(small(stream.getvalue(), "x.npz")).code == "data-unreadable"


def safetensors(entries: dict[str, Any] | str, body: bytes = b"") -> bytes:
    text = (entries if isinstance(entries, str) else json.dumps(entries)).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(kind: str, shape: list[int], first: int, last: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [first, last]}


@pytest.mark.parametrize(
    "content",
    [
        b"1234567",
        (2**62).to_bytes(8, "little"),
        safetensors("[" * 10_000),
        safetensors("[]"),
        safetensors("{"),
        safetensors({"x": entry("F32", [2], 0, 8)}, bytes(7)),
        safetensors({"x": entry("F32", [2], 0, 8)}, bytes(9)),
        safetensors({"x": entry("F32", [2**62, 0], 0, 8)}, bytes(8)),
        safetensors({"x": entry("F32", [-1, -2], 0, 8)}, bytes(8)),
        safetensors({"x": entry("F8_E4M3", [8], 0, 8)}, bytes(8)),
        safetensors({"x": entry("F32", [2], 0, 8), "y": entry("F32", [2], 4, 12)}, bytes(12)),
        safetensors({"x": {"dtype": "F32"}}, bytes(8)),
        safetensors('{"x": 1, "x": 2}'),
    ],
)
def test_a_damaged_safetensors_file_is_refused(content: bytes) -> None:
    assert refused(small(content, "x.safetensors")).code == "data-unreadable"


@settings(derandomize=True, max_examples=200)
@given(
    position=st.integers(0, 10**6),
    value=st.integers(0, 255),
    suffix=st.sampled_from([".npy", ".safetensors"]),
)
def test_a_changed_byte_never_ends_in_a_traceback(position: int, value: int, suffix: str) -> None:
    if suffix == ".npy":
        content = bytearray(npy(np.arange(20)))
    else:
        content = bytearray(save({"x": torch.arange(20), "y": torch.zeros(20, 2)}))
    content[position % len(content)] = value
    try:
        table = table_of(small(bytes(content), f"x{suffix}"))
    except DataError as error:
        assert error.problems[0].code in ("data-unreadable", "data-empty", "array-type", "array-lengths")
    else:
        assert len(table) > 0
