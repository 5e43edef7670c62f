from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nncli.recording.recorder import statistics_figures
from nncli.runs.rows import row_text
from nncli.spec.opening import parse_spec
from nncli.spec.phases import PhaseSpec
from nncli.spec.spec import Origin, Spec
from nncli.spec.weights import PatternAt
from nncli.spec.writing import as_tree, as_yaml
from nncli.training.loop import train
from nncli.training.rows import StoppedRow
from nncli.training.state import TrainState
from tests.end_to_end.program import invoke
from tests.training.jobs import PLACE, call, job, spec

TEXT = """\
data: builtin:iris
network:
  - Sequential: [Linear: 8, BatchNorm1d, Dropout: 0.1, Tanh]
    name: backbone
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 1e-2}}
  batch_size: 16
  phases:
    - {epochs: 2, freeze: "backbone.*"}
    - epochs: 3
      optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
      schedule: CosineAnnealingLR
      clip_gradients: 1.0
"""


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 3))


def in_two(*frozen: str) -> Spec:
    """A head for two epochs, then everything for two, by another optimiser."""
    patterns = tuple(PatternAt(each, PLACE) for each in frozen)
    phases = (
        PhaseSpec(epochs=2, freeze=patterns),
        PhaseSpec(epochs=2, optimizer=call("SGD", lr=0.1, momentum=0.9)),
    )
    return spec(optimizer=call("AdamW", lr=0.01), epochs=4, phases=phases)


def weights(state: TrainState) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.weights().items()}


def test_what_is_frozen_stays_with_its_statistics_until_the_next_phase() -> None:
    prepared, state = job(in_two("0.*", "1.*"), network())
    before, after = weights(state), []
    for _ in train(prepared, state, lambda: False):
        after.append((state.epoch, weights(state)))
    changed = {
        epoch: {n for n, each in found.items() if not torch.equal(each, before[n])} for epoch, found in after
    }
    assert {name.partition(".")[0] for name in changed[2]} == {"network/3"}
    assert {name.partition(".")[0] for name in changed[4]} == {"network/0", "network/1", "network/3"}
    assert "network/0.weight/momentum_buffer" in state.tensors()["updaters"]


def test_a_run_that_was_stopped_anywhere_goes_on_with_the_same_bits() -> None:
    prepared, whole = job(in_two("0.*", "1.*"), network())
    list(train(prepared, whole, lambda: False))
    for stop_at in range(1, whole.step, 3):
        first, state = job(in_two("0.*", "1.*"), network())
        *_, last = train(first, state, lambda state=state, stop_at=stop_at: state.step == stop_at)
        assert isinstance(last, StoppedRow)
        # Before another job draws its weights from the same generator.
        tensors, scalars = state.tensors(), state.scalars()
        again, other = job(in_two("0.*", "1.*"), network())
        other.restore(tensors, scalars)
        assert other.phase == state.phase
        list(train(again, other, lambda: False))
        assert other.scalars() == whole.scalars()
        for name, tensor in whole.weights().items():
            assert torch.equal(tensor, other.weights()[name]), (stop_at, name)


def test_statistics_tell_of_layers_that_learn_later_and_a_resume_agrees() -> None:
    frozen = (PatternAt("0.*", PLACE), PatternAt("1.*", PLACE))
    phases = (PhaseSpec(epochs=2, freeze=frozen), PhaseSpec(epochs=9))
    found = []
    for stop_at in (99, 8, 30):
        prepared, state = job(spec(epochs=11, phases=phases), network())
        list(train(prepared, state, lambda state=state, stop_at=stop_at: state.step == stop_at))
        rows = [*state.statistics.drain(state.step)]
        tensors, scalars = state.tensors(), state.scalars()
        prepared, other = job(spec(epochs=11, phases=phases), network())
        other.restore(tensors, scalars)
        list(train(prepared, other, lambda: False))
        rows += other.statistics.drain(other.step)
        found.append([row_text(statistics_figures(each)) for each in rows])
    assert found[0] == found[1] == found[2]
    assert [set(json.loads(each)["gradients"]) for each in found[0]] == [{"3"}, {"3"}, {"0", "1", "3"}]


