"""What the installed torch says of a class or function, and of each of its arguments, in plain words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_MATH: Final = re.compile(r":\w+:`~?(?:[\w.]*\.)?([^`]*)`")
_LATEX: Final = re.compile(r"\\(?:text|mathrm|log|exp)?(?:\{([^}]*)\})?")
_SIGNATURE: Final = re.compile(r"\s*[\w.:]*:*\s*\w+\(.*\)(?: *->.*)?$")
_FRACTION: Final = re.compile(r"\\d?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_FENCE: Final = re.compile(r"\\(?:left|right|[lr]ceil|[lr]floor)(?![a-z])")
_SECTION: Final = re.compile(
    r"(?:args|arguments|parameters|keyword args|keyword arguments)\s*:*", re.IGNORECASE
)
# `in_channels (int): Number of channels`, with marks around the name.
_ARGUMENT: Final = re.compile(r"[*`]*(\w+)[*`]*\s*(?:\(.*?\))?\s*(?::|\s-)\s*(.*)")
# A default is said by the signature, and better.
_DEFAULT: Final = re.compile(r"[\s(;,.]*(?:\b[Hh]as an? )?\b[Dd]efaults?\b(?:\s*(?:value|is|to|:|=)).*")
_SENTENCE: Final = re.compile(r"(?<!e\.g)(?<!i\.e)[.:](?= |$)")
# In what is said of an argument a colon leads to what it may be. Formulas end it.
_CLAUSE: Final = re.compile(r"(?<!\.\w)(?<! [A-Z])\.(?= |$)| ?\.\. math::")
_WORDS: Final = {"True": "true", "False": "false", "None": "none"}


def sentence_of(target: Callable[..., Any]) -> str:
    """Reads the first sentence that the installed torch says of something; empty where there is none."""
    for paragraph in inspect.cleandoc(target.__doc__ or "").split("\n\n"):
        # Signatures, notes and drawings come before the first sentence of some.
        lines = [line for line in paragraph.splitlines() if not _SIGNATURE.match(line)]
        text = " ".join(" ".join(lines).split())
        if text and not text.startswith(("..", ">>>")):
            return _plain(_SENTENCE.split(text)[0])
    return ""


def meanings_of(target: Callable[..., Any]) -> Mapping[str, str]:
    """Maps arguments to the first sentence that is said of each; one of which nothing is said is left out."""
    found: dict[str, str] = {}
    for entry in _entries(inspect.cleandoc(target.__doc__ or "").splitlines()):
        matched = _ARGUMENT.fullmatch(" ".join(entry.split()))
        if matched:
            said = _plain(_CLAUSE.split(_DEFAULT.sub("", matched[2]))[0]).removesuffix("(required)")
            said = re.sub(r"\b(?:True|False|None)\b", lambda word: _WORDS[word[0]], said).strip(" ,;:")
            found |= {matched[1]: said} if said else {}
    return found


def _entries(lines: list[str]) -> Iterator[str]:
    """Walks the entries of the sections of arguments; each begins where the first of its section does."""
    section: int | None = None
    first: int | None = None
    entry = ""
    for line in [*lines, "end"]:
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        if section is not None and indent > section:
            first = indent if first is None else first
            if indent > first:
                entry += f" {line.strip()}"
                continue
        elif section is None:
            section = indent if _SECTION.fullmatch(line.strip()) else None
            continue
        if entry:
            yield entry
        if section is not None and indent > section:
            entry = line.strip()
        else:
            section, first, entry = (indent if _SECTION.fullmatch(line.strip()) else None), None, ""


def _plain(text: str) -> str:
    """Takes the marks of reStructuredText and LaTeX out of a sentence."""
    text = _MATH.sub(r"\1", text).replace("\\_", "_").replace("`_", "").replace("`", "").replace("**", "")
    text = _FRACTION.sub(lambda found: f"{_grouped(found[1])} / {_grouped(found[2])}", _FENCE.sub("", text))
    text = _LATEX.sub(lambda found: found[1] or found[0].lstrip("\\"), text)
    text = " ".join(text.split())
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first == "A" or first[1:].islower() else text


def _grouped(text: str) -> str:
    return f"({text})" if " " in text.strip() else text
