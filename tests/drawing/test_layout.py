from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nncli.drawing.layout import draw_networks
from nncli.drawing.shapes import Box, Picture
from nncli.network.compiled import CompiledNetwork
from nncli.network.summary.steps import wiring
from tests.network.compiled import compiled
from tests.network.traced import decoder, digits, resnet, two_inputs, unet

NETWORKS = [digits, decoder, resnet, unet, two_inputs]


def picture(network: CompiledNetwork) -> Picture:
    return draw_networks({"network": wiring(network)})


def boxes(found: Picture, title: str) -> list[Box]:
    return [box for box in found.boxes if box.title == title]


def overlap(a: Box, b: Box) -> bool:
    across = abs(a.x - b.x) < (a.width + b.width) / 2
    return across and a.y < b.y + b.height and b.y < a.y + a.height


@pytest.mark.parametrize("make", NETWORKS)
def test_no_box_lies_on_another_and_all_is_inside(make: Callable[[], CompiledNetwork]) -> None:
    found = picture(make())
    assert not [(a, b) for n, a in enumerate(found.boxes) for b in found.boxes[:n] if overlap(a, b)]
    for box in found.boxes:
        assert box.x >= box.width / 2 and box.x + box.width / 2 <= found.width
        assert box.y >= 0 and box.y + box.height <= found.height
    points = [point for line in found.lines for _, each in line.steps for point in each]
    assert all(0 <= x <= found.width and 0 <= y <= found.height for x, y in points)


@pytest.mark.parametrize("make", NETWORKS)
def test_every_frame_holds_a_box_or_a_frame(make: Callable[[], CompiledNetwork]) -> None:
    found = picture(make())
    for frame in found.frames:
        inside = [
            box
            for box in found.boxes
            if frame.x <= box.x - box.width / 2
            and box.x + box.width / 2 <= frame.x + frame.width
            and frame.y <= box.y
            and box.y + box.height <= frame.y + frame.height
        ]
        assert inside, frame


def test_repetitions_are_drawn_once() -> None:
    found = picture(decoder(depth=12))
    assert "layers × 12" in [frame.title for frame in found.frames]
    assert len(boxes(found, "Attention")) == 1
    assert len(found.lines) == len(picture(decoder(depth=3)).lines)


def test_the_main_way_is_one_straight_column() -> None:
    found = picture(resnet())
    main = [box for box in found.boxes if box.title in ("add", "Flatten", "Linear", "image", "output")]
    assert len({round(box.x, 3) for box in main}) == 1
    assert [box.y for box in main] == sorted(box.y for box in main)


def test_a_skip_goes_round_what_lies_between() -> None:
    network = unet(depth=2)
    found = picture(network)
    # One line for every way from a step or input to what reads it.
    assert len(found.lines) == sum(len(set(step.sources)) for step in wiring(network).steps) + 1
    skips = [line for line in found.lines if len(line.steps) > 2]
    assert len(skips) == 2
    for skip in skips:
        lane = max(x for _, points in skip.steps for x, _ in points)
        top, bottom = skip.steps[0][1][0][1], skip.steps[-1][1][0][1]
        beside = [box for box in found.boxes if top < box.y + box.height and box.y < bottom]
        assert all(box.x + box.width / 2 < lane for box in beside)


def test_inputs_stand_side_by_side_above_what_takes_them() -> None:
    found = picture(two_inputs())
    (tokens,), (image,) = boxes(found, "tokens"), boxes(found, "image")
    assert tokens.y == image.y and tokens.x < image.x
    assert (tokens.subtitle, image.subtitle) == ("7", "1×8×8")
    assert {label.text for label in found.labels} >= {"7×16", "144", "160"}


def test_several_networks_stand_side_by_side_in_frames() -> None:
    found = draw_networks({"generator": wiring(digits()), "discriminator": wiring(resnet())})
    titles = [frame.title for frame in found.frames]
    assert "generator" in titles and "discriminator" in titles
    left, right = (next(f for f in found.frames if f.title == t) for t in ("generator", "discriminator"))
    assert left.x + left.width < right.x


