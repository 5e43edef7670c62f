from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from nncli.columns.encoders import Encoders
from nncli.columns.kinds import kind_of
from nncli.columns.stored import Stored
from nncli.columns.tags import TagEncoder, refuse_unaligned
from nncli.errors import Problem
from nncli.sources.tables import Column, Reading, Refusals, Source, Table
from nncli.spec.schema import ColumnSpec
from tests.columns.encoding import fitted

TARGET = Column("tags", "tags", "target")


def table(**columns: list[str | None]) -> Table:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(frame, np.arange(1, len(frame) + 1), Source("rows.csv"), Reading())


def tags(cells: list[str | None], column: Column = TARGET, **declared: Any) -> TagEncoder:
    found = fitted(column, table(tags=cells), type="tokens", **declared)
    assert isinstance(found, TagEncoder)
    return found


def test_a_cell_has_a_class_at_each_step() -> None:
    encoder = tags(["B O  O", "O"])
    taken = encoder.encode(table(tags=["O B", "B O O"]), Refusals()).take(torch.arange(2))
    assert taken.values.tolist() == [[1, 0, 0], [0, 1, 1]]
    assert taken.mask is not None and taken.mask.tolist() == [[True, True, False], [True] * 3]
    described = encoder.target()
    assert (described.classes, described.shape, described.has_mask) == (("B", "O"), (3,), True)
    assert encoder.stated() == {"column": "tags", "classes": ("B", "O"), "length": 3}
    assert encoder.counts() == {"classes": 2, "steps": 3}


def test_as_an_input_padding_has_an_index_of_its_own() -> None:
    encoder = tags(["B O"], Column("tags", "tags", "input"), shift=1)
    taken = encoder.encode(table(tags=["B O", "O"]), Refusals()).take(torch.arange(2))
    assert taken.values.tolist() == [[2, 0], [2, 2]]
    assert encoder.input().vocabulary == 3


def test_a_separator_may_be_anything() -> None:
    encoder = tags(["new york | rome", "rome"], separator="|")
    assert encoder.classes == ("new york", "rome")
    assert encoder.words(torch.tensor([[1, 0]])) == ["rome|new york"]
    assert tags(["B O"]).words(torch.tensor([[1, 0, 0]]), torch.tensor([[True, True, False]])) == ["O B"]


def test_unknown_classes_are_refused_at_their_cell() -> None:
    refusals = Refusals()
    rows = table(tags=["O", "O X", None, " "])
    tags(["B O"]).encode(rows, refusals)
    problems = refusals.problems(rows)
    assert sorted((each.code, each.place.line) for each in problems if each.place) == [
        ("sequence-empty", 4),
        ("tag-unknown", 2),
        ("target-empty", 3),
    ]


def test_classes_can_be_stated_and_shared() -> None:
    encoder = tags(["B O"], classes=("O", "B", "I"))
    assert encoder.classes == ("O", "B", "I")
    assert encoder.lent() == {"classes": ("O", "B", "I")}


def test_one_class_is_no_target() -> None:
    found = fitted(TARGET, table(tags=["O O"]), type="tokens")
    assert isinstance(found, Problem) and found.code == "class-single"


def test_each_word_has_a_class() -> None:
    rows = table(text=["a b", "a  b c", "c"], tags=["O B", "O B", "O"])
    text = fitted(Column("text", "text", "input"), rows.only(["text"]), type="text", tokenizer="words")
    encoder = fitted(TARGET, rows.only(["tags"]), type="tokens")
    columns: dict[Column, Stored] = {each.column: each.encode(rows, Refusals()) for each in (text, encoder)}
    refusals = Refusals()
    refuse_unaligned((text, encoder), columns, refusals)
    (problem,) = refusals.problems(rows)
    assert problem.code == "sequence-steps" and problem.place is not None
    assert (problem.place.line, problem.facts["other"]) == (2, "text")


def test_classes_that_are_written_one_after_the_other_can_be_of_any_number() -> None:
    rows = table(text=["a b", "a  b c"], tags=["O B", "O B"])
    text = fitted(Column("text", "text", "input"), rows.only(["text"]), type="text", tokenizer="words")
    before = fitted(Column("before", "tags", "input"), rows.only(["tags"]), type="tokens", shift=1)
    encoder = fitted(TARGET, rows.only(["tags"]), type="tokens")
    encoders = (text, before, encoder)
    columns: dict[Column, Stored] = {each.column: each.encode(rows, Refusals()) for each in encoders}
    refusals = Refusals()
    refuse_unaligned(encoders, columns, refusals)
    assert refusals.problems(rows) == []


def test_it_comes_back_from_the_weights_file() -> None:
    encoders = Encoders((tags(["B O"], Column("before", "tags", "input")),), (tags(["B O"]),))
    assert Encoders.from_json(json.loads(json.dumps(encoders.to_json()))) == encoders


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"classes": ("a", "a")}, "classes-repeated"),
        ({"length": "long"}, "sequence-length"),
        ({"missing": {"constant": "O"}}, "missing-target"),
    ],
)
def test_mistakes_of_a_declaration(declared: dict[str, Any], code: str) -> None:
    spec = ColumnSpec.model_validate({"type": "tokens", **declared})
    assert [each.code for each in kind_of(spec).mistakes(TARGET, spec)] == [code]
