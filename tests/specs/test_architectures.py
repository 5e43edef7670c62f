"""Every shipped architecture: its header is true, it is short, and it computes and learns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from tests.specs.architectures import FOLDER, NAMES, networks, rows, small

# The encoder–decoder has blocks for both sides.
LINES = {"transformer": 80}
LIMIT = 60


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def conv(inputs: int, outputs: int, kernel: int = 1) -> int:
    """A convolution over images without bias, and the norm behind it."""
    return inputs * outputs * kernel**2 + 2 * outputs


def lstm(inputs: int, hidden: int, gates: int = 4) -> int:
    return gates * hidden * (inputs + hidden + 2)


def attention(width: int) -> int:
    return 4 * linear(width, width)


def mlp(width: int, hidden: int) -> int:
    return linear(width, hidden) + linear(hidden, width)


def inception(inputs: int, one: int, three: int, more: int, five: int, wide: int, pool: int) -> int:
    narrow = conv(inputs, one) + conv(inputs, three) + conv(inputs, five) + conv(inputs, pool)
    return narrow + conv(three, more, 3) + conv(five, wide, 3)


def googlenet() -> int:
    modules = [
        (192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64), (480, 192, 96, 208, 16, 48, 64),
        (512, 160, 112, 224, 24, 64, 64), (512, 128, 128, 256, 24, 64, 64), (512, 112, 144, 288, 32, 64, 64),
        (528, 256, 160, 320, 32, 128, 128), (832, 256, 160, 320, 32, 128, 128),
        (832, 384, 192, 384, 48, 128, 128),
    ]  # fmt: skip
    stem = conv(3, 64, 7) + conv(64, 64) + conv(64, 192, 3)
    return stem + sum(inception(*module) for module in modules) + linear(1024, 1000)


def u_net() -> int:
    widths = [64, 128, 256, 512, 1024]
    down = sum(conv(a, b, 3) + conv(b, b, 3) for a, b in zip([1, *widths], widths, strict=False))
    up = sum(4 * 2 * b * b + b + conv(2 * b, b, 3) + conv(b, b, 3) for b in reversed(widths[:-1]))
    return down + up + linear(64, 2)


def siamese() -> dict[str, int]:
    convolutions = 9 * 32 + 32 + 9 * 32 * 64 + 64 + 2 * (32 + 64)
    tower = convolutions + linear(64 * 7 * 7, 128)
    return {"tower": tower, "pair": tower + linear(1, 1)}


def autoencoder() -> int:
    convolutions = 9 * 16 + 16 + 9 * 16 * 32 + 32 + 9 * 32 * 16 + 16 + 9 * 16 + 1
    return convolutions + linear(32 * 7 * 7, 32) + linear(32, 32 * 7 * 7)


def n_beats() -> int:
    backcast = 512 * 32 + linear(32, 120)
    piece = linear(120, 512) + 3 * linear(512, 512) + backcast + 512 * 32 + linear(32, 24)
    return 30 * piece - backcast


def transformer() -> int:
    encoder = attention(512) + mlp(512, 2048) + 2 * 1024
    decoder = 2 * attention(512) + mlp(512, 2048) + 3 * 1024
    return 37000 * 512 + 6 * encoder + 6 * decoder


def mixture() -> int:
    layer = attention(256) + 4 * mlp(256, 1024) + linear(256, 4) + 2 * 512
    return 8000 * 256 + 128 * 256 + 4 * layer + 512 + linear(256, 8000)


def mlp_mixer() -> int:
    """S/16; the paper's table 1 rounds to 18 million."""
    layer = 2 * 1024 + mlp(196, 256) + mlp(512, 2048)
    return linear(3 * 16 * 16, 512) + 8 * layer + 1024 + linear(512, 1000)


def wide_and_deep() -> int:
    deep = 32 * 7000 + linear(72, 256) + linear(256, 128) + linear(128, 1)
    return 5000 + 2000 + 10000 + deep


# Published numbers stand as numbers; what is not published is counted by hand.
COUNTS: Mapping[str, int | Mapping[str, int]] = {
    "alexnet": 61_100_840,
    "autoencoder": autoencoder(),
    "dcgan": {"generator": 3_576_704, "discriminator": 2_765_568},
    "gpt-2": 124_439_808,
    "gru-classifier": lstm(9, 64, 3) + lstm(64, 64, 3) + linear(64, 6),
    "inception": googlenet(),
    "lenet-5": 61_706,
    "lstm-classifier": 20000 * 128 + 2 * lstm(128, 128) + linear(256, 2),
    "mixture-of-experts": mixture(),
    "mlp-mixer": mlp_mixer(),
    "n-beats": n_beats(),
    "resnet-18": 11_689_512,
    "resnet-50": 25_557_032,
    "siamese": siamese(),
    "tcn": linear(7, 25) + 15 * linear(7 * 25, 25) + linear(1, 25) + linear(25, 10),
    "transformer": transformer(),
    "u-net": u_net(),
    "vae": {
        "encoder": linear(784, 400) + linear(400, 40),
        "decoder": linear(20, 400) + linear(400, 784),
        "vae": linear(784, 400) + linear(400, 40) + linear(20, 400) + linear(400, 784),
    },
    "vgg-16": 138_357_544,
    "vit-b-16": 86_567_656,
    "wide-and-deep": wide_and_deep(),
}  # fmt: skip


def header(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.yaml").read_text().splitlines()
    return [line for line in lines[: lines.index(f"name: {name}")] if line.startswith("# ")]


def stated(name: str) -> dict[str, int]:
    """Reads `# Parameters: 61,706` or `# Parameters: tower 420,544, pair 420,546` of a header."""
    [line] = [line for line in header(name) if line.startswith("# Parameters: ")]
    text = line.removeprefix("# Parameters: ").partition(" = ")[0]
    found = re.findall(r"(?:([a-z]+) )?(\d[\d,]*\d)", text)
    return {network or "network": int(number.replace(",", "")) for network, number in found}


def test_each_architecture_is_counted_here() -> None:
    assert list(COUNTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_header_is_true(name: str) -> None:
    counted = COUNTS[name]
    expected = dict(counted) if isinstance(counted, Mapping) else {"network": counted}
    made = {each: network.parameters() for each, network in networks(name, weights=False).items()}
    assert made == expected == stated(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_short_and_names_its_paper(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    assert len(text.splitlines()) <= LINES.get(name, LIMIT)
    said = " ".join(line.removeprefix("# ") for line in header(name))
    assert re.search(r"[A-Z]\w+,? [^.]*\b(19|20)\d\d, \"[^\"]{15,}", said), (
        "authors, year, and title in quotes"
    )


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_specs_of_the_tests_are_short_too(path: Path) -> None:
    # The names of its published weights fill half of Swin.
    assert len(path.read_text().splitlines()) <= (2 * LIMIT if path.stem == "swin" else LIMIT)


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_and_learns(name: str) -> None:
    for each, network in small(name).items():
        found = network.module(*rows(network, 2))
        results = found if isinstance(found, tuple) else (found,)
        assert {(2, *shape) for shape in network.outputs.values()} == {tuple(one.shape) for one in results}
        # From zeros upwards: some results are symmetric, and their sum would have no slope.
        loss = sum(((one + 1) ** 2 * torch.rand_like(one)).sum() for one in results)
        loss.backward()
        without = [n for n, weight in network.module.named_parameters() if weight.grad is None]
        assert without == [], f"{each}: every weight gets a gradient"
