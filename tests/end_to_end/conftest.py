from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.program import Answer, invoke, process
from tests.end_to_end.specs import BINARY_TARGET, FLOWERS, NUMBER_TARGET, STATEFUL, write_flowers


@dataclass(frozen=True)
class Trained:
    """A run that is done, the folder that its command was typed in, and what it said."""

    folder: Path
    run: Path
    answer: Answer


@pytest.fixture(scope="session")
def stateful(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run that nobody disturbed, in a process of its own."""
    folder = tmp_path_factory.mktemp("stateful")
    (folder / "stateful.yaml").write_text(STATEFUL)
    answer = process(folder, "train", "stateful.yaml", "--run", "whole", "--threads", 1, "--json")
    assert answer.code == 0, answer.err
    return Trained(folder, folder / "whole", answer)


def _flowers(folder: Path, spec: str) -> Trained:
    write_flowers(folder, spec)
    answer = invoke(folder, "train", "flowers.yaml", "--run", "run", "--threads", 1)
    assert answer.code == 0, answer.err
    return Trained(folder, folder / "run", answer)


@pytest.fixture(scope="session")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A classifier of a table; look at it, and change nothing."""
    return _flowers(tmp_path_factory.mktemp("flowers"), FLOWERS)


@pytest.fixture(scope="session")
def ripe(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A network that answers yes or no."""
    spec = FLOWERS.replace(*BINARY_TARGET).replace("CrossEntropyLoss", "BCEWithLogitsLoss")
    return _flowers(tmp_path_factory.mktemp("ripe"), spec.replace("$classes", "1"))


@pytest.fixture(scope="session")
def height(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A network that answers with a number."""
    spec = FLOWERS.replace(*NUMBER_TARGET).replace("CrossEntropyLoss", "MSELoss")
    return _flowers(tmp_path_factory.mktemp("height"), spec.replace("$classes", "1"))
