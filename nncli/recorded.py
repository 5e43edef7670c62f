"""The data that a trained network was trained on, found again, or other rows in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nncli.data.builtin_sets import builtin_name
from nncli.data.dataset import Data
from nncli.data.opening import open_data, source_digest
from nncli.data.rows import part_from, read_rows
from nncli.errors import DataError
from nncli.messages.catalogue import failure
from nncli.model import Model
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, spec_folder_of
from nncli.spec.opening import open_spec
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec


def recorded_data(model: Model, run: Path) -> Data:
    """Opens the data that a run recorded, if it is still the same. Raises what `recorded_spec` does."""
    return open_data(recorded_spec(model, run))


def recorded_spec(model: Model, run: Path) -> Spec:
    """Gives the spec of a run with its data where they are, if they are still the same.

    They are looked for from the spec's folder; then, since runs are moved, from the run folder, the
    folder around it and the current one, there also by its name alone.
    Raises DataError `data-not-recorded` for a weights file without a builtin set, `data-changed`,
    and `data-gone` where it cannot be read any more.
    """
    data = model.spec.data
    assert data is not None
    if model.run is None:
        if builtin_name(data.train) is None:
            raise failure("data-not-recorded", file=str(run))
        return model.spec
    is_there = False
    for spec in _places(model, run, model.run):
        # The digest comes first: nothing of a file that is not the recorded one is read out.
        digest = _digest(spec)
        if digest == model.run.data_digest:
            return spec
        is_there = is_there or digest is not None
    raise failure("data-changed" if is_there else "data-gone", file=data.train)


def _digest(spec: Spec) -> str | None:
    try:
        return source_digest(spec)
    except DataError:
        return None


def _places(model: Model, run: Path, info: RunInfo) -> Iterator[Spec]:
    """Makes the spec with each folder and each way in which its data may be there."""
    # The weights file leaves folders out of paths; the run folder knows the way to the data.
    recorded = open_spec(RunFolder(run).resolved).data
    assert recorded is not None
    recorded_folder = spec_folder_of(run, info)
    folders = [recorded_folder] if recorded_folder else []
    for data in (recorded, _names_only(recorded)):
        for folder in dict.fromkeys([*folders, run, run.resolve().parent, Path()]):
            yield replace(model.spec, data=data, origin=replace(model.spec.origin, folder=folder))


def _names_only(data: DataSpec) -> DataSpec:
    files = {"train": data.train, "validation": data.validation, "test": data.test}
    return data.model_copy(update={part: Path(file).name for part, file in files.items() if file})


def other_data(model: Model, file: Path) -> Data:
    """Encodes the rows of a file as a training part, with the encoders of the model.

    Raises what reading and encoding rows with their targets raises.
    """
    assert model.spec.data is not None
    part = part_from(model.encoders, read_rows(file, model.encoders, with_targets=True), "train")
    return Data({"train": part}, model.encoders, model.spec.data, "")
