from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import pytest

from nncli.commands import train as train_command
from tests.end_to_end.conftest import flowers, height, ripe

__all__ = ["flowers", "height", "ripe"]


class StopsAfterLooks:
    """Stands where the signals of this process are listened to, and hears one after some looks.

    Training looks before every step, and once more at the end of an epoch.
    """

    looks = 0

    def __init__(self, before_exit: Callable[[], None]) -> None:
        self._asked = 0

    def __enter__(self) -> StopsAfterLooks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @property
    def requested(self) -> str | None:
        self._asked += 1
        return "SIGTERM" if self._asked > self.looks else None


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the next runs stop after some looks; 0 lets them end."""

    def choose(looks: int) -> None:
        monkeypatch.undo()
        if looks:
            monkeypatch.setattr(StopsAfterLooks, "looks", looks)
            monkeypatch.setattr(train_command, "StopSignal", StopsAfterLooks)

    return choose
