"""A run folder or a weights file opened as spec, encoders and module: what every use of it shares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

from nncli.columns.encoders import Encoders
from nncli.data.dataset import declared_counts
from nncli.data.rows import read_rows, table_from_rows
from nncli.device import resolve_device, set_precision
from nncli.errors import Exit, NncliError
from nncli.messages.catalogue import failure
from nncli.network.compiled import CompiledNetwork, stored_tensors
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.constants import work_out_constants
from nncli.outputs import Answers
from nncli.own_code import CODE_KEY, NO_CODE, OwnCode, load_code, require_code
from nncli.preparing import Prepared
from nncli.pretrained.foreign import layer_records
from nncli.runs.folder import RunFolder, RunInfo, read_run
from nncli.runs.layer_record import LAYERS_KEY, layers_text
from nncli.runs.resume_command import resume_command
from nncli.runs.weights_file import WeightsFile, read_weights
from nncli.sources.tables import Table
from nncli.spec.opening import parse_spec, read_spec
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Origin, Spec
from nncli.spec.writing import as_tree
from nncli.training.evaluation import Judge
from nncli.training.metrics import build_metrics
from nncli.training.objective_checks import build_objective
from nncli.training.prediction import predict

if TYPE_CHECKING:
    import polars

# What is wrong with a weights file that the checkpoints of its run would give again.
_LASTING: Final = ("weights-newer", "weights-not-finite", "file-not-regular", "file-linked")
# Source: c-printable and b-char of YAML 1.1, which libyaml reads by.
_NOT_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, repr=False)
class Model:
    """A trained network that is ready to use, in eval mode on its device.

    `spec` states every size and class. `run` is what the run folder notes, None for a weights
    file. `path` is the weights file.
    """

    module: nn.Module
    spec: Spec
    encoders: Encoders
    network: CompiledNetwork
    judge: Judge
    path: Path
    device: torch.device
    run: RunInfo | None = None

    @property
    def training(self) -> TrainingSpec:
        """How the network was trained; no model opens without it."""
        assert self.spec.training is not None
        return self.spec.training

    def __repr__(self) -> str:
        """Says what was opened in one line; the whole spec would fill a screen."""
        return f"Model({self.spec.name!r}, {self.network.parameters():,} parameters, {str(self.path)!r})"

    def answers(self, inputs: Mapping[str, Tensor]) -> Answers:
        """Runs encoded rows through the network and turns outputs into classes and units."""
        taken = [inputs[name].to(self.device) for name in self.network.inputs]
        output = predict(self.module, taken, self.training.batch_size)
        objective = self.judge.objective
        return Answers(objective, self.encoders, objective.predictions(output))

    def predict(
        self, rows: Mapping[str, object] | Sequence[Mapping[str, object]] | polars.DataFrame | str | Path
    ) -> list[dict[str, Any]]:
        """Predicts raw rows: a dict for each, a Polars frame, or the path of a file; one dict is one row.

        Returns one dict a row, in order: the targets, and `probabilities` where the loss gives
        them: `{"species": "Adelie", "probabilities": {"species": {"Adelie": 0.98, …}}}`.
        Raises DataError as `nncli predict` does.
        """
        table: Table
        if isinstance(rows, (str, Path)):
            table = read_rows(Path(rows), self.encoders, with_targets=False)
        else:
            table = table_from_rows(rows, self.encoders, with_targets=False)
        return list(self.answers(self.encoders.encode_inputs(table)).documents())


def load(path: str | Path, device: str = "auto", code: str | Path | Sequence[str | Path] = ()) -> Model:
    """Opens a run folder or an exported weights file; `code` names the Python files of its own layers.

    These files run. Raises WeightsError for what is no model of nncli, UsageError for a device that is
    not there, and for `code` that is not what the network was trained with.
    """
    files = [code] if isinstance(code, (str, Path)) else code
    return open_model(Path(path), resolve_device(device), load_code([Path(file) for file in files]))


def open_model(path: Path, device: torch.device, code: OwnCode = NO_CODE) -> Model:
    """Opens a run folder or a weights file on a device, at the precision it was trained with; see `load`.

    Raises UsageError `code-missing`, `code-differs` before anything of `code` is used.
    """
    if not path.exists():
        raise failure("file-unreadable", file=str(path), reason="no such file or folder")
    run = read_run(path) if path.is_dir() else None
    weights_path = RunFolder(path).weights if run else path
    weights = _weights_of_run(path, run) if run else read_weights(path)
    spec = _spec_of(weights, weights_path)
    require_code(_recorded_code(weights, weights_path), code, path)
    encoders = Encoders.from_json(_document(weights, "nncli.encoders", weights_path))
    network = _compiled(spec, encoders, weights_path, code)
    if run:
        spec = _placed_as_written(spec, RunFolder(path), run)
        calls = [replace(call, place=spec.place(*call.path.split("."))) for call in network.calls]
        network = replace(network, calls=tuple(calls))
    _refuse_other_inputs(network, encoders, weights_path)
    _load(network.module, weights.tensors, weights_path)
    judge = _judge(spec, encoders, network)
    model = Model(network.module.to(device).eval(), spec, encoders, network, judge, weights_path, device, run)
    set_precision(model.training.precision, device)
    return model


def _weights_of_run(path: Path, run: RunInfo) -> WeightsFile:
    weights_path = RunFolder(path).weights
    if not weights_path.exists():
        command = resume_command(path, run)
        raise failure("run-without-weights", run=str(path), state=run.state, command=command)
    try:
        return read_weights(weights_path)
    except NncliError as error:
        if error.problems[0].code in _LASTING:
            raise
        command = resume_command(path, run)
        raise failure("run-weights-damaged", run=str(path), reason=str(error), command=command) from error


def _judge(spec: Spec, encoders: Encoders, network: CompiledNetwork) -> Judge:
    targets = encoders.targets()
    objective = build_objective(spec, targets, network.output_shape, network.calls[-1])
    metrics = build_metrics(spec.training.metrics if spec.training else None, targets)
    return Judge(objective, metrics, encoders.decode_number)


def _document(weights: WeightsFile, key: str, path: Path) -> Any:
    try:
        return json.loads(weights.metadata[key])
    except (KeyError, ValueError, RecursionError) as error:
        raise failure("weights-metadata", file=str(path), key=key) from error


def _spec_of(weights: WeightsFile, path: Path) -> Spec:
    text = weights.metadata.get("nncli.spec", "")
    try:
        spec = parse_spec(text, Origin(f"{path}: nncli.spec", path.parent, text), stem=path.stem)
    except NncliError as error:
        raise failure("weights-metadata", file=str(path), key="nncli.spec") from error
    if spec.training is None:
        raise failure("weights-metadata", file=str(path), key="nncli.spec")
    return spec


def _placed_as_written(spec: Spec, folder: RunFolder, run: RunInfo) -> Spec:
    """Gives every part of a run's spec its place in spec.yaml, which is the text that a person wrote."""
    try:
        written, _ = read_spec(folder.spec, run.set)
    except NncliError:
        return spec
    places = {}
    for path in spec.places:
        # A list of layers is stated as {inputs, layers} where the inputs are stated too.
        short = path.replace("network.layers.", "network.", 1)
        parts = (path if "network.layers" in written.places else short).split(".")
        places[path] = written.place(*parts)
    return replace(spec, places=places)


