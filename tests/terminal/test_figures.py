from __future__ import annotations

import pytest

from nncli.terminal.figures import count, duration, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0.0000"), (0.98765, "0.9877"), (12.3456, "12.346"), (123.456, "123.46"), (1234.5, "1234.5")),
        *((1e-5, "1e-05"), (123456.0, "1.23e+05"), (-0.5, "-0.5000"), (None, "–"), (float("nan"), "–")),
        *((float("inf"), "inf"),),
    ],
)
def test_four_digits_matter(value: float | None, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.0, "0.0 s"), (9.94, "9.9 s"), (9.97, "10 s"), (42.4, "42 s"), (59.7, "1 min 00 s")),
        *((185, "3 min 05 s"), (3599.9, "1 h 00 min"), (7800, "2 h 10 min")),
    ],
)
def test_times_are_rounded_to_what_a_person_needs(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_have_separators() -> None:
    assert count(1234567.4) == "1,234,567"
