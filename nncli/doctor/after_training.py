"""The verdict at the end of `train`: what the run itself tells, from a few rows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.verdicts import diagnose
from nncli.doctor.measuring import MOST_ROWS, Patient, measure
from nncli.doctor.recorded_runs import read_history
from nncli.doctor.updates import UpdatesPatient, diagnose_updates, measure_updates
from nncli.preparing.prepared import Prepared
from nncli.runs.info import read_run
from nncli.training.job import TrainJob
from nncli.training.state import TrainState

_SHARE: Final = 0.005
"""Rows that are looked at, as a share of those that were trained on: a look takes about four passes."""
_LEAST_ROWS: Final = 256


def findings_after(prepared: Prepared, job: TrainJob, state: TrainState, run: Path) -> tuple[Finding, ...]:
    """Judges the last weights of a run and how it went.

    Diagnoses that draw weights again or run steps again are left to `inspect-gradients`. Neither weights
    nor random generators change.
    """
    if prepared.data is None:
        return ()
    if prepared.judge is None:
        history = read_history(run, read_run(run))
        with_updates = UpdatesPatient(prepared, job.device, run, state.step, history, batches=1)
        verdicts = diagnose_updates(with_updates, measure_updates(with_updates))
        return tuple(each for each in verdicts.findings if each.is_serious)
    trained_on = state.step * job.training.batch_size
    patient = Patient(
        prepared.spec,
        prepared.networks,
        prepared.data,
        prepared.judge,
        job.device,
        prepared.code,
        is_trained=True,
        step=state.step,
        history=read_history(run, read_run(run)),
        batches=1,
        most_rows=min(MOST_ROWS, max(_LEAST_ROWS, int(_SHARE * trained_on))),
    )
    subject, _ = measure(patient, with_starts=False)
    return tuple(each for each in diagnose(subject).findings if each.is_serious)
