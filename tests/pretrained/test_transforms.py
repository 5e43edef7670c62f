from __future__ import annotations

import pytest

from nncli.pretrained.transforms import Piece
from tests.pretrained.files import planned, said

C_ATTN = {"h.0.c_attn.weight": (4, 12), "h.0.c_attn.bias": (12,)}
QUERY_KEY_VALUE = {
    f"block.0.{part}.{kind}": (4, 4) if kind == "weight" else (4,)
    for part in ("query", "key", "value")
    for kind in ("weight", "bias")
}
GPT2 = """\
transpose: ["*.c_attn.weight"]
split: {"*.c_attn.*": [query, key, value]}
rename: {"h.": "block."}
"""


def test_skip_transpose_split_rename() -> None:
    plan = planned(QUERY_KEY_VALUE, {**C_ATTN, "h.0.mask": (4, 4)}, GPT2 + 'skip: ["*.mask"]')
    assert plan.problems == ()
    piece = Piece("h.0.c_attn.weight", (4, 4), is_transposed=True, begin=4)
    assert plan.tensors["block.0.key.weight"] == (piece,)
    assert plan.tensors["block.0.value.bias"] == (Piece("h.0.c_attn.bias", (4,), begin=8),)
    report = plan.report
    assert sorted(report.loaded) == sorted(QUERY_KEY_VALUE)
    assert report.transposed == ("h.0.c_attn.weight",)
    assert report.split == ("h.0.c_attn.weight", "h.0.c_attn.bias")
    assert report.skipped == ("h.0.mask",)
    assert ("h.0.key.weight", "block.0.key.weight") in report.renamed
    assert (report.missing, report.left_over, report.wrong_shape) == ((), (), ())


def test_parts_are_as_large_as_they_are_wanted() -> None:
    """In grouped-query attention keys and values have fewer rows than queries."""
    wanted = {"a.q.weight": (8, 4), "a.k.weight": (2, 4), "a.v.weight": (2, 4)}
    words = """
        split: {"*.qkv.*": [q, k, v]}
        rename: {"model.": ""}
    """
    plan = planned(wanted, {"model.a.qkv.weight": (12, 4)}, words)
    assert plan.problems == ()
    assert [pieces[0].begin for pieces in plan.tensors.values()] == [0, 8, 10]


def test_parts_that_nobody_wants_are_equal() -> None:
    plan = planned({"b.weight": (3, 4)}, {"ab.weight": (6, 4)}, 'split: {"ab.*": [a, b]}\nskip: ["a.*"]')
    assert plan.problems == () and plan.tensors["b.weight"][0].begin == 3


def test_parts_are_joined_in_their_order() -> None:
    available = {"a.v_proj.weight": (2, 4), "a.q_proj.weight": (8, 4), "a.k_proj.weight": (2, 4)}
    plan = planned({"a.qkv.weight": (12, 4)}, available, 'join: {"*.qkv.*": [q_proj, k_proj, v_proj]}')
    assert plan.problems == ()
    sources = [piece.source for piece in plan.tensors["a.qkv.weight"]]
    assert sources == ["a.q_proj.weight", "a.k_proj.weight", "a.v_proj.weight"]
    assert plan.report.joined == ("a.qkv.weight",)


def test_names_without_a_dot_before_weight() -> None:
    words = """
        split: {"*.in_proj_weight": [query.weight, key.weight], "*.in_proj_bias": [query.bias, key.bias]}
    """
    wanted = {"a.query.weight": (2, 2), "a.key.weight": (2, 2), "a.query.bias": (2,), "a.key.bias": (2,)}
    assert planned(wanted, {"a.in_proj_weight": (4, 2), "a.in_proj_bias": (4,)}, words).problems == ()


def test_entries_of_rename_work_one_after_the_other() -> None:
    words = 'rename: {"bert.": "", "encoder.layer.": "layers.", "layers.*.output.": "layers.*.out."}'
    plan = planned({"layers.0.out.weight": (1,)}, {"bert.encoder.layer.0.output.weight": (1,)}, words)
    assert plan.problems == ()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('transpose: ["*.c_atn.weight"]', "no name there has the part `c_atn`: did you mean `c_attn`?"),
        ('split: {"*.xyz.*": [a, b]}', "no name there has the part `xyz`"),
        ('join: {"*.qkv.*": [c_attn_, k]}', "did you mean `c_attn`?"),
        ('rename: {"h.*.c_attn": "b.*.c"}', "a pattern matches a whole name"),
        ('rename: {"g.": "b."}', "`g.` below `rename:` matches no tensor"),
        ('transpose: ["*.c_attn.*"]', "`h.0.c_attn.bias` has 1 dimensions"),
        ('split: {"*.c_attn.*": [a, b, c, d, e]}', "the shape [4, 12], which has no 5 equal parts"),
        ('join: {"h.qkv.*": [0, 1]}', "and no `h.1.c_attn.weight`"),
        ('join: {"*.c_attn.w": [k, v]}', "`*.c_attn.k` below `join:` matches no tensor"),
        ('join: {"*.both": [weight, bias]}', "have the shapes [4, 12], [12]"),
        ('join: {"*.both": [weight, gain]}', "and no `h.0.c_attn.gain`"),
        ('rename: {"*.weight": "*.bias"}', "would both become `h.0.c_attn.bias`"),
    ],
)
def test_what_cannot_be_done_is_said(words: str, expected: str) -> None:
    assert any(expected in line for line in said(planned({}, C_ATTN, words)))


def test_a_scalar_has_no_parts() -> None:
    (line, *_) = said(planned({}, {"a.count": ()}, 'split: {"a.*": [b, c]}'))
    assert "no 2 equal parts" in line


def test_a_pattern_of_skip_may_match_nothing() -> None:
    assert planned({"a": (1,)}, {"a": (1,)}, 'skip: ["*.mask"]').problems == ()
