"""Mistakes in a spec: each at its line and column, all in one answer, and none that follows from another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nncli.errors import NncliError, SpecError
from nncli.messages.catalogue import hint_of, message_of
from nncli.network.compiling import Surroundings, compile_networks
from nncli.spec.items import NetworkCall
from nncli.spec.opening import Origin, parse_spec
from tests.network.compiled import networks, places

HEAD = """network:
  inputs: {row: [6], image: [3, 8, 8]}
  layers:
    - Linear: 6
      from: row
      name: a
"""


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ("- Liner: 3", "layer-unknown 7:7"),
        ("- Linear: 3\n  from: b", "value-unknown 8:13"),
        ("- Linear: 3\n  from: [a, a]", "inputs-count 8:14"),
        ("- Linear: 3\n  from: {inptu: a}", "input-unknown 8:21"),
        ("- add:\n  from: {other: a, inptu: a}", "input-unknown 8:31"),
        ("- Linear: 3\n  from: a.weight", "part-unknown 8:13"),
        ("- Linear: 3\n  from: linear\n- Linear: 3", "value-unknown 8:13"),
        ("- Linear: 3\n- add:\n  from: [x, linear]", "value-unnamed 9:17"),
        ("- add:\n  from: [x, late]\n- Linear: 6\n  name: late", "value-later 8:17"),
        ("- ReLU:\n  name: late\n  when: $(size(1) > 6)\n- add:\n  from: [x, late]", "value-absent 11:17"),
        ("- relu:\n  take: last", "take-unknown 8:13"),
        ("- chunk: [2, 1]\n  take: 2", "take-unknown 8:13"),
        ("- chunk: [2, 1]\n  name: [p, q, r]", "unpack-count 8:14"),
        ("- residual: [Linear: 5]", "residual-shape 7:7"),
        ("- parallel: {p: [Linear: 5], q: [Unflatten: [1, [2, 3]]]}\n  join: cat", "join-axis 8:13"),
        ("- parallel: {p: [Linear: 5], q: [Linear: 4]}\n  join: p + r", "value-unknown 8:17"),
        ("- parallel: {p: [Linear: 5], q: [Linear: 4]}\n  join: p + q", "call-refused 8:13"),
        ("- parallel: {p: [Linear: 5], q: [Linear: 4]}\n  join: none\n- Linear: 3", "flow-several 9:7"),
        ("- parallel: {p: [Linear: 5], q: [Linear: 4]}\n  join: {stack: {}}", "axis-missing 8:13"),
        ("- Linear: 5\n  repeat: 0\n  join: cat", "join-empty 9:13"),
        ("- Linear: 5\n  share: a", "share-with-arguments 7:7"),
        ("- ReLU:\n  share: a", "share-other-kind 8:14"),
        ("- Linear: {out_features: 3}\n  share: {weight: a.bias}", "share-shape 8:23"),
        ("- Linear: 5\n  init: {kaiming: {}}", "initialiser-unknown 8:14"),
        ("- ReLU:\n  init: {zeros_: {}}", "init-without-weight 8:14"),
        ("- Linear: 5\n  when: $(size(3) > 2)", "size-outside 7:7"),
        ("- Linear: 5\n  from: none", "flow-number 8:13"),
        ("- Linear: 5\n  from: 3", "flow-number 8:13"),
        ("- compute: x + row * nothing", "value-unknown 7:26"),
        ("- compute: x + image", "call-refused 7:16"),
        ("- compute: a.mask", "mask-missing 7:16"),
        ("- compute: batch * 2", "expression-result 7:16"),
        ("- AdaptiveAvgPool2d: 0\n  from: image", "shape-empty 7:7"),
        ("- Linear: 5\n  name: a", "name-repeated 8:13"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_at_its_line_and_column(items: str, found: str) -> None:
    text = HEAD + "".join(f"    {line}\n" for line in items.split("\n"))
    assert places(text) == [found]


BLOCK = """
blocks:
  pair:
    inputs: [x, memory]
    args: [width]
    vars: {hidden: $(width * size(1))}
    layers:
      - Linear: $hidden
      - Dropout: 7
