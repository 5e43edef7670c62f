"""A healthy table in which each fault can be planted, and what is found in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.inspection.findings import Finding
from nncli.inspection.looking import Look, look
from tests.data.specs import spec_of

HEADER = "size,weight,colour,kind\n"


def row(number: int) -> list[str]:
    """Makes a row like no other: two numbers that are unrelated, four colours, two kinds."""
    size, weight = number * 37 % 101, number * 53 % 97
    return [
        f"{size}.5",
        f"{weight}.{number * 617 % 1000:03}",
        "red green blue grey".split()[number % 4],
        "ab"[number // 3 % 2],
    ]


def rows(first: int, count: int) -> list[list[str]]:
    return [row(number) for number in range(first, first + count)]


def text(cells: list[list[str]]) -> str:
    return HEADER + "".join(",".join(each) + "\n" for each in cells)


TRAIN = rows(0, 200)
"""Holds every size and weight that there is."""
TEST = rows(200, 60)


def looked(folder: Path, train: list[list[str]], test: list[list[str]] | None = None, **data: Any) -> Look:
    """Looks at a table, of which the test rows are in a file of their own."""
    (folder / "train.csv").write_text(text(train))
    (folder / "test.csv").write_text(text(TEST if test is None else test))
    columns: dict[str, Any] = {"size": "number", "weight": "number", "colour": "category"}
    stated: dict[str, Any] = {
        "train": "train.csv",
        "test": "test.csv",
        "split": {"validation": 0.0, "test": 0.0},
        "inputs": columns,
        "targets": {"kind": "category"},
    }
    return look(spec_of(folder, **(stated | data)))


def found(look: Look, name: str) -> list[Finding]:
    return [each for each in look.findings if each.name == name]
