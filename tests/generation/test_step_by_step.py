from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from nncli.generation import step_by_step
from nncli.generation.step_by_step import Recomputing, Remembering, Sequential, steps_of
from tests.generation.networks import NETWORKS, OTHERS, STEPS, sequential, tokens


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_kept_gives_what_is_worked_out_again(name: str) -> None:
    found = sequential(NETWORKS[name])
    steps = steps_of(found)
    assert isinstance(steps, Remembering)
    # Layers whose state is of one size read on for ever.
    assert steps.window == (None if name in ("lstm", "gru") else STEPS)
    read = tokens()
    whole = found.at_once(read)
    for _ in range(2):
        steps.restart()
        for first, stop in ((0, 3), (3, 4), (4, 5), (5, 10), (10, 12)):
            scores = steps.read(read[:, first:stop])
            torch.testing.assert_close(scores, whole[:, stop - 1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gpt", "t5", "torch's"])
def test_rows_go_on_from_others(name: str) -> None:
    found = sequential(NETWORKS[name])
    steps, read, order = steps_of(found), tokens(), torch.tensor([2, 0, 0, 1])
    steps.read(read[:, :4])
    steps.keep(order)
    mixed = torch.cat((read[order, :4], tokens(4)[:, 4:]), 1)
    whole = found.at_once(mixed)
    torch.testing.assert_close(steps.read(mixed[:, 4:7]), whole[:, 6], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_padding_mask_that_leaves_nothing_out_changes_nothing(name: str) -> None:
    found = sequential(NETWORKS[name], mask=True)
    steps, read = steps_of(found), tokens()
    assert steps.keeps
    torch.testing.assert_close(steps.read(read), found.at_once(read)[:, -1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_no_state_is_worked_out_again(name: str) -> None:
    found = sequential(OTHERS[name])
    steps, read = steps_of(found), tokens()
    assert isinstance(steps, Recomputing) and steps.window == STEPS
    steps.restart()
    steps.read(read[:, :5])
    steps.keep(torch.tensor([1, 1, 0]))
    seen = torch.cat((read[[1, 1, 0], :5], read[:, 5:6]), 1)
    if name == "one length":
        seen = torch.nn.functional.pad(seen, (0, STEPS - 6))
    torch.testing.assert_close(steps.read(read[:, 5:6]), found.at_once(seen)[:, 5], rtol=0, atol=0)


def test_states_are_believed_only_when_they_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the comparison a mean over the steps so far would pass for one over all."""
    monkeypatch.setitem(step_by_step._TOLERANCE, "cpu", 1e9)
    assert steps_of(sequential(OTHERS["mean"])).keeps


def test_positions_end() -> None:
    steps = steps_of(sequential(NETWORKS["gpt"]))
    steps.read(tokens())
    with pytest.raises(ValueError, match="there are 12 positions; received 13 steps"):
        steps.read(tokens(steps=1))


def test_random_numbers_stay_as_they_were() -> None:
    found = Sequential(sequential(NETWORKS["gpt"]).network, "text", {})
    before = torch.get_rng_state()
    steps_of(found)
    assert torch.equal(torch.get_rng_state(), before)
