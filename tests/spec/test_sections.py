from __future__ import annotations

import pytest

from nncli.errors import Place
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.fields import Section
from nncli.spec.habits import HABITS, where_it_belongs
from nncli.spec.nodes import Scalar
from nncli.spec.schema import DataSpec, SplitSpec, TrainingSpec
from tests.spec.specs import SPEC, parsed, places, problems, with_training


@pytest.mark.parametrize("model", [DataSpec, SplitSpec, TrainingSpec])
def test_every_key_says_what_it_is(model: type[Section]) -> None:
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("batch_size: 0", "value-range", "at least 1"),
        ("batch_size: 2.0", "value-type", ""),
        ("batch_size: true", "value-type", ""),
        ("batch_size: [2]", "value-type", ""),
        ("clip_gradients: 0", "value-range", "more than 0"),
        ("clip_gradients: .nan", "value-range", "more than 0"),
        ("precision: half", "value-choice", "did you mean `fp16`?"),
        ("precision: fp32", "value-choice", "did you mean `float32`?"),
        ("precision: auot", "value-choice", "did you mean `auto`?"),
        ("checkpoint_every: soon", "value-duration", "`30s`, `5m` or `2h`"),
        ("checkpoint_every: -1", "value-range", "at least 0"),
        ("stop_early: {patience: 0}", "value-range", "at least 1"),
        ("stop_early: {watc: a}", "unknown-key", "did you mean `watch`?"),
        ("stop_early: never", "value-type", ""),
        ("on_non_finite: never", "value-choice", ""),
        ("on_non_finite: {policy: rewind, times: 0}", "value-range", "at least 1"),
        ("on_non_finite: {policy: rewind, learning_rate_factor: 2}", "value-range", "less than 1"),
        ("on_non_finite: {rewind: {}}", "unknown-key", "known keys: policy, learning_rate_factor, times"),
        ("steps: 5", "training-length", "`epochs` and `steps` are both there: take one of them away"),
        ("metrics: [3]", "call-expected", "the name alone, or `{NAME: {argument: value}}`"),
        ("seed: x", "value-type", ""),
    ],
)
def test_a_value_that_does_not_fit(line: str, code: str, hint: str) -> None:
    [problem] = problems(with_training(line))
    assert (problem.code, problem.place and problem.place.line) == (code, 15)
    assert hint_of(problem) == hint
    assert line.partition(":")[0] in problem.path or code == "training-length"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("lr", "optimizer: {AdamW: {lr"),
        ("learning_rate", "optimizer: {AdamW: {lr"),
        ("momentum", "{SGD: {momentum"),
        ("batch", "batch_size"),
        ("model", "network:"),
        ("dropout", "- Dropout"),
        ("inputs", "`inputs:` stands below `data:`"),
        ("stratify", "`stratify:` stands below `split:`"),
        ("network", "left margin"),
    ],
)
def test_a_key_from_elsewhere_is_sent_to_its_place(key: str, hint: str) -> None:
    [problem] = problems(with_training(f"{key}: 1"))
    assert problem.code == "unknown-key" and hint in hint_of(problem)


def test_habits_name_no_key_that_exists_where_it_is_sent() -> None:
    for key in HABITS:
        assert key not in TrainingSpec.model_fields
        assert where_it_belongs(Scalar(key, key, True, Place("a.yaml", 1, 1)), ()) == HABITS[key]


@pytest.mark.parametrize(
    ("written", "named", "argument"),
    [
        ("{AdamW: {}, lr: 1}", "AdamW", "lr"),
        ("{name: AdamW, lr: 1}", "", "lr"),
        ("{AdamW: 1, SGD: 1}", "AdamW", ""),
    ],
)
def test_an_optimizer_with_its_arguments_beside_it(written: str, named: str, argument: str) -> None:
    [problem] = problems(SPEC.replace("optimizer: AdamW", f"optimizer: {written}"))
    assert problem.code == "call-two-names"
    assert (problem.facts["named"], problem.facts["argument"]) == (named, argument)


def test_a_short_form_is_called_by_the_name_of_its_column() -> None:
    [problem] = problems(SPEC.replace("builtin:iris", "{train: a.csv, inputs: {age: nmber}}"))
    assert "`age` is `nmber`" in message_of(problem) and hint_of(problem) == "did you mean `number`?"


def test_a_column_without_a_type_is_told_so() -> None:
    data = "data: {train: a.csv, inputs: {age: {scale: minmax}}, targets: {kind: category}}"
    (problem,) = problems(SPEC.replace("data: builtin:iris", data))
    assert (problem.code, problem.facts["key"]) == ("key-missing", "type")
    assert hint_of(problem) == "write `type: number`"


def test_a_missing_key_is_shown() -> None:
    text = SPEC.replace("  loss: CrossEntropyLoss\n", "")
    assert places(text) == [("key-missing", "a.yaml", 11, 1)]
    assert hint_of(problems(text)[0]) == "write `loss: CrossEntropyLoss`"


def test_losses_by_target_with_weights() -> None:
    written = "{price: {SmoothL1Loss: {beta: 2}, weight: 0.5}, kind: CrossEntropyLoss}"
    training = parsed(SPEC.replace("loss: CrossEntropyLoss", f"loss: {written}")).training
    assert training is not None
    assert [(t.target, t.loss.name, t.weight) for t in training.loss] == [
        ("price", "SmoothL1Loss", 0.5),
        ("kind", "CrossEntropyLoss", 1.0),
    ]


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("1.5m", 90), ("2h", 7200), ("0s", 0), ("7", 7)]
)
def test_times(written: str, seconds: float) -> None:
    training = parsed(with_training(f"checkpoint_every: {written}")).training
    assert training is not None and training.checkpoint_every == seconds
