"""Groups of weights as a file writes them."""

from __future__ import annotations

import pytest

from nncli.messages.catalogue import message_of
from nncli.spec.optimising import GroupSpec
from nncli.spec.spec import Spec
from nncli.spec.writing import as_tree, as_yaml
from tests.spec.specs import parsed, problems, with_training


def _groups(spec: Spec) -> list[tuple[list[str], dict[str, object]]]:
    assert spec.training is not None
    return [_plain(group) for group in spec.training.groups]


def _plain(group: GroupSpec) -> tuple[list[str], dict[str, object]]:
    values = {name: argument.value for name, argument in group.arguments.items()}
    return [each.pattern for each in group.match], values


def test_patterns_and_arguments() -> None:
    text = with_training(
        'groups: [{match: ["*.bias", first.*], lr: $(width * 1e-3)}, {match: head.*, lr: 1}]'
    )
    expected = [(["*.bias", "first.*"], {"lr": 0.008}), (["head.*"], {"lr": 1})]
    assert _groups(parsed(text)) == expected
    assert _groups(parsed(with_training('groups: {match: "*", lr: 1}'))) == [(["*"], {"lr": 1})]


def test_a_loop_makes_an_entry_for_each_repetition() -> None:
    text = with_training('groups: [{match: "blocks.$i.*", lr: "$(width * 0.5 ** (2 - i))", repeat: {i: 3}}]')
    assert _groups(parsed(text)) == [
        (["blocks.0.*"], {"lr": 2.0}),
        (["blocks.1.*"], {"lr": 4.0}),
        (["blocks.2.*"], {"lr": 8.0}),
    ]


def test_what_is_written_reads_back() -> None:
    text = with_training(
        'groups: [{match: ["*.bias", a.*], betas: [0.8, 0.9]}, {match: "b.$i", lr: 1, repeat: {i: 2}}]'
    )
    spec = parsed(text)
    assert _groups(parsed(as_yaml(as_tree(spec)))) == _groups(spec)


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("yes", "group-form", "by `match:` which weights"),
        ("[{lr: 1}]", "group-form", "by `match:` which weights"),
        ('[{match: "*"}]', "group-form", "says nothing about"),
        ('[{match: "a**", lr: 1}]', "pattern-form", ""),
        ("[{match: {a: 1}, lr: 1}]", "weights-entries", ""),
        ('[{match: "$i", lr: 1, repeat: {i: many}}]', "repeat-form", ""),
        ('[{match: "*", lr: $depth}]', "name-unknown", ""),
    ],
)
def test_a_group_that_cannot_be_read(written: str, code: str, words: str) -> None:
    [problem] = problems(with_training(f"groups: {written}"))
    assert problem.code == code and words in message_of(problem)
    assert problem.place is not None and problem.place.line == 15
