"""Patients of the doctor: a spec that nobody trained, or a run with its data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from nncli.data.dataset import Data
from nncli.device import set_precision
from nncli.doctor.measuring import Patient, with_paths_of
from nncli.doctor.recorded_runs import read_history
from nncli.messages.catalogue import failure
from nncli.models.model import Model
from nncli.preparing.own_code import OwnCode
from nncli.preparing.prepared import Prepared
from nncli.runs.folder import RunFolder
from nncli.spec.reading import read_file
from nncli.training.job_checks import check_training


def untrained_patient(prepared: Prepared, file: Path, device: torch.device, batches: int = 4) -> Patient:
    """Makes a patient of a spec with initial weights. Raises UsageError `model-of-updates`."""
    if prepared.updates:
        raise failure("model-of-updates", file=str(file))
    training = prepared.spec.training
    assert prepared.data is not None and prepared.judge is not None and training is not None
    set_precision(training.precision, device)
    facts = (prepared.spec, prepared.networks, prepared.data, prepared.judge, device, prepared.code)
    return Patient(*facts, batches=batches)


def trained_patient(
    model: Model, run: Path, data: Data, code: OwnCode, *, is_own: bool = True, batches: int = 4
) -> Patient:
    """Makes a patient of a trained network; `is_own` where the data are those that it was trained on.

    Raises what `Model.judge` and `check_training` do, and WeightsError `rows-damaged`.
    """
    spec, training = model.spec, model.training
    if not is_own:
        # Nothing is chosen by figures of a validation part that other rows do not have.
        training = training.model_copy(update={"keep_best": None, "stop_early": None})
        spec = replace(spec, training=training)
    network = model.network
    if model.run:
        network = with_paths_of(read_file(RunFolder(run).spec, ""), network)
    networks = {next(iter(spec.networks)): network}
    check_training(spec, networks, model.judge.metrics, data)
    history = read_history(run, model.run) if model.run else None
    epochs = history.epochs if history else ()
    return Patient(
        spec,
        networks,
        data,
        model.judge,
        model.device,
        code,
        is_trained=True,
        # The probe judges a network that was trained otherwise than one that was not.
        step=epochs[-1].step if epochs else 1,
        history=history if is_own else None,
        batches=batches,
    )
