from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
import yaml

from nncli.errors import Exit, NncliError, SpecError, UsageError
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec import reading
from nncli.spec.nodes import Mapping, Scalar, plain
from nncli.spec.opening import read_spec
from nncli.spec.reading import read_file, read_nodes, read_value

FUZZED = int(os.environ.get("NNCLI_TORTURE", "2000"))
SPEC = """\
name: digits-cnn  # a comment
description: "Hand-written digits: a small network"
vars: {width: 32, sizes: [3, 5], half: $(width // 2)}
data:
  train: builtin:digits
  split: {validation: 0.15, test: 0.15, seed: 0}
network:
  - Conv2d: [$width, 3, padding: same]
  - ReLU
  - LayerNorm:
    name: norm
    from: conv2d
  - Flatten
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 3e-3}}
  epochs: 20
"""


def refused(text: str) -> tuple[str, int, int]:
    with pytest.raises(SpecError) as caught:
        read_nodes(text, "a.yaml")
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert problem.place.file == "a.yaml"
    assert message_of(problem)
    return problem.code, problem.place.line, problem.place.column


# --- Files


def file_refused(path: Path) -> NncliError:
    with pytest.raises(NncliError) as caught:
        read_file(path, str(path))
    return caught.value


def test_a_file_is_read_with_or_without_a_mark_of_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffname: größe\r\nepochs: 2\r\n".encode())
    nodes = read_nodes(read_file(path, "a.yaml"), "a.yaml")
    assert plain(nodes) == {"name": "größe", "epochs": 2}


def test_what_is_no_regular_file_is_a_mistake_on_the_command_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in [
        (tmp_path / "missing.yaml", "no such file"),
        (tmp_path, "directory"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "a\0b", "no file can have this name"),
        (tmp_path / ("x" * 300), "too long"),
    ]:
        error = file_refused(path)
        assert isinstance(error, UsageError) and error.exit_code == Exit.USAGE
        assert words in message_of(error.problems[0])


def test_a_file_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (2**20 + 1))
    assert file_refused(path).problems[0].code == "file-too-large"
    path.write_bytes(b"a: 1\n" + b"#" * (2**20 - 5))
    assert plain(read_nodes(read_file(path, "a.yaml"), "a.yaml")) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "line", "column", "byte"),
    [
        (b"a: 1\nb: \xff\n", 2, 4, 8),
        ("ä: ü".encode() + b"\xc3(", 1, 5, 6),
        ("a: 1".encode("utf-16"), 1, 1, 0),
        ("a: 1".encode("utf-16-be"), 1, 1, 0),
        (b"a: \x00", 1, 4, 3),
        ("ä:\n  b: \x1b[31m".encode(), 2, 6, 9),
        ("a: x\u2028y".encode(), 1, 5, 4),
    ],
)
def test_what_is_no_plain_text_is_shown_with_its_byte(
    tmp_path: Path, content: bytes, line: int, column: int, byte: int
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_nodes(read_file(path, "a.yaml"), "a.yaml")
    problem = caught.value.problems[0]
    assert problem.code == "text-invalid" and problem.place is not None
    assert (problem.place.line, problem.place.column, problem.facts["byte"]) == (line, column, byte)


# --- Documents


def test_every_node_knows_where_it_stands() -> None:
    root = read_nodes(SPEC, "a.yaml")
    assert isinstance(root, Mapping)
    description = root.get("description")
    assert isinstance(description, Scalar) and not description.plain
    assert (description.place.line, description.place.column) == (2, 14)
    assert description.place.text == 'description: "Hand-written digits: a small network"'


def test_keys_of_any_type_are_read_as_their_text() -> None:
    assert plain(read_nodes("1: a\ntrue: b\n'x y': c\n", "a.yaml")) == {"1": "a", "true": "b", "x y": "c"}


@pytest.mark.parametrize("text", ["", "  \n", "# only a comment\n", "---\n", "null\n", "\ufeff"])
def test_an_empty_file_shows_the_smallest_spec(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_nodes(text, "a.yaml")
    problem = caught.value.problems[0]
    assert problem.code == "yaml-empty"
    assert reading.SMALLEST_SPEC in hint_of(problem)


def test_the_smallest_spec_is_one(tmp_path: Path) -> None:
    path = tmp_path / "smallest.yaml"
    path.write_text(reading.SMALLEST_SPEC)
    _, problems = read_spec(path)
    assert problems == []


def test_line_ends_of_windows_and_old_macs_count_as_lines() -> None:
    assert refused("a: 1\r\nb: *\r\n")[1:] == (2, 4)
    assert refused("a: 1\rb: *\r")[1:] == (2, 4)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "key-repeated", 3, 1),
        ("{a: 1, 'a': 2}", "key-repeated", 1, 8),
        ("a: !x 1\n", "yaml-tag", 1, 4),
        ("a: !!python/object/apply:os.system [x]\n", "yaml-tag", 1, 4),
        ("a: !!str 1\n", "yaml-tag", 1, 4),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "yaml-merge", 3, 3),
        ("a: *b\n", "yaml-alias-unknown", 1, 4),
        ("a: &a [1, *a]\n", "yaml-alias-unknown", 1, 11),
        ("a: 1\n---\nb: 2\n", "yaml-documents", 2, 1),
        ("a: 1\n...\nb: 2\n", "yaml-documents", 3, 1),
        ("%YAML 1.2\n---\na: 1\n", "yaml-directive", 1, 1),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", "yaml-directive", 1, 1),
        ("? [a]\n: b\n", "key-form", 1, 3),
        ("a: 9e999\n", "number-too-large", 1, 4),
        ("a: " + "9" * 401, "number-too-large", 1, 4),
        ('a: "\\0"\n', "text-invalid", 1, 4),
    ],
)
def test_what_is_not_taken_is_refused_at_its_place(text: str, code: str, line: int, column: int) -> None:
    assert refused(text) == (code, line, column)


