"""A run folder to the facts of a report; what cannot be found out is missing with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar, final

import torch

from nncli.data.dataset import Data, Part
from nncli.data.opening import open_cells
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.verdicts import Verdicts, diagnose
from nncli.doctor.measuring import Patient, measure
from nncli.doctor.patients import trained_patient, untrained_patient
from nncli.doctor.recorded_runs import has_weights, read_history, written_spec
from nncli.doctor.updates import UpdatesPatient, diagnose_updates, measure_updates, of_run
from nncli.drawing.layout import draw_networks
from nncli.drawing.svg import svg
from nncli.errors import NncliError, UsageError
from nncli.inspection.looking import look
from nncli.messages.catalogue import message_of
from nncli.models.model import Model, trained_model
from nncli.models.opened import open_weights
from nncli.models.recorded_data import other_data, recorded_spec
from nncli.network.compiled import CompiledNetwork
from nncli.network.summary.steps import wiring
from nncli.preparing.own_code import OwnCode
from nncli.preparing.prepared import Prepared, missing_sections, prepare
from nncli.reports.answers import measure_answers
from nncli.reports.course import read_course, read_head
from nncli.reports.facts import DataFacts, Measured, RunFacts
from nncli.reports.raw_rows import raw_cells
from nncli.runs.environment import read_environment
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, read_run
from nncli.spec.reading import read_file
from nncli.spec.spec import Spec

NO_WEIGHTS: Final = "the run ended before it saved any weights"
OF_UPDATES: Final = (
    "the spec says its own updates, which have no predictions that could be compared with a target"
)
NO_DATA: Final = "the weights file has no data beside it"
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Looking:
    """How runs are looked at: on which device, with whose layers, and on which other rows if any."""

    device: torch.device
    code: OwnCode
    data: Path | None = None


@final
@dataclass
class _Tried:
    """Steps that may fail without ending the report; `missing` notes why, by the name of a section."""

    missing: dict[str, str] = field(default_factory=dict)

    def step(self, section: str, find: Callable[[], _Found]) -> _Found | None:
        """Makes a step; what is wrong on the command line is still an error."""
        try:
            return find()
        except UsageError as error:
            if error.problems[0].code != "model-of-updates":
                raise
            self.missing[section] = OF_UPDATES
        except NncliError as error:
            self.missing[section] = message_of(error.problems[0])
        return None

    def without(self, reason: str, *sections: str) -> None:
        """Notes one reason for several sections."""
        self.missing.update(dict.fromkeys(sections, reason))


def gather(path: Path, looking: Looking) -> RunFacts:
    """Finds out all that there is to know of a run folder; nothing in it changes.

    Raises what `read_run` and `read_environment` do, and UsageError for `--code` and `--data`.
    """
    info, folder = read_run(path), RunFolder(path)
    environment = read_environment(folder.environment)
    tried = _Tried()
    history = read_history(path, info)
    facts = RunFacts(
        head=read_head(path, info, environment, diverged=history.diverged),
        course=read_course(path, info),
        spec=read_file(folder.spec, str(folder.spec)),
        resolved=read_file(folder.resolved, str(folder.resolved)),
        sets=info.set,
        environment=environment,
    )
    look_inside = _of_trained if has_weights(path) else _of_untrained
    return replace(look_inside(facts, path, info, looking, tried), missing=tried.missing)


def _of_trained(facts: RunFacts, path: Path, info: RunInfo, looking: Looking, tried: _Tried) -> RunFacts:
    """Looks at a run through its weights."""
    opened = tried.step("answers", lambda: open_weights(path, looking.code))
    if opened is None:
        tried.without(tried.missing["answers"], "verdicts", "activations", "data", "graph")
        return facts
    model = trained_model(opened, looking.device)
    facts = _drawn(facts, opened.networks, tried)
    spec = tried.step("data", lambda: recorded_spec(model, path)) if opened.encoders else None
    found = tried.step("data", lambda: _data_facts(spec)) if spec else None
    facts = replace(facts, data=found[1] if found else None)
    if opened.judge is None:
        tried.without(OF_UPDATES if opened.encoders else NO_DATA, "answers", "verdicts", "activations")
        if opened.encoders is None or looking.data is not None:
            return facts
        verdicts = tried.step("verdicts", lambda: _of_updates(path, info, looking))
        return replace(facts, verdicts=verdicts)
    data = other_data(model, looking.data) if looking.data else found[0] if found else None
    if data is None:
        tried.without(tried.missing["data"], "answers", "verdicts", "activations")
        return facts
    is_own = looking.data is None
    measured = tried.step("answers", lambda: _answers(model, data, spec, looking.data))
    judged = tried.step(
        "verdicts", lambda: _judged(trained_patient(model, path, data, looking.code, is_own=is_own), is_own)
    )
    return _with_judged(replace(facts, measured=measured), judged, tried)


def _of_untrained(facts: RunFacts, path: Path, info: RunInfo, looking: Looking, tried: _Tried) -> RunFacts:
    """Looks at a run that has no weights through its spec."""
    tried.without(NO_WEIGHTS, "answers")
    prepared = tried.step("graph", lambda: _prepared(path, info, looking))
    if prepared is None:
        tried.without(tried.missing["graph"], "verdicts", "activations", "data")
        return facts
    facts = _drawn(facts, prepared.networks, tried)
    found = tried.step("data", lambda: _data_facts(prepared.spec))
    facts = replace(facts, data=found[1] if found else None)

    def judged() -> tuple[Probe, Verdicts]:
        patient = untrained_patient(prepared, path, looking.device)
        return _judged(replace(patient, history=read_history(path, info)), True)

    return _with_judged(facts, tried.step("verdicts", judged), tried)


def _of_updates(path: Path, info: RunInfo, looking: Looking) -> Verdicts:
    """Judges networks by the updates that change them."""
    history = read_history(path, info)
    patient = UpdatesPatient(_prepared(path, info, looking), looking.device, history=history)
    text = read_file(RunFolder(path).spec, "")
    patient = of_run(patient, path, text, looking.code)
    return diagnose_updates(patient, measure_updates(patient))


def _prepared(path: Path, info: RunInfo, looking: Looking) -> Prepared:
    spec = written_spec(path, info)
    return prepare(spec, missing_sections(spec), code=looking.code)


def _drawn(facts: RunFacts, networks: Mapping[str, CompiledNetwork], tried: _Tried) -> RunFacts:
    """Counts the weights of networks and draws them."""
    head = replace(facts.head, parameters=sum(each.parameters() for each in networks.values()))
    wirings = {name: wiring(each) for name, each in networks.items()}
    return replace(facts, head=head, graph=svg(draw_networks(wirings), facts.head.name))


def _data_facts(spec: Spec) -> tuple[Data, DataFacts]:
    found = look(spec)
    return found.data, DataFacts({str(name): rows for name, rows in found.rows.items()}, found.columns)


def _judged(patient: Patient, with_starts: bool) -> tuple[Probe, Verdicts]:
    subject, shown = measure(patient, with_starts=with_starts)
    return shown, diagnose(subject)


def _with_judged(facts: RunFacts, judged: tuple[Probe, Verdicts] | None, tried: _Tried) -> RunFacts:
    if judged is None:
        tried.without(tried.missing["verdicts"], "activations")
        return facts
    probe, verdicts = judged
    return replace(facts, probe=probe, verdicts=verdicts)


def _answers(model: Model, data: Data, spec: Spec | None, other: Path | None) -> Measured:
    """Looks at the validation part where there is one: the test part is for the last word."""
    part = _part(data)
    division = open_cells(spec) if spec and other is None else None
    found = measure_answers(model, part, raw_cells(model, part, division, other))
    return replace(found, part=str(other) if other else f"the {part.name} part")


def _part(data: Data) -> Part:
    return next(data.parts[name] for name in ("validation", "test", "train") if name in data.parts)


def environment_texts(environment: Mapping[str, Any]) -> dict[str, str]:
    """Says what software and machine a run had, by name; what is not known is left out."""
    found: dict[str, str] = {}
    for name, value in environment.items():
        if name == "version" or value is None:
            continue
        each = value if isinstance(value, Mapping) else {"": value}
        for key, one in each.items():
            found[f"{name} {key}".strip().replace("_", " ")] = str(one)
    return found
