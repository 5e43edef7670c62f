from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncli.spec.patterns import (
    captured,
    filled,
    generalised,
    literal_part,
    matches,
    pattern_fault,
    plain_name,
    renamed,
    renaming_fault,
    with_part,
)

NAMES = st.lists(st.sampled_from(["a", "b", "ab", "0", "1", "weight"]), min_size=1, max_size=6).map(".".join)
PARTS = st.sampled_from(["a", "b", "ab", "0", "weight", "*", "a*", "*b", "a*b"])
PATTERNS = st.tuples(st.lists(PARTS, min_size=1, max_size=5).map(".".join), st.sampled_from(["", "."])).map(
    "".join
)


@pytest.mark.parametrize(
    ("pattern", "name", "texts"),
    [
        ("fc.weight", "fc.weight", ()),
        ("fc", "fc.weight", None),
        ("fc.*", "fc.weight", ("weight",)),
        ("fc.*", "fc", None),
        ("fc.", "fc.norm.weight", ("norm.weight",)),
        ("*.bias", "bias", ("",)),
        ("*.bias", "encoder.0.bias", ("encoder.0",)),
        ("*.bias", "encoder.bias.weight", None),
        ("backbone.*", "backbone.0.conv.weight", ("0.conv.weight",)),
        ("backbone.*", "my.backbone.weight", None),
        ("h.*.attn.", "h.0.attn.c_attn.weight", ("0", "c_attn.weight")),
        ("h.*.attn.", "h.0.1.attn.c_attn.weight", None),
        ("h.*.attn.", "transformer.h.0.attn.c_attn.weight", None),
        ("*.h.*.attn.", "transformer.h.0.attn.c_attn.weight", ("transformer", "0", "c_attn.weight")),
        ("*.c_attn.weight", "h.0.attn.c_attn.weight", ("h.0.attn",)),
        ("*.c_attn.weight", "transformer.h.0.attn.c_attn.weight", ("transformer.h.0.attn",)),
        ("*.c_attn.weight", "c_attn.weight", ("",)),
        ("*.c_attn.*", "h.0.attn.c_attn.bias", ("h.0.attn", "bias")),
        ("*.layer.*", "encoder.layer.0.layer.1", ("encoder", "0.layer.1")),
        ("h.*.ln_*.weight", "h.3.ln_2.weight", ("3", "2")),
        ("conv*.weight", "conv.weight", ("",)),
        ("ab*ba", "aba", None),
        ("*", "a.b.c", ("a.b.c",)),
        ("*.*", "a.b.c", ("", "a.b.c")),
        ("a.*", "a..b", None),
        ("*", "", None),
    ],
)
def test_what_a_pattern_matches(pattern: str, name: str, texts: tuple[str, ...] | None) -> None:
    assert captured(pattern, name) == texts
    assert matches(pattern, name) == (texts is not None)


@pytest.mark.parametrize(
    ("pattern", "replacement", "name", "expected"),
    [
        ("h.*.attn.", "block.*.attention.", "h.7.attn.c_attn.weight", "block.7.attention.c_attn.weight"),
        ("bert.", "", "bert.pooler.dense.bias", "pooler.dense.bias"),
        ("h.*.", "", "h.0.ln.weight", "ln.weight"),
        ("*", "encoder.*", "0.weight", "encoder.0.weight"),
        ("*.gamma", "*.weight", "norm.gamma", "norm.weight"),
        ("*.gamma", "*.weight", "gamma", "weight"),
        ("*.in_proj.*", "*.in_proj_*", "layers.0.in_proj.weight", "layers.0.in_proj_weight"),
        ("layer*.*.conv1.", "stages.*.*.first.", "layer1.0.conv1.weight", "stages.1.0.first.weight"),
        ("fc.", "head.", "fc_norm.weight", None),
    ],
)
def test_renaming(pattern: str, replacement: str, name: str, expected: str | None) -> None:
    assert renaming_fault(pattern, replacement) == ""
    assert renamed(pattern, replacement, name) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a..b", ".weight", ".", "a**", "**.a", "h.[0-9].a", "h\\..*", "a?", "a b", "a*b*c", "x" * 201, "^a"],
)
def test_what_is_no_pattern(text: str) -> None:
    assert pattern_fault(text)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [("a", ""), ("a.*", ""), ("h.*.", "b."), ("a", "*"), ("a.", "b"), ("a", "b."), ("a.", "b..c.")],
)
def test_what_cannot_be_renamed(pattern: str, replacement: str) -> None:
    assert renaming_fault(pattern, replacement)


def test_the_part_that_is_replaced_is_the_last_plain_one() -> None:
    assert literal_part("*.c_attn.*") == "c_attn"
    assert with_part("*.c_attn.*", "query") == "*.query.*"
    assert with_part("*.attn.in_proj_weight", "query.weight") == "*.attn.query.weight"
    assert with_part("a.b.a.", "c") == "a.b.c."
    assert literal_part("*.ln_*") == ""


def test_numbers_become_stars() -> None:
    assert generalised("h.0.ln_1.weight") == "h.*.ln_1.weight"


def _reference(pattern: str) -> re.Pattern[str]:
    """The rules once more, as an expression: parts cannot hold dots, the ends may."""
    if pattern.endswith("."):
        pattern += "*"
    if pattern == "*":
        return re.compile(r".+")
    parts = pattern.split(".")
    start, end = parts[0] == "*", parts[-1] == "*"
    middle = [re.escape(part).replace(r"\*", "[^.]*") for part in parts[start : len(parts) - end]]
    middle = ["[^.]+" if part == "[^.]*" else part for part in middle]
    pieces = [*(["(?:.+)"] if end else [])]
    text = r"\.".join([*middle, *pieces])
    return re.compile(rf"(?:.+\.)?{text}" if start else text)


@given(PATTERNS, NAMES)
def test_matching_is_what_the_rules_say(pattern: str, name: str) -> None:
    assert matches(pattern, name) == (_reference(pattern).fullmatch(name) is not None)


@given(PATTERNS, NAMES)
def test_what_is_captured_fills_the_pattern_to_the_same_name(pattern: str, name: str) -> None:
    texts = captured(pattern, name)
    if texts is not None:
        assert filled(pattern, texts) == name
        assert renamed(pattern, pattern, name) == name


@given(NAMES, NAMES)
def test_a_prefix_can_be_put_before_and_taken_away(prefix: str, name: str) -> None:
    longer = renamed("*", f"{prefix}.*", name)
    assert longer == f"{prefix}.{name}"
    assert renamed(f"{prefix}.", "", longer) == name


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_pattern_or_has_a_fault(text: str, name: str) -> None:
    if not pattern_fault(text):
        assert matches(text, name) in (True, False)


def test_no_pattern_takes_long() -> None:
    pattern = ".".join(["*", *["a"] * 90, "b", "*"])
    start = time.process_time()
    assert not matches(pattern, ".".join(["a"] * 512))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.fc.parametrizations.weight.original", "a.fc.weight"),
        ("parametrizations.weight.original1", "weight"),
        ("a.parametrizations.weight.0._u", "a.parametrizations.weight.0._u"),
        ("my_parametrizations.weight.original", "my_parametrizations.weight.original"),
        ("a.fc.weight", "a.fc.weight"),
    ],
)
def test_a_weight_that_has_a_norm_is_called_by_its_plain_name_too(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert matches(name, name) and matches(plain, name)
    assert matches("*.weight", name) is plain.endswith("weight")
