"""Damaged tables are refused or read as Python reads them, in bounded memory; what must be refused is.

`make torture` reads 20,000 of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COUNT = min(20_000, int(os.environ.get("NNCLI_TORTURE", "1000")))
ROOT = Path(__file__).parents[2]
MOST_MIB = 250


def test_damaged_tables_are_refused_or_read_without_a_traceback() -> None:
    command = [sys.executable, "-m", "tests.sources.damaged_tables", str(COUNT), "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    # Polars writes past Python.
    assert done.stderr == ""
    refused, accepted, peak_mib = map(int, done.stdout.split())
    assert refused + accepted == COUNT
    assert refused > COUNT // 2 and accepted > COUNT // 5
    assert peak_mib < MOST_MIB
