"""Runs that are killed at random moments, again and again, end with the bits of one that nobody disturbed."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nncli.runs.verifying import verify_run
from tests.end_to_end.fork_server import ForkServer
from tests.end_to_end.program import ROOT
from tests.end_to_end.specs import STATEFUL

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
RUNS = 200 if "NNCLI_TORTURE" in os.environ else 6

CNN = """
name: cnn
data:
  train: builtin:digits
  inputs: {image: {type: image, columns: "pixel_*", shape: [1, 8, 8]}}
  targets: {digit: category}
network:
  - Conv2d: [4, 3]
  - BatchNorm2d
  - ReLU
  - Flatten
  - Dropout: 0.1
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.05, momentum: 0.9}}
  schedule: {CosineAnnealingLR: {}, warmup: 10%}
  average: {ema: 0.99}
  accumulate: 2
  epochs: 8
  batch_size: 16
  checkpoint_every: 0s
"""
SPECS = {"stateful": STATEFUL.replace("epochs: 12", "epochs: 8"), "cnn": CNN}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("server")) as server:
        yield server


def _newest(run: Path) -> int:
    return max(int(path.name) for path in (run / "checkpoints").iterdir() if path.name.isdecimal())


def _bits(run: Path) -> dict[str, bytes]:
    """Reads weights, figures, and of the last checkpoint the optimiser and the random states."""
    newest = run / "checkpoints" / f"{_newest(run):06}"
    files = [run / "model.safetensors", run / "metrics.jsonl"]
    files += [newest / f"{group}.safetensors" for group in ("networks", "updaters", "random", "best")]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each spec that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    gan = (ROOT / "specs" / "digits-gan.yaml").read_text()
    for name, text in {**SPECS, "gan": _shrunk(gan)}.items():
        (folder / f"{name}.yaml").write_text(text)
        ended = server.run(folder, ["train", f"{name}.yaml", "--run", name, "--threads", 1])
        assert ended.code == 0, ended.err
    return folder


def _shrunk(gan: str) -> str:
    text = re.sub(r"epochs: \d+", "epochs: 8\n  checkpoint_every: 0s", gan)
    assert text != gan
    return text


def _killed_and_resumed(server: ForkServer, whole: Path, name: str, draws: random.Random) -> int:
    """Kills a run one to six times, lets it end, and counts the kills that it went on from."""
    run, reached, resumed = f"{name}-killed", 0, 0
    train = ["train", f"{name}.yaml", "--run", run, "--resume", "--threads", 1]
    for _ in range(draws.randint(1, 6)):
        ended = server.run(whole, train, kill=(1, draws.uniform(0, 0.25)))
        if ended.code == 0:
            break
        assert ended.code == -9, ended.err
        # Whatever the moment: what was saved is whole.
        assert verify_run(whole / run).problems == ()
        step = _newest(whole / run)
        assert step >= reached > 0 or not resumed
        reached, resumed = step, resumed + 1
    ended = server.run(whole, train)
    assert ended.code == 0, ended.err
    # The last kill may have come when all was done.
    assert f"continuing at step {reached:,} of" in ended.err or "is done" in ended.err
    assert _bits(whole / run) == _bits(whole / name)
    assert verify_run(whole / run).problems == ()
    shutil.rmtree(whole / run)
    return resumed


@pytest.mark.parametrize("seed", range(RUNS))
def test_kills_at_random_moments_change_no_bit(seed: int, server: ForkServer, whole: Path) -> None:
    name = list(SPECS)[seed % len(SPECS)]
    assert _killed_and_resumed(server, whole, name, random.Random(seed)) > 0


@pytest.mark.parametrize("seed", range(max(2, RUNS // 10)))
def test_networks_in_turn_go_on_with_the_same_bits(seed: int, server: ForkServer, whole: Path) -> None:
    assert _killed_and_resumed(server, whole, "gan", random.Random(seed)) > 0
