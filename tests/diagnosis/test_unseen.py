"""The programs of somebody else: each can be read, and what is expected of it can be said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from bench.diagnosis.unseen.made import write_all
from bench.diagnosis.unseen.measure import HERE, is_named_by
from nncli.diagnosis.findings import FindingId
from nncli.errors import NncliError
from nncli.messages.catalogue import CATALOGUE
from nncli.preparing import prepare
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin

EXPECTED: dict[str, dict[str, Any]] = json.loads((HERE / "expected.json").read_text())
NOT_SAID = {"leakage", "giveaway", "lost_input", "missing_bias", "classes_as_numbers"}
"""Causes for which there is no diagnosis: they count as missed."""
SLOW = ("films", "two-same-token", "transformer", "shapes", "arrows", "waves", "sums", "recurrent")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unseen")
    write_all(place / "data")
    (place / "programs").mkdir()
    return place / "programs"


def test_every_faulty_program_has_its_cause() -> None:
    assert {file.stem for file in (HERE / "faulty").glob("*.yaml")} == set(EXPECTED)
    known = {*get_args(FindingId), *CATALOGUE, *NOT_SAID}
    for expected in EXPECTED.values():
        for names in expected["causes"].values():
            assert {each.partition("/")[0] for each in names} <= known


def test_a_cause_may_ask_for_a_place() -> None:
    finding = {"id": "over_regularised", "path": "training.clip_gradients", "patch": None}
    assert is_named_by(finding, ["over_regularised/clip"])
    assert not is_named_by(finding, ["over_regularised/weight_decay", "lr_too_low"])


@pytest.mark.parametrize("file", sorted(HERE.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_a_program_can_be_read(file: Path, folder: Path) -> None:
    text = file.read_text()
    if file.parent.name == "faulty":
        assert "https://" in text.partition("\n")[0]
    spec, problems = read_text(text, Origin(file.name, folder, text), (), file.stem)
    if file.stem == "batch-of-one":
        with pytest.raises(NncliError):
            prepare(spec, problems)
    elif not any(word in text or word in file.stem for word in SLOW):
        prepare(spec, problems)
