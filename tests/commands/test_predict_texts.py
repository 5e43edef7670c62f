"""`nncli predict` with a network that writes answers, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nncli.commands.generate import GenerateOptions, generate
from nncli.commands.predict import PredictOptions, predict
from nncli.commands.train import TrainOptions, train
from nncli.errors import DataError, UsageError
from tests.commands.test_generate_texts import streams
from tests.generation.test_text_columns import ANSWERS

PAIRS = {"one": "uno", "two": "due", "three": "tre", "ten": "dieci"}
SPEC = (
    ANSWERS.replace(": 4", ": 32")
    + """
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 2e-2}}, epochs: 25, batch_size: 8}
predict: {answer: {decode: {beams: 3}}}
"""
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    lines = [f"{question},{answer}" for question, answer in PAIRS.items()] * 10
    (folder / "rows.csv").write_text("\n".join(["question,answer", *lines]) + "\n", encoding="utf-8")
    (folder / "net.yaml").write_text(SPEC, encoding="utf-8")
    train(TrainOptions(folder / "net.yaml", run=folder / "run", threads=1), streams()[0])
    return folder / "run"


def test_questions_alone_are_answered(run: Path, tmp_path: Path) -> None:
    rows = tmp_path / "questions.csv"
    rows.write_text("question\n" + "\n".join(PAIRS) + "\n", encoding="utf-8")
    predict(PredictOptions(run, rows, output=tmp_path / "x.csv", threads=1), streams()[0])
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").split() == ["answer", *PAIRS.values()]
    options = PredictOptions(run, rows, format="jsonl", keep_all=True, recipe="answer", threads=1)
    found, out, _ = streams()
    predict(options, found)
    documents = [json.loads(line) for line in out.getvalue().splitlines()]
    assert documents == [{"question": q, "answer": a} for q, a in PAIRS.items()]


def test_answers_are_there_from_python(run: Path) -> None:
    import nncli

    assert nncli.load(run).predict([{"question": "two"}, {"question": "three"}]) == [
        {"answer": "due"},
        {"answer": "tre"},
    ]


def test_a_row_may_stand_on_the_command_line(run: Path) -> None:
    found, out, _ = streams()
    predict(PredictOptions(run, None, text=("ten",), threads=1), found)
    assert out.getvalue() == "answer\ndieci\n"


def test_what_is_missing_is_the_question(run: Path, tmp_path: Path) -> None:
    rows = tmp_path / "questions.csv"
    rows.write_text("asked\none\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        predict(PredictOptions(run, rows, threads=1), streams()[0])
    assert "question" in str(caught.value) and "answer" not in str(caught.value)


def test_generate_names_the_verb_that_answers(run: Path) -> None:
    with pytest.raises(UsageError) as caught:
        generate(GenerateOptions(run, "answer", threads=1), streams()[0])
    assert caught.value.problems[0].code == "recipe-reads-rows"
