from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nncli.columns.texts import TextEncoder
from nncli.data import arrays, long_texts
from nncli.data.opening import open_data, source_digest
from nncli.data.rows import part_from, read_rows, table_from_rows
from nncli.errors import NncliError
from nncli.messages.catalogue import hint_of, message_of
from nncli.sources import text_files
from nncli.spec.spec import Spec
from tests.data.specs import spec_of

BOOK = "".join(f"line {n} of the book\n" for n in range(200))
INPUTS: dict[str, Any] = {"text": {"type": "text", "tokenizer": "characters", "length": 16}}
TARGETS: dict[str, Any] = {"next": {"type": "text", "column": "text", "shift": -1}}


def spec(folder: Path, **data: Any) -> Spec:
    split = {"validation": 0.1, "test": 0.0}
    return spec_of(
        folder, **{"train": "book.txt", "split": split, "inputs": INPUTS, "targets": TARGETS, **data}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "book.txt").write_text(BOOK)
    return tmp_path


def texts_of(data: Any, part: str, role: str, name: str) -> list[str]:
    encoder = data.encoders.input_encoders[0]
    assert isinstance(encoder, TextEncoder)
    values = data.parts[part].input(name) if role == "input" else data.parts[part].target(name)
    return [encoder.tokenizer.decode(row) for row in values.tolist()]


def test_samples_are_stretches_and_targets_read_on(folder: Path) -> None:
    data = open_data(spec(folder))
    assert list(data.parts) == ["train", "validation"]
    shown = texts_of(data, "train", "input", "text")
    read_on = texts_of(data, "train", "target", "next")
    assert shown[:2] == [BOOK[:16], BOOK[16:32]]
    assert read_on[:2] == [BOOK[1:17], BOOK[17:33]]
    # The last stretch ends with the part: every character is seen, and predicted.
    end = int(len(BOOK) * 0.9)
    assert read_on[-1] == BOOK[end - 16 : end]
    assert texts_of(data, "validation", "input", "text")[0] == BOOK[end : end + 16]
    assert data.inputs["text"].shape == (16,) and not data.inputs["text"].has_mask
    assert data.targets["next"].shape == (16,)
    assert data.encoders.counts()["vocabulary"] == data.encoders.counts()["classes"]
    assert data.warnings == ()


def test_the_tokenizer_knows_the_training_part_alone(folder: Path) -> None:
    (folder / "book.txt").write_text(BOOK + "§" * 50)
    data = open_data(spec(folder))
    assert "§" not in "".join(texts_of(data, "train", "input", "text"))
    assert "<unknown token>" in texts_of(data, "validation", "input", "text")[-1]


def test_it_opens_the_same_from_the_cache_and_from_what_was_resolved(folder: Path) -> None:
    opened = open_data(spec(folder))
    cached = open_data(spec(folder))
    again = open_data(spec_of(folder, **opened.resolved.model_dump()))
    for other in (cached, again):
        assert other.encoders == opened.encoders
        for name, part in opened.parts.items():
            assert torch.equal(other.parts[name].input("text"), part.input("text"))
            assert torch.equal(other.parts[name].target("next"), part.target("next"))
    assert opened.digest == cached.digest == source_digest(spec(folder))
    (folder / "book.txt").write_text(BOOK + "!")
    assert source_digest(spec(folder)) != opened.digest


def test_pieces_and_files_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_data(spec(folder))
    monkeypatch.setattr(text_files, "PIECE", 64)
    monkeypatch.setattr(arrays, "MOST_BYTES_IN_MEMORY", 100)
    other = open_data(spec(folder, delimiter=";"))
    assert torch.equal(other.parts["train"].input("text"), opened.parts["train"].input("text"))


def test_the_token_array_is_there_once(folder: Path) -> None:
    data = open_data(spec(folder))
    columns = data.parts["train"].columns
    one, other = columns.inputs["text"].tensors()["values"], columns.targets["next"].tensors()["values"]
    assert one.data_ptr() == other.data_ptr() and one.dtype == torch.uint8
    assert data.parts["validation"].columns is columns


def test_several_files_are_one_text_each(folder: Path) -> None:
    (folder / "more.txt").write_text("another text\n" * 20)
    data = open_data(spec(folder, train="*.txt", stride=8))
    shown = texts_of(data, "train", "input", "text")
    assert shown[:2] == [BOOK[:16], BOOK[8:24]]
    # No stretch runs from one text into the next.
    assert not any("book\nanother" in each for each in shown)


