"""A quick part of the set of bench/diagnosis: faults that show before the first step, and healthy specs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.diagnosis.cases import Case
from bench.diagnosis.faults import FAULTS
from bench.diagnosis.healthy import HEALTHY
from tests.diagnosis.conftest import Examined

SLOW = (
    "images-",
    "text-",
    "pixels-",
    "deep-sigmoids",
    "chapters",
    "letters",
    "recurrent-tones",
    "shipped-digits",
)
STATIC = [case for case in FAULTS if case.is_static and not case.name.startswith(SLOW)]
QUICK = [case for case in HEALTHY if not case.name.startswith(SLOW)]


def test_the_set_is_large_enough() -> None:
    assert len(FAULTS) >= 30 and len(HEALTHY) >= 20
    assert len({case.name for case in (*FAULTS, *HEALTHY)}) == len(FAULTS) + len(HEALTHY)


@pytest.mark.parametrize("case", STATIC, ids=lambda case: case.name)
def test_a_fault_is_named_first_and_at_its_place(case: Case, examine: Callable[[str], Examined]) -> None:
    found = [each for each in examine(case.text).verdicts.findings if each.id in case.roots]
    assert found
    assert any(found[0].path.startswith(place) for place in case.places)
    lines = case.text.splitlines()
    assert found[0].file == "spec.yaml" and 1 <= found[0].line <= len(lines)
    assert found[0].evidence and found[0].advice and found[0].why


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_healthy_specs_raise_no_alarm(case: Case, examine: Callable[[str], Examined]) -> None:
    found = examine(case.text)
    assert [each.id for each in found.verdicts.findings if each.is_serious] == []
    assert all(not check.unable for check in found.verdicts.checks if check.name == "unscaled_inputs")
