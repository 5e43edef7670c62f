from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nncli.columns.tokenizer_fitting import TokenizerPlan, fit_tokenizer
from nncli.generation.next_token import Choice
from nncli.generation.step_by_step import Recomputing, steps_of
from nncli.generation.writing import Unfolding, Writer
from nncli.spec.text_recipes import TextOptions
from tests.generation.networks import NETWORKS, sequential

CPU = torch.device("cpu")
CHOICE = Choice(TextOptions(temperature=1.0), (0, 1, 2), seed=4)


class Counting:
    """Says that the next token is the number of tokens that it has read, and notes what it was given."""

    keeps = True

    def __init__(self, window: int | None) -> None:
        self.window = window
        self.read_at_once: list[int] = []
        self._count = 0

    def restart(self, fixed: object = None) -> None:
        self._count = 0

    def read(self, tokens: Tensor) -> Tensor:
        self._count += tokens.shape[1]
        self.read_at_once.append(tokens.shape[1])
        return torch.nn.functional.one_hot(torch.full((len(tokens),), self._count), 50).float()

    def keep(self, rows: Tensor) -> None:
        raise NotImplementedError


def written(steps: Counting, start: int, length: int, end: int | None = None) -> tuple[list[int], bool]:
    """Writes one text with the likeliest tokens."""
    writer = Writer(steps, Choice(TextOptions(temperature=0), (), 0), end)
    tokens = [int(each) for each in writer.write([7] * start, 1, length, CPU)]
    return tokens, writer.has_slid


def test_without_a_window_every_token_is_read_once() -> None:
    steps = Counting(None)
    assert written(steps, 3, 4) == ([3, 4, 5, 6], False)
    assert steps.read_at_once == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("window", "start", "read"),
    [
        (6, 3, [3, 1, 1, 1, 3, 1, 1, 1, 3]),
        (6, 9, [6, 3, 1, 1, 1, 3]),
        (1, 1, [1, 1, 1]),
        (3, 2, [2, 1, 1, 1]),
    ],
)
def test_a_full_window_goes_on_from_its_later_half(window: int, start: int, read: list[int]) -> None:
    steps = Counting(window)
    _, has_slid = written(steps, start, len(read))
    assert steps.read_at_once == read and has_slid


def test_a_text_ends_with_its_end_token() -> None:
    assert written(Counting(None), 3, 9, end=5) == ([3, 4, -1], False)


@pytest.mark.parametrize("name", ["gpt", "lstm"])
def test_texts_are_the_same_whether_states_are_kept_or_not(name: str) -> None:
    found = sequential(NETWORKS[name])
    texts = []
    for steps in (steps_of(found), Recomputing(found, takes_any_length=True)):
        steps.window = 12
        texts.append(torch.stack(list(Writer(steps, CHOICE, 3).write([5, 6], 3, 30, CPU))))
    assert torch.equal(texts[0], texts[1]) and len(texts[0]) > 12


@pytest.mark.parametrize("kind", ["characters", "bytes", "words"])
def test_text_unfolds_as_it_is_read(kind: str) -> None:
    text = "Où est l'été, señor ¿ 漢字 🙂 ?"
    tokenizer = fit_tokenizer(TokenizerPlan(kind), [text])
    (tokens,) = tokenizer.encode([text])
    unfolding = Unfolding(tokenizer, tokens[:1].tolist())
    pieces = [unfolding.add(each) for each in tokens[1:].tolist()]
    whole = tokenizer.decode(tokens[:1].tolist()) + "".join(pieces) + unfolding.finish()
    assert whole == tokenizer.decode(tokens.tolist())
    assert all("\ufffd" not in piece for piece in pieces)


def test_half_a_character_is_given_at_the_end() -> None:
    tokenizer = fit_tokenizer(TokenizerPlan("bytes"), [])
    (tokens,) = tokenizer.encode(["aé"])
    unfolding = Unfolding(tokenizer, tokens[:1].tolist())
    assert unfolding.add(int(tokens[1])) == "" and unfolding.finish() == "\ufffd"
