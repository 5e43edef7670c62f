"""What specs reach: the mean over `split.seed` 0–4, with the smallest and largest value.

python bench/accuracy.py specs/*.yaml
python bench/accuracy.py bench/specs/mnist-1000.yaml --set data.train=/data/mnist-1000
python bench/accuracy.py bench/specs/airline.yaml --set data.train=/data/airline.csv --over training.seed

In time a split draws nothing: `--over` says which other seed to change. `--part validation` is for choosing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS = range(5)
ONE_THREAD = ("--threads", "1")


def reached(spec: Path, sets: list[str], part: str, run: Path) -> dict[str, float]:
    """Trains a spec on one split and evaluates it on a part."""
    nncli = [sys.executable, "-m", "nncli"]
    changes = [word for each in sets for word in ("--set", each)]
    subprocess.run(
        [*nncli, "train", str(spec), "--run", str(run), "--quiet", *ONE_THREAD, *changes], check=True
    )
    answer = subprocess.run(
        [*nncli, "evaluate", str(run), "--split", part, "--json", *ONE_THREAD],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(answer.stdout)["metrics"]
    return figures


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("specs", nargs="+", type=Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--over", default="data.split.seed")
    parser.add_argument("--part", default="test")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for spec in given.specs:
            rows = [
                reached(
                    spec,
                    [*given.set, f"{given.over}={seed}"],
                    given.part,
                    Path(folder, f"{spec.stem}-{seed}"),
                )
                for seed in SEEDS
            ]
            for name in rows[0]:
                values = [row[name] for row in rows]
                mean = statistics.fmean(values)
                print(
                    f"{spec.stem:16} {name:10} {mean:8.4f}  {min(values):8.4f} to {max(values):8.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
