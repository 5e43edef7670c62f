"""Texts in the order in which people count: `part 2` before `part 10`."""

from __future__ import annotations

import re
from typing import Final

_PIECES: Final = re.compile(r"[0-9]+|[^0-9]+")


def natural_order(text: str) -> list[tuple[int, int, str]]:
    """Gives a key for sorting, in which numbers count by their value."""
    return [
        (0, int(piece), piece) if piece[0] in "0123456789" else (1, 0, piece)
        for piece in _PIECES.findall(text)
    ]
