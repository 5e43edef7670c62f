"""Items of every kind, and every mistake in them at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.spec.arithmetic import Formula
from nncli.spec.items import (
    BlockCall,
    Broken,
    Item,
    Layer,
    Loop,
    NetworkCall,
    Parallel,
    ParameterTensor,
    Rearrangement,
    Residual,
    Sequential,
)
from nncli.spec.opening import Origin, read_text
from tests.spec.specs import items, parsed, problems_of

HEAD = """\
vars: {width: 8, act: Tanh, depth: 2}
blocks:
  conv_bn: {args: [channels, kernel: 3], layers: [Conv2d: [$channels, $kernel], BatchNorm2d]}
  wrap: {args: [body: []], layers: [residual: $body]}
  gate: {inputs: [x, memory], args: [act: ReLU], layers: [$act, {$act: , name: second}], outputs: [second]}
network:
  inputs: {image: [3, 8, 8]}
  layers:
"""
LINE = HEAD.count("\n") + 1


def one(written: str) -> Item:
    [item] = items(f"{HEAD}    - {written}\n")
    return item


def values(item: Item) -> list[object]:
    assert isinstance(item.operation, Layer), item
    return [argument.value for argument in item.operation.call.positions]


def names(layers: tuple[Item, ...]) -> list[str]:
    return [item.operation.call.name if isinstance(item.operation, Layer) else "" for item in layers]


def test_words_stand_beside_an_operation() -> None:
    item = one("{Linear: 3, name: [a, b], from: {x: image, mask: none, y: 2}, take: last, freeze: true}")
    assert [name.text for name in item.names] == ["a", "b"] and item.name is None
    assert item.from_ is not None and item.from_.named["x"].path == "image"
    assert (item.from_.named["mask"].path, item.from_.named["mask"].constant) == ("", None)
    assert item.from_.named["y"].constant == 2
    assert item.take is not None and item.take.text == "last" and item.freeze is True
    assert one("{Linear: 3, checkpoint: $(depth > 1)}").checkpoint is True
    item = one("{Linear: 3, parametrize: {spectral_norm: {n_power_iterations: $depth}}}")
    assert item.parametrize is not None and item.parametrize.name == "spectral_norm"
    assert item.parametrize.keywords["n_power_iterations"].value == 2


def test_a_condition_that_is_known_is_decided_and_another_waits() -> None:
    assert items(f"{HEAD}    - {{ReLU: , when: $(depth > 2)}}\n") == ()
    assert one("{ReLU: , when: $(depth > 1)}").when is None
    assert isinstance(one("{ReLU: , when: $(size(1) > 1)}").when, Formula)


def test_a_residual_and_its_shortcut() -> None:
    plain = one("residual: [LayerNorm, {Linear: 3}]").operation
    assert isinstance(plain, Residual) and plain.shortcut is True and len(plain.items) == 2
    for written, expected in (("false", False), ("$(depth == 1)", False), ("$(depth == 2)", True)):
        operation = one(f"{{residual: [], shortcut: {written}}}").operation
        assert isinstance(operation, Residual) and operation.shortcut is expected
    waiting = one("{residual: [], shortcut: $(size(1) == width)}").operation
    assert isinstance(waiting, Residual) and isinstance(waiting.shortcut, Formula)
    listed = one("{residual: [], shortcut: [Identity]}").operation
    assert isinstance(listed, Residual) and isinstance(listed.shortcut, tuple) and len(listed.shortcut) == 1


def test_branches_and_their_join() -> None:
    for join, has_call, has_computation in (
        ("cat", True, False), ("{stack: {dim: 1}}", True, False), ("none", False, False),
        ("a * b", False, True),
    ):  # fmt: skip
        operation = one(f"{{parallel: {{a: [ReLU], b: []}}, join: {join}}}").operation
        assert isinstance(operation, Parallel) and list(operation.branches) == ["a", "b"]
        assert (operation.join.call is not None, operation.join.computation is not None) == (
            has_call,
            has_computation,
        )


def test_einops_and_parameters() -> None:
    operation = one("reduce: [b (t p) c -> b c, mean, p: $width]").operation
    assert isinstance(operation, Rearrangement) and operation.sizes["p"].value == 8
    assert (operation.verb, operation.pattern, operation.reduction) == ("reduce", "b (t p) c -> b c", "mean")
    for written, expected in (("$width", (8,)), ("[1, $width]", (1, 8))):
        parameter = one(f"{{Parameter: {written}, name: p}}").operation
        assert isinstance(parameter, ParameterTensor) and parameter.shape.value == expected


def test_an_argument_may_be_a_layer_a_list_of_layers_or_a_word() -> None:
    call = one("gate: {act: {LeakyReLU: 0.5}}").operation
    assert isinstance(call, BlockCall) and names(call.items) == ["LeakyReLU", "LeakyReLU"]
    assert values(call.items[0]) == [0.5] and call.items[1].name == "second"
    assert call.inputs == ("x", "memory") and call.outputs["second"].path == "second"
    wrapped = one("wrap: [[LayerNorm, Linear: $width]]").operation
    assert isinstance(wrapped, BlockCall) and isinstance(wrapped.items[0].operation, Residual)
    assert names(wrapped.items[0].operation.items) == ["LayerNorm", "Linear"]
    assert names((one("$act"),)) == ["Tanh"] and names((one("{$act: , name: a}"),)) == ["Tanh"]
    listed = one("gate: {act: [ReLU, Tanh]}").operation
    assert isinstance(listed, BlockCall) and isinstance(listed.items[0].operation, Sequential)


def test_a_block_hides_what_has_its_name_and_a_network_is_a_layer() -> None:
    text = "blocks: {cat: {layers: [ReLU]}}\n"
    text += "networks:\n  a: {inputs: {x1: [3]}, layers: [cat, b]}\n  b: [ReLU]\n"
    first, second = items(text, "a")
    assert isinstance(first.operation, BlockCall) and isinstance(second.operation, NetworkCall)


def test_what_cannot_be_read_keeps_its_name() -> None:
    text = f"{HEAD}    - {{foo: 3, name: kept}}\n    - {{Linear: 3, ReLU: 4, name: two}}\n"
    spec, found = read_text(text, Origin("a.yaml", parsed().origin.folder, text))
    assert [problem.code for problem in found] == ["operation-unknown", "item-two-operations"]
    layers = spec.networks["network"].layers
    assert [(item.name, item.operation) for item in layers] == [("kept", Broken()), ("two", Broken())]


def test_a_mistake_in_a_loop_is_said_once_and_in_a_block_too() -> None:
    assert problems_of(f"{HEAD}    - {{Linear: $nope, repeat: 9}}\n") == [("name-unknown", LINE, 17)]
    text = HEAD.replace("BatchNorm2d]", "foo]") + "    - conv_bn: 3\n    - conv_bn: 4\n"
    assert [code for code, *_ in problems_of(text)] == ["operation-unknown"]


def test_a_block_that_nobody_calls_is_checked_as_far_as_that_goes() -> None:
    text = HEAD.replace(
        "network:", "  unused: {args: [n], layers: [{foo: 3, repeat: 2}, {ReLU: , repeat: $n}]}\nnetwork:"
    )
    assert [code for code, *_ in problems_of(f"{text}    - ReLU\n")] == ["operation-unknown"]


MISTAKES = [
    ("LayerNorm\n      name: a", "colon-missing", 16),
    ("[Linear: 10, name: head]", "item-form", 7),
    ("Linear: 10\n    - name: head", "item-without-operation", 7),
    ("from: x", "item-without-operation", 7),
    ("repeat: 3", "item-without-operation", 7),
    ("{a: f(x, y)}", "comma-splits", 11),
    ("{Linear:0.1}", "colon-space", 8),
    ("Linear: $width-1", "dollar-form", 15),
    ("Linear: ${width}", "brace-dollar", 15),
    ("linear: 10", "operation-unknown", 7),
    ("conv2: 3", "operation-unknown", 7),
    ("conv_bn", "argument-missing", 7),
    ("conv_bn: [1, 2, 3]", "too-many-arguments", 23),
    ("conv_bn: {chanels: 3}", "argument-unknown", 17),
    ("conv_bn: {channels: 3, name: a}", "argument-unknown", 30),
    ("conv_bn: [3, channels: 3]", "argument-repeated", 20),
    ("conv_bn: [3, kernel: 3, 3]", "argument-order", 31),
    ("{conv_bn: 3, repeat: $(size(1))}", "repeat-waits", 28),
    ("{conv_bn: 3, repeat: $classes}", "repeat-waits", 28),
    ("{Linear: $k, repeat: {k: [$(size(1)), 2]}}", "repeat-waits", 33),
    ("{conv_bn: 3, repeat: -1}", "repeat-form", 28),
    ("{conv_bn: 3, repeat: true}", "repeat-form", 28),
    ("{conv_bn: 3, repeat: []}", "repeat-form", 28),
    ("{conv_bn: 3, repeat: {i: [1, 2], j: 3}}", "repeat-lengths", 40),
    ('{conv_bn: 3, repeat: {"i, j": [[1, 2], [3]]}}', "repeat-row", 46),
    ('{conv_bn: 3, repeat: {"i, j": 3}}', "repeat-form", 37),
    ("{conv_bn: 3, repeat: {name: 3}}", "name-reserved", 29),
    ("{conv_bn: $i, repeat: {j: 3}}", "name-unknown", 18),
    ("{Linear: 3, join: cat}", "word-misplaced", 25),
    ("{Linear: 3, shortcut: true}", "word-misplaced", 29),
    ("{parallel: {a: []}}", "join-missing", 8),
    ("{parallel: {a: []}, join: concat}", "join-form", 33),
    ("{parallel: {a: []}, join: [a]}", "join-form", 33),
    ("{parallel: [[], []], join: cat}", "parallel-form", 18),
    ("{parallel: {}, join: cat}", "parallel-form", 18),
    ("{parallel: {class: []}, join: cat}", "name-keyword", 19),
    ("{parallel: {x: []}, join: cat}", "name-reserved", 19),
    ("{parallel: {a: 3}, join: cat}", "layers-form", 22),
    ("residual: ReLU", "layers-form", 17),
    ("Sequential:", "layers-form", 18),
    ("{residual: [], shortcut: 3}", "value-type", 32),
    ("Parameter: 3", "name-missing", 7),
    ("{Parameter: [a], name: p}", "parameter-form", 19),
    ("{Parameter: 3, name: p, from: x}", "word-misplaced", 37),
    ("{Linear: 3, name: [a, a]}", "name-twice", 29),
    ("{Linear: 3, name: class}", "name-keyword", 25),
    ("{Linear: 3, name: share}", "name-reserved", 25),
    ("{Linear: 3, from: a..b}", "path-form", 25),
    ("{Linear: 3, from: []}", "from-form", 25),
    ("{Linear: 3, from: $classes}", "formula-misplaced", 25),
    ("{Linear: 3, share: true}", "share-form", 26),
    ("{Linear: 3, share: {weight: 3}}", "from-form", 35),
    ("{Linear: 3, when: 3}", "value-type", 25),
    ("{Linear: 3, freeze: maybe}", "value-type", 27),
    ("{Linear: 3, init: [a, b]}", "call-expected", 25),
    ("{Linear: 3, take: [a]}", "take-form", 25),
    ("{Linear: 3, nam: b}", "item-two-operations", 19),
    ("rearrange: b c", "einops-form", 18),
    ("rearrange: (b c -> b c", "einops-form", 18),
    ("rearrange: [b c -> c b, mean]", "einops-form", 31),
    ("reduce: b c -> b", "reduction-missing", 7),
    ("reduce: [b c -> b, median]", "reduction-missing", 26),
    ("compute:", "expression-form", 15),
    ("compute: {batch: x}", "name-reserved", 17),
    ("compute: {y: $nope}", "name-unknown", 21),
    ("Linear: $widht", "name-unknown", 16),
    ("wrap: [Linear: 3]", "argument-unknown", 14),
    ("{$nope: 3}", "name-unknown", 9),
    ("$nope", "name-unknown", 8),
    ("$classes", "formula-misplaced", 7),
    ("{gate: {act: {Linear: 3}}, repeat: {gate: x}}", "repeat-form", 49),
    ("wrap: {body: ReLU}", "layers-form", 20),
    ("gate: {act: ~}", "item-form", 19),
    ("{$body: [3], repeat: {body: [[ReLU]]}}", "arguments-beside-layer", 15),
]


@pytest.mark.parametrize(("written", "code", "column"), MISTAKES)
def test_a_mistake_is_answered_at_its_place(written: str, code: str, column: int) -> None:
    line = LINE + written.count("\n    - ")
    assert problems_of(f"{HEAD}    - {written}\n") == [(code, line, column)]


def test_all_mistakes_of_a_structure_come_at_once() -> None:
    text = f"{HEAD}    - residual: [{{Linear: $widht}}, {{foo: 3}}, {{ReLU: , name: class, take: [a]}}]\n"
    assert [code for code, *_ in problems_of(text)] == [
        "name-unknown", "operation-unknown", "name-keyword", "take-form"
    ]  # fmt: skip


def test_copies_carry_their_own_words_and_the_loop_the_others() -> None:
    item = one("{Linear: $i, name: all, from: image, repeat: {i: [3, 4]}, freeze: $(i == 4), share: true}")
    assert item.name == "all" and item.from_ is not None and item.freeze is False
    assert isinstance(item.operation, Loop) and item.operation.kind == "linear"
    first, second = (copy.item for copy in item.operation.copies)
    assert (first.freeze, second.freeze) == (False, True) and first.name is None
    assert first.share is not None and first.from_ is None


def test_an_item_that_is_a_list_is_told_which_of_its_words_stand_beside_a_layer() -> None:
    text = f"{HEAD}    - [Linear: 10, name: head]\n"
    _, [problem] = read_text(text, Origin("a.yaml", Path(), text))
    assert (problem.code, problem.facts["words"]) == ("item-form", ["name"])
