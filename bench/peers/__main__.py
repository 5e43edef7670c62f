"""nncli beside loops written by hand and beside other trainers: whole processes, in turn; medians of ratios.

python -m bench.peers [--quick] [--rounds N] [--only WORKLOAD]... [--python PATH] [--markdown FILE]

`--python` is the interpreter for the other trainers, which may have them where nncli's own has not;
those that it does not have are left out, and said. Threads are those of OMP_NUM_THREADS, or one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from bench.peers.workloads import WORKLOADS, Workload, tensors

ROOT = Path(__file__).parents[2]
SPECS = Path(__file__).parent / "specs"
OTHERS = ("lightning", "keras", "skorch", "transformers")
BASE = "raw-tuned"
MARKER = "<!-- What follows is written by python -m bench.peers -->"
FIRST_STEP = """
import os, sys
from nncli.collecting import collect_rarely
collect_rarely()
import nncli.training.loop as loop
loop._progress = lambda *_: os._exit(0)
sys.argv = ["nncli", "train", sys.argv[1], "--run", sys.argv[2], "--quiet"]
from nncli.__main__ import main
main()
"""


@dataclass
class Took:
    """What the processes of one variant took by round, None where one left it out; MB at the peak."""

    train: list[float | None] = field(default_factory=list)
    whole: list[float | None] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """One process that ended: its seconds, its peak in MB and what it said."""

    seconds: float
    peak: float
    out: str


def run(command: list[str], folder: Path) -> Done | None:
    """Runs a process to its end; None where it failed, and says why."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "NNCLI_CACHE": str(folder / "cache")}
    environment.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            print(f"{' '.join(command[1:5])}: {err.read().decode()[-300:]}", file=sys.stderr)
            return None
        return Done(seconds, usage.ru_maxrss / 1024, out.read().decode())


def commands(workload: Workload, python: str, number: int) -> dict[str, list[str]]:
    """Lists the variants of a workload, each as the command that trains it once."""
    raw = [sys.executable, "-m", "bench.peers.raw"]
    spec = str(SPECS / f"{workload.name}.yaml")
    found = {"raw-tuned": [*raw, "tuned", workload.name, "."]}
    for label, setting in (("nncli", ""), ("nncli fixed", "choices=fixed"), ("nncli bf16", "precision=bf16")):
        sets = ["--set", f"training.{setting}"] if setting else []
        run_folder = f"run-{label.replace(' ', '-')}-{number}"
        nncli = [sys.executable, "-m", "nncli", "train", f"{workload.name}.yaml", "--run", run_folder]
        found[label] = [*nncli, "--json", "--quiet", *sets]
    found["raw-tuned bf16"] = [*raw, "bf16", workload.name, "."]
    found["raw-naive"] = [*raw, "naive", workload.name, "."]
    for other in OTHERS:
        found[other] = [python, "-m", "bench.peers.frameworks", other, workload.name, "."]
    assert Path(spec).exists()
    return found


def train_seconds(out: str) -> float:
    """Reads how long training took: the seconds of all epochs, or what a loop says."""
    rows = [json.loads(line) for line in out.splitlines() if line.startswith('{"')]
    epochs = [row["seconds"] for row in rows if row.get("kind") == "epoch"]
    return float(sum(epochs) if epochs else rows[-1]["seconds"])


def is_there(python: str, other: str) -> bool:
    """Tells whether an interpreter has a package, and what its trainer needs."""
    needed = "accelerate, transformers" if other == "transformers" else other
    # Keras would look for another library of tensors.
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    command = [python, "-c", f"import {needed}"]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    return done.returncode == 0


def write_rows(workload: Workload, folder: Path) -> None:
    """Writes the rows and the spec of a workload."""
    workload.write(folder, *workload.rows())
    x, y = tensors(workload)
    np.savez(folder / "arrays.npz", x=x.numpy(), y=y.numpy())
    (folder / f"{workload.name}.yaml").write_text((SPECS / f"{workload.name}.yaml").read_text())


def measure(workload: Workload, found: argparse.Namespace, missing: set[str]) -> dict[str, Took]:
    """Trains every variant in turn, as often as there are rounds; the first round is not counted."""
    took: dict[str, Took] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(workload, folder)
        for number in range(found.rounds + 1):
            for label, command in commands(workload, found.python, number).items():
                is_other = label in OTHERS
                if label in missing or (is_other and (number == 0 or (found.quick and number % 3 != 1))):
                    if is_other and number and label not in missing:
                        took[label].train.append(None)
                        took[label].whole.append(None)
                    continue
                done = run(command, folder)
                if done is None:
                    missing = missing | {label}
                    took.pop(label, None)
                elif number:
                    each = took.setdefault(label, Took())
                    each.train.append(train_seconds(done.out))
                    each.whole.append(done.seconds)
                    each.peak.append(done.peak)
    return took


def ratio(values: list[float | None], base: list[float | None]) -> float:
    """The median of the ratios to the base in the same round."""
    return statistics.median(a / b for a, b in zip(values, base, strict=True) if a and b)


