"""Changes of a spec are put into its lines; all else stays as it was."""

from __future__ import annotations

import pytest

from nncli.spec.editing import Change, Unwritable, edited
from nncli.spec.nodes import plain
from nncli.spec.reading import read_nodes

TEXT = """# A table.
data: {train: rows.csv, inputs: {a: number, b: {type: number}}}
network:
  - Linear: 16   # wide
  - ReLU
  # then
  - Linear: 3
  - Softmax: 1   # wrong

training:
  loss: CrossEntropyLoss  # for classes
  optimizer: AdamW
  epochs: 20
  # the end
"""


def changed(*changes: Change, text: str = TEXT) -> tuple[list[str], list[str]]:
    """Lists the lines that are gone, and those that are new."""
    before, after = text.splitlines(), edited(text, changes).splitlines()
    return [each for each in before if each not in after], [each for each in after if each not in before]


def test_a_value_is_replaced_and_its_comment_stays() -> None:
    assert changed(Change("training.loss", "MSELoss")) == (
        ["  loss: CrossEntropyLoss  # for classes"],
        ["  loss: MSELoss  # for classes"],
    )


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("training.clip_gradients", 1.0, "  clip_gradients: 1.0"),
        ("training.stop_early", {"patience": 3}, "  stop_early: {patience: 3}"),
        ("training.optimizer.AdamW.lr", 0.01, "  optimizer: {AdamW: {lr: 0.01}}"),
        ("network.0.init", {"zeros_": {}}, "    init: {zeros_: {}}"),
        (
            "data.inputs.a.scale",
            "none",
            "data: {train: rows.csv, inputs: {a: {type: number, scale: none}, b: {type: number}}}",
        ),
        (
            "data.inputs.b.scale",
            "minmax",
            "data: {train: rows.csv, inputs: {a: number, b: {type: number, scale: minmax}}}",
        ),
    ],
)
def test_a_key_that_is_not_there_is_made(path: str, value: object, line: str) -> None:
    gone, new = changed(Change(path, value))
    assert new == [line]
    assert len(gone) == (0 if line.startswith("  ") and "optimizer" not in line else 1)


def test_items_come_and_go_by_the_positions_of_the_file() -> None:
    after = edited(TEXT, (Change("network.0", "Tanh", "after"), Change("network.3", how="remove")))
    assert after.splitlines()[2:8] == [
        "network:",
        "  - Linear: 16   # wide",
        "  - Tanh",
        "  - ReLU",
        "  # then",
        "  - Linear: 3",
    ]
    assert "Softmax" not in after and after.endswith("  # the end\n")


def test_a_list_on_one_line() -> None:
    text = "network: [Linear: 16, Linear: 3, Softmax: 1]\ntraining: {optimizer: {SGD: [0.1]}}\n"
    changes = (
        Change("network.0", "ReLU", "after"),
        Change("network.2", how="remove"),
        Change("network.1.init", "zeros_"),
        Change("training.optimizer.SGD.momentum", 0.9),
    )
    assert edited(text, changes) == (
        "network: [Linear: 16, ReLU, {Linear: 3, init: zeros_}]\n"
        "training: {optimizer: {SGD: [0.1, momentum: 0.9]}}\n"
    )


def test_short_forms_are_spelt_out() -> None:
    short = edited("data: builtin:iris\n", [Change("data.nulls", ["-"])])
    assert plain(read_nodes(short, "spec.yaml")) == {"data": {"train": "builtin:iris", "nulls": ("-",)}}
    assert "- Linear: [16, {bias: false}]" in edited(TEXT, [Change("network.0.Linear.bias", False)])
    # A network that is its list of layers has no word for it.
    assert "- Tanh\n" in edited(TEXT, [Change("network.layers.1", "Tanh")])


@pytest.mark.parametrize(
    "change",
    [
        Change("network.9", "ReLU", "after"),
        Change("blocks.stage.layers.0", how="remove"),
        Change("training.epochs.often", 3),
    ],
)
def test_what_has_no_line_is_refused(change: Change) -> None:
    with pytest.raises(Unwritable):
        edited(TEXT, [change])
