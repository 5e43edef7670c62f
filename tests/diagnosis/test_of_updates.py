"""Networks that learn from each other: when one of them is too far ahead."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.diagnosis.history import History, history_of
from nncli.diagnosis.of_updates import discriminator_ahead, diverging_update
from nncli.preparing.prepared import Prepared, prepare
from nncli.spec.opening import read_spec

SPECS = Path(__file__).parents[2] / "specs"


def prepared(name: str) -> Prepared:
    return prepare(*read_spec(SPECS / f"{name}.yaml", ()))


@pytest.fixture(scope="module")
def gan() -> Prepared:
    return prepared("digits-gan")


def told(
    losses: list[tuple[float, float]], names: tuple[str, str] = ("discriminator", "generator")
) -> History:
    """A run in which two updates had these losses."""
    rows = [
        {
            "kind": "epoch",
            "epoch": number,
            "step": number,
            "train": {f"{n}.loss": v for n, v in zip(names, pair, strict=True)},
        }
        for number, pair in enumerate(losses, 1)
    ]
    return history_of(rows, (), "done", diverged=False)


WON = [(1.4, 0.7), (0.3, 1.5), (0.05, 3.0), (0.004, 6.0), (0.001, 7.0), (0.001, 8.0)]
EVEN = [(1.4, 0.7), (1.3, 0.8), (1.2, 1.0), (1.2, 1.1), (1.2, 1.0)]
BOTH = [(1.4, 0.7), (0.005, 0.7), (0.004, 0.6), (0.004, 0.5)]


@pytest.mark.parametrize(("losses", "is_told"), [(WON, True), (EVEN, False), (BOTH, False), (WON[:2], False)])
def test_a_discriminator_that_is_never_wrong_is_told(
    gan: Prepared, losses: list[tuple[float, float]], is_told: bool
) -> None:
    found = discriminator_ahead(gan.spec, gan.updates, told(losses))
    assert (found is not None) is is_told
    if found is not None:
        assert (found.layer, found.path, found.severity) == ("discriminator", "training.updates.0", "warning")
        lines = (SPECS / "digits-gan.yaml").read_text().splitlines()
        assert "update: discriminator" in lines[found.line - 1]
        assert "generator" in found.evidence and "0.9" in found.advice


RISES = [(1.0, 1.0), (0.4, 0.8), (0.3, 0.7), (1.2, 0.6), (1.3, 0.5), (1.5, 0.5)]


def test_an_update_that_ends_far_above_its_best_is_told() -> None:
    made = prepared("digits-contrastive")
    first, second = (each.name for each in made.updates)
    found = diverging_update(made.spec, made.updates, told(RISES, (first, second)))
    assert found is not None and (found.id, found.path) == ("diverging_loss", "training.updates.0")
    # The second one reads what the first one changes.
    assert diverging_update(made.spec, made.updates, told(RISES, (second, first))) is None
    assert diverging_update(made.spec, made.updates, told(WON[:1] + EVEN, (first, second))) is None


def test_a_rival_may_raise_a_loss(gan: Prepared) -> None:
    for names in (("discriminator", "generator"), ("generator", "discriminator")):
        assert diverging_update(gan.spec, gan.updates, told(RISES, names)) is None


def test_networks_that_work_together_are_no_rivals() -> None:
    made = prepared("digits-contrastive")
    first, second = (each.name for each in made.updates)
    for names in ((first, second), (second, first)):
        assert discriminator_ahead(made.spec, made.updates, told(WON, names)) is None
