"""Texts that every Python installation carries: the topics of its own documentation, from `pydoc_data`.

They change with the version of Python, and so do sizes, digests and what a network reaches on them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Final

_LEAST_CHARACTERS: Final = 40
"""A shorter paragraph is a heading, or a word or two between examples."""
_CHAPTERS: Final[Mapping[str, str]] = {
    "statements": "assert assignment async augassign break class compound continue del else for function "
    "global if import nonlocal pass raise return try while with",
    "expressions": "atom-identifiers atom-literals attribute-references await binary bitwise booleans "
    "calls comparisons conversions dict exprlists in lambda lists operator-summary power "
    "shifting slicings subscriptions unary yield",
    "methods": "attribute-access callable-types context-managers customization numeric-types sequence- "
    "types specialnames",
    "types": "bltin-code-objects bltin-ellipsis-object bltin-null-object bltin-type-objects objects "
    "specialattrs string-methods truth types typesfunctions typesmapping typesmethods "
    "typesmodules typesseq typesseq-mutable",
    "literals": "floating formatstrings id-classes identifiers imaginary integers numbers strings",
    "debugger": "debugger",
}
"""The topics of each class; those of other versions of Python that are not here are left out."""
CLASSES: Final = tuple(_CHAPTERS)


def topics_text() -> bytes:
    """Gives all topics one after the other, in the order of their names, as UTF-8."""
    topics = _topics()
    return "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).encode() + b"\n"


def paragraphs_table() -> bytes:
    """Gives the paragraphs of the topics with the part of the documentation they are from, as CSV.

    A paragraph that stands in several parts is left out, and one that stands in a part twice is there once.
    """
    topics = _topics()
    found: dict[str, set[str]] = {}
    for chapter, names in _CHAPTERS.items():
        for name in names.split():
            for paragraph in re.split(r"\n\s*\n", topics.get(name, "")):
                text = " ".join(paragraph.split())
                if len(text) >= _LEAST_CHARACTERS:
                    found.setdefault(text, set()).add(chapter)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("paragraph", "chapter"))
    writer.writerows((text, *chapters) for text, chapters in found.items() if len(chapters) == 1)
    return stream.getvalue().encode()


def _topics() -> Mapping[str, str]:
    from pydoc_data.topics import topics

    return topics