def median(values: list[float | None]) -> float:
    """The median of the rounds that there were."""
    return statistics.median(each for each in values if each is not None)


def table(workload: Workload, took: dict[str, Took]) -> list[str]:
    """Writes a workload as a table in Markdown."""
    steps = workload.epochs * -(-len(workload.rows()[0]) // workload.batch)
    lines = [
        f"**{workload.name}**, {steps:,} steps of {workload.batch} rows",
        "",
        "| | train s | of tuned | whole s | of tuned | more than tuned s | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    base = took[BASE]
    for label, each in took.items():
        more = statistics.median(a - b for a, b in zip(each.whole, base.whole, strict=True) if a and b)
        figures = [f"{median(each.train):.3f}", f"{ratio(each.train, base.train):.2f}"]
        figures += [f"{median(each.whole):.2f}", f"{ratio(each.whole, base.whole):.2f}", f"{more:+.2f}"]
        lines.append(f"| {label} | {' | '.join(figures)} | {max(each.peak):.0f} |")
    return [*lines, ""]


def processes(found: argparse.Namespace, missing: set[str]) -> list[str]:
    """Times inference of 10,000 rows, and the start, against what torch alone and other trainers take."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(WORKLOADS["mlp"], folder)
        lines = (folder / "rows.csv").read_text().splitlines()
        (folder / "ask.csv").write_text("\n".join(lines[:10_001]) + "\n")
        save_file(WORKLOADS["mlp"].network().state_dict(), folder / "weights.safetensors")
        nncli = [python, "-m", "nncli"]
        run([*nncli, "train", "mlp.yaml", "--run", "run", "--epochs", "1", "--quiet"], folder)
        ask = [*nncli, "predict", "run", "ask.csv", "--output", "said.csv", "--overwrite"]
        starts = {
            "import torch": [python, "-c", "import torch, os; os._exit(0)"],
            "nncli train to its first step": [python, "-c", FIRST_STEP, "mlp.yaml", "start{number}"],
        }
        answers = {
            "bare torch predicts 10,000 rows": [python, "-m", "bench.peers.raw", "predict", "mlp", "."],
            "nncli predict of 10,000 rows": ask,
        }
        for other in (each for each in OTHERS if each not in missing):
            command = [found.python, "-m", "bench.peers.frameworks", other, "mlp", "."]
            starts[f"{other} to its first step"] = [*command, "first-step"]
            answers[f"{other} predicts 10,000 rows"] = [*command, "predict"]
        both = starts | answers
        took: dict[str, list[float | None]] = {label: [] for label in both}
        for number in range(found.rounds + 1):
            for label, command in both.items():
                done = run([*command[:-1], command[-1].format(number=number)], folder)
                if number:
                    took[label].append(done.seconds if done else None)
    rows = ["**processes**", "", "| | s | against |", "|---|---|---|"]
    for labels in (list(starts), list(answers)):
        for label in labels:
            base, own = labels[0], labels[1]
            pairs = zip(took[label], took[base], strict=True)
            more = statistics.median([a - b for a, b in pairs if a and b] or [0.0])
            against = (
                f"{ratio(took[label], took[base]):.2f} of {base}, {more:+.2f} s" if label != base else ""
            )
            if label not in (base, own):
                against = f"{own} takes {ratio(took[own], took[label]):.2f} of it"
            rows.append(f"| {label} | {median(took[label]):.2f} | {against} |")
    return [*rows, ""]


def _write(path: Path, lines: list[str]) -> None:
    """Writes the tables into a file: behind its marker, where it has one."""
    before, marker, _ = path.read_text().partition(MARKER) if path.exists() else ("", "", "")
    path.write_text(f"{before}{marker}\n{chr(10).join(lines)}" if marker else "\n".join(lines))


def main() -> None:
    """Measures what was asked for, and prints the tables as they come."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers")
    parser.add_argument("--quick", action="store_true", help="five rounds, two of them with other trainers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", action="append", choices=[*WORKLOADS, "processes"], default=[])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--markdown", type=Path)
    found = parser.parse_args()
    found.rounds = 5 if found.quick else found.rounds
    missing = {other for other in OTHERS if not is_there(found.python, other)}
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    load = f"load: {os.getloadavg()[0]:.1f}"
    said = [f"torch {torch.__version__}, threads: {threads}, rounds: {found.rounds}, {load}"]
    said += [f"not installed, and left out: {', '.join(sorted(missing))}"] if missing else []
    said.append("")
    print("\n".join(said), flush=True)
    for name in found.only or [*WORKLOADS, "processes"]:
        if name == "processes":
            lines = processes(found, missing)
        else:
            lines = table(WORKLOADS[name], measure(WORKLOADS[name], found, missing))
        print("\n".join(lines), flush=True)
        said += lines
    if found.markdown:
        _write(found.markdown, said)


if __name__ == "__main__":
    main()
