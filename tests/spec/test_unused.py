"""Warnings of names that nobody uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.spec.opening import read_text
from nncli.spec.spec import Origin

CALL = "network: {inputs: {a: [4]}, layers: [c]}\n"
NETWORK = "network: {inputs: {a: [4]}, layers: [Linear: 3]}\n"


def warnings(text: str, folder: Path = Path()) -> list[tuple[str, int]]:
    spec, problems = read_text(text, Origin("a.yaml", folder, text))
    assert problems == []
    assert all(each.severity == "warning" for each in spec.warnings)
    return [(each.code, each.place.line) for each in spec.warnings if each.place]


@pytest.mark.parametrize(
    "text",
    [
        "vars: {width: 3}\nnetwork: {inputs: {a: [$width]}, layers: [Linear: 3]}\n",
        "vars: {width: 3, twice: $(2 * width)}\nnetwork: {inputs: {a: [4]}, layers: [Linear: $twice]}\n",
        "blocks: {b: {args: [n], layers: [Linear: $n]}}\nnetwork: {inputs: {a: [4]}, layers: [b: 3]}\n",
        "blocks: {b: {layers: [ReLU]}, c: {args: [a: b], layers: [$a]}}\n" + CALL,
        "blocks: {b: {args: [n, m: $n], layers: [Linear: $m]}, c: {layers: [b: 3]}}\n" + CALL,
    ],
)
def test_what_is_used_anywhere_is_no_matter(text: str) -> None:
    assert warnings(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("vars: {width: 3}\n" + NETWORK, "var-unused"),
        ("blocks: {b: {layers: [ReLU]}}\n" + NETWORK, "block-unused"),
        (
            "blocks: {b: {args: [n: 1], layers: [ReLU]}}\nnetwork: {inputs: {a: [4]}, layers: [b]}\n",
            "block-argument-unused",
        ),
    ],
)
def test_what_nobody_uses_is_told(text: str, code: str) -> None:
    assert warnings(text) == [(code, 1)]


def test_blocks_of_included_files_are_a_library(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("blocks: {b: {args: [n: 1], layers: [ReLU]}}\n", encoding="utf-8")
    assert warnings("include: more.yaml\n" + NETWORK, tmp_path) == []
