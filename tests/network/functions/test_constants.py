from __future__ import annotations

import pytest
import torch

from nncli.errors import Problem
from nncli.messages.catalogue import message_of
from nncli.network.functions.constants import work_out_constants
from tests.network.flowing import parsed


def made(**texts: str) -> dict[str, torch.Tensor]:
    problems: list[Problem] = []
    found = work_out_constants({name: parsed(text) for name, text in texts.items()}, {}, problems)
    assert not problems
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def refused(**texts: str) -> list[tuple[str, str]]:
    problems: list[Problem] = []
    work_out_constants({name: parsed(text) for name, text in texts.items()}, {}, problems)
    assert problems and all(message_of(problem) for problem in problems)
    return [(problem.code, problem.path) for problem in problems]


def test_a_noise_schedule_is_worked_out_in_order() -> None:
    found = made(beta="linspace(1e-4, 0.02, 1000)", alpha_bar="cumprod(1 - beta, 0)", last="alpha_bar[-1]")
    beta = torch.linspace(1e-4, 0.02, 1000)
    assert torch.equal(found["alpha_bar"], torch.cumprod(1 - beta, 0))
    assert found["last"].shape == () and list(found) == ["beta", "alpha_bar", "last"]


def test_numbers_become_tensors() -> None:
    found = made(two="2", half="1 / 2", whole="arange(3)", large="2 * 1000000000 * eye(2)")
    assert found["two"].dtype == torch.int64 and found["half"].item() == 0.5
    assert found["whole"].tolist() == [0, 1, 2]
    assert found["large"].tolist() == [[2e9, 0], [0, 2e9]]


def test_a_view_does_not_keep_what_it_was_cut_from() -> None:
    found = made(large="zeros(1000)", small="large[:2]")
    assert found["small"].untyped_storage().nbytes() == 8


def test_counts_of_the_data_can_be_read() -> None:
    found = work_out_constants({"weights": parsed("ones($classes)")}, {"classes": 7}, [])
    assert found["weights"] is not None and found["weights"].shape == (7,)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x + 1", "constant-reads"),
        ("batch + 1", "constant-reads"),
        ("zeros(batch)", "constant-reads"),
        ("later + 1", "constant-reads"),
        ("randn(3)", "constant-varies"),
        ("1 + bernoulli(full([2], 0.5))", "constant-varies"),
        ("zeros(100000, 1000)", "constant-too-large"),
        ("chunk(ones(4), 2, 0)", "expression-result"),
        ("none", "expression-result"),
        ("ones(3) + ones(2)", "call-refused"),
        ("ones($classes)", "count-unknown"),
    ],
)
def test_what_no_constant_can_be_is_told(text: str, code: str) -> None:
    assert [found for found, _ in refused(a=text, later="1")] == [code]


def test_every_mistake_is_told_once() -> None:
    found = refused(a="randn(3)", b="a + 1", c="b * 2", d="eye(2) + ones(3)")
    assert found == [("constant-varies", "constants.a"), ("call-refused", "constants.d")]
