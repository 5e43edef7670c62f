"""Specs for tests, built without the spec reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.errors import Place
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Origin, Spec

PLACES = {
    "data": Place("spec.yaml", 1, 1, "data:"),
    "data.train": Place("spec.yaml", 2, 3, "  train: rows.csv"),
    "data.validation": Place("spec.yaml", 3, 3),
    "data.split": Place("spec.yaml", 4, 3),
    "data.inputs": Place("spec.yaml", 5, 3),
    "data.targets": Place("spec.yaml", 20, 3),
}


def spec_of(folder: Path, **data: Any) -> Spec:
    """Makes a spec of a data section; the nth input stands in line 5 + n, the nth target in 20 + n."""
    places = dict(PLACES)
    for section in ("inputs", "targets"):
        columns = data.get(section, {})
        data[section] = {
            key: {"type": each} if isinstance(each, str) else each for key, each in columns.items()
        }
        start = PLACES[f"data.{section}"].line
        for number, name in enumerate(columns, 1):
            places[f"data.{section}.{name}"] = Place("spec.yaml", start + number, 5, f"    {name}: …")
    return Spec(
        name="test",
        description="",
        vars={},
        data=DataSpec.model_validate(data),
        networks={},
        training=None,
        origin=Origin("spec.yaml", folder, ""),
        places=places,
    )
