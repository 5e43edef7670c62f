from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError
from nncli.messages.catalogue import message_of
from nncli.recording.replaying import recordings, replay
from nncli.runs.checkpoints import Checkpoint
from nncli.spec.phases import PhaseSpec
from nncli.spec.spec import Spec
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from tests.training.jobs import call, classifier, job, spec

RUN = Path("run")


def saved_by(written: Spec) -> list[Checkpoint]:
    """What a run of two epochs saves at the end of each, the newest first."""
    made, state = job(written, classifier(dropout=0.5))
    saved: list[Checkpoint] = []
    for row in train(made, state, lambda: False):
        if isinstance(row, EpochRow):
            tensors = {
                group: {name: each.clone() for name, each in named.items()}
                for group, named in state.tensors().items()
            }
            tensors["trace"] = state.trace.tensors()
            scalars = {**state.scalars(), "trace": state.trace.step}
            saved.insert(0, Checkpoint(RUN, state.step, tensors, scalars))
            state.trace.begin(state.step)
    assert [each.step for each in saved] == [10, 5]
    return saved


@pytest.fixture
def checkpoints() -> list[Checkpoint]:
    return saved_by(spec())


def test_steps_are_done_again_from_the_newest_stretch(checkpoints: list[Checkpoint]) -> None:
    done = replay(RUN, checkpoints, 3, *job(spec(), classifier(dropout=0.5)))
    assert (done.first_step, done.steps, done.reaches) == (5, 3, False)
    assert replay(RUN, checkpoints, 5, *job(spec(), classifier(dropout=0.5))).reaches


def test_the_first_stretch_is_done_again_from_the_seed(checkpoints: list[Checkpoint]) -> None:
    done = replay(RUN, checkpoints[1:], 5, *job(spec(), classifier(dropout=0.5)))
    assert (done.first_step, done.reaches) == (0, True)
    assert [each.first_step for each in recordings(checkpoints)] == [5, 0]


def test_steps_that_end_where_a_phase_begins_are_done_again() -> None:
    phases = (PhaseSpec(epochs=1), PhaseSpec(epochs=1, optimizer=call("SGD", lr=0.1, momentum=0.9)))
    written = spec(epochs=2, phases=phases)
    saved = saved_by(written)
    for kept, first in ((saved[1:], 0), (saved, 5)):
        done = replay(RUN, kept, 5, *job(written, classifier(dropout=0.5)))
        assert (done.first_step, done.reaches) == (first, True)
    saved[1].tensors["networks"]["network/3.bias"].view(torch.int32)[1] ^= 1
    with pytest.raises(NncliError) as caught:
        replay(RUN, saved[1:], 5, *job(written, classifier(dropout=0.5)))
    assert caught.value.problems[0].facts["what"] == "another network/3.bias"


def test_a_loss_that_is_another_is_told_at_its_step(checkpoints: list[Checkpoint]) -> None:
    losses = checkpoints[0].tensors["trace"]["losses"]
    losses[2] = torch.nextafter(losses[2], torch.tensor(9.0, dtype=torch.float64))
    with pytest.raises(NncliError) as caught:
        replay(RUN, checkpoints, 5, *job(spec(), classifier(dropout=0.5)))
    (problem,) = caught.value.problems
    assert problem.code == "replay-differs"
    assert "step 8, replayed from step 5, has a loss of" in message_of(problem)


def test_another_bit_in_the_optimiser_is_told(checkpoints: list[Checkpoint]) -> None:
    checkpoints[0].tensors["updaters"]["network/3.bias/exp_avg"].view(torch.int32)[1] ^= 1
    with pytest.raises(NncliError) as caught:
        replay(RUN, checkpoints, 5, *job(spec(), classifier(dropout=0.5)))
    assert caught.value.problems[0].facts["what"] == "another network/3.bias/exp_avg"


def test_without_a_stretch_nothing_can_be_done_again(checkpoints: list[Checkpoint]) -> None:
    lonely = [replace(checkpoints[0], state={**checkpoints[0].state, "trace": 4})]
    with pytest.raises(NncliError) as caught:
        replay(RUN, lonely, 1, *job(spec(), classifier(dropout=0.5)))
    assert caught.value.problems[0].code == "replay-too-long"