def test_parts_can_have_files_of_their_own(folder: Path) -> None:
    (folder / "other.txt").write_text("the book of others\n" * 4)
    data = open_data(spec(folder, validation="other.txt"))
    assert texts_of(data, "validation", "input", "text")[0] == "the book of othe"
    assert texts_of(data, "train", "target", "next")[-1] == BOOK[-16:]


def test_built_in_topics_are_a_text(tmp_path: Path) -> None:
    data = open_data(spec_of(tmp_path, train="builtin:python-topics"))
    assert data.inputs["text"].shape == (128,)
    assert data.parts["train"].rows > 500


@pytest.mark.parametrize(
    ("sections", "codes"),
    [
        (
            {"inputs": {"story": "text"}, "targets": {"next": {"type": "text", "shift": -1}}},
            {"column-missing"},
        ),
        ({"targets": {"kind": {"type": "category", "column": "text"}}}, {"stretch-type"}),
        ({"inputs": {"text": {**INPUTS["text"], "end": True}}}, {"stretch-word"}),
        ({"targets": {"next": {**TARGETS["next"], "length": 5}}}, {"stretch-word"}),
        ({"targets": {"next": {**TARGETS["next"], "tokenizer": "bytes"}}}, {"stretch-word"}),
        ({"inputs": {"text": {**INPUTS["text"], "shift": 1}}}, {"stretch-shift"}),
        ({"inputs": {"text": {**INPUTS["text"], "length": 5000}}}, {"text-short"}),
        ({"split": {"folds": 5}}, {"stretch-split"}),
        ({"train": "nothing.txt"}, {"data-missing"}),
        ({"train": "nothing*.txt"}, {"data-missing"}),
    ],
)
def test_mistakes_have_words_and_a_place(folder: Path, sections: dict[str, Any], codes: set[str]) -> None:
    with pytest.raises(NncliError) as caught:
        open_data(spec(folder, **sections))
    assert {problem.code for problem in caught.value.problems} == codes
    for problem in caught.value.problems:
        assert problem.place is not None and message_of(problem)
        hint_of(problem)


def test_a_text_that_is_none_is_refused_with_its_line(folder: Path) -> None:
    (folder / "book.txt").write_bytes(BOOK.encode() + b"\xff")
    with pytest.raises(NncliError) as caught:
        open_data(spec(folder))
    (problem,) = caught.value.problems
    assert problem.code == "data-encoding" and problem.place is not None and problem.place.line == 201


def test_without_a_length_a_stretch_has_128_steps(folder: Path) -> None:
    data = open_data(spec(folder, inputs={"text": {"type": "text", "tokenizer": "characters"}}))
    assert data.inputs["text"].shape == (long_texts.STEPS,)


def test_other_texts_are_judged_in_stretches_and_never_cut(folder: Path) -> None:
    data = open_data(spec(folder))
    (folder / "other.txt").write_text(BOOK[100:140])
    part = part_from(
        data.encoders, read_rows(folder / "other.txt", data.encoders, with_targets=False), "test"
    )
    encoder = data.encoders.input_encoders[0]
    assert isinstance(encoder, TextEncoder)
    shown = [encoder.tokenizer.decode(row) for row in part.input("text").tolist()]
    assert shown == [BOOK[100:116], BOOK[116:132], BOOK[123:139]]
    assert encoder.tokenizer.decode(part.target("next")[-1].tolist()) == BOOK[124:140]
    for text, code in ((BOOK[:16], "text-short"), ("", "data-empty")):
        (folder / "other.txt").write_text(text)
        with pytest.raises(NncliError) as caught:
            part_from(
                data.encoders, read_rows(folder / "other.txt", data.encoders, with_targets=False), "test"
            )
        assert [problem.code for problem in caught.value.problems] == [code]


def test_a_text_that_is_predicted_from_is_no_longer_than_a_stretch(folder: Path) -> None:
    encoders = open_data(spec(folder)).encoders
    part = part_from(
        encoders,
        table_from_rows({"text": BOOK[:16]}, encoders, with_targets=False),
        "test",
        with_targets=False,
    )
    assert part.input("text").shape == (1, 16)
    longer = table_from_rows({"text": BOOK[:17]}, encoders, with_targets=False)
    with pytest.raises(NncliError) as caught:
        part_from(encoders, longer, "test", with_targets=False)
    assert [problem.code for problem in caught.value.problems] == ["stretch-long"]
