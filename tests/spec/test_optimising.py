"""Groups of weights and schedules as a file writes them."""

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
        ("[{match: [], lr: 1}]", "group-form", "has no pattern"),
        ("[{match: null, lr: 1}]", "group-form", "has no pattern"),
        ('[{match: "*", lr: 1, repeat: 99999999999999}]', "spec-too-large", ""),
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


SCHEDULES = [
    ("CosineAnnealingLR", ["CosineAnnealingLR"]),
    ("{StepLR: {step_size: 30}, warmup: 5%, per: epoch}", ["StepLR 5% epoch"]),
    ("{CosineAnnealingLR: , warmup: 500 steps}", ["CosineAnnealingLR 500 steps"]),
    (
        "{ReduceLROnPlateau: {patience: 3}, watch: validation.accuracy}",
        ["ReduceLROnPlateau validation.accuracy"],
    ),
    ("{warmup: 1.5 epochs}", [" 1.5 epochs"]),
    ("[{LinearLR: {}, for: 1 epoch}, {CosineAnnealingLR: {}}]", ["LinearLR 1 epochs", "CosineAnnealingLR"]),
    (
        "{ChainedScheduler: [StepLR, {StepLR: [2, gamma: 0.5]}], per: step}",
        ["ChainedScheduler step StepLR StepLR"],
    ),
    ("{ChainedScheduler: {schedulers: [{StepLR: 3}]}}", ["ChainedScheduler StepLR"]),
]


def _stages(spec: Spec) -> list[str]:
    assert spec.training is not None
    found = []
    for each in spec.training.schedule:
        words = (each.warmup, each.lasts, each.per, each.watch.value if each.watch else None)
        names = [call.name for call in each.chained]
        said = [each.call.name if each.call else "", *(str(word) for word in words if word), *names]
        found.append(" ".join(said))
    return found


@pytest.mark.parametrize(("written", "expected"), SCHEDULES)
def test_a_schedule_is_read_and_written(written: str, expected: list[str]) -> None:
    spec = parsed(with_training(f"schedule: {written}"))
    assert _stages(spec) == expected
    assert _stages(parsed(as_yaml(as_tree(spec)))) == expected


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("[]", "schedule-form", "none in the list"),
        ("3", "schedule-form", "names a scheduler"),
        ("{StepLR: {step_size: 3}, gamma: 2}", "schedule-form", "`gamma` is a second name"),
        ("{StepLR: {step_size: 3}, warm_up: 5%}", "schedule-form", "`warm_up` is a second name"),
        ("[StepLR, StepLR]", "schedule-form", "by `for:` how long"),
        ("[{StepLR: {}, for: 2 epochs}, {StepLR: {}, warmup: 5%}]", "schedule-form", "in the first entry"),
        ("ChainedScheduler", "schedule-form", "a list of schedulers"),
        ("{ChainedScheduler: []}", "schedule-form", "a list of schedulers"),
        ("{ChainedScheduler: {StepLR: 5}}", "schedule-form", "a list of schedulers"),
        ("{ChainedScheduler: [3]}", "call-expected", "a scheduler of torch"),
        ("{ChainedScheduler: [{StepLR: 3, for: 5 epochs}]}", "schedule-form", "`for:` stands beside"),
        ("{StepLR: {}, warmup: 500}", "span-form", "500"),
        ("{StepLR: {}, warmup: 120%}", "span-form", "120%"),
        ("{StepLR: {}, warmup: [5, steps]}", "span-form", "a list or mapping"),
        ("{StepLR: {}, per: batch}", "value-choice", "`step` or `epoch`"),
    ],
)
def test_a_schedule_that_cannot_be_read(written: str, code: str, words: str) -> None:
    [problem] = problems(with_training(f"schedule: {written}"))
    assert problem.code == code and words in message_of(problem)
    assert problem.place is not None and problem.place.line == 15


FORMS = [
    ("clip_gradients: 2", {"clip_gradients": {"norm": 2.0}}),
    ("clip_gradients: {value: 0.5}", {"clip_gradients": {"value": 0.5}}),
    ("average: {ema: 0.99}", {"average": {"ema": 0.99}}),
    ("average: {swa: 75%}", {"average": {"swa": "75%"}}),
    ("regularise: {l1: 1e-5}", {"regularise": {"l1": 1e-5}}),
    ('regularise: {l1: 1, match: "*.weight"}', {"regularise": {"l1": 1.0, "match": "*.weight"}}),
    ("accumulate: 4", {"accumulate": 4}),
]


@pytest.mark.parametrize(("written", "expected"), FORMS)
def test_keys_of_an_update_are_read_and_written(written: str, expected: dict[str, object]) -> None:
    tree = as_tree(parsed(with_training(written)))
    assert expected.items() <= tree["training"].items()
    assert as_tree(parsed(as_yaml(tree))) == tree


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("accumulate: 0", "value-range"),
        ("clip_gradients: -1", "value-range"),
        ("clip_gradients: {}", "clip-form"),
        ("clip_gradients: {norms: 1}", "unknown-key"),
        ("average: 0.9", "average-form"),
        ("average: {ema: 1.5}", "average-form"),
        ("average: {ema: 0.9, swa: 75%}", "average-form"),
        ("average: {swa: 0.75}", "span-form"),
        ("regularise: 0.1", "regularise-form"),
        ("regularise: {l2: 0.1}", "regularise-form"),
        ("regularise: {l1: -1}", "regularise-form"),
        ('regularise: {l1: 1, match: "a**"}', "pattern-form"),
    ],
)
def test_a_key_of_an_update_that_cannot_be_read(written: str, code: str) -> None:
    [problem] = problems(with_training(written))
    assert (problem.code, problem.place and problem.place.line) == (code, 15)
