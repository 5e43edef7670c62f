"""Tokenizers fitted on the training part: of characters, bytes, words, or pieces of words.

They give text back exactly, those of words up to the white space between them. Pieces of words are made
of bytes, so that no text is unknown to them. The same text gives the same JSON in every process.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nncli.columns.tokenizing import SPECIAL, UNKNOWN, Tokenizer
from nncli.columns.unigram import fit_unigram
from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.sources.text_files import pieces_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

KINDS: Final = ("characters", "bytes", "words", "BPE", "WordPiece", "Unigram")
DEFAULT: Final[Mapping[str, Mapping[str, int]]] = {"BPE": {"vocab_size": 8000, "min_frequency": 2}}
_OPTIONS: Final[Mapping[str, Mapping[str, int | None]]] = {
    "characters": {},
    "bytes": {},
    "words": {"vocab_size": None, "min_frequency": 1},
    "BPE": {"vocab_size": 8000, "min_frequency": 2},
    "WordPiece": {"vocab_size": 8000, "min_frequency": 2},
    "Unigram": {"vocab_size": 8000},
}
_BYTES: Final = 256
_MOST_CHARACTERS: Final = 2**26
"""Pieces of words are learned from at most this much text, taken evenly from all of it."""
_LONGEST_WORD: Final = 64
"""A longer word is cut where pieces are learned, and for WordPiece, which compares every stretch of one."""

_BYTE_LEVEL: Final = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
_SHORT: Final = f".{{1,{_LONGEST_WORD}}}"
_SHORT_WORDS: Final = {
    "type": "Split",
    "pattern": {"Regex": _SHORT},
    "behavior": "Isolated",
    "invert": False,
}


@dataclass(frozen=True, slots=True)
class TokenizerPlan:
    """A tokenizer as declared; `vocab_size` counts the special tokens in, None takes all there is."""

    kind: str
    vocab_size: int | None = None
    min_frequency: int = 1


def planned(declared: object, path: str) -> TokenizerPlan | Problem:
    """Reads `tokenizer:`. Problems: `tokenizer-unknown`, `tokenizer-option`, `tokenizer-size`."""
    name: object = declared
    options: object = {}
    if isinstance(declared, Mapping) and len(declared) == 1:
        name, options = next(iter(declared.items()))
        options = {} if options is None else options
    if name not in KINDS:
        facts = {"received": name, "nearest": nearest(str(name), KINDS), "known": list(KINDS)}
        return Problem("tokenizer-unknown", None, path, facts)
    kind, known = str(name), _OPTIONS[str(name)]
    if not isinstance(options, Mapping) or not set(options) <= set(known):
        strange = sorted(map(str, set(options) - set(known)))[0] if isinstance(options, Mapping) else options
        facts = {"kind": kind, "received": strange, "known": list(known)}
        return Problem("tokenizer-option", None, path, facts)
    least = {"vocab_size": len(SPECIAL) + (1 if kind == "words" else _BYTES), "min_frequency": 1}
    for option, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least[option]:
            facts = {"kind": kind, "option": option, "received": value, "least": least[option]}
            return Problem("tokenizer-size", None, path, facts)
    values: dict[str, Any] = {**known, **options}
    return TokenizerPlan(kind, **values)


def fit_tokenizer(plan: TokenizerPlan, texts: Iterable[str]) -> Tokenizer:
    """Fits a tokenizer to texts, which are gone through once."""
    if plan.kind == "bytes":
        return _made(_spelling(_byte_signs()), _BYTE_LEVEL | {"use_regex": False}, _BYTE_LEVEL)
    if plan.kind == "characters":
        found: set[str] = set()
        for text in texts:
            found.update(text)
        return _made(_spelling(sorted(found)), None, {"type": "Fuse"})
    if plan.kind == "words":
        return _fit_words(plan, texts)
    sample = _evenly(_pieces(texts))
    if plan.kind == "Unigram":
        return _fit_unigram(plan, sample)
    return _fit_merges(plan, sample)


def _fit_words(plan: TokenizerPlan, texts: Iterable[str]) -> Tokenizer:
    from tokenizers import Tokenizer as Library
    from tokenizers import models, pre_tokenizers, trainers

    library = Library(models.WordLevel(unk_token=SPECIAL[UNKNOWN]))
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    limit = {} if plan.vocab_size is None else {"vocab_size": plan.vocab_size}
    trainer = trainers.WordLevelTrainer(
        **({"vocab_size": 2**31} | limit),
        min_frequency=plan.min_frequency,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    library.train_from_iterator(_pieces(texts), trainer)
    return _made(_model(library), {"type": "WhitespaceSplit"}, None)


def _fit_merges(plan: TokenizerPlan, texts: Iterable[str]) -> Tokenizer:
    """Fits pairs to merge: the whole of BPE, and the vocabulary of WordPiece.

    The library's own trainer of WordPiece numbers signs in the order of a hash map. Its mark for the inside
    of a word, ##, is not needed: here a word carries the space before it.
    """
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Library

    assert plan.vocab_size is not None
    library = Library(models.BPE())
    # The time that the library takes for a word grows with the square of its length.
    library.pre_tokenizer = pre_tokenizers.Sequence(
        [_byte_level(), pre_tokenizers.Split(Regex(_SHORT), "isolated")]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=plan.vocab_size,
        min_frequency=plan.min_frequency,
        special_tokens=list(SPECIAL),
        initial_alphabet=_byte_signs(),
        show_progress=False,
    )
    library.train_from_iterator(texts, trainer)
    model = _model(library)
    if plan.kind == "BPE":
        return _made(model, _BYTE_LEVEL, _BYTE_LEVEL)
    model = {
        "type": "WordPiece",
        "unk_token": SPECIAL[UNKNOWN],
        "continuing_subword_prefix": "",
        "max_input_chars_per_word": _LONGEST_WORD,
        "vocab": model["vocab"],
    }
    return _made(model, {"type": "Sequence", "pretokenizers": [_BYTE_LEVEL, _SHORT_WORDS]}, _BYTE_LEVEL)


def _fit_unigram(plan: TokenizerPlan, texts: Iterable[str]) -> Tokenizer:
    assert plan.vocab_size is not None
    split = _byte_level()
    words: Counter[str] = Counter()
    for text in texts:
        words.update(word for word, _ in split.pre_tokenize_str(text))
    scores = fit_unigram(words, _byte_signs(), plan.vocab_size - len(SPECIAL))
    vocabulary = [[token, 0.0] for token in SPECIAL] + [[piece, score] for piece, score in scores.items()]
    model = {"type": "Unigram", "unk_id": UNKNOWN, "vocab": vocabulary, "byte_fallback": False}
    return _made(model, _BYTE_LEVEL, _BYTE_LEVEL)


def _made(model: dict[str, Any], split: object, join: object) -> Tokenizer:
    """Makes a tokenizer of its parts; it looks for no special tokens in the text itself."""
    empty = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor"))
    parts = {"version": "1.0", **empty, "added_tokens": [], "pre_tokenizer": split, "decoder": join}
    document = json.dumps(parts | {"model": model}, ensure_ascii=False, separators=(",", ":"))
    return Tokenizer(document, len(model["vocab"]))


def _spelling(signs: Iterable[str]) -> dict[str, Any]:
    """Makes the model whose tokens are single signs: BPE that merges nothing, which is the quickest."""
    vocabulary = {token: number for number, token in enumerate((*SPECIAL, *signs))}
    return {"type": "BPE", "unk_token": SPECIAL[UNKNOWN], "vocab": vocabulary, "merges": []}


def _byte_signs() -> list[str]:
    """Lists the signs that stand for the bytes 0 to 255. Source: bytes_to_unicode of GPT-2."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    signs = {byte: chr(byte) for byte in plain}
    for byte in range(_BYTES):
        signs.setdefault(byte, chr(_BYTES + len(signs) - len(plain)))
    return [signs[byte] for byte in range(_BYTES)]


def _byte_level() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _model(library: Library) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(library.to_str())["model"]
    return found


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    return (piece for text in texts for piece in pieces_of([text]))


def _evenly(pieces: Iterator[str]) -> list[str]:
    """Keeps every piece, or where they are too many every second, every fourth, and so on."""
    kept: list[str] = []
    step, size = 1, 0
    for number, piece in enumerate(pieces):
        if number % step == 0:
            kept.append(piece)
            size += len(piece)
        while size > _MOST_CHARACTERS and len(kept) > 1:
            kept, step = kept[::2], 2 * step
            size = sum(map(len, kept))
    return kept
