from __future__ import annotations

import pytest

from nncli.pretrained.proposals import propose_renamings, skip_entry, transpose_entry


@pytest.mark.parametrize(
    ("wanted", "stored", "expected"),
    [
        ("pooler.dense.weight", "bert.pooler.dense.weight", '"bert.": ""'),
        ("encoder.0.weight", "0.weight", '"*": "encoder.*"'),
        ("layers.3.fc.weight", "encoder.layer.3.fc.weight", '"encoder.layer.": "layers."'),
        ("layers.3.fc.weight", "encoder.layer.4.fc.weight", '"encoder.layer.4.": "layers.3."'),
        ("layers.3.weight", "h.3.fc.weight", '"h.*.fc.": "layers.*."'),
        ("head.weight", "classifier.weight", '"classifier.": "head."'),
        ("norm.0.weight", "norm.0.gamma", '"norm.*.gamma": "norm.*.weight"'),
    ],
)
def test_what_differs_before_the_common_end_is_renamed(wanted: str, stored: str, expected: str) -> None:
    (proposal,) = propose_renamings({wanted: (2,)}, {stored: (2,)})
    assert (str(proposal), proposal.stored, proposal.wanted) == (expected, stored, wanted)


def test_the_name_with_the_same_numbers_is_taken() -> None:
    stored = dict.fromkeys(("b.2.y.fc.weight", "blocks.1.attention.fc.weight", "b.11.x.fc.weight"), (2,))
    (proposal,) = propose_renamings({"b.1.x.fc.weight": (2,)}, stored)
    assert str(proposal) == '"blocks.*.attention.": "b.*.x."'


def test_shapes_have_to_fit_or_be_transposed() -> None:
    assert propose_renamings({"a.weight": (2, 3)}, {"b.weight": (2, 4)}) == ()
    assert len(propose_renamings({"a.weight": (2, 3)}, {"b.weight": (3, 2)})) == 1


def test_one_entry_for_all_that_it_brings() -> None:
    wanted = {f"layers.{number}.weight": (2,) for number in range(4)} | {"out.bias": (3,)}
    stored = {f"h.{number}.weight": (2,) for number in range(4)} | {"end.bias": (3,)}
    found = propose_renamings(wanted, stored)
    assert [str(each) for each in found] == ['"h.": "layers."', '"end.": "out."']


def test_there_are_at_most_three() -> None:
    wanted = {f"{name}.weight": (size,) for size, name in enumerate("abcde")}
    stored = {f"x{name}.weight": (size,) for size, name in enumerate("abcde")}
    assert len(propose_renamings(wanted, stored)) == 3


def test_unlike_names_are_not_brought_together() -> None:
    stored = {"transformer.attention.weight": (2,), "embedding.positions.weight": (2,)}
    assert propose_renamings({"fc.weight": (2,)}, stored) == ()


def test_an_entry_that_would_rename_others_too_is_narrowed() -> None:
    (proposal,) = propose_renamings({"head.weight": (2,)}, {"enc.head.weight": (2,)}, ["enc.body.weight"])
    assert str(proposal) == '"enc.head.weight": "head.weight"'


def test_one_skip_names_all_and_nothing_else() -> None:
    names = ["head.weight", "head.bias", "norm.weight", *(f"layers.{n}.adapter.weight" for n in range(12))]
    others = ["body.weight", "layers.0.attention.weight"]
    assert skip_entry(names, others) == 'skip: ["head.*", "norm.*", "layers.*.adapter.*"]'
    assert skip_entry(["a.b.weight", "a.b.bias"], ["a.b.mask"]) == 'skip: ["a.b.weight", "a.b.bias"]'
    assert skip_entry(["a.0.weight", "b"], ["a.1.weight"]) == 'skip: ["a.0.*", "b"]'


def test_entries_of_other_words() -> None:
    assert skip_entry(["head.fc.weight", "a"]) == 'skip: ["head.*", "a"]'
    assert skip_entry(["cls"]) == 'skip: ["cls"]'
    assert transpose_entry(["h.0.fc.weight", "h.1.fc.weight", "w"]) == 'transpose: ["*.fc.weight", "w"]'
