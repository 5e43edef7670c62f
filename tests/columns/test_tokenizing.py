from __future__ import annotations

import json

import numpy as np
import pytest

from nncli.columns.tokenizer_fitting import TokenizerPlan, fit_tokenizer
from nncli.columns.tokenizing import Tokenizer

CHARACTERS = fit_tokenizer(TokenizerPlan("characters"), ["abc \n"])


def test_texts_become_tokens_in_order_however_long_they_are() -> None:
    long = "ab c\n" * 200_000
    tokens = CHARACTERS.encode(["", long, "cab"])
    assert [len(each) for each in tokens] == [0, 1_000_000, 3]
    assert all(each.dtype == np.int32 for each in tokens)
    assert CHARACTERS.decode(tokens[1].tolist()) == long
    assert CHARACTERS.decode(tokens[2].tolist()) == "cab"


def test_padding_begin_and_end_have_no_text() -> None:
    assert CHARACTERS.decode([2, *CHARACTERS.encode(["ab"])[0].tolist(), 3, 0, 0]) == "ab"
    assert CHARACTERS.decode([]) == ""
    assert CHARACTERS.decode([1]) == "<unknown token>"


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError):
        CHARACTERS.encode(["a\ud800"])


def test_it_travels_as_json() -> None:
    written = json.loads(json.dumps(CHARACTERS.document))
    assert Tokenizer(written, CHARACTERS.size).encode(["abc"])[0].tolist() == [6, 7, 8]


@pytest.mark.parametrize(
    ("document", "size", "special"),
    [
        ("", 9, {}),
        ("{}", 9, {}),
        ("[" * 10_000, 9, {}),
        (CHARACTERS.document, 3, {}),
        (CHARACTERS.document, 2**25, {}),
        (CHARACTERS.document, 9, {"padding": 9}),
        (CHARACTERS.document, 9, {"begin": -1}),
        (CHARACTERS.document.replace('"model":{', '"model":{"dropout":7,'), 9, {}),
    ],
)
def test_what_is_damaged_is_a_value_error(document: str, size: int, special: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Tokenizer(document, size, **special)


def test_a_token_is_shown_as_it_stands_in_the_vocabulary() -> None:
    assert CHARACTERS.shown(6) == "a"
    assert CHARACTERS.shown(99) == ""
