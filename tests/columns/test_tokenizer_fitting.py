from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.columns import tokenizer_fitting
from nncli.columns.tokenizer_fitting import DEFAULT, TokenizerPlan, fit_tokenizer, planned
from nncli.columns.tokenizing import BEGIN, END, PADDING, SPECIAL, UNKNOWN, Tokenizer
from nncli.errors import Problem

CORPUS = (
    "the cat sat on the mat, and the dog sat on the log\n" * 3,
    "a cat and a dog: two animals\n\tthat sat and sat   again\r\n",
    "Käse, Ähren, naïve — \U0001f600 \u05e9\u05dc\u05d5\u05dd e\u0301",
)
OF_BYTES = ("bytes", "BPE", "WordPiece", "Unigram")
# All text that has an encoding: everything but lone surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def fitted(kind: str, *texts: str, **options: int) -> Tokenizer:
    plan = planned({kind: options} if options else kind, "tokenizer")
    assert isinstance(plan, TokenizerPlan)
    return fit_tokenizer(plan, texts or CORPUS)


def there_and_back(tokenizer: Tokenizer, text: str) -> str:
    return tokenizer.decode(tokenizer.encode([text])[0].tolist())


@pytest.fixture(scope="module")
def of_bytes() -> dict[str, Tokenizer]:
    return {kind: fitted(kind) for kind in OF_BYTES}


@settings(deadline=None)
@given(TEXTS)
def test_any_text_comes_back_from_bytes_and_pieces_of_words(
    of_bytes: dict[str, Tokenizer], text: str
) -> None:
    for kind, tokenizer in of_bytes.items():
        tokens = tokenizer.encode([text])[0]
        assert tokenizer.decode(tokens.tolist()) == text, kind
        assert UNKNOWN not in tokens


@settings(deadline=None, max_examples=50)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_texts_come_back_from_their_own_characters(texts: list[str]) -> None:
    tokenizer = fitted("characters", *texts)
    assert [there_and_back(tokenizer, text) for text in texts] == texts
    assert [len(tokens) for tokens in tokenizer.encode(texts)] == [len(text) for text in texts]


@settings(deadline=None, max_examples=50)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_words_come_back_with_one_space_between_them(texts: list[str]) -> None:
    tokenizer = fitted("words", *texts)
    for text in texts:
        back = there_and_back(tokenizer, text)
        assert back.split() == text.split()
        assert "  " not in back


def test_special_tokens_stand_in_front_and_no_text_can_spell_them() -> None:
    text = " ".join(SPECIAL) + " " + "".join(SPECIAL)
    for kind in ("characters", "words", *OF_BYTES):
        tokenizer = fitted(kind, text, *CORPUS)
        assert [tokenizer.shown(token) for token in (PADDING, UNKNOWN, BEGIN, END)] == list(SPECIAL)
        assert not {PADDING, UNKNOWN, BEGIN, END} & set(tokenizer.encode([text])[0].tolist()), kind
        assert tokenizer.size > max(tokenizer.encode(CORPUS)[0].tolist())


def test_what_training_did_not_have_is_unknown() -> None:
    assert fitted("characters", "abc").encode(["abz"])[0].tolist() == [4, 5, UNKNOWN]
    assert fitted("words", "b a b").encode(["a b c"])[0].tolist() == [5, 4, UNKNOWN]


def test_bytes_are_their_value_behind_the_special_tokens() -> None:
    assert fitted("bytes").encode(["a\0ÿ"])[0].tolist() == [ord("a") + 4, 4, 0xC3 + 4, 0xBF + 4]


def test_sizes_and_frequencies_are_kept_to() -> None:
    assert fitted("words", "a a a b b c", min_frequency=2).size == 4 + 2
    assert fitted("words", "a a a b b c", vocab_size=5).encode(["a b"])[0].tolist() == [4, UNKNOWN]
    for kind in ("BPE", "WordPiece", "Unigram"):
        assert fitted(kind, *CORPUS, vocab_size=264).size == 264
    assert fitted("BPE", "abab cd", min_frequency=9).size == 260


def test_hostile_text_is_tokenised_in_a_moment() -> None:
    line = "\u0301" * 50_000 + "ab" * 70_000 + "\u202e \0" + "x" * 140_000
    for kind in OF_BYTES:
        assert there_and_back(fitted(kind), line) == line, kind
    tokenizer = fitted("BPE", line)
    assert there_and_back(tokenizer, line) == line


PROGRAM = """
import hashlib, sys
from nncli.columns.tokenizer_fitting import fit_tokenizer, planned
texts = [f"line {n * n % 977} of word{n % 31}s and piece{n % 57} {'ab' * (n % 7)}" for n in range(3000)]
for kind in ("characters", "bytes", "words", "BPE", "WordPiece", "Unigram"):
    options = {"vocab_size": 400} if kind in ("words", "BPE", "WordPiece", "Unigram") else {}
    plan = planned({kind: options}, "")
    print(kind, hashlib.sha256(fit_tokenizer(plan, texts).document.encode()).hexdigest())
"""


def test_the_same_text_gives_the_same_tokenizer_in_every_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
        ).stdout
        for environment in (
            {"TOKENIZERS_PARALLELISM": "true", "PYTHONHASHSEED": "1"},
            {"TOKENIZERS_PARALLELISM": "true", "PYTHONHASHSEED": "2"},
            {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "PYTHONHASHSEED": "3"},
        )
    }
    assert len(answers) == 1
    assert len(answers.pop().splitlines()) == 6


def test_unigram_keeps_the_pieces_that_cover_most() -> None:
    text = "the winner wins, the loser loses, the winning team was losing. " * 20
    tokenizer = fitted("Unigram", text, vocab_size=275)
    vocabulary = [piece for piece, _ in json.loads(tokenizer.document)["model"]["vocab"]]
    assert "Ġthe" in vocabulary
    assert len(text) > 3 * len(tokenizer.encode([text])[0])
    shorter = fitted("Unigram", text, vocab_size=262)
    assert len(shorter.encode([text])[0]) > len(tokenizer.encode([text])[0])


def test_pieces_are_learned_from_text_taken_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_fitting, "_MOST_CHARACTERS", 400)
    texts = [*["front " * 10] * 20, *["behind " * 10] * 20]
    vocabulary = json.loads(fitted("BPE", *texts, vocab_size=300).document)["model"]["vocab"]
    assert {"Ġfront", "Ġbehind"} <= set(vocabulary)


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("bpe", "tokenizer-unknown"),
        (3, "tokenizer-unknown"),
        ({"BPE": {}, "words": {}}, "tokenizer-unknown"),
        ({"BPE": {"vocab": 300}}, "tokenizer-option"),
        ({"BPE": 300}, "tokenizer-option"),
        ({"characters": {"vocab_size": 300}}, "tokenizer-option"),
        ({"BPE": {"vocab_size": 259}}, "tokenizer-size"),
        ({"words": {"min_frequency": 0}}, "tokenizer-size"),
        ({"words": {"vocab_size": True}}, "tokenizer-size"),
    ],
)
def test_mistakes_in_a_declaration_have_words(declared: object, code: str) -> None:
    problem = planned(declared, "data.inputs.review.tokenizer")
    assert isinstance(problem, Problem)
    assert problem.code == code


def test_defaults_are_stated() -> None:
    assert planned(DEFAULT, "") == planned("BPE", "") == TokenizerPlan("BPE", 8000, 2)
    assert planned({"words": None}, "") == TokenizerPlan("words", None, 1)
