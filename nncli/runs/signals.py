"""Stopping in good order when a person, a shell or a job scheduler asks for it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, final

from nncli.errors import Exit

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
_ECHO_SECONDS: Final = 0.2
"""`timeout`, `uv run` and some schedulers deliver one signal twice, to the process and its group."""


@final
class StopSignal:
    """Notes the first signal in `requested` while a `with` block runs; the second ends the process.

    A step or a save is never cut in two by the first: whoever loops asks `requested`, which holds the
    name of the signal. With `is_breaking` the first one raises KeyboardInterrupt instead, wherever the
    block is. The second leaves with exit 130 at once, after `before_exit`, which may put the terminal in
    order; the checkpoints that were there stay good. Of two blocks, one in the other, the inner one counts,
    and knows what the outer one noted.
    A signal that was ignored on entry stays ignored, as nohup wants. Outside the main thread,
    where Python allows no handlers, this does nothing.
    """

    def __init__(self, before_exit: Callable[[], None] | None = None, *, is_breaking: bool = False) -> None:
        self.requested: str | None = None
        self._before_exit = before_exit
        self._is_breaking = is_breaking
        self._first: tuple[int, float] = (0, 0.0)
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        if threading.current_thread() is threading.main_thread():
            for name in _NAMES:
                number = getattr(signal, name, None)
                if number is None or signal.getsignal(number) is signal.SIG_IGN:
                    continue
                before = signal.signal(number, self._receive)
                self._previous[number] = before
                outer = getattr(before, "__self__", None)
                if isinstance(outer, StopSignal):
                    # A library may have swallowed what was raised there.
                    self.requested = self.requested or outer.requested
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.requested is None:
            self.requested = signal.Signals(number).name
            self._first = (number, now)
            if self._is_breaking:
                raise KeyboardInterrupt
            return
        first_number, first_time = self._first
        if number == first_number and now - first_time < _ECHO_SECONDS:
            return
        if self._before_exit is not None:
            self._before_exit()
        os._exit(Exit.ABORTED)
