"""A compiled network is trained as it was, and is itself again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nncli.errors import UsageError
from nncli.training import compiling
from nncli.training.choices import Choices, applied
from nncli.training.compiling import COMPILING_SECONDS, SAVED_SHARE, mode_of, pays
from nncli.training.loop import train
from tests.network.compiled import compiled as layers
from tests.training.jobs import job, spec


class FailedError(Exception):
    """What torch raises where it cannot compile."""


FailedError.__module__ = "torch._dynamo.exc"


def test_it_pays_where_much_is_saved() -> None:
    enough = int(COMPILING_SECONDS / SAVED_SHARE) + 1
    assert pays(enough, 1.0) and not pays(enough - 2, 1.0) and not pays(None, 1.0)


def test_small_networks_on_cuda_are_launched_as_graphs() -> None:
    cuda = torch.device("cuda")
    assert mode_of(cuda, 2**20) == "reduce-overhead"
    assert mode_of(cuda, 2**30) == mode_of(torch.device("cpu"), 2**20) == "default"


def test_steps_are_compiled_and_judging_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counting(plain: Callable[..., Any], *, mode: str) -> Callable[..., Any]:
        assert mode == "default"

        def forward(*inputs: Any) -> Any:
            calls.append(len(inputs))
            return plain(*inputs)

        return forward

    monkeypatch.setattr(torch, "compile", counting)
    plain, first = job(spec())
    list(train(plain, first, lambda: False))
    prepared, state = job(spec())
    with applied(Choices(compiled=True), state.networks):
        list(train(prepared, state, lambda: False))
    assert len(calls) == state.step
    assert all(torch.equal(each, first.weights()[name]) for name, each in state.weights().items())
    assert "forward" not in state.networks["network"].__dict__


@pytest.mark.parametrize(
    ("raised", "told"), [(FailedError("no compiler\nat all"), True), (KeyError("x"), False)]
)
def test_what_torch_cannot_compile_is_told(
    raised: Exception, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Callable[..., Any], **_more: Any) -> Callable[..., Any]:
        def forward(*_: Any) -> Any:
            raise raised

        return forward

    monkeypatch.setattr(compiling.torch, "compile", failing)
    prepared, state = job(spec())
    with (
        applied(Choices(compiled=True), state.networks),
        pytest.raises(UsageError if told else KeyError) as caught,
    ):
        list(train(prepared, state, lambda: False))
    if told:
        assert caught.value.problems[0].code == "compile-failed"  # type: ignore[union-attr]
        assert caught.value.problems[0].facts["reason"] == "no compiler"  # type: ignore[union-attr]


def test_a_network_with_checkpoints_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch, "compile")
    module = layers("{Linear: 4, checkpoint: true}", "row: [6]").module
    with compiling.compiled([module]):
        assert "forward" not in module.__dict__
