"""Words for layers of people's own: the files of `--code`, and what is wrong in them."""

from __future__ import annotations

from typing import Final

from nncli.errors import UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "code-differs": Words(
        UsageError,
        "{name} is not the file that {file} was trained with: its sha256 is {given}, and was {recorded}",
        ("give {name} as it was then, or train again",),
        "The layers of another file would make something else of the same weights.",
    ),
    "code-failed": Words(
        UsageError,
        "{where} could not be run: {reason}",
        ("try it by itself: `python {file}`",),
        "`--code` runs a Python file of your own; it failed.",
    ),
    "code-file-twice": Words(
        UsageError,
        "two files of --code are called {name}",
        ("give one of them another name",),
        "A run knows the files of its layers by their names.",
    ),
    "code-missing": Words(
        UsageError,
        "the network of {file} has layers of {names}",
        ("add `{options}`; it runs with your rights, so look into it first",),
        "Layers of people's own are Python code. It lies in no weights file, and nncli never looks for it.",
    ),
    "code-name-taken": Words(
        UsageError,
        "the class `{layer}` of {file} has a name that is taken",
        ("give the class another name",),
        "Classes of `--code` stand beside those of torch.nn, each under its own name.",
    ),
    "code-raised": Words(
        UsageError,
        "{where} raised {reason}",
        ("the same command with --debug shows the traceback",),
        "A layer of `--code` failed while the network ran.",
    ),
    "code-without-layers": Words(
        UsageError,
        "{file} defines no class of torch.nn.Module",
        ("write `class MyLayer(nn.Module)` in it",),
        "`--code` takes the nn.Module classes of a file that are its own and begin with a capital letter.",
    ),
}
