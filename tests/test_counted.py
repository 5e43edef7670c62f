from __future__ import annotations

import pytest

from nncli.counted import counted


@pytest.mark.parametrize(
    ("count", "word", "said"),
    [
        (1, "row", "1 row"),
        (1200, "row", "1,200 rows"),
        (2, "entry", "2 entries"),
        (10, "batch", "10 batches"),
        (1, "batch", "1 batch"),
        (3, "epoch", "3 epochs"),
        (0, "key", "0 keys"),
    ],
)
def test_a_word_follows_its_count(count: int, word: str, said: str) -> None:
    assert counted(count, word) == said
