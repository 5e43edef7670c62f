from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.columns.categories import ClassEncoder
from nncli.columns.encoders import WIDEST_FEATURES, Encoders, described_inputs
from nncli.columns.numbers import NumberEncoder
from nncli.columns.pixels import PixelEncoder
from nncli.data.opening import open_data
from nncli.errors import WeightsError
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from tests.columns.encoding import all_tensors
from tests.data.specs import spec_of
from tests.sources.reading import small, table_of

INPUTS = {
    "kind": "category",
    "age": {"type": "number", "missing": "median"},
    "member": "binary",
    "size": {"type": "number", "scale": "none"},
}
ROWS = "age,kind,member,size,price\n" + "".join(
    f"{'' if n == 3 else n / 3},{'abc'[n % 3]},{'ny'[n % 2]},{n},{n * n / 7}\n" for n in range(20)
)


@pytest.fixture
def encoders(tmp_path: Path) -> Encoders:
    (tmp_path / "rows.csv").write_text(ROWS)
    return open_data(spec_of(tmp_path, train="rows.csv", inputs=INPUTS, targets={"price": "number"})).encoders


def table() -> Table:
    return table_of(small(ROWS))


def test_features_are_numbers_then_classes_as_declared(encoders: Encoders) -> None:
    tensors = all_tensors(encoders, table())
    one_hot = torch.nn.functional.one_hot(tensors["kind"], 3).float()
    expected = torch.cat([tensors["age"], tensors["size"], one_hot, tensors["member"]], 1)
    assert torch.equal(tensors["features"], expected)
    assert encoders.inputs()["features"] == InputSpec((6,), "features")
    assert list(encoders.inputs()) == ["kind", "age", "member", "size", "features"]


def test_what_training_did_not_see_is_all_zeros_in_features(encoders: Encoders) -> None:
    strange = table_of(small("age,kind,member,size\n1,new,y,2\n"))
    refusals = Refusals()
    columns = encoders.encode_inputs(strange, refusals, np.array([True]))
    assert columns["kind"].tensors()["values"].tolist() == [3]
    assert columns["features"].tensors()["values"][0, 2:5].tolist() == [0, 0, 0]
    assert [warning.code for warning in refusals.problems(strange)] == ["category-unseen"]


def test_wide_or_other_inputs_have_no_features() -> None:
    classes = tuple(map(str, range(WIDEST_FEATURES)))
    wide = ClassEncoder(Column("kind", "kind", "input"), classes)
    age = NumberEncoder(Column("age", "age", "input"))
    image = PixelEncoder(Column("image", "image", "input"), ("p",), (1, 1, 1), (0.0,), (1.0,))
    assert described_inputs([wide])["features"] == InputSpec((WIDEST_FEATURES,), "features")
    assert "features" not in described_inputs([wide, age])
    # Beside an image they are there, and do not flow in by themselves.
    assert described_inputs([image, age])["features"] == InputSpec((1,), "features", is_whole=False)
    assert "features" not in described_inputs([image])


def test_inputs_that_lie_in_features_are_not_kept_twice(encoders: Encoders) -> None:
    columns = encoders.encode_inputs(table(), Refusals())
    kept = encoders.without_parts_of_features(columns)
    assert list(kept) == ["kind", "features"]
    again = encoders.with_parts_of_features(kept)
    assert set(again) == set(columns)
    for name, column in columns.items():
        assert torch.equal(again[name].tensors()["values"], column.tensors()["values"])


def test_numbers_come_back_in_their_own_unit(encoders: Encoders) -> None:
    scaled = all_tensors(encoders, table())["price"]
    back = encoders.decode_number("price", scaled)
    assert back.dtype == torch.float32 and back.shape == scaled.shape
    assert torch.allclose(back[:, 0], torch.tensor([n * n / 7 for n in range(20)]), atol=1e-5)
    (price,) = [each for each in encoders.target_encoders if isinstance(each, NumberEncoder)]
    exact = scaled.double() * price.deviation + price.mean
    assert torch.equal(encoders.decode_number("price", scaled.double()), exact)


def test_a_document_gives_the_same_encoders_in_another_process(encoders: Encoders, tmp_path: Path) -> None:
    document = json.dumps(encoders.to_json())
    assert Encoders.from_json(json.loads(document)) == encoders
    (tmp_path / "encoders.json").write_text(document)
    script = """
import hashlib, json, sys
sys.path.insert(0, "")
from pathlib import Path
from nncli.columns.encoders import Encoders
from nncli.data.rows import read_rows
folder = Path(sys.argv[1])
encoders = Encoders.from_json(json.loads((folder / "encoders.json").read_text()))
table = read_rows(folder / "rows.csv", encoders, with_targets=True)
from tests.columns.encoding import all_tensors
tensors = all_tensors(encoders, table)
print(hashlib.sha256(b"".join(each.numpy().tobytes() for each in tensors.values())).hexdigest())
"""
    other = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    tensors = all_tensors(encoders, table())
    here = hashlib.sha256(b"".join(each.numpy().tobytes() for each in tensors.values())).hexdigest()
    assert other.stdout.strip() == here


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(derandomize=True)
@given(mean=FINITE, deviation=FINITE.filter(lambda value: value > 0), missing=FINITE)
def test_floats_come_back_bit_for_bit(mean: float, deviation: float, missing: float) -> None:
    number = NumberEncoder(Column("x", "x", "input"), missing, mean, deviation)
    target = NumberEncoder(Column("y", "y", "target"))
    (read,) = Encoders.from_json(Encoders((number,), (target,)).to_json()).input_encoders
    assert isinstance(read, NumberEncoder)
    floats = (read.missing, read.mean, read.deviation)
    assert [float(each or 0.0).hex() for each in floats] == [
        float(each or 0.0).hex() for each in (missing, mean, deviation)
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("input_encoders"),
        lambda document: document.update(more=1),
        lambda document: document.update(input_encoders=[]),
        lambda document: document["input_encoders"][1].update(deviation=0.0),
        lambda document: document["input_encoders"][1].update(mean="0"),
        lambda document: document["input_encoders"][1].update(mean=float("nan")),
        lambda document: document["input_encoders"][0].update(classes=["a", "a"]),
        lambda document: document["input_encoders"][2].update(classes=["n"]),
        lambda document: document["input_encoders"][0].update(type="image"),
        lambda document: document["input_encoders"][0].update(type="code"),
        lambda document: document["input_encoders"][0]["column"].update(role="target"),
        lambda document: document["input_encoders"][0]["column"].update(name="age"),
    ],
)
def test_a_changed_document_is_refused(encoders: Encoders, change: Any) -> None:
    document = deepcopy(encoders.to_json())
    change(document)
    with pytest.raises(WeightsError) as caught:
        Encoders.from_json(document)
    assert [problem.code for problem in caught.value.problems] == ["encoders-invalid"]


def test_the_columns_that_a_file_needs(encoders: Encoders) -> None:
    assert encoders.headers() == ["kind", "age", "member", "size", "price"]
    assert encoders.headers(inputs_only=True) == ["kind", "age", "member", "size"]
