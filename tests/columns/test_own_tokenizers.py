from __future__ import annotations

import json
from typing import Any

import pytest

from nncli.columns import own_tokenizers
from nncli.columns.own_tokenizers import read_tokenizer
from nncli.columns.tokenizer_fitting import TokenizerPlan, fit_tokenizer

VOCABULARY = {"[UNK]": 5, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "cat": 9, "##s": 7, "a": 8}
BERT: dict[str, Any] = {
    "version": "1.0",
    "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
    "padding": {
        "strategy": {"Fixed": 9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 3,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    },
    "added_tokens": [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token, number in VOCABULARY.items()
        if token.startswith("[")
    ],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": VOCABULARY,
    },
}


def read(document: object) -> own_tokenizers.Tokenizer:
    return read_tokenizer(json.dumps(document).encode())


def test_a_published_form_keeps_its_numbers() -> None:
    tokenizer = read(BERT)
    assert (tokenizer.size, tokenizer.padding, tokenizer.unknown) == (10, 3, 5)
    assert (tokenizer.begin, tokenizer.end) == (1, 2)
    # Neither cut to two tokens nor filled up to nine, and nothing put around it.
    assert tokenizer.encode(["A cats cat zebra"])[0].tolist() == [8, 9, 7, 9, 5]
    assert tokenizer.decode([1, 9, 7, 2, 3]) == "cats"


@pytest.mark.parametrize("kind", ["characters", "words", "BPE", "WordPiece", "Unigram", "bytes"])
def test_a_fitted_one_can_be_brought(kind: str) -> None:
    plan = TokenizerPlan(kind, None if kind in ("characters", "words", "bytes") else 300)
    fitted = fit_tokenizer(plan, ["the cat sat on the mat"])
    brought = read_tokenizer(fitted.document.encode())
    assert brought.encode(["the cat"])[0].tolist() == fitted.encode(["the cat"])[0].tolist()
    assert (brought.padding, brought.begin, brought.end) == (fitted.padding, fitted.begin, fitted.end)


def test_what_draws_at_random_is_switched_off() -> None:
    plan = TokenizerPlan("BPE", 300)
    document = json.loads(fit_tokenizer(plan, ["ab ab ab abab"]).document)
    document["model"]["dropout"] = 0.5
    tokenizer = read(document)
    assert len({tuple(tokenizer.encode(["abab ab"])[0].tolist()) for _ in range(20)}) == 1


def model(**fields: object) -> dict[str, object]:
    return {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], **fields}}


REPLACED = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "no `model`"),
        (b'{"model": 3}', "no `model`"),
        (json.dumps(model(merges=[["a", "b"]])).encode(), "out of vocabulary"),
        (json.dumps(model(vocab={"a": 2**32 - 1}, unk_token="a")).encode(), "outside the vocabulary"),
        (json.dumps(model()).encode(), "no token for what is unknown"),
        (json.dumps(model(type="WordLevel", unk_token="b")).encode(), "no token for what is unknown"),
        (json.dumps(model() | {"normalizer": REPLACED}).encode(), "`precompiled_charsmap` is damaged"),
        (
            json.dumps(model() | {"normalizer": {"type": "Sequence", "normalizers": [REPLACED]}}).encode(),
            "`precompiled_charsmap` is damaged",
        ),
        (
            json.dumps({"model": {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 4}}).encode(),
            "UnkIdNotInVocabulary",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_tokenizer(content)


def test_its_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_tokenizers, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="more than"):
        read(BERT)
