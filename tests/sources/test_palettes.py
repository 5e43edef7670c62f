"""The colours of classes are those that other programs show."""

from __future__ import annotations

from nncli.sources.palettes import palette


def test_colours_are_those_of_pascal_voc() -> None:
    """Source: the colours of background, aeroplane, bicycle, bird, bottle, and of what has no class."""
    found = palette().tolist()
    assert found[:5] == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]
    assert (found[20], found[255]) == ([0, 64, 128], [224, 224, 192])
    assert len({tuple(each) for each in found}) == 256
