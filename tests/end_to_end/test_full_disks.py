"""The program on disks that are full or fail, and in many starts at once: real system calls, real mounts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import pytest

from tests.end_to_end.program import COMMAND, environment, invoke, process, results

TORTURE = "NNCLI_TORTURE" in os.environ
# 300,000 weights: a checkpoint of AdamW with the best weights has 4.8 MB.
SPEC = """
name: disk
data: builtin:digits
network: [Flatten, Linear: 512, ReLU, Linear: 512, ReLU, Linear: $classes]
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 1e-3}}
  epochs: 4
  batch_size: 256
  checkpoint_every: 0s
"""
TRAIN = ("train", "disk.yaml", "--run", "disk/run", "--resume", "--threads", "1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "disk.yaml").write_text(SPEC)
    (folder / "disk").mkdir()
    answer = invoke(folder, *TRAIN)
    assert answer.code == 0, answer.err
    return folder / "disk" / "run"


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), check=False)


FULL = """
set -u
mount -t tmpfs -o "size=$2k" tmpfs disk || exit 99
"$1" -m nncli train disk.yaml --run disk/run --resume --threads 1
echo "$?"
if [ -e disk/run/run.json ]; then "$1" -m nncli check disk/run >/dev/null; echo "$?"; else echo 0; fi
mount -o remount,size=64m disk
"$1" -m nncli train disk.yaml --run disk/run --resume --threads 1
echo "$?"
cp -r disk/run out
"""
# Below 7 MB the run is refused before it begins; with 15.6 MB it fits.
SIZES = [200, 500, 1000, 3000, *range(6000, 14801, 800)] if TORTURE else [9000]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a mount of its own")
@pytest.mark.parametrize("size_kb", SIZES)
def test_a_full_disk_ends_with_6_and_costs_nothing_that_was_saved(
    size_kb: int, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk.yaml").write_text(SPEC)
    (tmp_path / "disk").mkdir()
    command = ["unshare", "-rm", "bash", "-c", FULL, "bash", sys.executable, str(size_kb)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment(), check=False
    )
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip("no mounts of its own allowed here")
    assert done.stdout.split() == ["6", "0", "0"], done.stderr
    assert done.stderr.startswith("disk: ") or "error[disk-full]" in done.stderr
    assert "Traceback" not in done.stderr
    assert results(tmp_path / "out") == results(whole)


KINDS = {"KILL": "signal=KILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}
ALL = [
    (call, kind, when)
    for call, most in (("fsync", 60), ("rename", 20), ("mkdir", 6), ("unlink", 30), ("ftruncate", 3))
    for kind in KINDS
    for when in range(1, most + 1, max(1, most // 8))
]
INJECTED = ALL if TORTURE else [("fsync", "EIO", 17)]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(("call", "kind", "when"), INJECTED)
def test_a_call_of_the_system_that_fails_loses_nothing(
    call: str, kind: str, when: int, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk.yaml").write_text(SPEC)
    (tmp_path / "disk").mkdir()
    inject = f"inject={call}:{KINDS[kind]}:when={when}"
    traced = ["strace", "-f", "-qq", "-o", "trace.txt", "-e", f"trace={call}", "-e", inject, *COMMAND, *TRAIN]
    done = subprocess.run(
        traced, cwd=tmp_path, capture_output=True, text=True, env=environment(), check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip("no tracing allowed here")
    trace = (tmp_path / "trace.txt").read_text()
    assert "INJECTED" in trace or "killed by SIGKILL" in trace or when > trace.count(f"{call}(")
    assert done.returncode in ((-9, 137, 0) if kind == "KILL" else (6, 0)), done.stderr
    assert "Traceback" not in done.stderr
    run = tmp_path / "disk" / "run"
    if (run / "run.json").exists():
        assert invoke(tmp_path, "check", "disk/run").code == 0
    answer = invoke(tmp_path, *TRAIN)
    assert answer.code == 0, answer.err
    assert results(run) == results(whole)
    # Where the run folder itself was being made, what was made of it lies beside it and is no part of a run.
    assert not list(run.rglob("*.partial"))


STARTS = 20 if TORTURE else 3


def test_of_many_starts_on_one_run_one_trains(tmp_path: Path) -> None:
    (tmp_path / "disk.yaml").write_text(SPEC.replace("epochs: 4", "epochs: 400"))
    command = [*COMMAND, *TRAIN[:4], "--threads", "1"]
    starts = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(STARTS)
    ]
    # The one that trains does so until all others have their answer.
    with ThreadPoolExecutor(STARTS) as threads:
        said = {threads.submit(start.communicate): start for start in starts}
        ended = list(islice(as_completed(said), STARTS - 1))
        (trains,) = [start for future, start in said.items() if future not in ended]
        trains.terminate()
    errors = {start: future.result()[1] for future, start in said.items()}
    assert errors[trains].endswith("goes on\n") and trains.returncode == 75
    others = [start for start in starts if start is not trains]
    assert [start.returncode for start in others] == [8] * (STARTS - 1)
    for start in others:
        assert "error[run-" in errors[start]
    assert process(tmp_path, "check", "disk/run").code == 0
