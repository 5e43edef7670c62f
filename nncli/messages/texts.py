"""Words for text: tokenizers as they are declared, and texts that cannot become tokens."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "tokenizer-unknown": Words(
        SpecError,
        "there is no tokenizer `{received}`",
        ("did you mean `{nearest}`?", "there are {known}, or a file such as `tokenizer: tokenizer.json`"),
        "A tokenizer is one of a few kinds that are fitted on the training part, or a tokenizer.json.",
    ),
    "tokenizer-option": Words(
        SpecError,
        "the tokenizer {kind} has no `{received}`",
        ("it takes {known}", "write its name alone, such as `tokenizer: characters`"),
        "Words and pieces of words take `vocab_size` and `min_frequency`; characters and bytes take nothing.",
    ),
    "tokenizer-size": Words(
        SpecError,
        "`{option}` of {kind} is a whole number of at least {least}, not {received}",
        (),
        "A vocabulary has at least its four special tokens, and where it is made of bytes all 256 of them.",
    ),
}
