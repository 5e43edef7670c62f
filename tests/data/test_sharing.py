from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli.columns.texts import TextEncoder
from nncli.data.opening import open_data
from nncli.data.sharing import shared_columns, with_taken_words
from nncli.errors import SpecError
from tests.data.specs import spec_of

TEXT = {"type": "text", "tokenizer": "characters", "length": 9, "end": True}


def data_of(**sections: Any) -> Any:
    return spec_of(Path(), train="rows.csv", **sections).data


def test_cells_that_are_read_again_are_read_alike() -> None:
    data = data_of(
        inputs={"answer_before": {"type": "text", "column": "answer", "shift": 1}},
        targets={"answer": TEXT},
    )
    stated = with_taken_words(data).inputs["answer_before"]
    assert (stated.vocabulary, stated.length, stated.end, stated.shift) == ("answer", 9, True, 1)
    assert stated.tokenizer is None
    # What is stated stays, and stating it again changes nothing.
    again = with_taken_words(with_taken_words(data))
    assert again.inputs["answer_before"] == stated
    own = data_of(
        inputs={"before": {"type": "text", "column": "answer", "tokenizer": "bytes"}},
        targets={"answer": TEXT},
    )
    assert with_taken_words(own) == own


def test_every_column_knows_the_owner_of_its_vocabulary() -> None:
    data = data_of(
        inputs={"question": "text"}, targets={"answer": {"type": "text", "vocabulary": "question"}}
    )
    owners = {each.column.name: each.owner and each.owner.name for each in shared_columns(data)}
    assert owners == {"question": None, "answer": "question"}


@pytest.mark.parametrize("received", ["nobody", "answer", "kind"])
def test_a_vocabulary_that_is_nobodys_is_refused(tmp_path: Path, received: str) -> None:
    (tmp_path / "rows.csv").write_text("question,answer,kind\na,b,c\n")
    spec = spec_of(
        tmp_path,
        train="rows.csv",
        inputs={"question": "text", "kind": "category"},
        targets={"answer": {"type": "text", "vocabulary": received}},
    )
    with pytest.raises(SpecError) as caught:
        open_data(spec)
    assert [each.code for each in caught.value.problems] == ["vocabulary-unknown"]


def test_columns_that_share_are_fitted_together(tmp_path: Path) -> None:
    rows = "".join(f"wie {'abc'[n % 3]},so {'xyz'[n % 3]}\n" for n in range(40))
    (tmp_path / "rows.csv").write_text("question,answer\n" + rows)
    spec = spec_of(
        tmp_path,
        train="rows.csv",
        inputs={
            "question": {"type": "text", "tokenizer": "words"},
            "before": {"type": "text", "column": "answer", "shift": 1},
        },
        targets={"answer": {"type": "text", "vocabulary": "question", "end": True}},
    )
    data = open_data(spec)
    question, before = data.encoders.input_encoders
    (answer,) = data.encoders.target_encoders
    assert isinstance(question, TextEncoder) and isinstance(before, TextEncoder)
    assert isinstance(answer, TextEncoder)
    assert question.tokenizer == before.tokenizer == answer.tokenizer
    words = {question.tokenizer.shown(token) for token in range(4, question.tokenizer.size)}
    assert words == {"wie", "so", *"abcxyz"}
    assert data.warnings == ()
    part = data.parts["train"]
    # The decoder reads what it has written so far.
    assert (part.input("before")[:, 1:] == part.target("answer")[:, :-1]).all()
    assert data.resolved.inputs["before"].vocabulary == "question"
    assert open_data(spec_of(tmp_path, **data.resolved.model_dump())).encoders == data.encoders
