"""Sizes that fit two rows by chance: each is told at its line, and nothing else is."""

from __future__ import annotations

from textwrap import indent

import pytest
import torch

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.network.compiled import CompiledNetwork
from tests.network.compiled import IMAGE, network

ROW = "row: [4]"
SEQUENCE = "tokens: [12, 8]"


def made(items: str, inputs: str) -> CompiledNetwork:
    """Compiles items, a line each, from line 4 on."""
    return network(f"network:\n  inputs: {{{inputs}}}\n  layers:\n" + indent(items, "    ") + "\n")


def refused(items: str, inputs: str = ROW) -> Problem:
    with pytest.raises(NncliError) as caught:
        made(items, inputs)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("items", "code", "line"),
    [
        ("- {Parameter: [2, 4], name: p}\n- compute: x + p", "rows-fixed", 5),
        ("- {Parameter: [2, 1], name: p}\n- compute: x * p", "rows-fixed", 5),
        ("- reshape: [2, 4]", "rows-fixed", 4),
        ("- view: [2, 2, 2]\n- Flatten", "rows-fixed", 4),
        ("- Unflatten: [1, [2, 2]]\n- reshape: [2, 4]", "rows-fixed", 5),
        ("- compute: cat([x, zeros(2, 3)], 1)", "rows-fixed", 4),
        ("- compute: expand(x[:, none], 2, 3, 4)\n- Flatten", "rows-fixed", 4),
        ("- compute: ones(2, 2) @ x", "rows-fixed", 4),
        ("- rearrange: [(p b) c -> b (p c), p: 2]", "rows-fixed", 4),
        ("- compute: reshape(x, 4, -1)\n- Linear: 4\n- compute: reshape(x, batch, -1)", "rows-fixed", 5),
        ("- compute: x[:2]\n- Linear: 3", "rows-lost", 4),
        ("- Linear: 6\n- compute: index_select(x, 0, arange(2))\n- ReLU", "rows-lost", 5),
        ("- {Parameter: [2, 4], name: p}\n- {Linear: 3, from: p}", "output-without-rows", 5),
    ],
)
def test_a_written_two_is_found_at_its_line(items: str, code: str, line: int) -> None:
    problem = refused(items)
    assert (problem.code, problem.place.line if problem.place else 0) == (code, line)
    assert message_of(problem) and hint_of(problem)


def test_what_has_rows_of_its_own_is_named() -> None:
    problem = refused("- {Parameter: [2, 4], name: p}\n- compute: x + p")
    assert message_of(problem) == "+ fits a batch of 2 rows, and no other: row [batch, 4], p [2, 4]"
    assert hint_of(problem) == "`p` has 2 rows of its own, for any batch: [1, 4] fits every row"
    assert problem.facts["flow"] == ["row [batch, 4] → + (line 5)", "p [2, 4] (line 4) → + (line 5)"]


@pytest.mark.parametrize(
    ("items", "inputs"),
    [
        ("- {Parameter: [1, 4], name: p}\n- compute: x + p", ROW),
        ("- {Parameter: [2, 4], name: p}\n- compute: x @ transpose(p, 0, 1)", ROW),
        ("- compute: expand(x[:, none], batch, 2, 4)\n- Flatten", ROW),
        ("- compute: x - mean(x, 0)", ROW),
        ("- compute: x @ transpose(x, 0, 1)\n- sum: {dim: 1, keepdim: true}", ROW),
        ("- compute: softmax(x @ transpose(x, 0, 1), 1) @ x", ROW),
        ("- compute: reshape(x, 2 * batch, 2)\n- Linear: 2\n- compute: reshape(x, batch // 2, 4)", ROW),
        ("- compute: transpose(x, 0, 1)\n- LayerNorm\n- compute: transpose(x, 0, 1)", SEQUENCE),
        ("- rearrange: b t c -> (b t) c\n- BatchNorm1d\n- rearrange: [(b t) c -> b t c, t: 12]", SEQUENCE),
        ("- LSTM: [4, num_layers: 2]\n  name: lstm\n- compute: lstm.hidden[1]", SEQUENCE),
        ("- GRU: 4\n  take: last\n- unsqueeze: 1\n- squeeze: 1", SEQUENCE),
        ("- SelfAttention: 2\n- mean: {dim: 1}", SEQUENCE),
        ("- {Parameter: [1, 2, 8], name: q}\n- compute: cat([expand(q, batch, -1, -1), x], 1)", SEQUENCE),
        ("- Conv2d: [2, 3]\n- chunk: [2, dim: 1]\n  name: [a, b]\n- compute: a * sigmoid(b)", IMAGE),
        ("- topk: [2, dim: 1]\n  name: [best, at]\n- compute: best + at", ROW),
    ],
)
def test_any_number_of_rows_goes_through_what_is_right(items: str, inputs: str) -> None:
    found = made(items, inputs)
    for rows in (1, 3, 5):
        shapes = [given.shape for given in found.inputs.values()]
        result = found.module.eval()(*(torch.randn(rows, *shape) for shape in shapes))
        assert result.shape == (rows, *found.output_shape)
