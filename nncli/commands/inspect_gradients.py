"""`nncli inspect-gradients`: gradients and activations layer by layer, with findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from nncli.commands.batch_sizes import with_batch_size
from nncli.commands.output_files import check_output
from nncli.data.opening import open_data
from nncli.device import resolve_device, set_threads
from nncli.diagnosis.findings import FindingId
from nncli.diagnosis.verdicts import Verdicts, diagnose
from nncli.doctor.copied_rows import copied_rows
from nncli.doctor.documents import Around, document_of, updates_document
from nncli.doctor.measuring import Patient, measure
from nncli.doctor.patients import trained_patient, untrained_patient
from nncli.doctor.recorded_runs import has_updates, has_weights, read_history, written_spec
from nncli.doctor.trying import Source, source_of, tried, written
from nncli.doctor.updates import UpdatesPatient, diagnose_updates, measure_updates, of_run
from nncli.errors import Exit, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.models.model import open_model
from nncli.models.recorded_data import other_data, recorded_spec
from nncli.preparing.own_code import OwnCode, load_code
from nncli.preparing.prepared import missing_sections, prepare
from nncli.runs.atomic import write_atomic
from nncli.runs.folder import RunFolder
from nncli.runs.info import read_run, spec_folder_of
from nncli.spec.opening import read_spec
from nncli.spec.reading import read_file
from nncli.spec.spec import Spec
from nncli.terminal.gradients import show_probe
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.verdicts import show_last_steps, show_verdicts
from nncli.terminal.waiting import waiting

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
    try_: bool = False
    write: Path | None = None
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
    if (options.try_ or options.write) and options.target.suffix == WEIGHTS_SUFFIX:
        raise failure("patch-without-spec", file=str(options.target))
    if options.write:
        check_output(options.write, overwrite=False)
    with waiting(streams, "measuring"):
        patient = _patient(options, streams, trained=trained)
    if isinstance(patient, UpdatesPatient):
        return _inspect_updates(options, patient, streams)
    with waiting(streams, "measuring"):
        subject, shown = measure(patient, with_starts=options.data is None)
        verdicts = diagnose(subject)
        if options.try_:
            verdicts = tried(_source(options, patient.code), verdicts, patient.device)
    last = patient.history.last_steps() if patient.history else ()
    if options.json:
        streams.document(document_of(shown, verdicts, Around(last, _text(options, patient.code))))
    else:
        show_probe(streams, str(options.target), shown, verdicts.findings)
        show_last_steps(streams, last)
        show_verdicts(streams, verdicts)
    if options.write:
        _write(options, patient.code, verdicts, streams)
    return _answer(options, verdicts)


def _answer(options: InspectOptions, verdicts: Verdicts) -> int:
    failed = any(finding.id in options.fail_on for finding in verdicts)
    return Exit.NO if failed or (options.strict and verdicts.is_serious) else Exit.DONE


def _inspect_updates(options: InspectOptions, patient: UpdatesPatient, streams: Streams) -> int:
    """Prints a table for each network that an update changes, and the findings."""
    if options.try_:
        # Steps with a patch are compared by the loss of outputs, which updates do not have.
        raise failure("try-of-updates", file=str(options.target))
    with waiting(streams, "measuring"):
        looked = measure_updates(patient)
        verdicts = diagnose_updates(patient, looked)
    last = patient.history.last_steps() if patient.history else ()
    if options.json:
        around = Around(last, _text(options, patient.prepared.code))
        streams.document(updates_document(looked, verdicts, around))
    else:
        for number, each in enumerate(looked):
            if number:
                streams.out.print()
            name = f"{options.target}, {each.network} in the update {each.update}"
            start = f"{each.network}." if len(patient.prepared.networks) > 1 else ""
            show_probe(streams, name, each.shown, verdicts.findings, start)
        show_last_steps(streams, last)
        show_verdicts(streams, verdicts)
    if options.write:
        _write(options, patient.prepared.code, verdicts, streams)
    return _answer(options, verdicts)


def _source(options: InspectOptions, code: OwnCode) -> Source:
    """Finds the text that a person wrote, with its `--set` values."""
    if not options.target.is_dir():
        text = read_file(options.target, str(options.target))
        return source_of(options.target, text, options.target.parent, options.set, code)
    info, file = read_run(options.target), RunFolder(options.target).spec
    folder = spec_folder_of(options.target, info) or options.target.resolve().parent
    return source_of(file, read_file(file, str(file)), folder, info.set, code)


def _text(options: InspectOptions, code: OwnCode) -> str | None:
    """Gives the text that patches change; None of a weights file, which has none."""
    return None if options.target.suffix == WEIGHTS_SUFFIX else _source(options, code).text


def _write(options: InspectOptions, code: OwnCode, verdicts: Verdicts, streams: Streams) -> None:
    """Writes the spec with the patches; nothing where there is none."""
    assert options.write is not None
    text = written(_source(options, code), verdicts)
    if text is None:
        streams.say(_why_nothing(verdicts))
        return
    write_atomic(options.write, text.encode())
    streams.say(f"the spec with its patches is in {options.write}")


def _why_nothing(verdicts: Verdicts) -> str:
    """Says why no patch was written."""
    shown = [each for each in verdicts.findings if each.patch]
    if any(each.is_serious for each in shown):
        return "no patch helped when it was tried, so nothing was written; --write without --try writes it"
    if shown:
        return "only notes have a patch, and those are not written: put it in yourself"
    return "no patch, so nothing was written"


def _patient(options: InspectOptions, streams: Streams, *, trained: bool) -> Patient | UpdatesPatient:
    if not trained:
        return _untrained(options, streams, *read_spec(options.target, options.set))
    if not options.target.is_dir():
        return _trained(options)
    info, run = read_run(options.target), options.target
    if has_weights(run) and not has_updates(run):
        return _trained(options)
    # Without weights it diverged, or was killed, before it saved anything: what there is can still be judged.
    patient = _untrained(options, streams, written_spec(run, info), [], info.batch_size)
    patient = replace(patient, history=read_history(run, info))
    if isinstance(patient, UpdatesPatient) and has_weights(run):
        return of_run(patient, run, read_file(RunFolder(run).spec, ""), patient.prepared.code)
    return patient


def _untrained(
    options: InspectOptions,
    streams: Streams,
    spec: Spec,
    problems: list[Problem],
    batch_size: int | None = None,
) -> Patient | UpdatesPatient:
    device, code = resolve_device(options.device), load_code(options.code)
    problems = [*problems, *missing_sections(spec)]
    prepared = with_batch_size(
        spec, batch_size, device, lambda each: prepare(each, problems, code=code), streams
    )
    for warning in prepared.warnings:
        show_problem(streams, warning)
    if prepared.updates:
        return UpdatesPatient(prepared, device, batches=options.batches)
    patient = untrained_patient(prepared, options.target, device, options.batches)
    return replace(patient, copied=copied_rows(prepared.spec, patient.data))


def _trained(options: InspectOptions) -> Patient:
    device, code = resolve_device(options.device), load_code(options.code)
    model = open_model(options.target, device, code)
    if options.data:
        data = other_data(model, options.data)
        return trained_patient(model, options.target, data, code, is_own=False, batches=options.batches)
    source = recorded_spec(model, options.target)
    data = open_data(source)
    patient = trained_patient(model, options.target, data, code, batches=options.batches)
    return replace(patient, copied=copied_rows(source, data))
