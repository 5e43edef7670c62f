"""Whatever a spec holds is read, compiled or refused at a place: no traceback, no hang, no memory.

`make torture` reads 100,000 of them; 500 go through the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nncli.errors import Exit, NncliError
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin
from tests.end_to_end.mutations import MISTAKES, NAME, ROOT, SPECS, check_problems, mutations

COUNT = int(os.environ.get("NNCLI_TORTURE", "2000"))
COMPILED = max(100, COUNT // 20)
COMMANDS = COUNT // 200 if COUNT > 2000 else 3
# Most of them are right before they are mutated, so that much gets far.
SEEDS = [*(path for path in SPECS if path.stem not in ("alexnet", "n-beats")), *MISTAKES[::4]]
EXITS = (Exit.DONE, Exit.USAGE, Exit.SPEC, Exit.DATA, Exit.WEIGHTS, Exit.RESOURCE)


def test_mutated_specs_are_read_in_little_time_and_memory_without_torch() -> None:
    command = [sys.executable, "-m", "tests.end_to_end.mutations", str(COUNT), "11"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-8000:]
    accepted, peak_mib = map(int, done.stdout.split())
    assert COUNT // 20 < accepted < COUNT // 2
    assert peak_mib < 300


def test_mutated_specs_are_compiled_or_refused() -> None:
    from nncli.preparing.prepared import prepare

    compiled = 0
    for number, text in mutations(SEEDS, COMPILED, 12):
        began = time.process_time()
        try:
            spec, found = read_text(text, Origin(NAME, Path("/nowhere"), text))
            prepare(spec, found, with_data=False, with_weights=False)
            compiled += 1
        except NncliError as error:
            assert error.problems, f"{number}:\n{text}"
            check_problems(list(error.problems), text)
        except Exception as error:
            pytest.fail(f"{number}: {error!r}\n{text}")
        # A network of a thousand layers takes its time.
        assert time.process_time() - began < 10, f"{number} takes long:\n{text}"
    assert COMPILED // 50 < compiled < COMPILED // 2


def test_the_command_answers_mutated_specs(tmp_path: Path) -> None:
    path = tmp_path / NAME
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for number, text in mutations(SEEDS, COMMANDS, 13):
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        command = [sys.executable, "-m", "nncli", "check", "--no-data", NAME]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode in EXITS, f"{number}: {done.stderr}\n{text}"
        assert "Traceback" not in done.stderr, f"{number}:\n{text}"
        errors = [line for line in done.stderr.splitlines() if ": error[" in line]
        assert bool(errors) == (done.returncode != Exit.DONE), f"{number}: {done.stderr}\n{text}"
        assert all(line.startswith(f"{NAME}:") for line in errors), f"{number}: {done.stderr}"
