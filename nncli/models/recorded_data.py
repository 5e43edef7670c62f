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
from nncli.models.model import Model
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, spec_folder_of
from nncli.spec.opening import open_spec
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec


def recorded_data(model: Model, run: Path) -> Data:
    """Opens the data that a run recorded, if it is still the same. Raises what `recorded_spec` does."""
    return open_data(recorded_spec(model, run))


def recorded_spec(model: Model, run: Path) -> Spec:
    """Gives the spec of a trained network with its data where they are, if they are still the same.

    Raises DataError `data-not-recorded` for a weights file without a builtin set, and what
    `with_recorded_data` does.
    """
    data = model.spec.data
    assert data is not None
    if model.run is None:
        if builtin_name(data.train) is None:
            raise failure("data-not-recorded", file=str(run))
        return model.spec
    # The weights file leaves folders out of paths; the run folder knows the way to the data.
    resolved = open_spec(RunFolder(run).resolved)
    return with_recorded_data(replace(model.spec, data=resolved.data), run, model.run)


def with_recorded_data(spec: Spec, run: Path, info: RunInfo) -> Spec:
    """Gives a spec of a run with its data where they are, if they are those that the run noted.

    They are looked for from the spec's folder; then, since runs are moved, from the run folder, the
    folder around it and the current one, there also by its name alone. Nothing of a file that is not the
    recorded one is read out: run folders come from others too.
    Raises DataError `data-changed`, and `data-gone` where it cannot be read any more.
    """
    assert spec.data is not None
    is_there = False
    for found in _places(spec, run, info):
        digest = _digest(found)
        if digest is not None and digest == info.data_digest:
            return found
        is_there = is_there or digest is not None
    raise failure("data-changed" if is_there else "data-gone", file=spec.data.train)


def _digest(spec: Spec) -> str | None:
    try:
        return source_digest(spec)
    except DataError:
        return None


def _places(spec: Spec, run: Path, info: RunInfo) -> Iterator[Spec]:
    """Makes the spec with each folder and each way in which its data may be there."""
    assert spec.data is not None
    recorded_folder = spec_folder_of(run, info)
    folders = [recorded_folder] if recorded_folder else []
    for data in (spec.data, _names_only(spec.data)):
        for folder in dict.fromkeys([*folders, run, run.resolve().parent, Path()]):
            yield replace(spec, data=data, origin=replace(spec.origin, folder=folder))


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
