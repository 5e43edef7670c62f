"""`nncli inspect-gradients`: gradients and activations layer by layer, with findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from nncli.device import resolve_device, set_precision, set_threads
from nncli.diagnosis.findings import FindingId
from nncli.diagnosis.verdicts import diagnose
from nncli.doctor.documents import document_of
from nncli.doctor.measuring import Patient, measure, with_paths_of
from nncli.errors import Exit
from nncli.messages.catalogue import failure, nearest
from nncli.model import open_model
from nncli.own_code import load_code
from nncli.preparing import missing_sections, prepare
from nncli.recorded import other_data, recorded_data
from nncli.runs.folder import RunFolder
from nncli.runs.rows import read_rows
from nncli.spec.opening import read_spec
from nncli.spec.reading import read_file
from nncli.terminal.gradients import show_probe
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.verdicts import show_verdicts
from nncli.terminal.waiting import waiting
from nncli.training.job_checks import check_training

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
        patient = _trained(options) if trained else _untrained(options, streams)
        subject, shown = measure(patient, with_starts=options.data is None)
        verdicts = diagnose(subject)
    if options.json:
        streams.document(document_of(shown, verdicts))
    else:
        show_probe(streams, str(options.target), shown, verdicts.findings)
        show_verdicts(streams, verdicts)
    failed = any(finding.id in options.fail_on for finding in verdicts)
    return Exit.NO if failed or (options.strict and verdicts.is_serious) else Exit.DONE


def _untrained(options: InspectOptions, streams: Streams) -> Patient:
    spec, problems = read_spec(options.target, options.set)
    code = load_code(options.code)
    prepared = prepare(spec, [*problems, *missing_sections(spec)], code=code)
    for warning in prepared.warnings:
        show_problem(streams, warning)
    if prepared.updates:
        raise failure("model-of-updates", file=str(options.target))
    training = prepared.spec.training
    assert prepared.data is not None and prepared.judge is not None and training is not None
    device = resolve_device(options.device)
    set_precision(training.precision, device)
    facts = (prepared.spec, prepared.networks, prepared.data, prepared.judge, device, code)
    return Patient(*facts, batches=options.batches)


def _trained(options: InspectOptions) -> Patient:
    device, code = resolve_device(options.device), load_code(options.code)
    model = open_model(options.target, device, code)
    spec, training = model.spec, model.training
    if options.data:
        data = other_data(model, options.data)
        # Nothing is chosen by figures of a validation part that other rows do not have.
        training = training.model_copy(update={"keep_best": None, "stop_early": None})
        spec = replace(spec, training=training)
    else:
        data = recorded_data(model, options.target)
    network = model.network
    if model.run:
        network = with_paths_of(read_file(RunFolder(options.target).spec, ""), network)
    networks = {next(iter(spec.networks)): network}
    check_training(spec, networks, model.judge.metrics, data)
    # The probe judges a network that was trained otherwise than one that was not.
    rows = read_rows(RunFolder(options.target).metrics) if model.run else []
    step = rows[-1].get("step") if rows else None
    return Patient(
        spec,
        networks,
        data,
        model.judge,
        device,
        code,
        is_trained=True,
        step=step if isinstance(step, int) else 1,
        batches=options.batches,
    )
