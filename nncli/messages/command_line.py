"""Words for what is wrong on the command line before a verb runs: options, their values, and verbs."""

from __future__ import annotations

from typing import Final

from nncli.errors import UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "verb-unknown": Words(
        UsageError,
        "there is no verb `{verb}`",
        (
            "a verb comes first: `nncli train {spec}`",
            "did you mean `nncli {nearest}`?",
            "`nncli --help` lists them: {known}",
        ),
        "The first word after nncli says what to do.",
    ),
    "option-unknown": Words(
        UsageError,
        "`{command}` has no option `{option}`",
        ("did you mean `{nearest}`?", "`{command} --help` lists its options"),
        "Each verb has options of its own; `--debug` and `--version` stand before the verb.",
    ),
    "option-value": Words(
        UsageError,
        "`{option}` is `{received}`, but must be {expected}",
        ("did you mean `{option} {nearest}`?", "`{command} --help` explains it"),
        "An option takes a value of a certain kind.",
    ),
    "option-form": Words(
        UsageError,
        "`{option}` {wanted}",
        ("write `{option} {metavar}`", "`{command} --help` explains it"),
        "Some options take a value, and others are written alone.",
    ),
    "command-short": Words(
        UsageError,
        "`{command}` needs {name}{meaning}",
        ("as in `{example}`", "`{command} --help` explains it"),
        "Something that the verb cannot do without is not there.",
    ),
    "command-long": Words(
        UsageError,
        "`{command}` does not know what to do with `{extra}`",
        ("it takes {takes}: a value with blanks stands in quotes", "`{command} --help` says what it takes"),
        "There are more words than the verb takes.",
    ),
    "command-wrong": Words(
        UsageError,
        "{said}",
        ("`{command} --help` explains it",),
        "The command line cannot be read.",
    ),
}
