"""nncli explain as its users call it; the screens are golden files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.program import invoke, process

GOLDEN = Path(__file__).parents[1] / "golden" / "explain"
WORDS = [
    "Conv2d",
    "CrossEntropyLoss",
    "AdamW",
    "residual",
    "repeat",
    "training.optimizer",
    "data.split",
    "inputs",
]
WORDS += [
    "shape-mismatch",
    "kaiming_normal_",
    "precision",
    "SelfAttention",
    "softmax",
    "clamp",
    "rename",
    "padding",
]
WORDS += ["functions"]


@pytest.mark.parametrize("word", WORDS)
def test_screens(word: str, tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    answer = invoke(tmp_path, "explain", word)
    assert (answer.code, answer.err) == (0, "")
    golden(GOLDEN / f"{word}.txt", answer.out)
    assert max(map(len, answer.out.splitlines())) <= 80


def test_documents_for_scripts(tmp_path: Path) -> None:
    (document,) = invoke(tmp_path, "explain", "Linear", "--json").rows()
    assert (document["version"], document["word"]) == (1, "Linear")
    (explanation,) = document["explanations"]
    assert explanation["kind"] == "layer of torch.nn"
    assert explanation["parts"][1] == {
        "name": "out_features",
        "takes": "a whole number",
        "default": "required",
        "text": "size of each output sample",
    }
    assert explanation["example"] == "- Linear: 10\n- Linear: {out_features: 10}\n"
    assert explanation["facts"][0]["label"] == "example"


def test_without_a_word_it_lists_what_can_be_asked(tmp_path: Path) -> None:
    shown = invoke(tmp_path, "explain").out
    (document,) = invoke(tmp_path, "explain", "--json").rows()
    assert set(document["groups"]) > {"structure", "key of training", "layer of torch.nn", "error code"}
    for group, words in document["groups"].items():
        assert group in shown and all(word in shown for word in words)


def test_an_unknown_word_is_a_wrong_command_line(tmp_path: Path) -> None:
    answer = invoke(tmp_path, "explain", "Conv2D")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error[word-unknown]: nothing is called `Conv2D`\nhint: did you mean `Conv2d`?\n"
    hostile = invoke(tmp_path, "explain", "\x1b[31m[bold]x")
    assert hostile.code == 2 and "\x1b" not in hostile.err and "[bold]x" in hostile.err


@pytest.mark.parametrize("verb", ["find-lr", "train", "report"])
def test_a_verb_is_explained_with_its_examples(verb: str, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "explain", verb)
    assert (answer.code, answer.err) == (0, "")
    assert f"{verb}: verb\n" in answer.out and f"`nncli {verb} --help` lists them" in answer.out
    assert f"  nncli {verb} " in answer.out
    near = invoke(tmp_path, "explain", f"{verb}z")
    assert near.code == 2 and f"did you mean `{verb}`?" in near.err


def test_the_schema_goes_to_stdout_or_into_a_new_file(tmp_path: Path) -> None:
    on_stdout = invoke(tmp_path, "explain", "--schema")
    assert json.loads(on_stdout.out)["title"] == "A spec of nncli"
    written = invoke(tmp_path, "explain", "--schema", "--output", "a.json")
    assert (written.code, written.out, written.err) == (0, "", "wrote a.json\n")
    assert (tmp_path / "a.json").read_text() == on_stdout.out
    assert invoke(tmp_path, "explain", "--schema", "--output", "a.json").code == 8
    assert invoke(tmp_path, "explain", "--schema", "--output", "a.json", "--overwrite").code == 0
    assert invoke(tmp_path, "explain", "--schema", "--output", "no/a.json").code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("Conv2d", "--schema"), "schema-alone"),
        (("--schema", "--json"), "schema-alone"),
        (("Conv2d", "--output", "a.txt"), "schema-output"),
        (("Conv2d", "--overwrite"), "schema-output"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    answer = invoke(tmp_path, "explain", *arguments)
    assert answer.code == 2 and f"error[{code}]" in answer.err


def test_a_process_says_the_same(tmp_path: Path) -> None:
    answer = process(tmp_path, "explain", "residual", PYTHONIOENCODING="utf-8")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == invoke(tmp_path, "explain", "residual").out
