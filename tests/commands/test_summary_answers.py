from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nncli.commands.summary import SummaryOptions, memory_bytes, summary
from nncli.errors import SpecError, UsageError
from nncli.terminal.streams import Streams

DIGITS = Path(__file__).parents[2] / "specs" / "digits-cnn.yaml"


def run(options: SummaryOptions) -> str:
    out = io.StringIO()
    streams = Streams(Console(file=out, width=100), Console(file=io.StringIO()), live=False)
    assert summary(options, streams) == 0
    return out.getvalue()


def document(options: SummaryOptions) -> Any:
    return json.loads(run(options))["networks"]["network"]


def test_the_document_has_shapes_without_rows_and_counts_parameters() -> None:
    found = document(SummaryOptions(DIGITS, no_data=True, json=True))
    assert (found["parameters"], found["trainable"]) == (29258, 29258)
    first = found["layers"][0]
    assert (first["name"], first["type"], first["inputs"]) == ("conv2d", "Conv2d", [[1, 8, 8]])
    assert (first["output"], first["parameters"], first["flops"]) == ([32, 8, 8], 320, 36864)
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"]


def test_the_table_names_layers_shapes_and_memory() -> None:
    shown = run(SummaryOptions(DIGITS))
    for word in ("digits-cnn", "conv2d_2", "64×4×4", "18,496", "29,258", "KiB"):
        assert word in shown


def test_layers_may_be_changed_by_set() -> None:
    found = document(SummaryOptions(DIGITS, set=("vars.width=8",), no_data=True, json=True))
    assert found["layers"][0]["output"] == [8, 8, 8]


def test_batch_and_optimiser_come_from_the_spec() -> None:
    found = document(SummaryOptions(DIGITS, no_data=True, json=True))["memory"]
    assert found["optimizer_bytes"] == 2 * 4 * 29258
    plain = document(
        SummaryOptions(
            DIGITS, set=("training.optimizer={SGD: {lr: 0.1}}",), batch_size=7, no_data=True, json=True
        )
    )["memory"]
    assert (plain["optimizer_bytes"], plain["batch_size"]) == (0, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8GiB", 2**33), ("512 MB", 512 * 10**6), ("1.5kib", 1536), ("24gb", 24 * 10**9), ("100B", 100)],
)
def test_amounts_of_memory(text: str, expected: int) -> None:
    assert memory_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "8", "GiB", "-1GiB", "8 XB", "8ib", "1e9B", "0MB", "٣GiB"])
def test_what_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(UsageError):
        memory_bytes(text)


def test_a_spec_without_a_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("data: builtin:iris\n", encoding="utf-8")
    with pytest.raises(SpecError):
        run(SummaryOptions(path))
