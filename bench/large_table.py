"""A table of 10 million rows and 12 columns: the time and the private memory that it takes to train on it.

    python bench/large_table.py [--rows N] [--folder FOLDER] [--rounds N]

The file is made where it is not there yet: about 1 GB. Polars parses the same file as a stream, in a process
of its own; then nncli opens it, opens it again, trains on it and looks at it. Times are wall clock, and
seconds of all cores beside it, since other work may run. `RssAnon` of /proc/self/status is sampled meanwhile:
what is above that of the imports of torch and Polars counts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

BLOCK_ROWS = 500_000
NUMBERS = [*(f"x{number}" for number in range(9)), "count", "y"]


def write_table(path: Path, rows: int) -> None:
    """Writes numbers of different lengths, a count, a text of four classes and a target."""
    import numpy as np
    import polars as pl

    draw = np.random.default_rng(0)
    with path.open("wb") as file:
        for first in range(0, rows, BLOCK_ROWS):
            count = min(BLOCK_ROWS, rows - first)
            columns = {
                f"x{number}": np.round(draw.normal(size=count) * 10 ** (number % 4), 5) for number in range(9)
            }
            kinds = np.array(["north", "south", "east", "west"])[draw.integers(0, 4, count)]
            target = np.round(columns["x0"] * 2 + columns["x1"] + draw.normal(size=count), 4)
            frame = pl.DataFrame(
                columns | {"count": draw.integers(0, 100_000, count), "kind": kinds, "y": target}
            )
            frame.write_csv(file, include_header=first == 0)


def private_bytes() -> int:
    """Reads RssAnon of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def measured(work: Callable[[], object]) -> dict[str, float]:
    """Runs work once: seconds by the clock and of the cores, and private bytes above those before."""
    before, peak, is_done = private_bytes(), [0], threading.Event()

    def sample() -> None:
        while not is_done.wait(0.005):
            peak[0] = max(peak[0], private_bytes())

    sampler = threading.Thread(target=sample)
    sampler.start()
    wall, cores = time.perf_counter(), time.process_time()
    work()
    wall, cores = time.perf_counter() - wall, time.process_time() - cores
    is_done.set()
    sampler.join()
    return {"wall": wall, "cores": cores, "peak": max(0, peak[0] - before), "torch": before}


def scan_by_polars(path: Path) -> None:
    """Parses the whole file as a stream, and keeps nothing."""
    import polars as pl

    rows = sum(batch.height for batch in pl.scan_csv(path).collect_batches())
    assert rows


def spec_of(path: Path) -> Path:
    """Writes a spec that trains on the file, beside it."""
    spec = path.with_suffix(".yaml")
    inputs = ", ".join(f"{name}: number" for name in NUMBERS[:-1])
    spec.write_text(
        f"data: {{train: {path.name}, inputs: {{{inputs}, kind: category}}, targets: {{y: number}}}}\n"
        "network: [Linear: 64, ReLU, Linear: 1]\n"
        "training: {loss: MSELoss, optimizer: AdamW, steps: 200, batch_size: 4096}\n"
    )
    return spec


def open_by_nncli(path: Path) -> None:
    """Opens the file as training does: reads, checks, divides, encodes and keeps it."""
    from nncli.data.opening import open_data
    from nncli.spec.opening import open_spec

    assert open_data(open_spec(spec_of(path))).parts["train"].rows


def train_by_nncli(path: Path) -> None:
    """Trains 200 steps of 4,096 rows, and judges the validation part once."""
    with tempfile.TemporaryDirectory() as run:
        _nncli("train", str(spec_of(path)), "--run", f"{run}/run", "--quiet", "--threads", "1")


def look_by_nncli(path: Path) -> None:
    """Looks at the data as `nncli data` does."""
    _nncli("data", str(spec_of(path)))


def _nncli(*arguments: str) -> None:
    from nncli.cli import app

    try:
        app(list(arguments))
    except SystemExit as leaving:
        assert not leaving.code, leaving


WORKS = {
    "polars": scan_by_polars,
    "open": open_by_nncli,
    "open again": open_by_nncli,
    "train": train_by_nncli,
    "data": look_by_nncli,
}


def main() -> None:
    """Makes the file, and runs each kind of work in turn, in processes of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments.add_argument("--work", choices=WORKS)
    options = arguments.parse_args()
    path = options.folder / f"large-{options.rows}.csv"
    if options.work:
        import polars
        import torch

        assert polars and torch
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            row = measured(lambda: WORKS[options.work](path))
        print(json.dumps(row))
        return
    if not path.exists():
        write_table(path, options.rows)
    print(f"{path}: {path.stat().st_size / 1e9:.2f} GB")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.folder) as cache:
            for work in WORKS:
                show(work, in_a_process(work, options.rows, options.folder, cache))


def in_a_process(work: str, rows: int, folder: Path, cache: str) -> dict[str, float]:
    """Measures one kind of work in a process of its own, whose cache is a folder."""
    command = [sys.executable, __file__, "--rows", str(rows), "--folder", str(folder), "--work", work]
    found = subprocess.run(
        command,
        env=os.environ | {"NNCLI_CACHE": cache, "NNCLI_CACHE_SIZE": "100GB"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, float] = json.loads(found.stdout)
    return row


def show(work: str, row: dict[str, float]) -> None:
    """Prints one line."""
    print(
        f"{work:12s} {row['wall']:6.2f} s by the clock {row['cores']:6.2f} s of the cores "
        f"{row['peak'] / 1e6:6.0f} MB above the imports",
        flush=True,
    )


if __name__ == "__main__":
    main()