def test_a_phase_says_only_what_is_other_and_is_written_back() -> None:
    found = parse_spec(TEXT, Origin("spec.yaml", Path(), TEXT))
    assert found.training is not None and found.training.epochs == 5
    first, second = found.training.in_phases()
    assert (first.optimizer.name, first.epochs, second.optimizer.name, second.epochs) == (
        "AdamW",
        2,
        "SGD",
        3,
    )
    assert [each.pattern for each in first.freeze] == ["backbone.*"] and not second.freeze
    assert second.batch_size == 16 and second.clip_gradients is not None and first.clip_gradients is None
    written = as_yaml(as_tree(found))
    again = parse_spec(written, Origin("spec.yaml", Path(), written))
    assert again.training is not None
    assert as_tree(again) == as_tree(found)


def test_phases_from_the_command_line_are_killed_and_go_on(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(TEXT)
    assert invoke(tmp_path, "train", "spec.yaml", "--run", "whole").code == 0
    answer = invoke(tmp_path, "train", "spec.yaml", "--run", "whole", "--resume")
    assert "is done" in answer.err
    rows = (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 5 and "learning_rate" not in rows[1] and "learning_rate" in rows[2]


@pytest.mark.parametrize(
    ("phases", "code"),
    [
        ("[{epochs: 2, freeze: 'back.*'}]", "pattern-matches-nothing"),
        ("[{epochs: 2, freeze: backbone}]", "pattern-matches-nothing"),
        ("[{epochs: 2, freeze: '*'}]", "all-frozen"),
        ("[{freeze: 'backbone.*'}]", "key-missing"),
        ("[{epochs: 2, batch_size: 4}]", "unknown-key"),
        ("[{epochs: 2, optimizer: {SGD: {lr: 0.1, momentun: 0.9}}}]", "argument-unknown"),
        ("{epochs: 2}", "phases-form"),
        ("[2, 5]", "phases-form"),
        ("[]", "phases-form"),
    ],
)
def test_a_mistake_in_a_phase_is_told_at_its_line(phases: str, code: str, tmp_path: Path) -> None:
    head = TEXT.partition("  phases:")[0]
    (tmp_path / "spec.yaml").write_text(f"{head}  phases: {phases}\n")
    answer = invoke(tmp_path, "check", "spec.yaml")
    assert answer.code == 3
    assert "freeze: backbone}" not in phases or "did you mean `backbone.*`?" in answer.err
    assert "spec.yaml:10:" in answer.err and f"error[{code}]" in answer.err, answer.err


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ("[{epochs: 2, schedule: {CosineAnnealingLR: {T_max: 3}}}]", "warning[schedule-beyond]"),
        ("[{epochs: 2, schedule: {CosineAnnealingLR: {T_max: 2}}}, {epochs: 9}]", ""),
        ("[{epochs: 2, schedule: {OneCycleLR: {max_lr: 1, total_steps: 2}}}]", "error[schedule-over]"),
        (
            "[{epochs: 9, schedule: {ReduceLROnPlateau: {}, watch: validation.acuracy}}]",
            "did you mean `validation.accuracy`?",
        ),
    ],
)
def test_the_schedule_of_a_phase_is_compared_with_the_phase(phases: str, said: str, tmp_path: Path) -> None:
    head = TEXT.partition("  phases:")[0]
    (tmp_path / "spec.yaml").write_text(f"{head}  phases: {phases}\n")
    answer = invoke(tmp_path, "check", "spec.yaml")
    assert (said in answer.err and "spec.yaml:10:" in answer.err) if said else not answer.err, answer.err


def test_a_schedule_of_all_phases_is_told_of_once(tmp_path: Path) -> None:
    head = TEXT.partition("  phases:")[0]
    schedule = "schedule: {StepLR: {step_size: 4}}"
    (tmp_path / "spec.yaml").write_text(f"{head}  phases: [{{epochs: 3}}, {{epochs: 3}}]\n  {schedule}\n")
    assert invoke(tmp_path, "check", "spec.yaml").err.count("schedule-beyond") == 1


def test_a_length_beside_phases_is_told(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(TEXT + "  epochs: 5\n")
    answer = invoke(tmp_path, "check", "spec.yaml").err
    assert "error[training-length]" in answer and "`phases` and `epochs` are both there" in answer
