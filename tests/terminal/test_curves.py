from __future__ import annotations

import math

from nncli.terminal.curves import Axis, draw_curves


def test_curves_stand_in_their_frame_with_decades_below() -> None:
    points = [(10.0**n, (n + 3) ** 2) for n in range(-7, 2)]
    text = draw_curves({"loss": points}, Axis("learning rate", is_logarithmic=True), (60, 12))
    lines = text.splitlines()
    assert len(lines) == 12 and max(map(len, lines)) == 60
    assert "1e-7" in text and "learning rate" in lines[-1]
    assert "\x1b" not in text and not any(line.endswith(" ") for line in lines)


def test_several_curves_have_their_names() -> None:
    rising = [(float(n), float(n)) for n in range(10)]
    text = draw_curves({"train": rising, "validation": rising[::-1]}, Axis("epoch"), (60, 12))
    lines = text.splitlines()
    assert lines[0] == "⠒ train   • validation" and len(lines) == 12
    # Where both are high and low is seen: nothing lies on the curves.
    assert "•" in lines[2] and "⠒" not in lines[1]
    assert lines[-2].split() == ["0", "2", "4", "6", "8"]


def test_what_is_not_finite_is_left_out() -> None:
    points = [(1.0, 1.0), (2.0, math.nan), (3.0, math.inf), (4.0, 2.0)]
    assert draw_curves({"loss": points}, Axis("epoch"), (40, 8)).count("\n") == 8
    assert draw_curves({"loss": [(1.0, math.nan)]}, Axis("epoch"), (40, 8)) == ""
