from __future__ import annotations

import pytest

from nncli.training.rate_search import search_rates
from tests.training.jobs import call, classifier, job, spec


def test_rates_grow_by_a_factor() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5)))
    found = search_rates(prepared, state, steps=20, low=1e-6, high=1e-2)
    rates = [each.rate for each in found.points]
    assert len(rates) == 20
    assert rates[0] == pytest.approx(1e-6) and rates[-1] == pytest.approx(1e-2)
    assert rates[10] / rates[9] == pytest.approx(rates[1] / rates[0])


def test_the_search_ends_where_the_loss_explodes_and_suggests_less() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5)), classifier())
    found = search_rates(prepared, state, steps=200, low=1e-4, high=1e6)
    assert 10 < len(found.points) < 200
    assert found.lowest is not None and found.steepest is not None and found.suggested is not None
    assert found.steepest <= found.lowest < found.points[-1].rate
    assert found.suggested == pytest.approx(found.lowest / 10, rel=0.5)


def test_where_nothing_helps_nothing_is_suggested() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5)), classifier())
    found = search_rates(prepared, state, steps=20, low=1e-12, high=1e-11)
    assert (found.steepest, found.lowest, found.suggested) == (None, None, None)


def test_a_loss_that_is_not_finite_ends_the_search_without_an_error() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5)), classifier())
    found = search_rates(prepared, state, steps=50, low=1e20, high=1e38)
    assert len(found.points) < 50
