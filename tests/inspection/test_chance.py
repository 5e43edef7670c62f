"""Rows that agree by chance are no finding, and copies are one whatever else agrees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.inspection.findings import Finding
from nncli.inspection.looking import look
from tests.data.image_folders import fill, image_spec
from tests.data.specs import spec_of

FEW: Mapping[str, Any] = {"age": "number", "sex": "binary", "town": "category"}


def people(seed: int, count: int) -> list[str]:
    """Makes rows of a few ages, two sexes and three towns, with a target that none of them tells."""
    draw = np.random.default_rng(seed)
    columns = (
        draw.integers(20, 60, count),
        draw.choice(["f", "m"], count),
        draw.choice(["A", "B", "C"], count),
    )
    income = np.round(draw.normal(3000, 500, count), 1)
    return [",".join(map(str, row)) for row in zip(*columns, income, strict=True)]


def findings(
    folder: Path, rows: list[str], inputs: Mapping[str, Any] = FEW, **more: Any
) -> tuple[Finding, ...]:
    """Looks at rows that are divided as by default."""
    (folder / "rows.csv").write_text("\n".join(["age,sex,town,income", *rows, ""]))
    stated = {"train": "rows.csv", "inputs": inputs, "targets": {"income": "number"}}
    return look(spec_of(folder, **(stated | more))).findings


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", ["income", "town"])
def test_a_healthy_table_of_fifty_rows_has_no_finding(seed: int, target: str, tmp_path: Path) -> None:
    kinds = {**FEW, "income": "number"}
    inputs = {name: kind for name, kind in kinds.items() if name != target}
    found = findings(tmp_path, people(seed, 50), inputs, targets={target: kinds[target]})
    assert [each.message for each in found] == []


def test_a_table_of_few_values_repeats_itself_by_nature(tmp_path: Path) -> None:
    assert findings(tmp_path, people(0, 2000)) == ()


def test_copies_are_found_among_rows_that_agree_by_chance(tmp_path: Path) -> None:
    rows = people(1, 300)
    found = findings(tmp_path, [*rows, *rows[:30]], split={"validation": 0.0, "test": 0.0})
    (copies,) = [each for each in found if each.name == "duplicates"]
    assert copies.count == 30
    assert copies.places[0].endswith("rows.csv:302 as " + str(tmp_path / "rows.csv") + ":2")


def test_a_table_that_stands_twice_in_its_file_is_found(tmp_path: Path) -> None:
    rows = people(2, 200)
    found = findings(tmp_path, rows * 2, {**FEW, "age": "number"}, split={"validation": 0.0, "test": 0.0})
    (copies,) = [each for each in found if each.name == "duplicates"]
    assert copies.count == 200


def test_texts_do_not_agree_by_chance(tmp_path: Path) -> None:
    rows = [f"1,f,a text that says {number % 38},5.{number % 38}" for number in range(40)]
    inputs = {"town": {"type": "text", "tokenizer": "words"}}
    found = findings(tmp_path, rows, inputs, split={"validation": 0.0, "test": 0.0})
    assert [(each.name, each.count) for each in found] == [("duplicates", 2)]


def test_images_are_compared_by_their_bytes(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog", count=12)
    for number in (3, 4):
        copied = (tmp_path / "pets" / "cat" / f"{number}.png").read_bytes()
        (tmp_path / "pets" / "cat" / f"copy{number}.png").write_bytes(copied)
    spec = image_spec(tmp_path, split="{validation: 0, test: 0}")
    (found,) = [each for each in look(spec).findings if each.name == "duplicates"]
    assert found.count == 2
    assert found.message.startswith("2 of 26 rows of train")
