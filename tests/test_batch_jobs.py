"""The scripts of docs/batch-jobs.md, run as they stand, with stand-ins for Slurm's programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "batch-jobs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|make)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SCRIPTS = {found[1]: text for _, text in BLOCKS if (found := re.search(r"^# (\S+): ", text, re.MULTILINE))}
MAKEFILE = next(text for language, text in BLOCKS if language == "make")

# Stands for srun: the first start of each task is preempted after its first epoch. A path in a
# first line could not hold a space, so the shell starts it.
SRUN = """#!/bin/sh
exec "$SRUN_PYTHON" "$SRUN_SCRIPT" "$@"
"""
SRUN_SCRIPT = """
import os, signal, subprocess, sys
from pathlib import Path
words = [word for word in sys.argv[1:] if not word.startswith("--cpus-per-task=")]
words += ["--threads", "1"]
mark = Path("preempted-" + os.environ["SLURM_JOB_ID"])
process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
for line in process.stderr:
    sys.stderr.write(line)
    if line.startswith("epoch") and not mark.exists():
        mark.touch()
        process.send_signal(signal.SIGTERM)
sys.exit(process.wait())
"""
# Stands for scontrol and sbatch: notes what it was asked to do.
NOTE = """#!/bin/sh
echo "${0##*/} $*" >> asked
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the specs and scripts, in which nncli and a stand-in for Slurm are on the PATH."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"srun": SRUN, "scontrol": NOTE, "sbatch": NOTE}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "srun.py").write_text(SRUN_SCRIPT)
    monkeypatch.setenv("SRUN_PYTHON", sys.executable)
    monkeypatch.setenv("SRUN_SCRIPT", str(programs / "srun.py"))
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def asked(place: Path) -> list[str]:
    """Returns what Slurm was asked to do since the last call."""
    path = place / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def state(run_folder: Path) -> str:
    return str(json.loads((run_folder / "run.json").read_text())["state"])


def test_the_page_has_the_scripts_that_are_tested() -> None:
    assert list(SCRIPTS) == ["rates.sh", "rates.sbatch", "digits.sbatch"]
    assert len(BLOCKS) == 4


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not here")
@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(place: Path, name: str) -> None:
    found = run("shellcheck", name)
    assert found.returncode == 0, found.stdout


def test_the_loop_trains_each_variant_once(place: Path) -> None:
    first = run("sh", "rates.sh")
    assert first.returncode == 0, first.stderr
    assert re.fullmatch(r"1e-2 [01]\.\d+\n3e-3 [01]\.\d+\n", first.stdout)
    weights = [place / "runs" / f"rate-{rate}" / "model.safetensors" for rate in ("1e-2", "3e-3")]
    written = [path.stat().st_mtime_ns for path in weights]
    again = run("sh", "rates.sh")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert [path.stat().st_mtime_ns for path in weights] == written


def test_the_loop_ends_with_the_exit_code_of_nncli(place: Path) -> None:
    (place / "specs" / "iris.yaml").write_text("name: iris\n")
    assert run("sh", "rates.sh").returncode == 3


@pytest.mark.skipif(not shutil.which("make"), reason="make is not here")
def test_the_makefile_makes_what_is_missing(place: Path) -> None:
    first = run("make", "-j2")
    assert first.returncode == 0, first.stderr
    results = [place / "results" / f"seed-{seed}.json" for seed in (0, 1)]
    assert all(json.loads(path.read_text())["split"] == "test" for path in results)
    results[1].unlink()
    again = run("make")
    assert "nncli train" not in again.stdout
    assert again.stdout.count("nncli evaluate") == 1
    assert run("make").stdout == "make: Nothing to be done for 'all'.\n"
    (place / "specs" / "iris.yaml").write_text((place / "specs" / "iris.yaml").read_text() + "# changed\n")
    changed = run("make")
    assert changed.returncode == 2
    assert "Error 5" in changed.stderr


@pytest.mark.parametrize("task", [0, 1])
def test_the_array_requeues_until_done(place: Path, task: int) -> None:
    given = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_JOB_ID": str(40 + task), "SLURM_CPUS_PER_TASK": "1"}
    folder = place / "runs" / f"slurm-{('1e-2', '3e-3')[task]}"
    first = run("sh", "rates.sbatch", **given)
    assert first.returncode == 75, first.stderr
    assert asked(place) == [f"scontrol requeue {40 + task}"]
    assert state(folder) == "interrupted"
    second = run("sh", "rates.sbatch", **given)
    assert second.returncode == 0, second.stderr
    assert re.search(r"^continuing at step [1-9]\d* of 420$", second.stderr, re.MULTILINE)
    assert asked(place) == []
    assert state(folder) == "done"


def test_the_job_submits_itself_until_done(place: Path) -> None:
    first = run("sh", "digits.sbatch", SLURM_JOB_ID="50", SLURM_CPUS_PER_TASK="1")
    assert first.returncode == 75, first.stderr
    assert asked(place) == ["sbatch digits.sbatch"]
    second = run("sh", "digits.sbatch", SLURM_JOB_ID="50", SLURM_CPUS_PER_TASK="1")
    assert second.returncode == 0, second.stderr
    assert "continuing at step" in second.stderr
    assert asked(place) == []


def test_a_wrong_spec_is_not_sent_again(place: Path) -> None:
    (place / "specs" / "digits-cnn.yaml").write_text("name: digits-cnn\n")
    assert run("sh", "digits.sbatch", SLURM_JOB_ID="50", SLURM_CPUS_PER_TASK="1").returncode == 3
    assert asked(place) == []
