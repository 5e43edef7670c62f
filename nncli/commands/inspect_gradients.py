"""`nncli inspect-gradients`: gradients and activations layer by layer, with findings."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from nncli.device import resolve_device, set_threads
from nncli.diagnosis.findings import Finding, FindingId, find
from nncli.diagnosis.probes import LayerProbe, Probe, probe
from nncli.errors import Exit
from nncli.messages.catalogue import failure, nearest
from nncli.model import open_model
from nncli.own_code import load_code
from nncli.preparing import missing_sections, prepare
from nncli.recorded import other_data, recorded_data
from nncli.runs.folder import RunFolder
from nncli.runs.rows import read_rows
from nncli.spec.opening import read_spec
from nncli.terminal.gradients import show_probe
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting
from nncli.training.job import Trainable, TrainJob, make_job
from nncli.training.job_checks import check_training
from nncli.training.state import TrainState

WEIGHTS_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class InspectOptions:
    """What `nncli inspect-gradients` was asked to do."""

    target: Path
    batches: int = 4
    set: tuple[str, ...] = ()
    data: Path | None = None
    json: bool = False
    fail_on: tuple[str, ...] = ()
    strict: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def inspect_gradients(options: InspectOptions, streams: Streams) -> int:
    """Prints the table and the findings; returns NO where one was asked to fail on."""
    known = get_args(FindingId)
    for wanted in options.fail_on:
        if wanted not in known:
            raise failure("finding-unknown", id=wanted, nearest=nearest(wanted, known), known=known)
    set_threads(options.threads)
    trained = options.target.is_dir() or options.target.suffix == WEIGHTS_SUFFIX
    if trained and options.set:
        raise failure("set-on-run")
    if options.data and not trained:
        raise failure("data-on-spec")
    with waiting(streams, "measuring"):
        job, state = _trained(options) if trained else _untrained(options, streams)
        measured = probe(job, state, options.batches)
    findings = find(measured)
    if options.json:
        streams.document(_document(measured, findings))
    else:
        show_probe(streams, str(options.target), measured, findings)
    serious = [finding for finding in findings if finding.severity != "note"]
    failed = any(finding.id in options.fail_on for finding in findings)
    return Exit.NO if failed or (options.strict and serious) else Exit.DONE


def _untrained(options: InspectOptions, streams: Streams) -> tuple[TrainJob, TrainState]:
    spec, problems = read_spec(options.target, options.set)
    prepared = prepare(spec, [*problems, *missing_sections(spec)], code=load_code(options.code))
    for warning in prepared.warnings:
        show_problem(streams, warning)
    if prepared.updates:
        raise failure("model-of-updates", file=str(options.target))
    return prepared.job(resolve_device(options.device))


def _trained(options: InspectOptions) -> tuple[TrainJob, TrainState]:
    device = resolve_device(options.device)
    model = open_model(options.target, device, load_code(options.code))
    spec, training = model.spec, model.training
    if options.data:
        data = other_data(model, options.data)
        # Nothing is chosen by figures of a validation part that other rows do not have.
        training = training.model_copy(update={"keep_best": None, "stop_early": None})
        spec = replace(spec, training=training)
    else:
        data = recorded_data(model, options.target)
    networks = {"network": model.network}
    check_training(spec, networks, model.judge.metrics, data)
    job, state = make_job(Trainable(training, networks, model.judge), data, device)
    # The probe judges a network that was trained otherwise than one that was not.
    rows = read_rows(RunFolder(options.target).metrics) if model.run else []
    step = rows[-1].get("step") if rows else None
    state.step = step if isinstance(step, int) else 1
    return job, state


def _document(measured: Probe, findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "version": 1,
        "layers": [_layer(layer) for layer in measured.layers],
        "findings": [_finite({**asdict(finding), "patch": None}) for finding in findings],
    }


def _layer(layer: LayerProbe) -> dict[str, Any]:
    activation = asdict(layer.activation) if layer.activation else None
    if activation is not None:
        del activation["units"]
    return {
        "name": layer.call.name,
        "type": layer.call.type,
        "gradient": _finite(asdict(layer.gradient)) if layer.gradient else None,
        "update_ratio": _finite({"": layer.update_ratio})[""],
        "activation": _finite(activation) if activation is not None else None,
    }


def _finite(figures: dict[str, Any]) -> dict[str, Any]:
    """A number that is not finite is null in JSON."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in figures.items()
    }
