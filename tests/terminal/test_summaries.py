from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nncli.network.compiled import CompiledNetwork
from nncli.network.summary.summary import Wanted, summarise
from nncli.terminal.streams import PIPE_WIDTH, Streams
from nncli.terminal.summaries import View, large, show_summary
from nncli.terminal.tables import inputs_text
from tests.network.compiled import compiled
from tests.network.traced import decoder, digits, resnet, two_inputs

GOLDEN = Path(__file__).parents[1] / "golden" / "summary"
NETWORKS = {"digits": digits, "decoder": decoder, "resnet": resnet, "two-inputs": two_inputs}


def shown(network: CompiledNetwork, view: View, width: int = 80, wanted: Wanted | None = None) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, markup=False, highlight=False, emoji=False)
    streams = Streams(console, Console(file=io.StringIO()), live=False)
    show_summary(streams, summarise("net", network, wanted or Wanted(32)), view)
    return out.getvalue()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tree(name: str, golden: Callable[[Path, str], None]) -> None:
    text = shown(NETWORKS[name](), View(), wanted=Wanted(32, 2.0, 2**30))
    golden(GOLDEN / f"{name}.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_flat_lists_every_call_by_its_whole_name() -> None:
    lines = shown(decoder(depth=2), View(is_flat=True), PIPE_WIDTH).splitlines()
    names = [line.split()[0] for line in lines[2:] if line][:19]
    assert "layers.0.linear" in names and "layers.1.linear_2" in names
    assert not any("×2" in line or "× 2" in line for line in lines)


def test_depth_ends_the_tree() -> None:
    lines = shown(resnet(), View(depth=0)).splitlines()
    assert [line.split()[0] for line in lines[2:7]] == ["conv_bn", "stages", "pool", "flatten", "linear"]
    assert "4,224" in lines[3]
    assert len(shown(resnet(), View(depth=1)).splitlines()) == len(lines) + 2 + 2


def test_a_mask_has_a_column_only_where_there_is_one() -> None:
    network = digits()
    assert "mask" not in shown(network, View())
    first, *rest = network.calls
    lines = shown(replace(network, calls=(replace(first, mask="image.mask"), *rest)), View()).splitlines()
    assert lines[1].split()[-1] == "mask" and lines[2].split()[-1] == "image"
    assert lines[3].split()[-1] == "k"


def test_layers_are_cut_only_where_the_screen_is_too_narrow() -> None:
    assert "AdaptiveAvgPool2d" in shown(resnet(), View(), 80)
    narrow = shown(resnet(), View(), 50)
    assert "AdaptiveAvgPool2d" not in narrow and "AdaptiveAvgPool…" in narrow


def test_a_mask_stands_beside_its_input_in_the_title() -> None:
    shapes = {"tokens": (8,), "tokens.mask": (8,), "image": (1, 8, 8), "alone.mask": (3,)}
    assert inputs_text(shapes) == "tokens 8 with mask, image 1×8×8, alone.mask 3"


def test_weights_that_are_counted_elsewhere_are_marked() -> None:
    lines = shown(compiled("{Linear: 8, name: a}, {Linear: , share: a}", "row: [8]"), View()).splitlines()
    assert [line.split()[3] for line in lines[2:4]] == ["72", "shared"]


def test_frozen_weights_are_told_apart() -> None:
    network = digits()
    network.module.get_submodule("linear").requires_grad_(False)
    assert "29,066 (18,816 trained, 10,250 frozen)" in shown(network, View())


def test_text_of_a_file_is_no_markup_and_is_cut() -> None:
    network = digits()
    first, *rest = network.calls
    text = shown(replace(network, calls=(replace(first, type="[red]\x1b[2J" + "y" * 90), *rest)), View())
    assert "[red]\\x1b" in text and "\x1b" not in text
    assert "…" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (12_345, "12.3 k"), (999_600, "1.00 M"), (3.6e9, "3.60 G")],
)
def test_large_numbers(value: float, text: str) -> None:
    assert large(value) == text
