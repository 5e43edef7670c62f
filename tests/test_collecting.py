"""Objects that only each other hold are looked for rarely at a start, and often again in a long run."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from nncli.collecting import collect_often, collect_rarely


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_a_start_is_not_looked_through() -> None:
    collect_rarely()
    assert gc.isenabled() and gc.get_threshold()[0] > 300_000


def test_a_long_run_is_looked_through_but_for_what_was_there_before() -> None:
    collect_rarely()
    collect_often()
    assert gc.get_threshold()[0] < 1000
    assert gc.get_freeze_count() > 1000
