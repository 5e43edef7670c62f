"""The form of an explanation: what a word is, what it takes, an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One argument, key or form; what is not known of it is empty."""

    name: str
    takes: str = ""
    default: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb does, and how it is typed."""

    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said about one meaning of a word.

    `kind` says what the word is: `layer of torch.nn`. `facts` pairs a label with what holds. `parts`
    are its forms, arguments or keys. `example` is YAML.
    """

    name: str
    kind: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    example: str = ""

    def document(self) -> Mapping[str, Any]:
        """Writes it for `--json`."""
        facts = [{"label": label, "value": value} for label, value in self.facts]
        return {**asdict(self), "facts": facts, "parts": [asdict(part) for part in self.parts]}
