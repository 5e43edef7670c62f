from __future__ import annotations

import struct
import sys

import pytest

from nncli.drawing.layout import draw_networks
from nncli.drawing.png import png
from nncli.errors import UsageError
from nncli.network.summary.steps import wiring
from tests.network.traced import decoder

PICTURE = draw_networks({"network": wiring(decoder())})


def test_a_png_has_two_dots_for_each_pixel() -> None:
    pytest.importorskip("matplotlib")
    content = png(PICTURE, "decoder")
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert abs(width - 2 * PICTURE.width) <= 2 and abs(height - 2 * PICTURE.height) <= 2
    assert content == png(PICTURE, "decoder")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError) as caught:
        png(PICTURE, "decoder")
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts["extra"]) == ("extra-missing", "plots")