def test_a_repeated_key_names_both_lines() -> None:
    with pytest.raises(SpecError) as caught:
        read_nodes("a: 1\nb: 2\na: 3\n", "a.yaml")
    assert message_of(caught.value.problems[0]) == "`a` stands here and on line 1"


def test_aliases_within_the_limits_are_read() -> None:
    node = read_nodes("a: &a [1, {b: 2}]\nc: *a\nd: &e 5\nf: *e\n", "a.yaml")
    assert plain(node) == {"a": (1, {"b": 2}), "c": (1, {"b": 2}), "d": 5, "f": 5}


# --- Limits


def test_depth_is_bounded_also_behind_aliases() -> None:
    assert refused("[" * 100_000) == ("yaml-too-deep", 1, 65)
    assert refused("- " * 65 + "1")[0] == "yaml-too-deep"
    read_nodes("[" * 64 + "]" * 64, "a.yaml")
    chained = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
    assert refused(chained) == ("yaml-too-deep", 64, 12)


def test_nodes_are_bounded_also_behind_aliases() -> None:
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    started = time.process_time()
    assert refused(bomb)[0] == "yaml-too-large"
    assert refused("[" + "1," * 200_001 + "]")[0] == "yaml-too-large"
    assert time.process_time() - started < 10


def test_aliases_are_bounded() -> None:
    assert refused("a: &a 1\nb: [" + "*a, " * 1_001 + "]")[0] == "yaml-aliases"
    read_nodes("a: &a 1\nb: [" + "*a, " * 1_000 + "]", "a.yaml")


# --- Values of --set


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("1e-3", 0.001),
        ("no", "no"),
        ("[1, a]", (1, "a")),
        ("{a: 1}", {"a": 1}),
        (" x ", "x"),
        ("''", ""),
    ],
)
def test_a_value_of_set_follows_the_same_rules(text: str, value: object) -> None:
    assert plain(read_value(text, "--set")) == value


def test_a_mistake_in_set_stands_at_its_column() -> None:
    with pytest.raises(SpecError) as caught:
        read_value("[1, *x]", "--set")
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.file, place.line, place.column, place.text) == ("--set", 1, 5, "[1, *x]")


# --- Anything at all


def mutated(text: str, draw: random.Random) -> str:
    letters = list(text)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(letters) + 1)
        kind = draw.randrange(5)
        piece = draw.choice(
            [*"\t\n\r :,-[]{}()$'\"#&*!|>%@`~\\\0\x85\u2028\ud800é😀", "- ", ": ", "${", "$(", "? "]
        )
        if kind == 0:
            letters[at:at] = piece
        elif kind == 1:
            del letters[at : at + draw.randint(1, 20)]
        elif kind == 2:
            letters[at : at + 1] = piece
        elif kind == 3:
            letters[at:at] = letters[at : at + draw.randint(1, 40)] * draw.randint(1, 3)
        else:
            letters[at:at] = piece * draw.randint(2, 70)
    return "".join(letters)


@pytest.mark.parametrize("parser", ["libyaml", "pure"])
def test_mutated_documents_are_read_or_refused_at_a_place(
    parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = FUZZED
    if parser == "pure":
        count //= 10
        monkeypatch.setattr(reading, "_EVENTS", yaml.SafeLoader)
    draw = random.Random(parser)
    read = 0
    for number in range(count):
        text = mutated(SPEC, draw)
        started = time.process_time()
        try:
            plain(read_nodes(text, "a.yaml"))
            read += 1
        except SpecError as error:
            for problem in error.problems:
                assert problem.place is not None and problem.place.file == "a.yaml", f"{number}: {text!r}"
                assert problem.place.line >= 1 and problem.place.column >= 1
                assert message_of(problem) is not None and hint_of(problem) is not None
        assert time.process_time() - started < 2, f"{number} is slow: {text!r}"
    assert 0 < read < count
