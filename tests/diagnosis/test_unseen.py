"""The programs of somebody else: each can be read, and what is expected of it can be said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

from bench.diagnosis.unseen.made import write_all
from bench.diagnosis.unseen.measure import HERE, is_named_by
from nncli.diagnosis.findings import FindingId
from nncli.errors import NncliError
from nncli.messages.catalogue import CATALOGUE
from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin
from tests.end_to_end.program import invoke

EXPECTED: dict[str, dict[str, Any]] = json.loads((HERE / "expected.json").read_text())
NOT_SAID = {"classes_as_numbers", "giveaway"}
"""Causes for which there is no diagnosis: they count as missed."""
SLOW = ("films", "two-same-token", "transformer", "shapes", "arrows", "waves", "sums", "recurrent")


BEFORE = (
    "copied-rows",
    "dead-by-init",
    "frozen-by-mistake",
    "narrow-neck",
    "no-bias",
    "rare-class",
    "rate-to-nothing",
    "same-weights",
    "warmup-too-long",
)
AFTER = ("learned-by-heart", "labels-mixed-up", "too-short")
QUIET = ("rare-and-learned", "discs-relu", "wine-linear")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unseen")
    write_all(place / "data")
    (place / "programs").mkdir()
    for file in HERE.glob("*/*.yaml"):
        shutil.copy(file, place / "programs")
    return place / "programs"


def inspected(folder: Path, target: str) -> list[dict[str, Any]]:
    (document,) = invoke(folder, "inspect-gradients", target, "--json").rows()
    return [each for each in document["findings"] if each["severity"] != "note"]


@pytest.mark.parametrize("name", BEFORE)
def test_a_cause_is_named_first_before_the_first_step(name: str, folder: Path) -> None:
    (first, *_) = inspected(folder, f"{name}.yaml")
    assert is_named_by(first, [each for names in EXPECTED[name]["causes"].values() for each in names])


@pytest.mark.parametrize("name", AFTER)
def test_a_cause_is_named_alone_after_a_run(name: str, folder: Path) -> None:
    assert invoke(folder, "train", f"{name}.yaml", "--run", name, "-q").code == 0
    found = inspected(folder, name)
    assert len(found) == 1
    assert is_named_by(found[0], [each for names in EXPECTED[name]["causes"].values() for each in names])


@pytest.mark.parametrize("name", QUIET)
def test_a_healthy_program_raises_no_alarm(name: str, folder: Path) -> None:
    assert inspected(folder, f"{name}.yaml") == []
    assert invoke(folder, "train", f"{name}.yaml", "--run", name, "-q").code == 0
    assert inspected(folder, name) == []


def test_a_patch_of_initial_weights_is_for_all_odd_layers(folder: Path) -> None:
    (first, *_) = inspected(folder, "huge-weights.yaml")
    assert [each["path"] for each in first["patch"]["changes"]] == ["network.0.init", "network.2.init"]


def test_a_deep_plain_network_is_patched_by_normalisation(folder: Path) -> None:
    (first, *_) = inspected(folder, "deep-and-plain.yaml")
    assert first["id"] == "vanishing_gradients"
    assert [each["value"] for each in first["patch"]["changes"]] == ["BatchNorm1d"]


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