network:
  inputs: {row: [6]}
  layers:
    - pair: 2
      from: FROM
"""


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("row", ["block-inputs-missing 12:7"]),
        ("[row, row, row]", ["inputs-count 13:14"]),
        ("{memory: row, memry: row}", ["input-unknown 13:34"]),
        ("[row, row]", ["layer-refused 8:9"]),
        ("[row, 3]", ["flow-number 13:19"]),
    ],
)
def test_a_call_of_a_block_gets_what_the_block_takes(written: str, found: list[str]) -> None:
    assert places(BLOCK.replace("FROM", written)) == found


def test_independent_mistakes_come_in_one_answer_without_what_follows() -> None:
    text = """
    blocks:
      scaled:
        args: [width]
        vars: {hidden: $(width * size(1))}
        layers: [Linear: $hidden, Dropout: 7]
    network:
      inputs: {row: [6]}
      layers:
        - Liner: 6
          name: first
        - Linear: $(size(1) // 2)
        - scaled: $(size(1))
        - residual: [Linear: 3, Linear: [3, biass: 1]]
          shortcut: $(size(1) == 3)
        - parallel: {p: [Softmax], q: [Linear: 3]}
          join: cat
        - Linear: {bias: false}
          share: {weight: first.weight}
        - Linear:
          share: first
        - Linear: 3
          when: $(size(1) > 2)
          name: maybe
        - add:
          from: [maybe, first.state, nothing]
        - Conv2d: [4, 3]
          repeat: 2
          from: row
        - chunk: [2, 1]
          name: [u, v]
        - Linear: 0
          from: u
      outputs: {result: x, other: maybe}
    """
    assert places(text) == [
        "layer-refused 5:31",
        "layer-unknown 9:7",
        "argument-unknown 13:41",
        "argument-missing 15:22",
        "value-unknown 25:34",
        "input-dimensions 26:7",
        "argument-range 31:15",
    ]


@pytest.mark.parametrize(
    "code", ["input-ambiguous", "output-several", "output-without-rows", "result-unused", "rows-lost"]
)
def test_a_mistake_of_the_whole_network_has_a_place(code: str) -> None:
    items = {
        "input-ambiguous": "[Linear: 3]",
        "output-several": "[{chunk: [2, 1], from: a}]",
        "output-without-rows": "[{Parameter: [3, 6], name: p}, {Linear: 3, from: p}]",
        "rows-lost": "[{sum: , from: a}]",
        "result-unused": "[{Linear: 3, from: a}, {Linear: 3, from: b}]",
    }[code]
    text = f"network:\n  inputs: {{a: [6], b: [6]}}\n  layers: {items}\n"
    [found] = places(text)
    assert found.startswith(f"{code} 3:")


def test_a_circle_of_networks_is_refused_by_the_compiler_too() -> None:
    text = "networks:\n  a: {inputs: {row: [6]}, layers: [b]}\n  b: {inputs: {row: [6]}, layers: [ReLU]}\n"
    specs = parse_spec(text, Origin("a.yaml", Path(), text)).networks
    item = replace(specs["b"].layers[0], operation=NetworkCall("a"))
    circle = {**specs, "b": replace(specs["b"], layers=(item,))}
    with pytest.raises(SpecError):
        compile_networks(circle, {}, Surroundings())


def test_hints_say_what_to_type() -> None:
    spoken = {
        "- Liner: 3": "did you mean `Linear`?",
        "- relu:\n  take: last": "it has one result: leave out `take:`",
        "- residual: [Linear: 5]": "write `shortcut: [Linear: 5]` beside it",
        "- Linear: 3\n  from: aa": "did you mean `a`?",
        "- sum\n- Linear: 3": "",
        "- mean: 1\n- Linear: 3": "`- unsqueeze: 1` before it makes [batch, 1]",
    }
    for items, hint in spoken.items():
        text = HEAD + "".join(f"    {line}\n" for line in items.split("\n"))
        with pytest.raises(NncliError) as caught:
            networks(text)
        problem = caught.value.problems[0]
        assert message_of(problem) and hint_of(problem) == hint, items