def test_a_long_text_is_cut_and_what_steers_is_spelt_out() -> None:
    network = digits()
    first, *rest = network.calls
    told = replace(first, type="\x1b[31m" + "x" * 100)
    found = picture(replace(network, calls=(told, *rest)))
    (box,) = [box for box in found.boxes if "xxx" in box.title]
    assert len(box.title) == 40 and "\x1b" not in box.title


TOKENS = "tokens: {shape: [8], type: index, vocabulary: 11, mask: true}"


def test_a_mask_that_travels_beside_its_value_has_no_line_of_its_own() -> None:
    attention = "residual: [SelfAttention: {heads: 2}]"
    found = picture(compiled(f"Embedding: 4, {attention}, {attention}, {{mean: 1}}", TOKENS))
    (tokens,) = boxes(found, "tokens")
    assert tokens.subtitle == "8 · with mask" and not boxes(found, "tokens.mask")
    # One way down, and a skip for each residual.
    assert len(found.lines) == len(found.boxes) - 1 + 2


def test_a_mask_that_is_a_value_by_itself_is_drawn() -> None:
    found = picture(compiled("{compute: 'float(tokens.mask)', from: tokens}, Linear: 2", TOKENS))
    (mask,), (product,) = boxes(found, "tokens.mask"), boxes(found, "compute")
    assert mask.y < product.y and not boxes(found, "tokens")


def test_a_learned_tensor_leaves_the_middle_to_what_flows() -> None:
    layers = "{Parameter: [3, 1, 1], name: scale}, ReLU, compute: x * scale"
    found = picture(compiled(layers))
    (parameter,), (relu,), (product,) = (boxes(found, t) for t in ("Parameter", "ReLU", "compute"))
    assert parameter.x > relu.x == product.x
    assert (parameter.y, parameter.kind) == (relu.y, "weights")


def test_shared_weights_are_told() -> None:
    found = picture(compiled("{Linear: 8, name: a}, {Linear: , share: a}", "row: [8]"))
    assert [box.subtitle for box in boxes(found, "Linear")] == ["a · 72 parameters", "a · shared weights"]


def lane(found: Picture) -> float:
    """Finds the lane of the one line that goes round."""
    (line,) = (line for line in found.lines if len(line.steps) > 2)
    return max(x for _, points in line.steps for x, _ in points)


def test_a_skip_goes_round_a_frame_that_lies_between() -> None:
    found = picture(compiled("residual: [{Sequential: [Linear: 8, ReLU], name: inner}]", "row: [8]"))
    (frame,) = found.frames
    assert 0 < lane(found) - frame.x - frame.width < 20


def test_a_skip_stays_near_where_only_what_lies_above_is_wide() -> None:
    found = picture(compiled("Linear: 80000, ReLU, residual: [ReLU, ReLU]", "row: [8]"))
    (wide,) = boxes(found, "Linear")
    assert wide.x + 32 < lane(found) < wide.x + wide.width / 2


def test_a_skip_crosses_a_frame_around_its_end_and_goes_round_all_others() -> None:
    down = "{Sequential: [{Linear: 8, name: skip}, ReLU], name: down}"
    found = picture(compiled(f"{down}, Linear: 8, {{add: , from: [x, down.skip]}}", "row: [8]"))
    (frame,), (first, _) = found.frames, boxes(found, "Linear")
    assert first.x + first.width / 2 < lane(found) < frame.x + frame.width
    other = "{Sequential: [Linear: 8], name: a_name_that_needs_much_more_room}"
    found = picture(compiled(f"{down}, {other}, {{add: , from: [x, down.skip]}}", "row: [8]"))
    _, beside = found.frames
    assert 0 < lane(found) - beside.x - beside.width < 40
