"""Memory and disks that are too small, wherever that shows: exit 6, figures, and nothing half-written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke, shell
from tests.end_to_end.specs import write_flowers

# A batch needs gigabytes, and the weights 52 MB.
WIDE = """
name: wide
data: builtin:digits
network: [Flatten, Linear: 200000, ReLU, Linear: $classes]
training:
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1}}
  epochs: 1
  batch_size: 1200
"""


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="limits of the address space are those of Linux")
def test_memory_that_runs_out_in_a_step_is_told_with_figures(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_text(WIDE)
    answer = shell(tmp_path, 'ulimit -v 3000000; "$PYTHON" -m nncli train wide.yaml --run run --threads 1')
    assert answer.code == 6, answer.err
    assert "error[memory-exhausted]: the memory is exhausted: " in answer.err
    assert "iB more were asked for; this process had " in answer.err
    assert answer.err.endswith("--set training.batch_size=600 --set training.accumulate=2\n")
    assert "Traceback" not in answer.err
    assert invoke(tmp_path, "check", "run").code == 0


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "run", "flowers.csv", "--output", "said.csv"),
        ("predict", "run", "flowers.csv", "--output", "said.parquet", "--format", "parquet"),
        ("export", "run", "--output", "net.safetensors"),
        ("export", "run", "--output", "net.py"),
        ("export", "run", "--output", "net.onnx"),
        ("train", "flowers.yaml", "--run", "other"),
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_a_full_disk_is_told_and_leaves_nothing(words: tuple[str, ...], flowers: Trained, full: None) -> None:
    before = sorted(path.name for path in flowers.folder.iterdir())
    answer = invoke(flowers.folder, *words)
    assert (answer.code, answer.out) == (6, ""), answer.err
    assert "error[disk-full]: no room for " in answer.err and "hint: free some space" in answer.err
    assert sorted(path.name for path in flowers.folder.iterdir()) == before


def test_a_cache_that_cannot_be_kept_costs_time_alone(
    tmp_path: Path, full: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path / "cache"))
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "check", "flowers.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert not [
        path for path in (tmp_path / "cache").rglob("*") if path.is_file() and ".lock" not in path.name
    ]
