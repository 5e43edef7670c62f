from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from nncli.drawing.layout import draw_networks
from nncli.drawing.svg import svg
from nncli.network.compiled import CompiledNetwork
from nncli.network.summary.steps import wiring
from tests.network.traced import decoder, digits, unet

SPACE = "{http://www.w3.org/2000/svg}"


def read(network: CompiledNetwork, title: str = "net") -> ElementTree.Element:
    return ElementTree.fromstring(svg(draw_networks({"network": wiring(network)}), title))


def texts(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SPACE}text")]


def test_all_layers_are_there_with_their_shapes() -> None:
    network = digits()
    found = texts(read(network))
    for call in network.calls:
        assert call.type in found
    assert "32×8×8" in found and "18,496 parameters" in found
    assert found.count("Conv2d") == 2


def test_there_is_a_box_a_frame_and_a_line_for_everything() -> None:
    picture = draw_networks({"network": wiring(unet())})
    root = read(unet())
    # One for the background, one path for the tip of the arrows.
    assert len(list(root.iter(f"{SPACE}rect"))) == len(picture.boxes) + len(picture.frames) + 1
    assert len(list(root.iter(f"{SPACE}path"))) == len(picture.lines) + 1
    assert "layers × 3" in texts(read(decoder()))


def test_text_of_a_file_is_never_markup() -> None:
    network = digits()
    first, *rest = network.calls
    evil = replace(first, type="<script>a</script>&amp;]]>\"'")
    root = read(replace(network, calls=(evil, *rest)), "</title><script/>")
    assert "<script>a</script>&amp;]]>\"'" in texts(root)
    assert not list(root.iter(f"{SPACE}script"))
    assert root.findtext(f"{SPACE}title") == "</title><script/>"


def test_the_same_network_gives_the_same_bytes() -> None:
    first, second = (svg(draw_networks({"network": wiring(unet())}), "net") for _ in range(2))
    assert first == second
