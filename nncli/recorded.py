"""The data that a trained network was trained on, found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nncli.data.builtin_sets import builtin_name
from nncli.data.dataset import Data
from nncli.data.opening import open_data, source_digest
from nncli.errors import DataError
from nncli.messages.catalogue import failure
from nncli.model import Model
from nncli.runs.folder import RunFolder, spec_folder_of
from nncli.spec.opening import open_spec
from nncli.spec.spec import Spec


def recorded_data(model: Model, run: Path) -> Data:
    """Opens the data from the spec's folder that a run recorded, if it is still the same.

    Raises DataError `data-not-recorded` for a weights file without a builtin set, `data-changed`,
    and `data-gone` where it cannot be read any more.
    """
    spec, data = model.spec, model.spec.data
    assert data is not None
    if model.run is not None:
        # The weights file leaves folders out of paths; the run folder knows the way to the data.
        recorded = open_spec(RunFolder(run).resolved)
        folder = spec_folder_of(run, model.run) or run
        spec = replace(spec, data=recorded.data, origin=replace(spec.origin, folder=folder))
    elif builtin_name(data.train) is None:
        raise failure("data-not-recorded", file=str(run))
    # The digest comes first: nothing of a file that is not the recorded one is read out.
    if model.run is not None and _digest(spec, data.train) != model.run.data_digest:
        raise failure("data-changed", file=data.train)
    return open_data(spec)


def _digest(spec: Spec, file: str) -> str:
    try:
        return source_digest(spec)
    except DataError as error:
        raise failure("data-gone", file=file) from error
