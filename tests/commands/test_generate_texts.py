"""`nncli generate` on a network of text, in this process."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nncli.commands import writing_texts
from nncli.commands.generate import GenerateOptions, generate
from nncli.commands.train import TrainOptions, train
from nncli.errors import NncliError
from nncli.terminal.streams import Streams
from tests.generation.networks import TEXT

SPEC = """
data:
  train: text.txt
  split: {validation: 0, test: 0}
  inputs: {text: {type: text, tokenizer: characters, length: 16}}
  targets: {next: {column: text, shift: -1}}
network:
  - Embedding: 32
  - PositionEmbedding
  - residual: [SelfAttention: {heads: 4, causal: true}]
  - residual: [LayerNorm, Linear: 64, ReLU, Linear: 32]
  - Linear: $vocabulary
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 1e-2}}, epochs: 20, batch_size: 16}
"""
CELLS = """
data:
  train: words.csv
  split: {validation: 0, test: 0}
  inputs: {word: {type: text, tokenizer: characters, begin: true, length: 7}}
  targets: {next: {column: word, shift: -1, end: true}}
network: [Embedding: 16, GRU: 32, Linear: $word.vocabulary]
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 2e-2}}, epochs: 40, batch_size: 16}
predict: {names: {generate: {temperature: 0.5, length: 12}}}
"""


def streams(*, live: bool = False) -> tuple[Streams, io.StringIO, io.StringIO]:
    """Streams, with what is written to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    consoles = [Console(file=each, force_terminal=live, color_system=None, width=200) for each in (out, err)]
    return Streams(*consoles, live=False), out, err


def trained(folder: Path, spec: str) -> Path:
    (folder / "net.yaml").write_text(spec, encoding="utf-8")
    train(TrainOptions(folder / "net.yaml", run=folder / "run", threads=1), streams()[0])
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    return trained(folder, SPEC)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    (folder / "words.csv").write_text("word\n" + "anna\notto\nhanna\n" * 20, encoding="utf-8")
    return trained(folder, CELLS)


def made(run: Path, *, live: bool = False, **options: Any) -> tuple[str, str]:
    """Generates; gives what is written to stdout and stderr."""
    found, out, err = streams(live=live)
    text = {key: options.pop(key) for key in ("prompt", "temperature", "top_k", "length") if key in options}
    assert generate(GenerateOptions(run, text=text, threads=1, **options), found) == 0
    return out.getvalue(), err.getvalue()


def test_a_network_goes_on_from_a_prompt(run: Path) -> None:
    assert made(run, prompt="to be", temperature=0, length=11) == (TEXT[:16] + "\n", "")
    text, said = made(run, prompt="to be", temperature=0, length=35)
    assert text.startswith(TEXT[:16]) and len(text) == 41
    assert "reads 16 tokens at once; each time that they are full it goes on from the last 8" in said


def test_the_same_seed_writes_the_same(run: Path) -> None:
    one, again, other = (
        made(run, prompt="t", temperature=3.0, length=20, seed=seed)[0] for seed in (1, 1, 2)
    )
    assert one == again and one != other and len(one) == 22


def test_several_texts_and_json(run: Path, tmp_path: Path) -> None:
    options = {"prompt": "to ", "temperature": 4.0, "length": 8, "count": 3}
    plain, _ = made(run, **options)
    document = json.loads(made(run, json=True, **options)[0])
    texts = [each["text"] for each in document["texts"]]
    assert len(set(texts)) == 3 and all(len(text) == 11 and text.startswith("to ") for text in texts)
    assert plain == "".join(f"--- {n} of 3 ---\n{text}\n" for n, text in enumerate(texts, 1))
    assert [(each["tokens"], each["ended"]) for each in document["texts"]] == [(8, False)] * 3
    assert (document["window"], document["slid"], document["cached"]) == (16, False, True)
    made(run, output=tmp_path / "x.txt", **options)
    assert (tmp_path / "x.txt").read_text(encoding="utf-8") == plain


def test_more_texts_than_are_written_at_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"prompt": "to ", "temperature": 4.0, "length": 6, "count": 5, "json": True}
    together = json.loads(made(run, **options)[0])
    monkeypatch.setattr(writing_texts, "_AT_ONCE", 2)
    assert json.loads(made(run, **options)[0]) == together


def test_no_prompt_begins_with_a_new_line(run: Path) -> None:
    # The text has one at the end of each line.
    assert made(run, temperature=0, length=5)[0] == "to be\n"


def test_what_the_tokenizer_does_not_know_is_told(run: Path) -> None:
    text, said = made(run, prompt="to Ωx", length=2)
    assert text.startswith("to Ωx") and "the tokenizer does not know Ω, x of the prompt" in said


def test_words_begin_and_end_by_themselves(words: Path) -> None:
    document = json.loads(made(words, count=20, json=True)[0])
    assert {each["text"] for each in document["texts"]} <= {"anna", "otto", "hanna"}
    assert all(each["ended"] and each["tokens"] == len(each["text"]) for each in document["texts"])
    assert document["recipe"] == "names" and document["window"] is None


def test_a_terminal_is_not_steered(run: Path) -> None:
    assert made(run, live=True, prompt="\x1b[31m", length=1)[0].startswith("\\x1b[31m")


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("text-option-given", {"text": {"temperature": float("nan")}}),
        ("text-option-given", {"text": {"top_k": 0}}),
        ("generate-format", {"output": Path("x.png")}),
        ("generate-format", {"output": Path("x.txt"), "json": True}),
        ("recipe-unknown", {"recipe": "generat"}),
    ],
)
def test_what_cannot_be_written_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, options: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NncliError) as caught:
        generate(GenerateOptions(run, threads=1, **options), streams()[0])
    assert caught.value.problems[0].code == code and list(tmp_path.iterdir()) == []
