"""nncli as its users call it: in a process of its own, or, where that is enough, inside this one."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nncli.cli import app

COMMAND = [sys.executable, "-m", "nncli"]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """Reads stdout as JSON, one document a line; NaN and Infinity are refused."""
        return [strict_json(line) for line in self.out.split("\n")[:-1]]


def strict_json(text: str) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return cast(dict[str, Any], json.loads(text, parse_constant=refuse))


def environment(**changes: str) -> dict[str, str]:
    """Makes the environment of a user who set nothing, on one thread."""
    plain = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("LC_")
        and key not in ("COLUMNS", "NO_COLOR", "PYTHONUNBUFFERED", "NNCLI_DEVICE", "NNCLI_TORTURE")
    }
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    return {**plain, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TERM": "xterm-256color", **changes}


def process(cwd: Path, *arguments: object, stdin: bytes = b"", **changes: str) -> Answer:
    """Runs `python -m nncli` to its end."""
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, env=environment(**changes), check=False
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def shell(cwd: Path, script: str, **changes: str) -> Answer:
    """Runs a line of bash in which `"$PYTHON" -m nncli` is the program."""
    variables = environment(PYTHON=sys.executable, **changes)
    done = subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, env=variables, check=False)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def interrupted(cwd: Path, after_rows: int, signals: Sequence[signal.Signals], *arguments: object) -> Answer:
    """Runs a command with `--json` and sends signals as soon as it has written some rows."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments), "--json"],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        before = b"".join(running.stdout.readline() for _ in range(after_rows))
        for number in signals:
            running.send_signal(number)
        out, err = running.communicate()
    return Answer(running.returncode, (before + out).decode(), err.decode())


def invoke(cwd: Path, *arguments: object) -> Answer:
    """Runs a command inside this process, which saves the start of another."""
    with chdir(cwd), _own_streams() as (out, err):
        code = 0
        try:
            app([str(argument) for argument in arguments])
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        return Answer(code, _read(out), _read(err))


@contextmanager
def _own_streams() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return cast(io.BytesIO, stream.buffer).getvalue().decode()


def contents(folder: Path) -> Mapping[str, tuple[bytes, int]]:
    """Maps every file below a folder to its bytes and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def results(run: Path) -> tuple[bytes, bytes, bytes]:
    """Reads what the same spec, seed and machine must give bit for bit."""
    files = ("model.safetensors", "metrics.jsonl", "statistics.jsonl")
    weights, metrics, statistics = ((run / file).read_bytes() for file in files)
    return weights, metrics, statistics
