"""The table of docs/diagnosis.md: `python -m bench.diagnosis.measure --seeds 3`.

Every case is inspected before training, trained, and inspected again; faulty ones are then trained with the
first patch that answers their fault. A run counts as flagged where there is a warning or an error.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bench.diagnosis.cases import Case
from bench.diagnosis.faults import FAULTS
from bench.diagnosis.healthy import HEALTHY
from bench.diagnosis.made import write_all
from nncli.cli import app

GAIN = 0.05


@dataclass
class Result:
    """What was said of one case with one seed."""

    case: Case
    seed: int
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    helped: bool | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """The warnings and errors of the run."""
        return [each for each in self.after if each["severity"] != "note"]

    def names_root(self, findings: Sequence[dict[str, Any]]) -> bool:
        """Tells whether a root cause is among findings."""
        return any(each["id"] in self.case.roots for each in findings)


def nncli(folder: Path, *words: object) -> tuple[int, str, str]:
    """Runs a command in this process; returns its exit code, stdout and stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    code = 0
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app([str(word) for word in words])
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return code, texts[0], texts[1]


def findings_of(folder: Path, target: str, *options: str) -> list[dict[str, Any]]:
    """Inspects a spec or a run; what `check` refuses is one error with its code."""
    code, out, err = nncli(folder, "inspect-gradients", target, "--json", *options)
    if code:
        return [{"id": err.split("error[")[-1].split("]")[0], "severity": "error", "patch": None, "path": ""}]
    found: list[dict[str, Any]] = json.loads(out)["findings"]
    return found


def score_of(folder: Path, run: str) -> float:
    """Gives how well a run does on validation: accuracy above chance, or R²."""
    code, out, _ = nncli(folder, "evaluate", run, "--split", "validation", "--json")
    if code:
        return 0.0
    figures = json.loads(out.splitlines()[0])
    figures = figures.get("metrics", figures.get("figures", figures))
    for name in ("balanced_accuracy", "accuracy", "r2"):
        for key, value in figures.items():
            if key.rpartition(".")[2] == name and isinstance(value, (int, float)):
                return float(value)
    return 0.0


def measured(folder: Path, case: Case, seed: int, *, with_patch: bool) -> Result:
    """Goes through one case with one seed."""
    text = case.text.replace("training:\n", "training:\n  metrics: [" + metric_of(case) + "]\n", 1)
    (folder / f"{case.name}.yaml").write_text(text)
    sets = ["--set", f"training.seed={seed}"]
    before = findings_of(folder, f"{case.name}.yaml", *sets)
    run = f"{case.name}-{seed}"
    code, _, _ = nncli(folder, "train", f"{case.name}.yaml", "--run", run, "--seed", seed, "-q")
    after = findings_of(folder, run) if code in (0, 7) else before
    result = Result(case, seed, before, after)
    if with_patch and case.roots:
        result.helped = _helped(folder, case, result, run, seed)
    return result


def metric_of(case: Case) -> str:
    """Names the figure that a case is judged by."""
    numbers = (
        "diabetes",
        "prices",
        "waves",
        "noisy",
        "few.csv",
        "constant.csv",
        "counts",
        "shares",
        "energy",
    )
    if any(name in case.text.split("\n")[0] + case.name for name in numbers):
        return "rmse, r2"
    return "balanced_accuracy" if "fraud" in case.text else "accuracy"


def _helped(folder: Path, case: Case, result: Result, run: str, seed: int) -> bool | None:
    patches = [each["patch"] for each in result.after if each["id"] in case.roots and each["patch"]]
    if not patches:
        return None
    from nncli.spec.editing import Change, Unwritable, edited

    changes = [Change(each["path"], each["value"], each["how"]) for each in patches[0]["changes"]]
    source = (folder / f"{case.name}.yaml").read_text()
    try:
        (folder / f"{case.name}-patched.yaml").write_text(edited(source, changes))
    except Unwritable:
        return False
    patched = f"{run}-patched"
    code, _, err = nncli(folder, "train", f"{case.name}-patched.yaml", "--run", patched, "--seed", seed, "-q")
    if code:
        result.notes.append(err[-200:])
        return False
    was, now = score_of(folder, run), score_of(folder, patched)
    result.notes.append(f"{was:.3f} → {now:.3f}")
    return now >= was + GAIN or (was > 0.9 and now >= was - 0.02)


def table(results: Sequence[Result]) -> str:
    """Writes the figures."""
    faulty = [each for each in results if each.case.roots]
    healthy = [each for each in results if not each.case.roots]
    static = [each for each in faulty if each.case.is_static]
    alarms = [alarm for each in results for alarm in each.alarms]
    true = [alarm for each in faulty for alarm in each.alarms if alarm["id"] in each.case.roots]
    helped = [each.helped for each in faulty if each.helped is not None]
    rows = {
        "faulty run flagged": (sum(bool(each.alarms) for each in faulty), len(faulty)),
        "root cause among at most three": (sum(each.names_root(each.after) for each in faulty), len(faulty)),
        "root cause first": (sum(each.names_root(each.after[:1]) for each in faulty), len(faulty)),
        "alarms that are true": (len(true), len(alarms)),
        "healthy runs with a warning or error": (sum(bool(each.alarms) for each in healthy), len(healthy)),
        "healthy specs with one before training": (
            sum(any(f["severity"] != "note" for f in each.before) for each in healthy),
            len(healthy),
        ),
        "static faults named before the first step": (
            sum(each.names_root(each.before) for each in static),
            len(static),
        ),
        "patch makes the program train": (sum(helped), len(helped)),
    }
    return "\n".join(
        f"| {name} | {count} of {of} | {100 * count / max(of, 1):.1f} % |"
        for name, (count, of) in rows.items()
    )


def main() -> None:
    """Measures the whole set, or cases by a part of their name."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--only", default="")
    options.add_argument("--no-patch", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_all(folder)
        for case in (*FAULTS, *HEALTHY):
            for seed in range(given.seeds) if given.only in case.name else ():
                result = measured(folder, case, seed, with_patch=not given.no_patch)
                results.append(result)
                found = [f"{each['id']}/{each['severity'][0]}" for each in result.after]
                right = "" if result.names_root(result.after) == bool(case.roots) else "  <<<"
                print(f"{case.name:28} {seed} {found} {result.helped} {result.notes}{right}", flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
