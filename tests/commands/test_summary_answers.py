from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from nncli.commands.summary import SummaryOptions, summary
from nncli.errors import SpecError
from nncli.terminal.streams import Streams

DIGITS = Path(__file__).parents[2] / "specs" / "digits-cnn.yaml"


def run(options: SummaryOptions) -> str:
    out = io.StringIO()
    streams = Streams(Console(file=out, width=100), Console(file=io.StringIO()), live=False)
    assert summary(options, streams) == 0
    return out.getvalue()


def test_the_document_has_shapes_without_rows_and_counts_parameters() -> None:
    document = json.loads(run(SummaryOptions(DIGITS, no_data=True, json=True)))
    assert (document["version"], document["parameters"], document["trainable"]) == (1, 29258, 29258)
    assert len(document["layers"]) == 10
    assert document["layers"][0] == {
        "name": "conv2d",
        "type": "Conv2d",
        "input": [1, 8, 8],
        "output": [32, 8, 8],
        "parameters": 320,
    }
    assert sum(layer["parameters"] for layer in document["layers"]) == document["parameters"]


def test_the_table_names_layers_shapes_and_memory() -> None:
    shown = run(SummaryOptions(DIGITS))
    for word in ("digits-cnn", "conv2d_2", "64×4×4", "18,496", "29,258", "KiB"):
        assert word in shown


def test_layers_may_be_changed_by_set() -> None:
    document = json.loads(run(SummaryOptions(DIGITS, set=("vars.width=8",), no_data=True, json=True)))
    assert document["layers"][0]["output"] == [8, 8, 8]


def test_a_spec_without_a_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("data: builtin:iris\n", encoding="utf-8")
    with pytest.raises(SpecError):
        run(SummaryOptions(path))
