"""Which of two values of a figure is better: losses and errors fall, all others rise."""

from __future__ import annotations

from typing import Final

FALLING: Final = frozenset({"loss", "mae", "rmse", "mape", "smape"})
"""A smaller value is better for these; for every other figure a larger one."""


def falls(figure: str) -> bool:
    """Tells whether a smaller value is better, by the name of a figure such as `validation.loss`."""
    return figure.rpartition(".")[2] in FALLING


def is_better(figure: str, value: float | None, best: float | None) -> bool:
    """Tells whether a figure improved."""
    if value is None:
        return False
    if best is None:
        return True
    return value < best if falls(figure) else value > best
