"""Names mean what they say where they are written: arguments, vars, defaults and loops."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.spec.arithmetic import Formula
from nncli.spec.items import BlockCall, Constant, Item, Layer, Loop, Residual, Sequential, Waiting
from nncli.spec.nodes import MOST_PROBLEMS
from tests.spec.specs import items, problems_of

NETWORK = "network:\n  inputs: {row: [4]}\n  layers:\n"


def layers_in(found: tuple[Item, ...]) -> Iterator[Layer]:
    """Walks every layer, in the order in which values flow."""
    for item in found:
        operation = item.operation
        if isinstance(operation, Layer):
            yield operation
        elif isinstance(operation, Loop):
            yield from layers_in(tuple(copy.item for copy in operation.copies))
        else:
            assert isinstance(operation, (BlockCall, Sequential, Residual)), operation
            yield from layers_in(operation.items)


def sizes(text: str) -> list[Constant]:
    return [layer.call.positions[0].value for layer in layers_in(items(text))]


@pytest.mark.parametrize(
    ("blocks", "layers", "expected"),
    [
        ("b: {args: [n], layers: [Linear: $n]}", "b: 5", [5]),
        ("b: {args: [n: $width], layers: [Linear: $n]}", "b", [8]),
        ("b: {args: [n, m: $(2 * n)], layers: [Linear: $m]}", "b: 5", [10]),
        ("b: {args: [n], vars: {m: $(n + 1), k: $(m + 1)}, layers: [Linear: $k]}", "b: 5", [7]),
        ("b: {args: [width], layers: [Linear: $width]}", "b: $(width + 1)", [9]),
        ("b: {args: [n], layers: [Linear: $width]}", "b: 5", [8]),
        ("b: {args: [body], layers: [Sequential: $body]}", "{b: {body: [{Linear: $i}]}, repeat: {i: [1, 2]}}",
         [1, 2]),
        ("b: {args: [i, body], layers: [Sequential: $body]}", "{b: [9, [{Linear: $i}]], repeat: {i: [1, 2]}}",
         [1, 2]),
        ("b: {args: [n], layers: [{Linear: $i, repeat: {i: $n}}]}", "{b: $(i + 1), repeat: {i: 2}}",
         [0, 0, 1]),
        ("a: {args: [n], layers: [Linear: $n]}\n  b: {args: [n], layers: [a: $(n * n)]}", "b: 5", [25]),
        ("a: {args: [body], layers: [Sequential: $body]}", "a: [[a: [[Linear: 3]]]]", [3]),
        ("b: {args: [op], layers: [{$op: 7}]}", "b: Linear", [7]),
        ("b: {args: [v], layers: [Linear: '$(v[1])']}", "b: [[1, 2]]", [2]),
        ("b: {args: [v], layers: [Linear: $v]}", "b: '$$x'", ["$x"]),
        ("b: {layers: []}", "{Linear: $(i + j), repeat: [{i: 2}, {j: $(i + 1)}]}", [0, 1, 2]),
    ],
)  # fmt: skip
def test_a_name_means_what_it_says_where_it_is_written(
    blocks: str, layers: str, expected: list[Constant]
) -> None:
    assert sizes(f"vars: {{width: 8}}\nblocks:\n  {blocks}\n{NETWORK}    - {layers}\n") == expected


@pytest.mark.parametrize(
    "blocks",
    [
        "b: {layers: [Linear: $i]}",
        "b: {args: [n: $i], layers: [Linear: $n]}",
        "b: {args: [n: $m, m: 3], layers: [Linear: $n]}",
        "b: {vars: {n: $m, m: 3}, layers: [Linear: $n]}",
    ],
)
def test_a_block_sees_neither_its_caller_nor_what_comes_later(blocks: str) -> None:
    text = f"blocks:\n  {blocks}\n{NETWORK}    - {{b: , repeat: {{i: 2}}}}\n"
    assert [code for code, *_ in problems_of(text)] == ["name-unknown"]


CALLS = """\
blocks:
  outer: {args: [n], vars: {half: $(n // 2)}, layers: [inner: $half, Linear: $n]}
  inner: {args: [m], layers: [Linear: $(m + 1), Linear: $m]}
"""


def test_what_waits_for_sizes_is_worked_out_at_the_entrance_of_its_call() -> None:
    [item] = items(f"{CALLS}{NETWORK}    - outer: $(size(1) + classes)\n")
    outer = item.operation
    assert isinstance(outer, BlockCall)
    inner = outer.items[0].operation
    assert isinstance(inner, BlockCall)
    worked_out: dict[int, Constant] = {}
    sizes = {id(outer): 10, id(inner): 999}
    for call in (outer, inner):
        for waiting, value in call.waiting:
            assert isinstance(waiting, Waiting) and isinstance(value, Formula)
            flowing = sizes[id(call)]
            worked_out[waiting.key] = value.evaluate(
                {"classes": 3},
                lambda _, flowing=flowing: flowing,
                worked_out,  # type: ignore[misc]
            )
    found = [layer.call.positions[0].value for layer in layers_in((item,))]
    assert all(isinstance(value, Formula) for value in found)
    assert [v.evaluate({}, None, worked_out) for v in found if isinstance(v, Formula)] == [7, 6, 13]
    assert len(worked_out) == 3


def test_sizes_in_layers_that_are_an_argument_are_those_of_each_layer() -> None:
    block = "blocks: {b: {args: [body], layers: [Sequential: $body]}}\n"
    text = f"{block}{NETWORK}    - b: [[Linear: $(size(1))]]\n"
    [item] = items(text)
    assert isinstance(item.operation, BlockCall) and item.operation.waiting == ()


def test_a_mistake_in_an_argument_that_nobody_reads_is_one() -> None:
    text = f"blocks: {{b: {{args: [n], layers: [ReLU]}}}}\n{NETWORK}    - b: $nope\n"
    assert problems_of(text) == [("name-unknown", 5, 11)]


@pytest.mark.parametrize("where", ["vars", "data"])
def test_thousands_of_unknown_names_are_told_in_no_time(where: str) -> None:
    """Each of them is compared with all that are known."""
    known = "".join(f"  k{number}: 1\n" for number in range(5_000))
    wrong = "".join(f"  z{number}: $q{number}\n" for number in range(5_000))
    text = f"vars:\n{known}{wrong if where == 'vars' else f'data:{chr(10)}{wrong}'}{NETWORK}    - Linear: 3\n"
    began = time.process_time()
    assert len(problems_of(text)) == MOST_PROBLEMS
    assert time.process_time() - began < 3


NAMES = st.sampled_from("abc")


@given(
    levels=st.lists(st.tuples(NAMES, NAMES, st.integers(0, 3)), min_size=1, max_size=6),
    first=st.integers(0, 9),
)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_calls_within_calls_are_lexical(levels: list[tuple[str, str, int]], first: int) -> None:
    """Each block calls the next with a sum of its own argument and a file var, under names that collide."""
    variables = {"a": 100, "b": 200, "c": 300}
    blocks, value, expected = [], first, []
    for number, (argument, read, added) in enumerate(levels):
        further = "" if number == len(levels) - 1 else f", b{number + 1}: $({read} + {added})"
        blocks.append(f"  b{number}: {{args: [{argument}], layers: [Linear: ${read}{further}]}}\n")
        seen = {**variables, argument: value}[read]
        expected.append(seen)
        value = seen + added
    text = f"vars: {{a: 100, b: 200, c: 300}}\nblocks:\n{''.join(blocks)}{NETWORK}    - b0: {first}\n"
    assert sizes(text) == expected
