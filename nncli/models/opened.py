"""A run folder, a weights file or a spec opened: its networks with their weights, on the CPU"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from nncli.columns.encoders import Encoders
from nncli.errors import Exit, NncliError, Problem
from nncli.generation.text_columns import TextRecipe, text_recipes
from nncli.messages.catalogue import failure, failures, nearest
from nncli.models.described import describe, read_encoders, read_held, read_recorded_code, read_spec_of
from nncli.network.compiled import CompiledNetwork, stored_tensors, together
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.functions.constants import work_out_constants
from nncli.network.items.network_calls import in_order
from nncli.objectives.heads import objective_of
from nncli.objectives.recipes import CompiledRecipe, compile_recipes
from nncli.objectives.updates import CompiledUpdate, compile_updates
from nncli.objectives.walks import Batch
from nncli.preparing.own_code import NO_CODE, OwnCode, require_code
from nncli.preparing.prepared import prepare
from nncli.runs.folder import RunFolder, nearest_run
from nncli.runs.info import RunInfo, read_run
from nncli.runs.layer_record import LAYERS_KEY, layers_text, read_layers
from nncli.runs.resume_command import resume_command
from nncli.runs.verifying import without_weights
from nncli.runs.weights_file import WeightsFile, read_weights
from nncli.spec.opening import read_spec
from nncli.spec.spec import Spec
from nncli.spec.writing import with_networks
from nncli.training.evaluation import Judge
from nncli.training.metrics import build_metrics

SPEC_ENDINGS: Final = (".yaml", ".yml")
# What is wrong with a weights file that the checkpoints of its run would give again.
_LASTING: Final = ("weights-newer", "weights-not-finite", "file-not-regular", "file-linked")


@dataclass(frozen=True)
class Opened:
    """Networks with their weights, and all that is known of them.

    `networks` are those whose weights are there: one, or several of a file that nobody trained.
    `encoders` are None where the spec has no data, `judge` where it has no training, or one that says its
    `updates`. `path` is the
    weights file or the spec, `metadata` what a weights file of these networks says of itself, `run`
    what the run folder notes, `code` the files of `--code`. `warnings` are problems that stop nothing.
    """

    spec: Spec
    networks: Mapping[str, CompiledNetwork]
    path: Path
    metadata: Mapping[str, str]
    encoders: Encoders | None = None
    judge: Judge | None = None
    run: RunInfo | None = None
    code: OwnCode = NO_CODE
    warnings: tuple[Problem, ...] = ()

    def chosen(self, name: str | None, option: str) -> str:
        """Names the network that is asked for, or the only one; `option` says how one is chosen.

        Raises UsageError `network-unknown`, and `network-not-chosen` where there are several.
        """
        known = list(self.networks)
        if name is None and len(known) > 1:
            choice = option.format(known[0])
            raise failure("network-not-chosen", file=str(self.path), known=known, choice=choice)
        if name is not None and name not in known:
            near = nearest(name, known)
            raise failure("network-unknown", name=name, file=str(self.path), nearest=near, known=known)
        return name or known[0]

    def only(self, name: str) -> Opened:
        """Takes one of several networks, with those that are layers of it."""
        within = in_order(self.spec.networks)[name]
        needed = (name, *(each for each in self.spec.networks if each in within))
        spec, judge = with_networks(self.spec, needed), self.judge
        if name != next(iter(self.networks)):
            # The loss is that of the first network.
            spec, judge = replace(spec, training=None), None
        networks = {name: self.networks[name]}
        metadata = describe(spec, networks, self.encoders, self.code)
        layers = read_layers(self.metadata[LAYERS_KEY])
        start = f"{name}."
        own = {layer.removeprefix(start): each for layer, each in layers.items() if layer.startswith(start)}
        metadata[LAYERS_KEY] = layers_text(own)
        return replace(self, spec=spec, networks=networks, metadata=metadata, judge=judge)


def is_spec(path: Path) -> bool:
    """Tells whether a path is that of a spec, by its ending."""
    return path.suffix.lower() in SPEC_ENDINGS and not path.is_dir()


def open_untrained(path: Path, sets: Sequence[str] = (), code: OwnCode = NO_CODE) -> Opened:
    """Opens a spec: with the weights that its `weights:` names, else with initial ones from its seed.

    Leaves torch's random generators as they were. Raises what `prepare` does.
    """
    spec, problems = read_spec(path, sets)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        prepared = prepare(spec, problems, code=code)
    encoders = prepared.data.encoders if prepared.data else None
    metadata = describe(prepared.spec, prepared.networks, encoders, code)
    facts = (prepared.spec, prepared.networks, path, metadata, encoders, prepared.judge)
    return Opened(*facts, code=code, warnings=prepared.warnings)


def open_weights(path: Path, code: OwnCode = NO_CODE) -> Opened:
    """Opens a run folder or a weights file.

    Raises UsageError `file-unreadable`, `spec-not-trained`; `code-missing`, `code-differs` before anything
    of `code` is used; WeightsError for what is no model of nncli.
    """
    if not path.exists():
        reason = "no such file or folder"
        raise failure("file-unreadable", file=str(path), reason=reason, nearest=nearest_run(path))
    if is_spec(path):
        raise failure("spec-not-trained", file=str(path))
    run = read_run(path) if path.is_dir() else None
    file = RunFolder(path).weights if run else path
    weights = _weights_of_run(path, run) if run else read_weights(path)
    spec = read_spec_of(weights, file)
    require_code(read_recorded_code(weights, file), code, path)
    encoders = read_encoders(weights, spec, file)
    networks = _compiled(spec, encoders, file, code)
    held = read_held(weights, networks, file)
    networks = {name: networks[name] for name in held}
    if run:
        spec = _placed_as_written(spec, RunFolder(path), run)
        networks = {name: _placed(network, spec) for name, network in networks.items()}
    _load(together(networks), weights.tensors, file)
    judge = None
    if encoders is not None and spec.training is not None and not spec.training.updates:
        trained = next(iter(networks.values()))
        _refuse_other_inputs(trained, encoders, file)
        judge = _judge(spec, encoders, trained)
    return Opened(spec, networks, file, weights.metadata, encoders, judge, run, code)


def compiled_recipes(opened: Opened) -> dict[str, CompiledRecipe]:
    """Compiles the recipes of `predict:`, where all networks of the spec are there."""
    recipes = opened.spec.recipes
    return compile_recipes(recipes, opened.networks, *_around(opened)) if _is_whole(opened) else {}


def found_text_recipes(opened: Opened) -> dict[str, TextRecipe]:
    """Finds the recipes that write text, where all networks of the spec are there."""
    encoders = opened.encoders
    if encoders is None or not _is_whole(opened):
        return {}
    return text_recipes(opened.spec, opened.networks, encoders)


def compiled_updates(opened: Opened) -> tuple[CompiledUpdate, ...]:
    """Compiles what the networks were trained by, where the spec says so and all of them are there."""
    updates = opened.spec.training.updates if opened.spec.training else ()
    return compile_updates(updates, opened.networks, *_around(opened)) if _is_whole(opened) else ()


def _is_whole(opened: Opened) -> bool:
    return opened.encoders is not None and set(opened.networks) == set(opened.spec.networks)


def _around(opened: Opened) -> tuple[Batch, Mapping[str, Tensor | None]]:
    """Describes what expressions over the networks can read: columns, counts and constants."""
    encoders = opened.encoders
    assert encoders is not None
    declared = encoders.counts()
    batch = Batch(encoders.inputs(), encoders.targets(), declared, opened.code.layers)
    return batch, work_out_constants(opened.spec.constants, declared, [])


def _weights_of_run(path: Path, run: RunInfo) -> WeightsFile:
    weights_path = RunFolder(path).weights
    if not weights_path.exists():
        raise failures([without_weights(path, run)])
    try:
        return read_weights(weights_path)
    except NncliError as error:
        if error.problems[0].code in _LASTING:
            raise
        command = resume_command(path, run)
        raise failure("run-weights-damaged", run=str(path), reason=str(error), command=command) from error


def _judge(spec: Spec, encoders: Encoders, network: CompiledNetwork) -> Judge:
    targets = encoders.targets()
    objective = objective_of(spec, targets, network)
    metrics = build_metrics(spec.training.metrics if spec.training else None, targets)
    return Judge(objective, metrics, encoders.decode_number)


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


def _placed(network: CompiledNetwork, spec: Spec) -> CompiledNetwork:
    calls = [replace(call, place=spec.place(*call.path.split("."))) for call in network.calls]
    return replace(network, calls=tuple(calls))


def _compiled(spec: Spec, encoders: Encoders | None, path: Path, code: OwnCode) -> dict[str, CompiledNetwork]:
    declared = encoders.counts() if encoders else {}
    inputs = encoders.inputs() if encoders else {}
    try:
        problems: list[Problem] = []
        constants = work_out_constants(spec.constants, declared, problems)
        if problems:
            raise failures(problems)
        around = Surroundings(declared, constants, code.layers)
        with torch.random.fork_rng(devices=[]):
            return compile_networks(spec.networks, inputs, around)
    except NncliError as error:
        # What a file of `--code` raises is no fault of the weights file.
        if error.exit_code == Exit.RESOURCE or _is_own_fault(error):
            raise
        raise failure("weights-metadata", file=str(path), key="nncli.spec") from error


def _is_own_fault(error: NncliError) -> bool:
    return any(problem.code == "layer-raised" for problem in error.problems)


def _refuse_other_inputs(network: CompiledNetwork, encoders: Encoders, path: Path) -> None:
    if network.not_given(encoders.inputs()):
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