def _recorded_code(weights: WeightsFile, path: Path) -> dict[str, str]:
    if CODE_KEY not in weights.metadata:
        return {}
    found = _document(weights, CODE_KEY, path)
    if not isinstance(found, dict) or not all(isinstance(digest, str) for digest in found.values()):
        raise failure("weights-metadata", file=str(path), key=CODE_KEY)
    return found


def _compiled(spec: Spec, encoders: Encoders, path: Path, code: OwnCode) -> CompiledNetwork:
    declared = declared_counts(encoders.targets())
    try:
        constants = work_out_constants(spec.constants, declared)
        around = Surroundings(declared, constants, code.layers)
        with torch.random.fork_rng(devices=[]):
            return next(iter(compile_networks(spec.networks, encoders.inputs(), around).values()))
    except NncliError as error:
        # What a file of `--code` raises is no fault of the weights file.
        if error.exit_code == Exit.RESOURCE or _is_own_fault(error):
            raise
        raise failure("weights-metadata", file=str(path), key="nncli.spec") from error


def _is_own_fault(error: NncliError) -> bool:
    return any(problem.code == "layer-raised" for problem in error.problems)


def _refuse_other_inputs(network: CompiledNetwork, encoders: Encoders, path: Path) -> None:
    offered = encoders.inputs()
    for name, wanted in network.inputs.items():
        if name not in offered or not wanted.takes(offered[name]):
            raise failure("weights-metadata", file=str(path), key="nncli.encoders")


def _load(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Puts tensors into a module; the first three that differ are named.

    Raises WeightsError `weights-differ`.
    """
    wanted = stored_tensors(module)
    differing = [
        _difference(name, wanted.get(name), tensors.get(name))
        for name in [*wanted, *(name for name in tensors if name not in wanted)]
        if name not in wanted or name not in tensors or wanted[name].shape != tensors[name].shape
    ]
    if differing:
        raise failure("weights-differ", file=str(path), differing=differing[:3])
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(tensors[name])


def _difference(name: str, wanted: Tensor | None, found: Tensor | None) -> str:
    if found is None:
        return f"{name} is missing"
    if wanted is None:
        return f"{name} belongs to nothing"
    return f"{name} is {list(found.shape)}, not {list(wanted.shape)}"


def describe_model(prepared: Prepared) -> dict[str, str]:
    """Writes the metadata of a weights file: spec, encoders and outputs, as JSON; without data the spec.

    Data paths that are absolute keep their last part only: the file may go to other machines.
    """
    spec = replace(prepared.spec, data=_without_folders(prepared.spec))
    described = {
        LAYERS_KEY: layers_text(layer_records(prepared.network)),
        "nncli.torch": torch.__version__,
        "nncli.spec": _json_text(as_tree(spec)),
    }
    if used := prepared.code.used_by(prepared.networks.values()):
        described[CODE_KEY] = _json_text({file.path.name: file.digest for file in used})
    if prepared.data is None:
        return described
    loss = prepared.spec.training.loss[0].loss.name if prepared.spec.training else None
    outputs = [
        {
            "target": target.name,
            "kind": target.type,
            "classes": list(target.classes),
            "unit": None,
            "loss": loss,
        }
        for target in prepared.data.targets.values()
    ]
    return {
        **described,
        "nncli.encoders": _json_text(prepared.data.encoders.to_json()),
        "nncli.outputs": _json_text(outputs),
    }


def _json_text(document: object) -> str:
    """Writes JSON that is YAML too: what YAML refuses or takes for the end of a line is escaped."""
    text = json.dumps(document, ensure_ascii=False)
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _without_folders(spec: Spec) -> Any:
    data = spec.data
    if data is None:
        return None
    files = {"train": data.train, "validation": data.validation, "test": data.test}
    short = {key: Path(file).name for key, file in files.items() if file and Path(file).is_absolute()}
    return data.model_copy(update=short)
