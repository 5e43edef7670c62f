from __future__ import annotations

import pytest
import torch

from nncli.generation.next_token import Choice, probabilities
from nncli.spec.text_recipes import TextOptions

SCORES = torch.tensor([[0.0, 3.0, 1.0, 2.0, -1.0]])


def chosen(options: TextOptions, *, silent: tuple[int, ...] = (), steps: int = 400) -> list[int]:
    """Counts which tokens are chosen."""
    choice = Choice(options, silent, seed=3)
    found = torch.cat([choice.choose(SCORES, step) for step in range(steps)])
    return torch.bincount(found, minlength=5).tolist()


def test_a_temperature_of_zero_takes_the_likeliest() -> None:
    assert chosen(TextOptions(temperature=0)) == [0, 400, 0, 0, 0]
    assert chosen(TextOptions(temperature=0), silent=(1,)) == [0, 0, 0, 400, 0]


def test_tokens_come_as_often_as_they_are_likely() -> None:
    wanted = 400 * SCORES[0].softmax(0)
    assert torch.tensor(chosen(TextOptions())) == pytest.approx(wanted.tolist(), abs=40)


def test_the_likeliest_alone() -> None:
    counts = chosen(TextOptions(top_k=2, temperature=5))
    assert counts[1] > 0 and counts[3] > 0 and counts[0] == counts[2] == counts[4] == 0
    # 0.64 and 0.24 of the probability: the second one is needed to have 0.7.
    assert [bool(each) for each in chosen(TextOptions(top_p=0.7))] == [False, True, False, True, False]
    assert chosen(TextOptions(top_p=0.5)) == [0, 400, 0, 0, 0]
    assert chosen(TextOptions(top_p=0.5), silent=(1,))[3] == 400


def test_little_and_much_temperature_stay_finite() -> None:
    for temperature in (1e-300, 1e300):
        assert probabilities(SCORES.double() * 1e30, TextOptions(temperature=temperature)).isfinite().all()


def test_draws_follow_from_seed_row_and_step() -> None:
    scores = torch.zeros(2, 1000)
    one, again, other = (Choice(TextOptions(), (), seed) for seed in (1, 1, 2))
    assert torch.equal(one.choose(scores, 5), again.choose(scores, 5))
    assert torch.equal(one.choose(scores, 5)[:1], again.choose(scores[:1], 5))
    assert not torch.equal(one.choose(scores, 5), one.choose(scores, 6))
    assert not torch.equal(one.choose(scores, 5), other.choose(scores, 5))
    assert one.choose(scores, 5)[0] != one.choose(scores, 5)[1]
