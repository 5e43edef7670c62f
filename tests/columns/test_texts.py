from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.columns.encoders import Encoders
from nncli.columns.kinds import kind_of
from nncli.columns.texts import READY, TextEncoder
from nncli.columns.tokenizing import BEGIN, END, UNKNOWN
from nncli.errors import Problem
from nncli.sources.tables import Column, Reading, Refusals, Rows, Source, Table
from nncli.spec.schema import ColumnSpec
from tests.columns.encoding import fitted

COLUMN = Column("review", "review", "input")


def table(*cells: str | None, **columns: list[str]) -> Table:
    frame = pl.DataFrame({"review": list(cells), **columns}, schema_overrides={"review": pl.String})
    lines: Rows = np.arange(1, len(frame) + 1)
    return Table(frame, lines, Source("rows.csv"), Reading())


def text(rows: Table, **declared: Any) -> TextEncoder:
    found = fitted(COLUMN, rows, type="text", **declared)
    assert isinstance(found, TextEncoder)
    return found


def taken(encoder: TextEncoder, rows: Table) -> tuple[list[list[int]], list[list[bool]]]:
    refusals = Refusals()
    found = encoder.encode(rows, refusals).take(torch.arange(len(rows)))
    assert refusals.problems(rows) == [] and found.mask is not None
    return found.values.tolist(), found.mask.tolist()


def refused(encoder: TextEncoder, rows: Table) -> list[Problem]:
    refusals = Refusals()
    encoder.encode(rows, refusals)
    return refusals.problems(rows)


def test_cells_become_tokens_as_long_as_the_longest_of_training() -> None:
    rows = table("ab", "abc", "b")
    encoder = text(rows, tokenizer="characters")
    assert taken(encoder, rows)[0] == [[4, 5, 0], [4, 5, 6], [5, 0, 0]]
    described = encoder.input()
    assert (described.shape, described.vocabulary, described.has_mask) == ((3,), 7, True)
    assert encoder.stated() == {"column": "review", "length": 3}
    assert encoder.counts() == {"vocabulary": 7, "steps": 3}
    # Later rows are cut to that, and what training did not have is unknown.
    assert taken(encoder, table("abcab", "az"))[0] == [[4, 5, 6], [4, UNKNOWN, 0]]


def test_without_a_length_a_sequence_is_no_longer_than_512() -> None:
    assert text(table("ab " * 900), tokenizer="words").layout.length == 512
    assert text(table("ab " * 900), tokenizer="words", length=700).layout.length == 700


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ({}, [[4, 5, 6], [4, 0, 0]]),
        ({"truncate": "start"}, [[5, 6, 7], [4, 0, 0]]),
        ({"pad": "start"}, [[4, 5, 6], [0, 0, 4]]),
        ({"begin": True}, [[BEGIN, 4, 5], [BEGIN, 4, 0]]),
        ({"begin": True, "end": True, "truncate": "start"}, [[BEGIN, 7, END], [BEGIN, 4, END]]),
        ({"shift": -1}, [[5, 6, 0], [0, 0, 0]]),
        ({"shift": 1}, [[BEGIN, 4, 5], [BEGIN, 0, 0]]),
        ({"shift": 1, "pad": "start"}, [[BEGIN, 4, 5], [0, 0, BEGIN]]),
    ],
)
def test_sequences_are_cut_filled_up_and_shifted(options: dict[str, Any], tokens: list[list[int]]) -> None:
    rows = table("abcd", "a")
    encoder = text(rows, tokenizer="characters", length=3, **options)
    assert taken(encoder, rows)[0] == tokens


def test_the_last_step_of_a_row_has_no_next_token() -> None:
    rows = table("abc", "a")
    assert taken(text(rows, tokenizer="characters", shift=-1), rows)[1] == [[True, True, False], [False] * 3]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("ab c", min_size=1, max_size=9), min_size=1, max_size=5), st.sampled_from([-1, 0, 1]))
def test_padding_sides_hold_the_same(cells: list[str], shift: int) -> None:
    rows = table(*cells)
    # A cell of nothing but an empty string is no text; white space is, as characters.
    found = []
    for pad in ("end", "start"):
        encoder = text(rows, tokenizer="characters", pad=pad, shift=shift)
        values, masks = taken(encoder, rows)
        found.append(
            [[v for v, m in zip(vs, ms, strict=True) if m] for vs, ms in zip(values, masks, strict=True)]
        )
    assert found[0] == found[1]


