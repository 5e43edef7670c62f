"""A vocabulary of likely pieces of words, with their log probabilities: the Unigram model of tokenizers.

The trainer that comes with tokenizers adds floating-point numbers up in the order of a hash map, which is
another one in every process. Here only whole numbers are added up, so that the same text gives the same
pieces, to the last bit. Source: Kudo 2018, "Subword regularization", with the likeliest segmentation of a
word (Viterbi) in the place of all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Scores: TypeAlias = dict[str, float]
_LONGEST_PIECE: Final = 16
_SEEDS_PER_PIECE: Final = 10
_MOST_WORDS: Final = 200_000
"""Pieces are looked for in the commonest words alone, which bounds memory."""
_ROUNDS: Final = 2
_SHRUNK: Final = 0.75
"""What a round of pruning leaves; smaller steps find a little better pieces, in more time."""
_DECIMALS: Final = 6


def fit_unigram(words: Mapping[str, int], alphabet: Sequence[str], size: int) -> Scores:
    """Fits at most `size` pieces to words with their counts; every sign of the alphabet is one of them.

    Gives log probabilities, likeliest first.
    """
    common = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_WORDS]
    counts = np.array([count for _, count in common], dtype=np.int64)
    texts = [word for word, _ in common]
    scores = _scores(_seeds(common, alphabet, size), alphabet)
    while True:
        for _ in range(_ROUNDS):
            scores = _scores(_used(scores, texts, counts), alphabet)
        if len(scores) <= size:
            return scores
        kept = max(size, int(len(scores) * _SHRUNK))
        scores = _pruned(scores, _used(scores, texts, counts), alphabet, kept)


def _seeds(words: Sequence[tuple[str, int]], alphabet: Sequence[str], size: int) -> Mapping[str, int]:
    """Counts pieces of words, and keeps those that cover most: their count times their length."""
    found: Counter[str] = Counter()
    for word, count in words:
        for first in range(len(word)):
            for last in range(first + 1, min(first + _LONGEST_PIECE, len(word)) + 1):
                found[word[first:last]] += count
    long = [(piece, count) for piece, count in found.items() if len(piece) > 1 and count > 1]
    long.sort(key=lambda pair: (-pair[1] * len(pair[0]), pair[0]))
    return {sign: found[sign] for sign in alphabet} | dict(long[: size * _SEEDS_PER_PIECE])


def _scores(counts: Mapping[str, int], alphabet: Sequence[str]) -> Scores:
    """Turns counts into log probabilities; a sign that nobody uses counts as half a time."""
    used = {piece: float(count) for piece, count in counts.items() if count}
    used |= {sign: 0.5 for sign in alphabet if sign not in used}
    total = math.fsum(used.values())
    ordered = sorted(used.items(), key=lambda pair: (-pair[1], pair[0]))
    return {piece: round(math.log(count / total), _DECIMALS) for piece, count in ordered}


def _used(scores: Scores, texts: Sequence[str], counts: NDArray[np.int64]) -> Mapping[str, int]:
    """Counts how often each piece is part of the likeliest segmentation of a word."""
    model = _segmenter(scores)
    encoded = model.encode_batch_fast(list(texts), add_special_tokens=False)
    lengths = [len(each.ids) for each in encoded]
    ids = np.fromiter((token for each in encoded for token in each.ids), dtype=np.int64, count=sum(lengths))
    found = np.zeros(len(scores) + 1, dtype=np.int64)
    np.add.at(found, ids, np.repeat(counts, lengths))
    return dict(zip(scores, found[1:].tolist(), strict=True))


def _segmenter(scores: Scores) -> Tokenizer:
    from tokenizers import Tokenizer, models

    # The first entry stands for what is unknown; it has a sign that no piece can have.
    return Tokenizer(models.Unigram([("\0", 0.0), *scores.items()], unk_id=0))


def _pruned(scores: Scores, used: Mapping[str, int], alphabet: Sequence[str], kept: int) -> Scores:
    """Keeps the alphabet, and the pieces without which the words would become least likely."""
    signs = set(alphabet)
    losses = [
        (used[piece] * (score - _likelihood_without(piece, scores)), piece)
        for piece, score in scores.items()
        if piece not in signs
    ]
    losses.sort(key=lambda pair: (-pair[0], pair[1]))
    chosen = signs | {piece for _, piece in losses[: max(kept - len(signs), 0)]}
    return {piece: score for piece, score in scores.items() if piece in chosen}


def _likelihood_without(piece: str, scores: Scores) -> float:
    """Gives the log probability of a piece as the likeliest row of other pieces."""
    best = [0.0, *[-math.inf] * len(piece)]
    for last in range(1, len(piece) + 1):
        for first in range(last):
            part = piece[first:last]
            if len(part) < len(piece) and part in scores:
                best[last] = max(best[last], best[first] + scores[part])
    return best[-1]
