"""Writes docs/errors.md from the catalogue of messages: `python -m tools.generate_errors`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nncli.errors import NncliError
from nncli.messages.catalogue import CATALOGUE
from nncli.messages.words import Words

PAGE: Final = Path(__file__).parent.parent / "docs" / "errors.md"
START: Final = """# Errors

<!-- Written by `make generated` from nncli/messages/; changes here are lost. -->

Every message of nncli has this form, on stderr: where, the code, what is wrong, and what to type instead.

```text
digits.yaml:12:9: error[layer-unknown]: there is no layer `Conv2D` in torch.nn
  - Conv2D: 32
    ^
hint: did you mean `Conv2d`?
```

What came by `--set` has `--set 2` for its place, the second one here, and is shown as it was typed. Only what
the parser of the command line refuses itself, such as an option that is not there, stands in a box with the
usage of the verb, and has no code; its exit code is 2 as well.

Below, `{words in braces}` stand for what is filled in. The exit code of a command that found several
problems is the lowest of theirs.
"""


def rendered() -> str:
    """Writes the page: one section per exit code, one entry per code."""
    kinds = sorted({words.error for words in CATALOGUE.values()}, key=lambda kind: kind.exit_code)
    return START + "".join(_section(kind) for kind in kinds)


def _section(kind: type[NncliError]) -> str:
    title = f"\n## Exit {int(kind.exit_code)}: {(kind.__doc__ or '').rstrip('.').lower()}\n"
    codes = sorted(code for code, words in CATALOGUE.items() if words.error is kind)
    return title + "".join(_entry(code, CATALOGUE[code]) for code in codes)


def _entry(code: str, words: Words) -> str:
    lines = [words.message, *(f"hint: {hint}" for hint in words.hints)]
    said = "\n".join(lines).replace("{{", "{").replace("}}", "}")
    return f"\n### `{code}`\n{words.about}\n\n```text\n{said}\n```\n"


def main() -> None:
    """Writes the page where it belongs."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
