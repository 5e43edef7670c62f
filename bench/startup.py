"""How long people wait before something happens: medians of whole processes, run in turn.

python bench/startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIRST_STEP = """
import os, sys
from nncli.collecting import collect_rarely
collect_rarely()
import nncli.training.loop as loop
def leave(*_):
    os._exit(0)
loop._progress = leave
sys.argv = ["nncli", "train", sys.argv[1], "--run", sys.argv[2], "--quiet"]
from nncli.__main__ import main
main()
"""


def seconds(command: list[str]) -> float:
    """Times one process."""
    # As where nncli is installed: there its bytecode lies beside it.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False, env=environment)
    return time.perf_counter() - began


def main() -> None:
    """Prints medians, and what is above the import of torch."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    python, nncli = sys.executable, [sys.executable, "-m", "nncli"]
    spec = str(ROOT / "specs/digits-cnn.yaml")
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.yaml"
        broken.write_text("network: [Linear: 3\n")
        commands = {
            "python": [python, "-c", "pass"],
            "import torch": [python, "-c", "import torch, os; os._exit(0)"],
            "nncli --help": [*nncli, "--help"],
            "check, no YAML": [*nncli, "check", str(broken)],
            "check digits-cnn": [*nncli, "check", spec],
        }
        times: dict[str, list[float]] = {name: [] for name in [*commands, "train to first step"]}
        for number in range(rounds + 1):
            for name, command in commands.items():
                times[name].append(seconds(command))
            run = f"{folder}/run{number}"
            times["train to first step"].append(seconds([python, "-c", FIRST_STEP, spec, run]))
        for values in times.values():
            # The first round writes the bytecode and fills the cache.
            del values[0]
        torch = statistics.median(times["import torch"])
        for name, values in times.items():
            middle = statistics.median(values)
            print(f"{name:20} {middle:6.3f} s   {middle - torch:+.3f} s against torch's import")


if __name__ == "__main__":
    main()
