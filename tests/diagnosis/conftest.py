from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from bench.diagnosis.made import write_all
from nncli.diagnosis.subject import Subject
from nncli.diagnosis.verdicts import Verdicts, diagnose
from nncli.doctor.measuring import Patient, measure
from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin
from tests.training.conftest import one_thread

__all__ = ["one_thread"]


@dataclass(frozen=True)
class Examined:
    """A spec as it was measured and judged before any training."""

    subject: Subject
    verdicts: Verdicts

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.verdicts.findings]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of the set."""
    folder = tmp_path_factory.mktemp("made")
    write_all(folder)
    return folder


@pytest.fixture
def examine(made: Path) -> Callable[[str], Examined]:
    """Measures and judges the text of a spec."""

    def examined(text: str) -> Examined:
        spec, problems = read_text(text, Origin("spec.yaml", made, text), (), "case")
        prepared = prepare(spec, problems)
        assert prepared.data is not None and prepared.judge is not None
        facts = (prepared.spec, prepared.networks, prepared.data, prepared.judge)
        subject, _ = measure(Patient(*facts, torch.device("cpu")))
        return Examined(subject, diagnose(subject))

    return examined
