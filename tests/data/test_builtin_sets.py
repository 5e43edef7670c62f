from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nncli.data.builtin_sets import (
    BUILTIN,
    FOLDER,
    builtin_file,
    builtin_name,
    builtin_table,
    builtin_text,
)
from nncli.data.opening import open_data
from tests.data.specs import spec_of

ROWS = {"digits": 1797, "iris": 150, "wine": 178, "breast-cancer": 569, "diabetes": 442}
# The others are made of what is installed, and change with it.
FILES = [name for name in BUILTIN if builtin_table(name) is None and builtin_text(name) is None]
LOADERS = {
    "digits": "load_digits",
    "iris": "load_iris",
    "wine": "load_wine",
    "breast-cancer": "load_breast_cancer",
    "diabetes": "load_diabetes",
}


@pytest.mark.parametrize("name", FILES)
def test_a_name_is_enough(name: str) -> None:
    data = open_data(spec_of(Path("nowhere"), train=f"builtin:{name}"))
    assert sum(part.rows for part in data.parts.values()) == ROWS[name]
    assert data.warnings == ()
    for part in data.parts.values():
        for tensor in (*map(part.input, part.columns.inputs), *map(part.target, part.columns.targets)):
            assert len(tensor) == part.rows and bool(tensor.isfinite().all())


def test_images_and_classes_are_declared() -> None:
    digits = open_data(spec_of(Path(), train="builtin:digits"))
    assert digits.parts["train"].input("image").shape == (1257, 1, 8, 8)
    assert digits.encoders.counts() == {"classes": 10, "digit.classes": 10}
    cancer = open_data(spec_of(Path(), train="builtin:breast-cancer"))
    assert cancer.targets["diagnosis"].classes == ("benign", "malignant")
    assert cancer.inputs["features"].shape == (30,)


@pytest.mark.parametrize("name", FILES)
def test_the_values_are_those_of_scikit_learn(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    source = getattr(datasets, LOADERS[name])(**({"scaled": False} if name == "diabetes" else {}))
    with builtin_file(name).open(newline="") as stream:
        _, *rows = csv.reader(stream)
    assert np.array_equal(np.array([[float(cell) for cell in row[:-1]] for row in rows]), source.data)
    answers = [row[-1] for row in rows]
    if name == "diabetes":
        assert [float(answer) for answer in answers] == source.target.tolist()
    else:
        pairs = set(zip(answers, source.target.tolist(), strict=True))
        assert len(pairs) == len(set(answers)) == len(source.target_names)


def test_every_set_has_its_file_and_its_source() -> None:
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(FILES)
    sources = (FOLDER / "SOURCES.md").read_text()
    assert all(f"| {name}.csv |" in sources for name in FILES)
    assert builtin_name("builtin:iris") == "iris" and builtin_name("iris.csv") is None


def test_paragraphs_of_the_documentation_have_classes() -> None:
    data = open_data(spec_of(Path(), train="builtin:python-chapters"))
    assert data.inputs["paragraph"].shape == (64,)
    assert data.encoders.counts()["classes"] == 6
    assert sum(part.rows for part in data.parts.values()) > 500
