"""Loops in every form are the layers one after the other, or side by side."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.network.compiled import IMAGE, ROW, assert_same, codes, compiled, network


@pytest.mark.parametrize(
    "repeat", ["3", "{i: 3}", "{k: [1, 2, 9]}", "{'a, b': [[1, 2], [3, 4], [5, 6]]}", "[3]"]
)
def test_every_form_stands_in_a_row(repeat: str) -> None:
    assert_same(
        compiled(f"{{Linear: 6, repeat: {repeat}}}", ROW),
        {f"linear.{i}": nn.Linear(6, 6) for i in range(3)},
        lambda me, x: me["linear.2"](me["linear.1"](me["linear.0"](x))),
    )


def test_repetitions_differ_by_what_the_loop_gives() -> None:
    text = """
    network:
      inputs: {row: [6]}
      layers:
        - Linear: $(size(1) + width if i == 0 else width)
          name: stages
          repeat:
            - width, n:
                - [2, 1]
                - [3, 2]
            - i: $n
    """
    sizes = {"stages.0.0": (6, 8), "stages.1.0": (8, 11), "stages.1.1": (11, 3)}
    assert_same(
        network(text),
        {name: nn.Linear(*size) for name, size in sizes.items()},
        lambda me, x: me["stages.1.1"](me["stages.1.0"](me["stages.0.0"](x))),
    )


def test_a_join_puts_repetitions_side_by_side() -> None:
    assert_same(
        compiled("{Conv2d: [2, $k, padding: same], repeat: {k: [1, 3, 5]}, join: cat}", IMAGE),
        {f"conv2d.{i}": nn.Conv2d(3, 2, k, padding="same") for i, k in enumerate((1, 3, 5))},
        lambda me, x: torch.cat([me[f"conv2d.{i}"](x) for i in range(3)], 1),
    )


def test_loops_side_by_side_may_nest_and_may_lie_in_a_row() -> None:
    layers = "{Sequential: [{Linear: 6, repeat: 2, join: add}], repeat: 2}"
    assert_same(
        compiled(layers, ROW),
        {f"sequential.{i}.linear.{k}": nn.Linear(6, 6) for i in range(2) for k in range(2)},
        lambda me, x: _two(me, 1, _two(me, 0, x)),
    )
    assert_same(
        compiled("{Linear: 2, repeat: [{i: 2}, {k: 2}], join: {stack: {dim: 1}}}", ROW),
        {f"linear.{i}.{k}": nn.Linear(6, 2) for i in range(2) for k in range(2)},
        lambda me, x: torch.stack([me[f"linear.{i}.{k}"](x) for i in range(2) for k in range(2)], 1),
    )


def _two(me: nn.Module, i: int, x: torch.Tensor) -> torch.Tensor:
    return me[f"sequential.{i}.linear.0"](x) + me[f"sequential.{i}.linear.1"](x)  # type: ignore[index]


def test_the_first_input_is_passed_along_and_the_others_stay() -> None:
    text = """
    blocks:
      layer:
        inputs: [memory, x]
        layers:
          - Linear: 6
          - sub:
            from: [memory, x]
    network:
      inputs: {a: [6], b: [6]}
      layers:
        - layer:
          from: FROM
          repeat: 2
    """
    for written, first in (("[a, b]", 0), ("{x: b, memory: a}", 0), ("[b, a]", 1)):
        assert_same(
            network(text.replace("FROM", written)),
            {f"layer.{i}.linear": nn.Linear(6, 6) for i in range(2)},
            lambda me, x, first=first: (
                (x[first] - me["layer.0.linear"](x[1 - first])) - me["layer.1.linear"](x[1 - first])
            ),
        )


def test_from_may_differ_in_every_repetition() -> None:
    text = """
    network:
      inputs: {a: [6], b: [5]}
      layers:
        - Linear: 3
          from: $which
          repeat: {which: [a, b]}
          join: add
    """
    assert_same(
        network(text),
        {"linear.0": nn.Linear(6, 3), "linear.1": nn.Linear(5, 3)},
        lambda me, x: me["linear.0"](x[0]) + me["linear.1"](x[1]),
    )


def test_u_net_reads_backwards() -> None:
    text = """
    network:
      inputs: {row: [8]}
      layers:
        - Sequential:
            - Linear: $(4 // 2 ** i)
              name: skip
            - ReLU
          name: down
          repeat: {i: 2}
        - Sequential:
            - cat: {dim: 1}
              from: [x, down.$(1 - i).skip]
            - Linear: 3
          repeat: {i: 2}
    """
    assert_same(
        network(text),
        {
            "down.0.skip": nn.Linear(8, 4),
            "down.1.skip": nn.Linear(4, 2),
            "sequential.0.linear": nn.Linear(4, 3),
            "sequential.1.linear": nn.Linear(7, 3),
        },
        _u,
    )


def _u(me: nn.Module, x: torch.Tensor) -> torch.Tensor:
    first = me["down.0.skip"](x)  # type: ignore[index]
    second = me["down.1.skip"](first.relu())  # type: ignore[index]
    x = me["sequential.0.linear"](torch.cat([second.relu(), second], 1))  # type: ignore[index]
    return me["sequential.1.linear"](torch.cat([x, first], 1))  # type: ignore[index]


def test_a_loop_of_nothing_passes_on_and_cannot_be_joined() -> None:
    assert_same(
        compiled("{ReLU: , repeat: 0}, Linear: 2", ROW),
        {"linear": nn.Linear(6, 2)},
        lambda me, x: me["linear"](x),
    )
    assert codes("{Linear: 6, repeat: 0, join: cat}, Linear: 2", ROW) == ["join-empty"]
    assert codes('{Linear: 6, repeat: 2, when: "$(size(1) > 9)", join: cat}', ROW) == ["join-empty"]


def test_repetitions_that_are_not_there_are_left_out() -> None:
    assert_same(
        compiled('{Linear: "$(5 - i)", when: "$(i == 0 or size(1) == 4)", repeat: {i: 3}}', "row: [4]"),
        {"linear.0": nn.Linear(4, 5)},
        lambda me, x: me["linear.0"](x),
    )


def test_share_true_makes_one_layer() -> None:
    made = compiled(
        "{Linear: 6, repeat: 3, share: true}, {Sequential: [Linear: 6, Tanh], repeat: 2, share: true}", ROW
    )
    assert_same(
        made,
        {"linear.0": nn.Linear(6, 6), "sequential.0.linear": nn.Linear(6, 6)},
        _shared,
    )
    assert made.parameters() == 2 * 42
    assert [call.parameters for call in made.layers] == [42, 42, 0]


def _shared(me: nn.Module, x: torch.Tensor) -> torch.Tensor:
    for _ in range(3):
        x = me["linear.0"](x)  # type: ignore[index]
    for _ in range(2):
        x = me["sequential.0.linear"](x).tanh()  # type: ignore[index]
    return x


def test_shared_repetitions_are_built_alike() -> None:
    assert codes("{Linear: $(6 + i), repeat: {i: 2}, share: true}", ROW) == ["share-differs"]
    assert codes("{Linear: 5, repeat: 2, share: true}", ROW) == ["shape-mismatch"]


def test_names_of_a_compute_may_repeat_in_every_round() -> None:
    assert_same(
        compiled("{compute: {a: x * 2, b: a + x}, repeat: 2}, Linear: 2", ROW),
        {"linear": nn.Linear(6, 2)},
        lambda me, x: me["linear"]((x * 2 + x) * 2 + (x * 2 + x)),
    )


def test_a_loop_of_parameters_leaves_the_flow_alone() -> None:
    layers = (
        "Linear: 4, {Parameter: [1, $(size(1) - i)], name: p, repeat: {i: 2}}, "
        "{compute: 'x * p.0 + p.1[:, :1]'}"
    )
    assert_same(
        compiled(layers, ROW),
        {"linear": nn.Linear(6, 4), **{f"p.{i}": nn.Parameter(torch.zeros(1, 4 - i)) for i in range(2)}},
        lambda me, x: me["linear"](x) * getattr(me["p"], "0") + getattr(me["p"], "1")[:, :1],
    )


def test_a_mistake_in_a_loop_is_said_once() -> None:
    assert codes("{Dropout: 7, repeat: 3}, {Linear: 3, from: nothing, repeat: 3}", ROW) == [
        "layer-refused",
        "value-unknown",
    ]


def test_the_result_of_an_outer_repetition_is_its_last_one() -> None:
    text = """
    network:
      inputs: {row: [6]}
      layers:
        - Linear: 6
          name: stages
          repeat: [2, 2]
        - mul:
          from: stages.*
          name: ends
        - add:
          from: stages.*.*
        - compute: x + ends * stages.0 + stages.1.0
    """
    assert_same(
        network(text),
        {f"stages.{i}.{k}": nn.Linear(6, 6) for i in range(2) for k in range(2)},
        _stages,
    )


def _stages(me: nn.Module, x: torch.Tensor) -> torch.Tensor:
    values = []
    for name in ("0.0", "0.1", "1.0", "1.1"):
        x = me[f"stages.{name}"](x)  # type: ignore[index]
        values.append(x)
    a, b, c, d = values
    ends = b * d
    return (a + b + c + d) + ends * b + c
