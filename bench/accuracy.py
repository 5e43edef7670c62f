"""What specs reach: the mean over `split.seed` 0–4, with the smallest and largest value.

python bench/accuracy.py specs/*.yaml
python bench/accuracy.py bench/specs/mnist-1000.yaml --set data.train=/data/mnist-1000
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


def reached(spec: Path, sets: list[str], seed: int, folder: Path) -> dict[str, float]:
    """Trains a spec on one split and evaluates it on the test part."""
    run = folder / f"{spec.stem}-{seed}"
    nncli = [sys.executable, "-m", "nncli"]
    changes = [word for each in (*sets, f"data.split.seed={seed}") for word in ("--set", each)]
    subprocess.run([*nncli, "train", str(spec), "--run", str(run), "--quiet", *changes], check=True)
    answer = subprocess.run(
        [*nncli, "evaluate", str(run), "--json"], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(answer.stdout)["metrics"]
    return figures


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("specs", nargs="+", type=Path)
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for spec in given.specs:
            rows = [reached(spec, given.set, seed, Path(folder)) for seed in SEEDS]
            for name in rows[0]:
                values = [row[name] for row in rows]
                mean = statistics.fmean(values)
                print(
                    f"{spec.stem:16} {name:10} {mean:8.4f}  {min(values):8.4f} to {max(values):8.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
