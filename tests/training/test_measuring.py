"""What is quickest is found by clocks, which stand still here; nothing that a run depends on changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle

import pytest
import torch
from torch import nn

from nncli.network.beyond_torch.attention import SelfAttention
from nncli.training import measuring
from nncli.training.choices import Choices
from nncli.training.linear_kernels import Products, onednn_product
from nncli.training.measuring import measure
from tests.training.jobs import classifier, job, spec

needs_onednn = pytest.mark.skipif(onednn_product() is None, reason="torch has no such product here")


def wide() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(4, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 256), nn.Linear(256, 3)
    )


@pytest.fixture
def winner(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says which way is the quickest; each of them runs once."""

    def choose(name: str) -> None:
        def quickest(ways: Mapping[str, Callable[[], object]], _: object) -> dict[str, float]:
            for work in ways.values():
                work()
            return {each: 1.0 if each == name else 2.0 for each in ways}

        monkeypatch.setattr(measuring, "_quickest", quickest)

    return choose


@needs_onednn
def test_products_are_chosen_where_they_are_quicker_and_large_enough(winner: Callable[[str], None]) -> None:
    prepared, state = job(spec(batch_size=32), wide())
    winner("onednn")
    assert measure(prepared, state, with_threads=False) == Choices(
        linear={(256, 256): Products(True, True, True)}
    )
    winner("torch")
    assert measure(prepared, state, with_threads=False) == Choices()


@needs_onednn
@pytest.mark.parametrize("precision", ["bf16", "float32"])
def test_products_are_of_float32(precision: str, winner: Callable[[str], None]) -> None:
    prepared, state = job(spec(batch_size=32, precision=precision), wide())
    winner("onednn")
    assert bool(measure(prepared, state, with_threads=False).linear) == (precision == "float32")


def test_threads_are_measured_only_where_asked(winner: Callable[[str], None]) -> None:
    before = torch.get_num_threads()
    prepared, state = job(spec())
    try:
        for quickest, count in (("one", 1), ("all", 2)):
            torch.set_num_threads(2)
            winner(quickest)
            assert measure(prepared, state, with_threads=True).threads == count
        torch.set_num_threads(2)
        assert measure(prepared, state, with_threads=False).threads is None
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("precision", "is_wide"), [("bf16", True), ("float32", False)])
def test_attention_is_wide_where_steps_have_16_bits_and_it_is_quicker(
    precision: str, is_wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = cycle([5.0, 4.7])

    def timed(work: Callable[[], object], _: Callable[[], float]) -> float:
        work()
        return next(seconds)

    attention = nn.Sequential(nn.Unflatten(1, (2, 2)), SelfAttention(2, 1), nn.Flatten(), nn.Linear(4, 3))
    prepared, state = job(spec(precision=precision), attention)
    monkeypatch.setattr(measuring, "_short_step", lambda *_: lambda: None)
    monkeypatch.setattr(measuring, "_seconds", timed)
    assert measure(prepared, state, with_threads=False) == Choices(wide_attention=is_wide)


def test_nothing_of_the_run_changes() -> None:
    prepared, state = job(spec(batch_size=32), wide().append(nn.Dropout(0.5)))
    state.networks["network"].eval()
    before = {name: each.clone() for name, each in state.weights().items()}
    random = torch.get_rng_state()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    measure(prepared, state, with_threads=True)
    torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(each, before[name]) for name, each in state.weights().items())
    assert all(p.grad is None for p in state.networks["network"].parameters())
    assert not state.networks["network"].training
    assert state.step == 0 and not state.networks["network"].get_submodule("0")._forward_pre_hooks


def test_a_small_network_is_measured_by_nothing() -> None:
    prepared, state = job(spec(), classifier())
    assert measure(prepared, state, with_threads=False) == Choices()
