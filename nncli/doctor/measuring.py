"""A spec or a run measured: its data and graph, a few initialisations, first steps, what came out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, replace
from typing import Final

import torch

from nncli.data.dataset import Data
from nncli.data.sampling import batch_bounds
from nncli.diagnosis.by_heart import ROWS, ByHeart, learn_by_heart
from nncli.diagnosis.facts import constant_loss, facts_of
from nncli.diagnosis.history import History
from nncli.diagnosis.of_steps import ENOUGH_STEPS
from nncli.diagnosis.outcomes import outcome_of
from nncli.diagnosis.probes import Probe, probe
from nncli.diagnosis.replays import STEPS, Limits, Replays, replays_of
from nncli.diagnosis.subject import Subject
from nncli.inspection.findings import Finding as CopiedRows
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.functions.constants import work_out_constants
from nncli.preparing.own_code import NO_CODE, OwnCode
from nncli.spec.nodes import Mapping, Sequence
from nncli.spec.reading import read_nodes
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.training.evaluation import Judge
from nncli.training.job import Trainable, TrainJob, make_job
from nncli.training.state import TrainState

DRAWS: Final = 3
MOST_ROWS: Final = 2000
_SECONDS_BEFORE: Final = 1.0
_SECONDS_AFTER: Final = 12.0
"""How long first steps are run again, where that may explain a run that came to little."""
_SLOW_BATCH_SECONDS: Final = 0.1
"""Where a batch takes longer, only as many first steps are run again as tell anything."""
_SLOW_SECONDS: Final = 1.0
"""After this long no further initialisation is drawn."""


@dataclass(frozen=True)
class Patient:
    """What is to be measured: a spec with its data and networks, whose weights are trained or not.

    `step` is how far they are trained. Gradients are looked at on so many `batches`, all else on at most
    `most_rows` of each part. `copied` tells of rows that make figures too good.
    """

    spec: Spec
    networks: MappingType[str, CompiledNetwork]
    data: Data
    judge: Judge
    device: torch.device
    code: OwnCode = NO_CODE
    is_trained: bool = False
    step: int = 0
    history: History | None = None
    batches: int = 4
    most_rows: int = MOST_ROWS
    copied: tuple[CopiedRows, ...] = ()

    @property
    def training(self) -> TrainingSpec:
        """How the network is trained."""
        assert self.spec.training is not None
        return self.spec.training

    @property
    def has_foreign_weights(self) -> bool:
        """Tells whether weights come from files, so that drawing them again says nothing."""
        return any(each.weights for each in self.networks.values())


def with_paths_of(text: str, network: CompiledNetwork) -> CompiledNetwork:
    """Gives layers the paths that they have in a text, where a network may be its list of layers."""
    root = read_nodes(text, "")
    lists = []
    if isinstance(root, Mapping):
        single, several = root.get("network"), root.get("networks")
        lists = ["network."] if isinstance(single, Sequence) else []
        for name, node in several.entries if isinstance(several, Mapping) else ():
            lists += [f"networks.{name.text}."] if isinstance(node, Sequence) else []
    calls = []
    for call in network.calls:
        start = next((each for each in lists if call.path.startswith(f"{each}layers.")), "")
        path = start + call.path.removeprefix(f"{start}layers.") if start else call.path
        calls.append(replace(call, path=path))
    return replace(network, calls=tuple(calls))


def measure(patient: Patient, *, with_starts: bool = True) -> tuple[Subject, Probe]:
    """Measures everything that can be; also gives the probe that a person is shown.

    Torch's random generators stay as they are.
    """
    data = thinned(patient.data, patient.most_rows)
    devices = [patient.device] if patient.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        return _measured(patient, data, with_starts=with_starts)


def _measured(patient: Patient, data: Data, *, with_starts: bool) -> tuple[Subject, Probe]:
    training, judge = patient.training, patient.judge
    job, state = make_job(Trainable(training, patient.networks, judge), data, patient.device)
    state.step = patient.step
    began = time.monotonic()
    shown = probe(job, state, patient.batches)
    pace = (time.monotonic() - began) / shown.batches
    constant = constant_loss(judge.objective, job.train)
    starts = tuple(_starts(patient, data, shown)) if with_starts else ()
    network = next(iter(patient.networks.values()))
    subject = Subject(
        patient.spec,
        network,
        training,
        judge.objective,
        facts_of(data, list(network.inputs)),
        constant,
        _steps(patient),
        starts,
        history=patient.history,
        copied=patient.copied,
    )
    if patient.is_trained:
        module = state.networks[job.network]
        outcome = outcome_of(module, job.train, job.validation, judge, constant)
        subject = replace(subject, end=shown, outcome=outcome)
    if starts and (subject.outcome is None or subject.is_poor):
        subject = replace(subject, replays=_replays(patient, data, constant, pace))
    if subject.is_blind and not patient.has_foreign_weights and starts:
        assert subject.replays is not None
        best = min(subject.replays.rates.items(), key=lambda each: each[1].after)[0]
        subject = replace(subject, by_heart=measure_by_heart(patient, best))
    return subject, shown


def thinned(data: Data, most_rows: int) -> Data:
    """Keeps an even draw of the rows of each part; more would tell the same and take longer."""
    parts = {
        name: replace(part, index=part.index[:: max(1, part.rows // most_rows)])
        for name, part in data.parts.items()
    }
    return replace(data, parts=parts)


def _steps(patient: Patient) -> int | None:
    """Counts the steps of the whole run."""
    training = patient.training
    rows = patient.data.parts["train"].rows
    if training.steps is not None or training.epochs is None:
        return training.steps
    return training.epochs * len(batch_bounds(rows, training.batch_size))


def _starts(patient: Patient, data: Data, shown: Probe) -> Iterator[Probe]:
    """Probes a few initialisations, the first one with the seed of the spec."""
    if patient.has_foreign_weights:
        if not patient.is_trained:
            yield shown
        return
    began = time.monotonic()
    for number in range(DRAWS):
        if number == 0 and not patient.is_trained:
            yield shown
            continue
        training = patient.training.model_copy(update={"seed": patient.training.seed + number})
        job, state = fresh_job(patient, data, training)
        yield probe(job, state, patient.batches)
        if time.monotonic() - began > _SLOW_SECONDS:
            return


def fresh_job(patient: Patient, data: Data, training: TrainingSpec) -> tuple[TrainJob, TrainState]:
    """Makes a job with initial weights drawn from the seed of `training`."""
    spec, encoders = patient.spec, data.encoders
    declared = encoders.counts()
    torch.manual_seed(training.seed)
    constants = work_out_constants(spec.constants, declared, [])
    around = Surroundings(declared, constants, patient.code.layers)
    networks = compile_networks(spec.networks, encoders.inputs(), around)
    networks = {name: _placed_like(each, patient.networks.get(name)) for name, each in networks.items()}
    return make_job(Trainable(training, networks, patient.judge), data, patient.device)


def _placed_like(network: CompiledNetwork, other: CompiledNetwork | None) -> CompiledNetwork:
    """Gives layers the places that they have in the text that a person wrote."""
    if other is None or len(other.calls) != len(network.calls):
        return network
    pairs = zip(network.calls, other.calls, strict=True)
    return replace(network, calls=tuple(replace(own, place=its.place, path=its.path) for own, its in pairs))


def measure_by_heart(patient: Patient, times: float = 1.0) -> ByHeart:
    """Tells whether fresh weights can learn one batch by heart, with rates around so many times its own."""
    part = patient.data.parts["train"]
    index = part.index[:: max(1, part.rows // ROWS)][:ROWS]
    batch = replace(patient.data, parts={"train": replace(part, index=index)})

    def make(training: TrainingSpec) -> tuple[TrainJob, TrainState]:
        return fresh_job(patient, batch, training)

    return learn_by_heart(patient.training, make, times)


def _replays(patient: Patient, data: Data, constant: float | None, pace: float) -> Replays | None:
    """Runs first steps again, of slow networks fewer; `pace` is how many seconds a batch takes."""
    if patient.has_foreign_weights or patient.training.updates:
        return None

    def make(training: TrainingSpec) -> tuple[TrainJob, TrainState]:
        return fresh_job(patient, data, training)

    seconds = _SECONDS_AFTER if patient.is_trained else _SECONDS_BEFORE
    steps = ENOUGH_STEPS if pace > _SLOW_BATCH_SECONDS and not patient.is_trained else STEPS
    limits = Limits(min(steps, _steps(patient) or STEPS), seconds)
    return replays_of(patient.training, make, constant, limits)
