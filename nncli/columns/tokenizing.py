"""Text to tokens and back, by tokenizers that travel as the JSON of the library `tokenizers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.sources.text_files import pieces_of

if TYPE_CHECKING:
    from tokenizers import Encoding
    from tokenizers import Tokenizer as Library

Tokens: TypeAlias = NDArray[np.int32]

PADDING: Final = 0
UNKNOWN: Final = 1
BEGIN: Final = 2
END: Final = 3
SPECIAL: Final = ("<padding token>", "<unknown token>", "<begin token>", "<end token>")
"""The first tokens of a fitted vocabulary. No text can spell them: a token of a text has no space in it,
or is a single character.
"""
MOST_TOKENS: Final = 2**24
"""A vocabulary is no larger, whatever a file says; the largest in use have some 260,000 tokens."""
_AT_ONCE: Final = 2**22
"""Characters that are tokenised together: the library keeps some 50 bytes for each of their tokens."""
_TEXTS_AT_ONCE: Final = 2**16


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A tokenizer as it travels in a weights file: its JSON, and which tokens mean something.

    `size` is above every token. `unknown`, `begin` and `end` are None where a tokenizer.json has none.
    """

    document: str
    size: int
    padding: int = PADDING
    unknown: int | None = UNKNOWN
    begin: int | None = BEGIN
    end: int | None = END

    def __post_init__(self) -> None:
        largest = max(opened(self.document).get_vocab(with_added_tokens=True).values(), default=0)
        special = [each for each in (self.padding, self.unknown, self.begin, self.end) if each is not None]
        if not max(largest, *special) < self.size <= MOST_TOKENS or min(special) < 0:
            raise ValueError("a token lies outside the vocabulary")

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenises texts, without begin and end. Raises ValueError where one of them cannot be."""
        library = opened(self.document)
        found: list[list[Tokens]] = [[] for _ in texts]
        for group in _groups(texts):
            encoded = _encoded(library, [piece for _, piece in group])
            for (at, _), each in zip(group, encoded, strict=True):
                found[at].append(np.array(each.ids, dtype=np.int32))
        return [np.concatenate(each) if each else np.zeros(0, dtype=np.int32) for each in found]

    def decode(self, tokens: Sequence[int]) -> str:
        """Gives the text of tokens; padding, begin and end have none."""
        silent = {self.padding, self.begin, self.end} - {self.unknown}
        kept = [token for token in tokens if token not in silent]
        text: str = opened(self.document).decode(kept, skip_special_tokens=False)
        return text

    @property
    def takes_words(self) -> bool:
        """Tells whether a token is a word between white space."""
        return type(opened(self.document).model).__name__ == "WordLevel"

    def shown(self, token: int) -> str:
        """Gives a token as it stands in the vocabulary; empty where there is none."""
        text: str | None = opened(self.document).id_to_token(token)
        return text or ""


@lru_cache(maxsize=16)
def opened(document: str) -> Library:
    """Opens the JSON of a tokenizer. Raises ValueError where it is none."""
    from tokenizers import Tokenizer as Library

    try:
        return Library.from_str(document)
    except BaseException as error:
        raise refused(error) from None


def refused(error: BaseException) -> BaseException:
    """Makes an error of the library a ValueError, also a panic of it, which is no Exception."""
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return ValueError(str(error) or type(error).__name__)
    return error


def _encoded(library: Library, texts: list[str]) -> list[Encoding]:
    try:
        encoded: list[Encoding] = library.encode_batch_fast(texts, add_special_tokens=False)
    except BaseException as error:
        raise refused(error) from None
    return encoded


def _groups(texts: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Gives the pieces of all texts, with the number of their text, some millions of characters at once."""
    group: list[tuple[int, str]] = []
    size = 0
    for at, text in enumerate(texts):
        for piece in pieces_of([text]):
            group.append((at, piece))
            size += len(piece)
            if size >= _AT_ONCE or len(group) >= _TEXTS_AT_ONCE:
                yield group
                group, size = [], 0
    if group:
        yield group
