"""A run that is to be longer than it was: `nncli train SPEC --resume --epochs 200`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from nncli.commands.resuming import RunPlace
from nncli.messages.catalogue import failure
from nncli.runs.folder import digest_of
from nncli.spec.opening import read_spec
from nncli.spec.spec import Spec
from nncli.training.schedule_checks import share_of_run

_LENGTHS: Final = ("epochs", "steps", "minutes")


def lengthened(place: RunPlace, path: Path, spec: Spec, sets: tuple[str, ...]) -> RunPlace:
    """Lets a run go on with a larger `epochs`, `steps` or `minutes` than it was begun with.

    Of a run with phases the last one becomes longer. What differs otherwise is left to be refused later.
    Raises UsageError `run-shorter`, and SpecError `run-length-matters` where a part is a share of the run.
    """
    recorded, now = place.recorded, spec.training
    if recorded is None or now is None or recorded.set == sets or _others(recorded.set) != _others(sets):
        return place
    if recorded.spec_digest != digest_of(spec.origin.text):
        return place
    before = read_spec(path, recorded.set)[0].training
    for unit in _LENGTHS:
        old, new = getattr(before, unit, None), getattr(now, unit)
        if old is None or new is None:
            continue
        if new < old:
            raise failure("run-shorter", run=place.path, before=f"{old:g} {unit}", now=f"{new:g}", unit=unit)
        if new > old and (share := share_of_run(now.in_phases()[-1])):
            what, where = share
            raise failure("run-length-matters", where, "training.schedule", what=what, now=f"{new:g} {unit}")
        info = recorded.model_copy(update={"set": sets})
        return replace(place, recorded=info, lengthened=f"{old:g} to {new:g} {unit}" if new > old else "")
    return place


def _others(sets: tuple[str, ...]) -> list[str]:
    """Leaves the lengths of a run out of `--set` values."""
    own = {f"training.{unit}" for unit in _LENGTHS}
    return [each for each in sets if each.partition("=")[0].strip() not in own]
