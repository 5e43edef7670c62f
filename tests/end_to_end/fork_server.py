"""Many short runs of nncli without the start of as many processes: one that has loaded torch forks for each.

`python -m tests.end_to_end.fork_server` reads requests from its input, one a line of JSON: arguments, folder,
and the files that stdout and stderr become. It answers with the process id, and then with how that ended.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.end_to_end.program import environment


def serve() -> None:
    """Answers requests until the input ends."""
    # What uses threads of its own must not run before a fork; importing it is safe.
    import torch

    import nncli.__main__
    import nncli.commands.train

    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(request)
            nncli.__main__.main()
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _become(request: Mapping[str, str]) -> None:
    for descriptor, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(request["folder"])
    sys.argv = ["nncli", *request["arguments"]]


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, or minus the signal; the JSON rows that were read; and stderr."""

    code: int
    rows: int
    err: str


class ForkServer:
    """Starts runs while a `with` block runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> ForkServer:
        command = [sys.executable, "-m", "tests.end_to_end.fork_server"]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment()
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.communicate()

    def run(self, cwd: Path, arguments: Sequence[object], kill: tuple[int, float] | None = None) -> Ended:
        """Runs nncli with `--json` to its end, or kills it some seconds after it wrote some rows."""
        assert self._server is not None and self._server.stdin is not None and self._server.stdout is not None
        self._count += 1
        out, err = self._folder / f"{self._count}.out", self._folder / f"{self._count}.err"
        os.mkfifo(out)
        words = [*map(str, arguments), "--json"]
        request = {"arguments": words, "folder": str(cwd), "out": str(out), "err": str(err)}
        print(json.dumps(request), file=self._server.stdin)
        process = int(self._server.stdout.readline())
        with out.open("rb") as stream:
            rows = self._killed(process, stream, kill) if kill else 0
            rows += sum(1 for _ in stream)
        out.unlink()
        return Ended(int(self._server.stdout.readline()), rows, err.read_text())

    def _killed(self, process: int, stream: IO[bytes], kill: tuple[int, float]) -> int:
        after_rows, seconds = kill
        rows = sum(1 for _ in range(after_rows) if stream.readline())
        # Another row may come meanwhile; any moment will do.
        select.select([], [], [], seconds)
        with suppress(ProcessLookupError):
            os.kill(process, 9)
        return rows


if __name__ == "__main__":
    serve()