def test_lower_case_is_read_where_it_is_asked_for() -> None:
    rows = table("Ab aB")
    assert taken(text(rows, tokenizer="words", lowercase=True), rows)[0] == [[4, 4]]
    assert text(rows, tokenizer="words").tokenizer.size == 6


def test_what_is_no_text_is_refused_at_its_cell() -> None:
    encoder = text(table("a b"), tokenizer="words", truncate="error")
    problems = refused(encoder, table("a", None, " \t", "a b a", "a" * 500))
    assert [(each.code, each.facts["count"]) for each in problems] == [
        ("cell-empty", 1),
        ("sequence-empty", 1),
        ("sequence-long", 1),
    ]
    assert [each.place.line for each in problems if each.place] == [2, 3, 4]
    filled = text(table("a b"), tokenizer="words", missing={"constant": "b"})
    assert taken(filled, table(None))[0] == [[5, 0]]
    begun = text(table("a b"), tokenizer="words", begin=True)
    assert taken(begun, table(" "))[0] == [[BEGIN, 0, 0]]


def test_a_long_cell_is_shown_in_short() -> None:
    encoder = text(table("a"), tokenizer="characters", length=5, truncate="error")
    (problem,) = refused(encoder, table("a" * 1_000_000))
    assert all(len(str(cell)) < 100 for cell in problem.facts["cells"])  # type: ignore[attr-defined]


def test_a_vocabulary_is_learned_from_all_that_share_it() -> None:
    rows = table("a b", other=["c d"])
    encoder = text(rows, tokenizer="words")
    assert [encoder.tokenizer.shown(token) for token in range(4, 8)] == ["a", "b", "c", "d"]
    declared = ColumnSpec.model_validate({"type": "text"}).model_copy(update=dict(encoder.lent()))
    assert isinstance(declared.tokenizer, dict) and READY in declared.tokenizer
    taker = kind_of(declared).fit(Column("other", "other", "target"), declared, rows, [])
    assert isinstance(taker, TextEncoder)
    assert taker.tokenizer == encoder.tokenizer
    assert taker.target().classes[4:] == ("a", "b", "c", "d")


def test_it_comes_back_from_the_weights_file_and_encodes_the_same() -> None:
    rows = table("the cat sat", "on the mat")
    encoder = text(rows, tokenizer={"BPE": {"vocab_size": 300}}, begin=True, end=True, pad="start")
    label = fitted(Column("label", "label", "target"), table("x", label=["a", "b"][:1]), type="text")
    document = json.loads(json.dumps(Encoders((encoder,), (label,)).to_json()))
    (back,) = Encoders.from_json(document).input_encoders
    assert back == encoder
    assert taken(back, rows) == taken(encoder, rows)  # type: ignore[arg-type]
    document["input_encoders"][0]["tokenizer"]["document"] = "{}"
    with pytest.raises(Exception, match="Model missing"):
        Encoders.from_json(document)


def test_predicted_tokens_are_texts_again() -> None:
    encoder = text(table("to be", "or"), tokenizer="characters", end=True)
    tokens = encoder.encode(table("to be", "or"), Refusals()).take(torch.arange(2))
    assert encoder.words(tokens.values.long(), tokens.mask) == ["to be", "or"]
    # What stands behind the first end is not said.
    assert encoder.words(torch.tensor([[*tokens.values[0].tolist()[:2], END, 4, 4]])) == ["to"]


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"length": 0}, "sequence-length"),
        ({"length": 2.5}, "sequence-length"),
        ({"length": 2, "begin": True, "end": True}, "sequence-length"),
        ({"missing": "median"}, "missing-fill"),
        ({"missing": "keep"}, "missing-fill"),
        ({"tokenizer": "BPEE"}, "tokenizer-unknown"),
        ({"tokenizer": {"BPE": {"vocab_size": 1}}}, "tokenizer-size"),
    ],
)
def test_mistakes_of_a_declaration(declared: dict[str, Any], code: str) -> None:
    spec = ColumnSpec.model_validate({"type": "text", **declared})
    assert [each.code for each in kind_of(spec).mistakes(COLUMN, spec)] == [code]


def test_a_column_without_text_cannot_be_fitted() -> None:
    found = fitted(COLUMN, table(None), type="text")
    assert isinstance(found, Problem) and found.code == "column-empty"
