from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from nncli.diagnosis.history import history_of
from nncli.diagnosis.of_steps import _first_update


def _told(*updates: dict[str, float | None]) -> Any:
    rows = [{"kind": "step", "step": step, "updates": each} for step, each in enumerate(updates, 1)]
    return cast(Any, SimpleNamespace(history=history_of((), rows, "done", diverged=False), starts=()))


def test_steps_without_an_update_say_nothing_of_its_size() -> None:
    assert _first_update(_told({"0": None}, {"0": None}, {"0": 0.01, "2": 0.03})) == 0.03
    assert _first_update(_told({"0": None})) is None
