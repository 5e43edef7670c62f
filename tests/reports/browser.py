"""A headless Chromium, asked over a pipe by its DevTools protocol: no driver and no port is needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-pipe",
)
# Units: seconds for one answer.
_PATIENCE: Final = 60.0
# The browser reads commands from file 3 and writes answers to file 4.
_SCRIPT: Final = 'exec "$@" 3<&"$IN" 4>&"$OUT" 2>/dev/null'


class BrowserError(Exception):
    """A browser that does not start, or that ended."""


@final
class Browser:
    """One page of a browser; `requests` are the addresses that it asked for, `said` what its console said."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer = b""
        self._waiting: deque[dict[str, Any]] = deque()
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.said: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        # They would take room that is none of the page's.
        self.ask("Emulation.setScrollbarsHidden", hidden=True)
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Gives a command and waits for its answer; events that come before it are noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._commands, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise BrowserError("the browser has ended") from error
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def open(self, file: Path, width: int, *, dark: bool = False) -> None:
        """Shows a file in a window of a width in pixels, and waits until it is there."""
        self.requests.clear()
        self.said.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self._waiting.clear()
        self.ask("Page.navigate", url=file.resolve().as_uri())
        while not any(each.get("method") == "Page.loadEventFired" for each in self._waiting):
            self._waiting.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """Works out an expression beside the page, which itself may run nothing."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, file: Path) -> None:
        """Writes the whole page as a PNG."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16_000), "scale": 1}
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(found["data"]))

    def close(self) -> None:
        """Ends the browser."""
        self._session = None
        self.ask("Browser.close")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            is_there, _, _ = select.select([self._answers], [], [], _PATIENCE)
            piece = os.read(self._answers, 1 << 20) if is_there else b""
            if not piece:
                raise BrowserError("the browser says nothing any more")
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(str(params["request"]["url"]))
            case "Log.entryAdded":
                self.said.append(str(params["entry"]["text"]))
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(json.dumps(params))
            case "Page.loadEventFired":
                self._waiting.append(message)
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Opens a browser that keeps what it keeps below a folder, while a `with` block runs."""
    assert CHROMIUM is not None
    (child_in, commands), (answers, child_out) = os.pipe(), os.pipe()
    words = [CHROMIUM, *_OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    environment = {**os.environ, "IN": str(child_in), "OUT": str(child_out), "HOME": str(folder)}
    running = subprocess.Popen(
        ["bash", "-c", _SCRIPT, "bash", *words],
        pass_fds=(child_in, child_out),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(child_in)
    os.close(child_out)
    try:
        opened = Browser(commands, answers)
        yield opened
        opened.close()
    finally:
        os.close(commands)
        os.close(answers)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
