"""Numbers as a person reads them."""

from __future__ import annotations


def short(value: float | None) -> str:
    """Writes a figure with four digits that matter; a dash for one that is undefined."""
    if value is None or value != value:
        return "–"
    if value == 0 or 0.001 <= abs(value) < 10_000:
        digits = 4 if abs(value) < 10 else 3 if abs(value) < 100 else 2 if abs(value) < 1000 else 1
        return f"{value:.{digits}f}"
    return f"{value:.3g}"


def count(value: float) -> str:
    """Writes a count with separators: `1,234,567`."""
    return f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Writes a time: `0.8 s`, `42 s`, `3 min 05 s`, `2 h 10 min`."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
