"""What specs reach: the mean over `split.seed` 0–4, with the smallest and largest value.

python bench/accuracy.py specs/*.yaml
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS = range(5)


def reached(spec: Path, seed: int, folder: Path) -> dict[str, float]:
    """Trains a spec on one split and evaluates it on the test part."""
    run = folder / f"{spec.stem}-{seed}"
    nncli = [sys.executable, "-m", "nncli"]
    train = [*nncli, "train", str(spec), "--run", str(run), "--quiet", "--set", f"data.split.seed={seed}"]
    subprocess.run(train, check=True)
    answer = subprocess.run(
        [*nncli, "evaluate", str(run), "--json"], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(answer.stdout)["metrics"]
    return figures


def main() -> None:
    """Prints one line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        for spec in map(Path, sys.argv[1:]):
            rows = [reached(spec, seed, Path(folder)) for seed in SEEDS]
            for name in rows[0]:
                values = [row[name] for row in rows]
                mean = statistics.fmean(values)
                print(
                    f"{spec.stem:16} {name:10} {mean:8.4f}  {min(values):8.4f} to {max(values):8.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
