"""What expands without end is refused at once; what is large is read."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from nncli.spec.items import Loop
from tests.spec.specs import items, parsed, problems_of

NETWORK = "network:\n  inputs: {image: [3, 8, 8]}\n  layers:\n"
DOUBLING = "".join(f"  b{n}: {{layers: [b{n - 1}, b{n - 1}]}}\n" for n in range(1, 39))
LISTS = "".join(f"  b{n}: {{args: [v], layers: [b{n - 1}: [[$v, $v]]]}}\n" for n in range(1, 39))
BODIES = "".join(
    f"  b{n}: {{args: [v], layers: [b{n - 1}: {{v: [Sequential: $v, Sequential: $v]}}]}}\n"
    for n in range(1, 39)
)
BOMBS = {
    "repeats in repeats": "    - {Sequential: [{Sequential: [ReLU], repeat: 1000}], repeat: 1000}\n",
    "nested loops": "    - {ReLU: , repeat: [{i: 1000}, {j: 1000}, {k: 1000}]}\n",
    "nested loops of nothing": "    - {ReLU: , repeat: [{i: 20000}, {j: 20000}, {k: 0}]}\n",
    "a large number": "    - {ReLU: , repeat: 1000000000000}\n",
    "items that are not there": "    - {Sequential: [{ReLU: , when: false}], repeat: 20000}\n",
    "a long list": "    - ReLU\n" * 25_000,
}


def refused(text: str) -> str:
    began = time.process_time()
    found = problems_of(text)
    assert time.process_time() - began < 3
    [(code, _, _)] = found
    return code


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_too_large_is_refused(name: str) -> None:
    assert refused(NETWORK + BOMBS[name]) == "spec-too-large"


@pytest.mark.parametrize(
    ("blocks", "call", "code"),
    [
        ("  b0: {layers: [ReLU]}\n" + DOUBLING, "b38", "spec-too-large"),
        ("  b0: {args: [v], layers: [Linear: $v]}\n" + LISTS, "b38: 1", "arithmetic-too-large"),
        ("  b0: {args: [v], layers: [Sequential: $v]}\n" + BODIES, "b38: {v: []}", "spec-too-large"),
        ("  a: {args: [op], layers: [{$op: [$op]}]}\n", "a: [a]", "block-recursion"),
        ("  a: {layers: [b]}\n  b: {layers: [a]}\n", "a", "block-recursion"),
        ("  a: {args: [v], layers: [Sequential: $v]}\n  b: {layers: [a: [[b]]]}\n", "b", "block-recursion"),
        (f"  b: {{args: [v: [{'1,' * 9000}1]], layers: [ReLU]}}\n", "{b: , repeat: 19000}", "spec-too-large"),
        ("  b: {vars: {v0: 1, " + ",".join(f"v{n}: 1" for n in range(1, 300)) + "}, layers: []}\n", "ReLU",
         "spec-too-large"),
    ],
)  # fmt: skip
def test_blocks_that_grow_without_end_are_refused(blocks: str, call: str, code: str) -> None:
    assert refused(f"blocks:\n{blocks}{NETWORK}    - {call}\n") == code


def test_a_bomb_is_told_at_its_repeat_and_takes_little_memory() -> None:
    tracemalloc.start()
    found = problems_of(NETWORK + BOMBS["nested loops"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [("spec-too-large", 4, 24)] and peak < 100e6


MANY = "[" + ", ".join(["1"] * 9000) + "]"
USES = "[" + ", ".join(["$many"] * 200) + "]"
ROW = "network: {inputs: {row: [4]}, layers: [Linear: 4]}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{ROW}vars:\n  many: {MANY}\n  more: {USES}\n", 4),
        (f"{ROW}vars: {{many: {MANY}}}\ndata: {{train: a.csv, nulls: {USES}}}\n", 3),
        (f"{ROW}vars: {{many: {MANY}}}\ntraining: {{metrics: {USES}}}\n", 3),
        (f"{ROW}predict:\n  made: {{repeat: {{i: 30000}}, compute: {{y: 'network(randn(batch, 4))'}}}}\n", 3),
    ],
)
def test_what_is_too_large_outside_of_networks_has_a_place_too(text: str, line: int) -> None:
    assert ("spec-too-large", line) in [(code, at) for code, at, _ in problems_of(text)]


def test_a_long_chain_of_vars_is_read() -> None:
    chain = ", ".join(f"v{n}: $(v{n - 1} + 1)" for n in range(1, 150))
    text = f"blocks:\n  b: {{vars: {{v0: 1, {chain}}}, layers: [Linear: $v149]}}\n{NETWORK}    - b\n"
    assert problems_of(text) == []


def test_five_thousand_layers_are_read_in_a_second() -> None:
    text = NETWORK + "    - Conv2d: [64, 3, stride: 2, padding: 1]\n    - ReLU\n" * 2500
    began = time.process_time()
    assert len(parsed(text).networks["network"].layers) == 5000
    assert time.process_time() - began < 2
    [item] = items(f"{NETWORK}    - {{ReLU: , repeat: 9000}}\n")
    assert isinstance(item.operation, Loop) and len(item.operation.copies) == 9000
