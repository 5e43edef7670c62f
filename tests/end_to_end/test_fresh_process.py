"""A weights file alone, in a process that saw nothing else, encodes and predicts as training did."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import torch
import yaml
from torch import Tensor

import nncli
from nncli.answers.outputs import Answers
from nncli.columns.stored import Taken
from nncli.data.dataset import Part, PartName
from nncli.data.opening import open_data
from nncli.models.model import Model
from nncli.models.recorded_data import other_data
from nncli.spec.opening import open_spec
from nncli.training.evaluation import Evaluation, evaluate
from nncli.training.held import HeldPart
from tests.end_to_end.every_kind import SPECS, write_files
from tests.end_to_end.program import ROOT, environment, invoke

FILES: Final[Mapping[PartName, str]] = {"train": "train", "test": "later"}
COLUMNS: Final = [
    (name, role, column)
    for name, text in SPECS.items()
    for role in ("inputs", "targets")
    for column in yaml.safe_load(text)["data"][role]
]
ROWS_ALONE: Final = [name for name in SPECS if name not in ("long", "series")]
_FRESH: Final = """
import sys
from pathlib import Path
from tests.end_to_end.test_fresh_process import write_what_files_say
write_what_files_say(Path(sys.argv[1]))
"""


@dataclass(frozen=True)
class Both:
    """The folder in which everything was trained, and what weights files said in another process."""

    folder: Path
    fresh: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder, other = tmp_path_factory.mktemp("trained"), tmp_path_factory.mktemp("fresh")
    write_files(folder)
    write_files(other)
    (other / "tokenizer.json").unlink()
    for name, text in SPECS.items():
        (folder / f"{name}.yaml").write_text(text)
        answer = invoke(folder, "train", f"{name}.yaml", "--run", name, "--threads", 1)
        assert answer.code == 0, answer.err
        shutil.copy(folder / name / "model.safetensors", other / f"{name}.safetensors")
    changes = environment(NNCLI_CACHE=str(other / "cache"))
    subprocess.run([sys.executable, "-c", _FRESH, str(other)], cwd=ROOT, env=changes, check=True)
    return Both(folder, json.loads((other / "says.json").read_text()))


def write_what_files_say(folder: Path) -> None:
    """Opens each weights file of a folder, and writes what it makes of the files beside it."""
    torch.set_num_threads(1)
    says = {}
    for path in folder.glob("*.safetensors"):
        model = nncli.load(path, device="cpu")
        assert model.spec.data is not None
        suffix = model.spec.data.train.removeprefix("train")
        files = {part: folder / f"{stem}{suffix}" for part, stem in FILES.items()}
        parts = {part: other_data(model, file).parts["train"] for part, file in files.items()}
        says[path.stem] = {
            "digests": {part: _digests(found) for part, found in parts.items()},
            "figures": dict(_judged(model, parts["test"]).figures),
            "rows": model.predict(files["test"]) if suffix != ".txt" else [],
            "alone": [model.predict(row)[0] for row in _rows(files["test"])]
            if path.stem in ROWS_ALONE
            else [],
        }
    (folder / "says.json").write_text(json.dumps(says))


@cache
def _trained(folder: Path, name: str) -> tuple[Model, Mapping[PartName, Part]]:
    """Opens a run, and the data that it was trained on."""
    data = open_data(open_spec(folder / f"{name}.yaml"))
    return nncli.load(folder / name, device="cpu"), data.parts


def _judged(model: Model, part: Part) -> Evaluation:
    """Evaluates as `nncli evaluate` does."""
    held = HeldPart(part, list(model.network.inputs), model.judge.objective, model.device)
    return evaluate(model.module, held, model.judge, model.training.batch_size)


def _digests(part: Part) -> dict[str, list[str]]:
    """Digests the values and the mask of every column, as networks and losses take them."""
    columns = part.columns
    sides = {
        "inputs": (columns.inputs, columns.finishes),
        "targets": (columns.targets, columns.target_finishes),
    }
    found = {}
    for role, (side, finishes) in sides.items():
        for name, each in side.items():
            taken, finish = each.take(part.index), finishes.get(name)
            finished = taken.values if finish is None else finish(taken.values, None)
            whole = finished if isinstance(finished, Taken) else Taken(finished, taken.mask)
            found[f"{role}.{name}"] = [_digest(whole.values), _digest(whole.mask)]
    return found


def _digest(tensor: Tensor | None) -> str:
    if tensor is None:
        return "none"
    whole = tensor if tensor.is_floating_point() else tensor.long()
    return (
        f"{whole.dtype} {[*whole.shape]} {hashlib.sha256(whole.contiguous().numpy().tobytes()).hexdigest()}"
    )


def _rows(file: Path) -> list[dict[str, Any]]:
    """Reads rows as people give them from Python, with whole paths."""
    with file.open(newline="") as lines:
        rows = [{key: cell or None for key, cell in row.items()} for row in csv.DictReader(lines)]
    names = {each.name: str(each) for each in file.parent.iterdir()}
    return [{key: cell and names.get(cell, cell) for key, cell in row.items()} for row in rows]


@pytest.mark.parametrize(("name", "role", "column"), COLUMNS)
def test_columns_are_encoded_as_in_training_bit_for_bit(
    both: Both, name: str, role: str, column: str
) -> None:
    _, parts = _trained(both.folder, name)
    for part in FILES:
        held, fresh = _digests(parts[part]), both.fresh[name]["digests"][part]
        assert fresh[f"{role}.{column}"] == held[f"{role}.{column}"]
        assert fresh.keys() == held.keys()


@pytest.mark.parametrize("name", SPECS)
def test_figures_of_evaluate_are_the_same(both: Both, name: str) -> None:
    model, parts = _trained(both.folder, name)
    figures = dict(_judged(model, parts["test"]).figures)
    assert both.fresh[name]["figures"] == pytest.approx(figures, rel=1e-6)


@pytest.mark.parametrize("name", ROWS_ALONE)
def test_predictions_are_those_that_evaluate_judges(both: Both, name: str) -> None:
    model, parts = _trained(both.folder, name)
    for target, prediction in _judged(model, parts["test"]).predictions.items():
        described = model.encoders.targets()[target]
        if described.is_mask:
            pixels = [row["pixels"][target] for row in both.fresh[name]["rows"]]
            counts = prediction.value.bincount(minlength=len(described.classes)).tolist()
            assert [sum(row[each] for row in pixels) for each in described.classes] == counts
            continue
        said = [row[target] for row in both.fresh[name]["rows"]]
        if described.type == "number":
            # Only rows whose answer is known are judged.
            mask = parts["test"].columns.targets[target].take(parts["test"].index).mask
            said = [value for row, value in enumerate(said) if mask is None or mask[row].all()]
            values = prediction.value.double().reshape(len(said), *described.shape)
            _assert_alike(said, model.encoders.decode_number(target, values).squeeze(1).tolist())
        elif described.is_sequence:
            classes = [described.classes[index] for index in prediction.value.tolist()]
            assert " ".join(said).split() == classes
        else:
            answers = Answers(model.judge.objective, model.encoders, {target: prediction})
            _assert_alike(both.fresh[name]["rows"], list(answers.documents()))


@pytest.mark.parametrize("name", ROWS_ALONE)
def test_rows_are_predicted_alike_one_by_one(both: Both, name: str) -> None:
    _assert_alike(both.fresh[name]["alone"], both.fresh[name]["rows"])


def test_forecasts_are_those_of_the_process_that_trained(both: Both) -> None:
    model, _ = _trained(both.folder, "series")
    said = both.fresh["series"]["rows"]
    assert len(said) == 4
    _assert_alike(said, model.predict(both.folder / "later.hours.csv"))


def _assert_alike(said: Any, expected: Any) -> None:
    """Allows numbers to be a millionth off, and nothing else."""
    if isinstance(expected, float):
        assert said == pytest.approx(expected, rel=1e-6)
    elif isinstance(expected, Mapping):
        assert list(said) == list(expected)
        for key, value in expected.items():
            _assert_alike(said[key], value)
    elif isinstance(expected, list):
        for one, other in zip(said, expected, strict=True):
            _assert_alike(one, other)
    else:
        assert said == expected
