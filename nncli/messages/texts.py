"""Words for text: tokenizers as they are declared, and texts that cannot become tokens."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, SpecError
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
    "tokenizer-file": Words(
        SpecError,
        "the tokenizer `{file}` cannot be read: {reason}",
        ("paths are relative to the spec",),
        "A tokenizer.json lies beside the spec, or below its folder.",
    ),
    "tokenizer-invalid": Words(
        SpecError,
        "the tokenizer `{file}` cannot be used: {reason}",
        ("write it with `save` of the library tokenizers, or `save_pretrained` of transformers",),
        "A tokenizer.json is the JSON of the library `tokenizers`.",
    ),
    "tokenizer-special": Words(
        SpecError,
        "the tokenizer has no token for the {word} of a text",
        ("remove `{word}: true`",),
        "Fitted tokenizers have tokens for both; those of a tokenizer.json are found by their usual names.",
    ),
    "vocabulary-unknown": Words(
        SpecError,
        "`{name}` cannot take the vocabulary of `{received}`",
        ("{type} columns with a vocabulary of their own are {known}",),
        "vocabulary: names another column of the same type, which does not take its own from a third.",
    ),
    "sequence-length": Words(
        SpecError,
        "the length of `{name}` is a whole number of at least {least}, not {received}",
        (),
        "A length counts steps: tokens of a text with its begin and end, or classes.",
    ),
    "sequence-empty": Words(
        DataError,
        "`{column}` has nothing in {rows}: {cells}",
        ("remove these rows, or write `begin: true`, which gives every text a token",),
        "A sequence has at least one step; white space alone has no words.",
    ),
    "sequence-long": Words(
        DataError,
        "`{column}` is longer than {length} steps in {rows}: {cells}",
        ("write a larger `length`, or `truncate: end` to cut them",),
        "With truncate: error no text is cut in silence.",
    ),
    "text-unknown": Words(
        DataError,
        "the tokenizer cannot take {rows} of `{column}`: {cells}; {reason}",
        (),
        "A tokenizer.json can be made so that it fails on some texts.",
    ),
    "tag-unknown": Words(
        DataError,
        "`{column}` has classes that are not known in {rows}: {cells}",
        ("classes of the training part, or those that are stated, are {known}",),
        "A class that training did not see cannot be learned or judged.",
    ),
    "sequence-steps": Words(
        DataError,
        "`{column}` and `{other}` have different numbers of steps in {rows}: {cells}",
        ("each word has a class: `tokenizer: words` takes words apart at white space",),
        "Classes at each step belong to the words of a text, one to one.",
    ),
    "stretch-type": Words(
        SpecError,
        "`{name}` is of type {type}, but samples of a text file are stretches of its text",
        ("write `{name}: {{type: text, column: text}}`",),
        "A text file has one column, `text`, and a sample is a stretch of it.",
    ),
    "stretch-word": Words(
        SpecError,
        "`{name}` is a stretch of a text file, which has no `{word}` of its own",
        ("remove `{word}`",),
        "Stretches are all of one length and of one tokenizer, and begin and end where the text does not.",
    ),
    "stretch-long": Words(
        DataError,
        "`{column}` has more than {length} tokens in {rows}: {cells}",
        ("the network takes a stretch of {length} tokens: give the last ones of each text",),
        "What was trained on stretches of a text takes texts up to that length.",
    ),
    "stretch-split": Words(
        SpecError,
        "a text file is divided by position, not by `{word}`",
        ("remove `{word}`: `split: {{validation: 0.1, test: 0}}` takes the last tenth for validation",),
        "Stretches of one text know each other: only those far apart can judge what was learned.",
    ),
    "stretch-shift": Words(
        SpecError,
        "`{name}` reads the step before, which the first stretch of a text does not have",
        ("write `shift: -1` for the step behind",),
        "A stretch of a text file can read on, by a shift below 0.",
    ),
    "text-short": Words(
        DataError,
        "the {part} part has no stretch of {needed}",
        ("write a shorter `length`, or give more text",),
        "A part has at least one stretch: as many tokens as `length`, and those that a target reads on.",
    ),
}
