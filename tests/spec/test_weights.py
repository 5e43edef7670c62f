from __future__ import annotations

import pytest

from nncli.errors import Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.nodes import Mapping
from nncli.spec.reading import read_nodes
from nncli.spec.weights import Parts, WeightsSpec, read_weights_spec

WHOLE = """\
weights:
  file: x.safetensors
  rename: {"h.*.attn.": "block.*.attention.", "bert.": ""}
  transpose: ["*.c_attn.weight"]
  split: {"*.c_attn.*": [query, key, value]}
  join: {"*.qkv.*": [q_proj, k_proj, v_proj]}
  skip: ["fc.*"]
"""


def read(text: str) -> tuple[WeightsSpec | None, list[Problem]]:
    root = read_nodes(text, "a.yaml")
    assert isinstance(root, Mapping)
    node = root.get("weights")
    assert node is not None
    problems: list[Problem] = []
    found = read_weights_spec(node, "network.weights", problems)
    for problem in problems:
        assert message_of(problem) and hint_of(problem) is not None
    return found, problems


def test_every_key() -> None:
    spec, problems = read(WHOLE)
    assert problems == [] and spec is not None
    assert spec.file == "x.safetensors"
    assert [(each.pattern, each.replacement) for each in spec.rename] == [
        ("h.*.attn.", "block.*.attention."),
        ("bert.", ""),
    ]
    assert [each.pattern for each in spec.transpose] == ["*.c_attn.weight"]
    assert [(each.pattern, each.parts) for each in spec.split] == [("*.c_attn.*", ("query", "key", "value"))]
    assert isinstance(spec.join[0], Parts) and spec.join[0].parts == ("q_proj", "k_proj", "v_proj")
    assert [each.pattern for each in spec.skip] == ["fc.*"]
    assert (spec.split[0].place.line, spec.split[0].place.column) == (5, 11)


@pytest.mark.parametrize(
    "text",
    ["weights: x.safetensors", "weights: {file: x.safetensors}", "weights: {file: x.safetensors, skip: }"],
)
def test_short_forms(text: str) -> None:
    spec, problems = read(text)
    assert problems == [] and spec is not None
    assert (spec.file, spec.rename, spec.skip) == ("x.safetensors", (), ())


def test_one_pattern_needs_no_list() -> None:
    spec, problems = read('weights: {file: x.safetensors, skip: "fc.*"}')
    assert problems == [] and spec is not None
    assert [each.pattern for each in spec.skip] == ["fc.*"]


@pytest.mark.parametrize(
    ("rest", "code", "column"),
    [
        ("renam: {a.: b.}", "unknown-key", 20),
        ("ignore: [a]", "unknown-key", 20),
        ("rename: [a]", "weights-entries", 28),
        ("rename: {a: [b]}", "weights-entries", 32),
        ('rename: {"h.*.a": b}', "pattern-form", 38),
        ("rename: {a: }", "pattern-form", 32),
        ('rename: {"h[0].": b.}', "pattern-form", 29),
        ("skip: {a: b}", "weights-entries", 26),
        ("skip: [[a]]", "weights-entries", 27),
        ('skip: [".a"]', "pattern-form", 27),
        ('transpose: ["**.weight"]', "pattern-form", 32),
        ("split: [a]", "weights-entries", 27),
        ("split: {a: b}", "weights-parts", 31),
        ("split: {a: [b]}", "weights-parts", 31),
        ("split: {a: [b, b]}", "weights-parts", 31),
        ('split: {a: [b, "c*"]}', "weights-parts", 31),
        ("split: {a: [b, {c: d}]}", "weights-parts", 31),
        ('join: {"*.*": [b, c]}', "weights-parts", 34),
        ('join: {"a?": [b, c]}', "pattern-form", 27),
    ],
)
def test_mistakes_have_a_place(rest: str, code: str, column: int) -> None:
    spec, problems = read(f"weights: {{file: x, {rest}}}")
    assert spec is not None, "what is right is read all the same"
    assert [(each.code, each.place.line, each.place.column) for each in problems if each.place] == [
        (code, 1, column)
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("weights: {skip: [a]}", "key-missing"),
        ("weights:", "key-missing"),
        ("weights: [a]", "mapping-expected"),
        ("weights: 3", "value-type"),
        ("weights: {file: [a]}", "value-type"),
        ("weights: {file: true}", "value-type"),
    ],
)
def test_no_file_is_no_spec(text: str, code: str) -> None:
    spec, problems = read(text)
    assert spec is None and [each.code for each in problems] == [code]


def test_all_mistakes_come_in_one_answer() -> None:
    _, problems = read('weights: {fil: x, rename: {"a?": b}, split: {a: b}, skip: ["c d"]}')
    assert [each.code for each in problems] == [
        "unknown-key",
        "key-missing",
        "pattern-form",
        "weights-parts",
        "pattern-form",
    ]


def test_words_of_other_tools() -> None:
    _, problems = read("weights: {file: x, exclude: [a]}")
    assert hint_of(problems[0]) == "did you mean `skip`?"
    _, problems = read("weights: {fille: x}")
    assert "did you mean `file`?" in [hint_of(each) for each in problems]


def test_many_mistakes_end() -> None:
    entries = ", ".join(f'"a?{number}"' for number in range(500))
    _, problems = read(f"weights: {{file: x, skip: [{entries}], split: {{}}}}")
    assert len(problems) == 100
