"""What a classifier says of digits that networks make: the share that it is sure of, and which occur.

python bench/generated.py specs/digits-gan.yaml specs/digits-vae.yaml specs/digits-diffusion.yaml

The classifier, specs/digits-cnn.yaml, is trained first. Each spec is then trained with `training.seed` 0 to
2 (`--seeds 3`), and makes 1,000 digits, of which the classifier is sure where it gives one class 0.9 or more.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SURE = 0.9
COUNT = 1000
CLASSIFIER = Path(__file__).parents[1] / "specs" / "digits-cnn.yaml"


def nncli(*words: str) -> None:
    """Runs nncli on one thread."""
    command = [sys.executable, "-m", "nncli", *words, "--threads", "1"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def judged(run: Path, classifier: Path, folder: Path) -> tuple[float, Counter[str]]:
    """Lets a run make digits, and the classifier name them: the share it is sure of, and these by class."""
    made, named = folder / "made.csv", folder / "named.csv"
    nncli("generate", str(run), "--count", str(COUNT), "--output", str(made), "--overwrite")
    nncli("predict", str(classifier), str(made), "--output", str(named), "--overwrite")
    with named.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sure = [row for row in rows if max(float(v) for name, v in row.items() if "." in name) >= SURE]
    return len(sure) / len(rows), Counter(row["digit"] for row in sure)


def main() -> None:
    """Prints one line for each spec and seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("specs", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        classifier = folder / "classifier"
        nncli("train", str(CLASSIFIER), "--run", str(classifier), "--quiet")
        for spec in given.specs:
            for seed in range(given.seeds):
                run, began = folder / f"{spec.stem}-{seed}", time.monotonic()
                nncli("train", str(spec), "--run", str(run), "--quiet", "--set", f"training.seed={seed}")
                seconds = time.monotonic() - began
                share, counts = judged(run, classifier, folder)
                few = f"{len(counts)} classes, the rarest {min(counts.values(), default=0) / COUNT:.3f}"
                print(f"{spec.stem:20} seed {seed}  sure of {share:.3f}  {few}  {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
