"""How often the doctor is right on programs of somebody else: `python -m bench.diagnosis.unseen.measure`.

Each program of `faulty` goes back to a question that somebody asked, whose address it begins with. What is
wrong, in a person's words, was written down in expected.json before any of them was inspected; beside it
stand the diagnoses that say so, and as `also_true` alarms that are right though they are not the cause.
`healthy` reach what their data allow; so do the shipped specs below.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.diagnosis.measure import nncli
from bench.diagnosis.unseen.made import write_all

HERE = Path(__file__).parent
SPECS = HERE.parents[2] / "specs"
SHIPPED: dict[str, tuple[str, ...]] = {
    "iris": (),
    "wine": (),
    "breast-cancer": (),
    "diabetes": ("training.epochs=30",),
    "digits-cnn": ("training.epochs=5", "vars.width=8"),
    "digits-resnet": ("training.epochs=3",),
    "digits-denoising": ("training.epochs=3",),
    "digits-vae": ("training.epochs=20",),
    "digits-gan": ("training.epochs=15",),
    "digits-diffusion": ("training.epochs=10", "vars.width=128"),
    "digits-contrastive": ("training.epochs=6",),
}
GAIN = 0.05
GOOD = 0.9
Found = list[dict[str, Any]]


@dataclass
class Tally:
    """How often something was so, and where it was not."""

    right: int = 0
    of: int = 0
    others: list[str] = field(default_factory=list)

    def add(self, is_so: bool, name: str) -> None:
        """Counts one more."""
        self.right, self.of = self.right + is_so, self.of + 1
        if not is_so:
            self.others.append(name)

    def line(self, title: str) -> str:
        """Writes a line of the table, with what was not so."""
        share = f"{self.right} of {self.of} ({100 * self.right / max(self.of, 1):.0f} %)"
        return f"| {title} | {share} |" + (f"  {' '.join(self.others)}" if self.others else "")


TITLES = {
    "flagged": "faulty run flagged",
    "among": "root cause among at most three",
    "first": "root cause first",
    "both": "both causes named, where there are two",
    "true": "alarms that are true",
    "quiet": "healthy runs without a warning or error",
    "quiet_before": "healthy specs without one before training",
    "before": "faults named before the first step, where they can be",
    "patch": "patch of a run makes the program better",
}


class Measure:
    """Goes through the programs and keeps the score."""

    def __init__(self, folder: Path, seeds: int) -> None:
        self.folder, self.seeds = folder, seeds
        self.tallies = {name: Tally() for name in TITLES}
        self.refused: list[str] = []

    def faulty(self, name: str, expected: dict[str, Any]) -> None:
        """Inspects and trains one faulty program."""
        causes: list[list[str]] = list(expected["causes"].values())
        roots = [each for names in causes for each in names]
        before, said = self._inspected(f"{name}.yaml")
        if expected["before_training"]:
            is_named = any(is_named_by(each, roots) for each in before)
            self.tallies["before"].add(is_named or any(f"[{each}]" in said for each in roots), name)
        for seed in range(self.seeds):
            run = f"runs/{name}-{seed}"
            code, _, _ = nncli(self.folder, "train", f"{name}.yaml", "--run", run, "--seed", seed, "-q")
            found = self._inspected(run)[0] if code in (0, 7) else before
            self._judge(f"{name}:{seed}", found, causes, expected.get("also_true", []))
            if seed == 0 and code in (0, 7):
                self._patched(name, run)

    def _judge(self, name: str, found: Found, causes: list[list[str]], also_true: Sequence[str]) -> None:
        roots = [each for names in causes for each in names]
        hits = [is_named_by(each, roots) for each in found]
        self.tallies["flagged"].add(bool(found), name)
        self.tallies["among"].add(any(hits), name)
        self.tallies["first"].add(bool(hits) and hits[0], name)
        if len(causes) > 1 and name.startswith("two-"):
            is_whole = all(any(is_named_by(each, names) for each in found) for names in causes)
            self.tallies["both"].add(is_whole, name)
        for each, hit in zip(found, hits, strict=True):
            self.tallies["true"].add(hit or each["id"] in also_true, f"{name}={each['id']}")

    def _patched(self, name: str, run: str) -> None:
        patched = f"{name}-patched"
        nncli(self.folder, "inspect-gradients", run, "--write", f"{patched}.yaml")
        if not (self.folder / f"{patched}.yaml").exists():
            return
        nncli(self.folder, "train", f"{patched}.yaml", "--run", f"runs/{patched}", "--seed", 0, "-q")
        was, now = score_of(self.folder / run), score_of(self.folder / "runs" / patched)
        is_better = now is not None and (was is None or now >= was + GAIN or min(was, now) > GOOD)
        self.tallies["patch"].add(is_better, name)

    def healthy(self, name: str, spec: Path | str, sets: Iterable[str] = ()) -> None:
        """Inspects and trains one healthy program."""
        words = [word for each in sets for word in ("--set", each)]
        before, said = self._inspected(spec, *words)
        if "[model-of-updates]" in said:
            self.refused.append(name)
            return
        self.tallies["quiet_before"].add(not before, f"{name}={ids(before)}")
        for seed in range(self.seeds):
            run = f"runs/{name}-{seed}"
            nncli(self.folder, "train", spec, *words, "--run", run, "--seed", seed, "-q")
            found, _ = self._inspected(run)
            self.tallies["quiet"].add(not found, f"{name}:{seed}={ids(found)}")

    def _inspected(self, target: Path | str, *words: str) -> tuple[Found, str]:
        """Gives warnings and errors, and what else was said; what is refused is one error with its code."""
        code, out, err = nncli(self.folder, "inspect-gradients", target, "--json", *words)
        if code:
            name = err.split("error[")[-1].split("]")[0]
            return [{"id": name, "severity": "error", "path": "", "patch": None}], err
        return [each for each in json.loads(out)["findings"] if each["severity"] != "note"], err


def ids(found: Found) -> str:
    """Lists what was found."""
    return ",".join(each["id"] for each in found)


def is_named_by(finding: dict[str, Any], names: Iterable[str]) -> bool:
    """Tells whether a finding is one of `names`: an id, or an id with a word of its path or patch."""
    for each in names:
        name, _, word = each.partition("/")
        if finding["id"] == name and word in f"{finding['path']} {finding['patch']}":
            return True
    return False


def score_of(run: Path) -> float | None:
    """Gives the accuracy or R² on validation of the epoch that a run keeps."""
    file = run / "metrics.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    parts = [row["validation"] for row in rows if row.get("validation")]
    if not parts:
        return None
    best = min(parts, key=lambda each: float("inf") if each["loss"] is None else each["loss"])
    return next((best[name] for name in ("accuracy", "r2") if name in best), None)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="names of programs")
    wanted = parser.parse_args()
    # Each command takes its threads from here.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "programs"
        folder.mkdir()
        write_all(Path(place) / "data")
        for kind in ("faulty", "healthy"):
            for file in (HERE / kind).glob("*.yaml"):
                shutil.copy(file, folder)
        measure = Measure(folder, wanted.seeds)
        for name, expected in json.loads((HERE / "expected.json").read_text()).items():
            if not wanted.only or name in wanted.only:
                measure.faulty(name, expected)
        for file in sorted((HERE / "healthy").glob("*.yaml")):
            if not wanted.only or file.stem in wanted.only:
                measure.healthy(file.stem, f"{file.stem}.yaml")
        for name, sets in SHIPPED.items():
            if not wanted.only or name in wanted.only:
                measure.healthy(name, SPECS / f"{name}.yaml", sets)
    for name, title in TITLES.items():
        print(measure.tallies[name].line(title))
    if measure.refused:
        print("refused:", *measure.refused)


if __name__ == "__main__":
    main()
