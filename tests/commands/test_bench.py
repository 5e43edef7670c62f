"""`nncli bench`: what is said of a step, to people and to programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nncli.training import timing
from tests.end_to_end.program import contents, invoke
from tests.end_to_end.specs import write_flowers


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_SECONDS", 0.02)
    monkeypatch.setattr(timing, "_SIDE", 64)


def test_people_read_a_step_in_parts(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    before = contents(tmp_path)
    answer = invoke(tmp_path, "bench", "flowers.yaml", "--threads", 1)
    assert answer.code == 0, answer.err
    first, *lines = answer.out.splitlines()
    assert re.fullmatch(r"flowers: batches of \d+ on cpu, 1 thread", first)
    names = [line.split()[0] for line in lines]
    parts = ["data", "forward", "backward", "optimiser"]
    assert names == ["samples/s", "step", *parts, "memory", "arithmetic", "limit", "hint"]
    shares = [int(line.split()[-1].rstrip("%")) for line in lines[2:6]]
    assert 98 <= sum(shares) <= 102
    assert "batch_size" in lines[-1]
    assert contents(tmp_path) == before


def test_programs_read_a_document(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "bench", "flowers.yaml", "--json", "--threads", 1)
    document = json.loads(answer.out)
    seconds = document["seconds"]
    parts = ("data", "forward", "backward", "optimizer")
    assert seconds["step"] == pytest.approx(sum(seconds[part] for part in parts))
    assert document["samples_per_second"] == pytest.approx(document["batch_size"] / seconds["step"])
    assert document["flops"] > 0 and document["peak_flops"] > 0 and document["memory_bytes"] > 2**20
    assert document["limit"] in ("calls", "data", "optimizer", "memory", "arithmetic")


def test_what_cannot_train_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("network: {inputs: {row: [4]}, layers: [Linear: 2]}\n")
    answer = invoke(tmp_path, "bench", "net.yaml")
    assert answer.code == 3 and "training" in answer.err
