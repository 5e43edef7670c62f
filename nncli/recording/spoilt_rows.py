"""The rows behind a loss that is not finite, as places in files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from nncli.data.opening import open_cells
from nncli.errors import DivergedError, NncliError, Problem
from nncli.messages.catalogue import failures
from nncli.spec.spec import Spec
from nncli.training.divergence import rows_text


def with_places(error: DivergedError, spec: Spec) -> NncliError:
    """Says where the rows that an error names stand in their files, where these can still be read."""
    return failures([_placed(problem, spec) for problem in error.problems])


def _placed(problem: Problem, spec: Spec) -> Problem:
    samples, count = problem.facts.get("samples"), problem.facts.get("count")
    if not isinstance(samples, list) or not samples or not isinstance(count, int):
        return problem
    with suppress(NncliError, OSError, IndexError):
        places = _places(spec, samples)
        return replace(problem, facts={**problem.facts, "rows": rows_text(places, count)})
    return problem


def _places(spec: Spec, samples: Sequence[int]) -> list[str]:
    division = open_cells(spec)
    if division is None:
        raise IndexError("stretches of a text have no rows")
    source, rows = division.samples["train"]
    return [division.tables[source].said_place(int(rows[sample])) for sample in samples]
