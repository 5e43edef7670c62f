"""Patches tried: put into the text of a spec, read again, and run for some steps from the same seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from nncli.diagnosis.facts import constant_loss
from nncli.diagnosis.findings import Effect, Finding, Sure
from nncli.diagnosis.replays import Replay, bare, replay
from nncli.diagnosis.verdicts import Verdicts
from nncli.doctor.measuring import Patient, fresh_job, thinned
from nncli.errors import NncliError
from nncli.messages.catalogue import failure, failures
from nncli.preparing.own_code import OwnCode
from nncli.preparing.prepared import prepare
from nncli.spec.editing import Change, Unwritable, edited
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin

STEPS: Final = 40
_ROWS: Final = 2000
# Steps are tried without it.
_SCHEDULE: Final = "training.schedule"
# Some steps show nothing of a longer run.
_NEEDS_WHOLE_RUN: Final = ("undertrained", "overfitting", "batch_size", "label_noise")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a spec with what belongs to it: its file and folder, `--set` values and own layers."""

    text: str
    origin: Origin
    sets: tuple[str, ...]
    code: OwnCode
    stem: str


@dataclass(frozen=True, slots=True)
class _Tried:
    """Some steps of a spec, with the loss of one answer for all rows and the name of the loss."""

    steps: Replay
    constant: float | None
    loss: str

    @property
    def share(self) -> float:
        """What is left of the loss of one answer for all rows."""
        return self.steps.after / self.constant if self.constant else self.steps.after


def source_of(file: Path, text: str, folder: Path, sets: Sequence[str], code: OwnCode) -> Source:
    """Gathers what a spec is read from; its paths start from `folder`."""
    return Source(text, Origin(str(file), folder, text), tuple(sets), code, file.stem)


def tried(source: Source, verdicts: Verdicts, device: torch.device) -> Verdicts:
    """Tries the patch of each finding; those that do not help come last, and are no more than a guess.

    What stands in the spec beyond doubt keeps its place: another fault may hide in a few steps what it does.

    Patches that help stay in the text while others are tried, and what did not help is tried once more with
    them: one fault may hide what the patch of another does.
    """
    found = list(verdicts.findings)
    if not any(_can_be_tried(each) for each in found):
        return verdicts
    before, good = _steps_of(source, device), list[Finding]()
    for _ in range(2):
        count = len(good)
        for number, each in enumerate(found):
            if not _can_be_tried(each) or any(each.id == other.id for other in good):
                continue
            after = _steps_with(source, [*good, each], device)
            if after is None:
                continue
            found[number] = _with_effect(each, before, after)
            if found[number].effect is not None and found[number].sure != "guess":
                before, good = after, [*good, each]
        if len(good) in (count, len(found)) or not good:
            break
    helpful = [each for each in found if _stands(each)]
    return replace(verdicts, findings=(*helpful, *(each for each in found if each not in helpful)))


def _stands(finding: Finding) -> bool:
    """Tells whether the patch was not seen to be of no use, or answers a fault beyond doubt."""
    return finding.is_certain or finding.effect is None or finding.effect.helps


def _can_be_tried(finding: Finding) -> bool:
    if finding.patch is None or finding.id in _NEEDS_WHOLE_RUN:
        return False
    return not any(each.path.startswith(_SCHEDULE) for each in finding.patch.changes)


def _with_effect(finding: Finding, before: _Tried, after: _Tried) -> Finding:
    is_same = before.loss == after.loss and before.constant is not None and after.constant is not None
    is_same = is_same and math.isclose(before.constant or 0, after.constant or 0, rel_tol=1e-3)
    losses = (before.steps.after, after.steps.after) if is_same else None
    effect = Effect(after.steps.steps, before.share, after.share, losses)
    sure: Sure = "measured" if effect.helps or finding.is_certain else "guess"
    return replace(finding, effect=effect, sure=sure)


def _steps_with(source: Source, findings: Sequence[Finding], device: torch.device) -> _Tried | None:
    """Runs some steps with patches; None where they cannot be put into the text, or are refused."""
    try:
        return _steps_of(patched(source, findings), device)
    except NncliError:
        return None


def _steps_of(source: Source, device: torch.device) -> _Tried:
    spec, problems = read_text(source.text, source.origin, source.sets, stem=source.stem)
    prepared = prepare(spec, problems, code=source.code)
    assert prepared.data is not None and prepared.judge is not None
    facts = (prepared.spec, prepared.networks, prepared.data, prepared.judge, device, source.code)
    patient = Patient(*facts)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        job, state = fresh_job(patient, thinned(prepared.data, _ROWS), bare(patient.training))
        constant = constant_loss(prepared.judge.objective, job.train)
        return _Tried(replay(job, state, STEPS), constant, prepared.judge.objective.terms[0].name)


def patched(source: Source, findings: Iterable[Finding]) -> Source:
    """Puts the patches of findings into the text. Raises SpecError `patch-unwritable`.

    A `--set` value that a patch changes is dropped: what the patch says goes before it.
    """
    changes = list(dict.fromkeys(_keyed(each) for one in findings if one.patch for each in one.patch.changes))
    values = {_keyed(each): each for one in findings if one.patch for each in one.patch.changes}
    try:
        text = edited(source.text, [values[key] for key in changes])
    except Unwritable as error:
        raise failure("patch-unwritable", file=source.origin.file, where=str(error)) from error
    paths = [values[key].path for key in changes]
    sets = tuple(each for each in source.sets if not _is_changed(each.partition("=")[0].strip(), paths))
    return replace(source, text=text, origin=replace(source.origin, text=text), sets=sets)


def _keyed(change: Change) -> tuple[str, str]:
    return change.path, change.how


def _is_changed(path: str, paths: Sequence[str]) -> bool:
    return any(path == each or each.startswith(f"{path}.") or path.startswith(f"{each}.") for each in paths)


def written(source: Source, verdicts: Verdicts) -> str | None:
    """Gives the text with every patch that is serious and was not seen to be of no use; None without any.

    The text is read again first. Raises SpecError `patch-unwritable`, and what reading it raises.
    """
    wanted = [each for each in verdicts.findings if each.patch and each.is_serious and _stands(each)]
    if not wanted:
        return None
    whole = patched(source, wanted)
    _, problems = read_text(whole.text, whole.origin, whole.sets, stem=whole.stem)
    if problems:
        raise failures(problems)
    return whole.text
