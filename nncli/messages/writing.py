"""Words for text that networks write: recipes with `generate:` or `decode:`, their options, and prompts."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError, UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "prompt-missing": Words(
        UsageError,
        "this network has no token that begins a text, so that it needs a prompt",
        ("give it one: `--prompt 'Once upon'`",),
        "A text goes on from a prompt, or from the begin token of a column with `begin: true`.",
    ),
    "prompt-refused": Words(
        UsageError,
        "the tokenizer cannot take the prompt: {reason}",
        ("write another prompt",),
        "A tokenizer.json can be made so that it fails on some texts.",
    ),
    "prompt-unknown": Words(
        UsageError,
        "the tokenizer does not know {parts} of the prompt",
        ("the network reads the same unknown token for each of them",),
        "The vocabulary is that of the training part.",
    ),
    "text-option": Words(
        SpecError,
        "`{key}` of a text is {needed}; received `{received}`",
        (),
        "`temperature`, `top_k` and `top_p` say how the next token is chosen, `length` how many there are.",
    ),
    "text-option-given": Words(
        UsageError,
        "`{option}` is {needed}; received `{received}`",
        (),
        "What is given on the command line stands in the place of what the recipe says.",
    ),
    "text-recipe-form": Words(
        SpecError,
        "`{kind}:` holds options by name: {known}",
        ("write `predict: {{{kind}: {{length: 200}}}}`, or `{{}}` for none",),
        "`generate:` goes on from a prompt, `decode:` answers rows; both write text, token by token.",
    ),
    "text-recipe-network": Words(
        SpecError,
        "no network of this spec can `{kind}:` text: none tells the next token",
        ("`generate:` takes a text alone, `decode:` more; the target is `{{column: TEXT, shift: -1}}`",),
        "A text is written by a network that takes the tokens so far and scores the next one at each step. "
        "For `decode:` it takes other columns too, such as a question.",
    ),
}
