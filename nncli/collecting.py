"""How often Python looks for objects that only each other hold."""

from __future__ import annotations

import gc
from typing import Final

# More than are made until the first step, nearly all of which stay: looking through them takes 0.2 s.
_OBJECTS_OF_A_START: Final = 400_000


def collect_rarely() -> None:
    """Makes the start quick: all that is imported stays, so there is nothing to be found in it."""
    gc.set_threshold(_OBJECTS_OF_A_START, 10, 10)


def collect_often() -> None:
    """Goes back to Python's own measure, for what runs long; what is there by now is not looked at again."""
    gc.freeze()
    gc.set_threshold(700, 10, 10)
