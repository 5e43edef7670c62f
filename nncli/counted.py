"""A count with its word, as messages and tables say it."""

from __future__ import annotations


def counted(count: int, word: str) -> str:
    """Writes a count with its word: `1 row`, `1,200 rows`, `2 entries`, `3 batches`."""
    ending = "es" if word.endswith("tch") else "s"
    several = f"{word[:-1]}ies" if word.endswith("ry") else f"{word}{ending}"
    return f"{count:,} {word if count == 1 else several}"
