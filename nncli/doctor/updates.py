"""Networks with updates of their own: each looked at by the update that changes it, and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from nncli.data.sampling import batch_bounds
from nncli.device import set_precision
from nncli.diagnosis.facts import facts_of
from nncli.diagnosis.findings import Finding
from nncli.diagnosis.history import History
from nncli.diagnosis.of_updates import dead_layer, discriminator_ahead, diverging_update
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.subject import Subject
from nncli.diagnosis.update_probes import probe_update
from nncli.diagnosis.verdicts import Check, Verdicts, diagnose, together
from nncli.doctor.measuring import MOST_ROWS, thinned, with_paths_of
from nncli.models.opened import open_weights
from nncli.preparing.own_code import OwnCode
from nncli.preparing.prepared import Prepared
from nncli.training.job import Trainable, make_job

_OF_UPDATES: Final = {"discriminator_ahead": discriminator_ahead, "diverging_loss": diverging_update}


@dataclass(frozen=True)
class UpdatesPatient:
    """Networks that learn by updates; with `run` their weights are those of a run, `step` is how far it
    came."""

    prepared: Prepared
    device: torch.device
    run: Path | None = None
    step: int = 0
    history: History | None = None
    batches: int = 4


@dataclass(frozen=True)
class Looked:
    """A network as an update that changes it showed it, with all that was measured."""

    network: str
    update: str
    shown: Probe
    subject: Subject


def of_run(patient: UpdatesPatient, run: Path, text: str, code: OwnCode) -> UpdatesPatient:
    """Puts the weights of a run into the networks. Raises what `open_weights` does."""
    prepared, opened = patient.prepared, open_weights(run, code)
    for name, network in opened.networks.items():
        prepared.networks[name].module.load_state_dict(network.module.state_dict())
    placed = {name: with_paths_of(text, network) for name, network in prepared.networks.items()}
    epochs = patient.history.epochs if patient.history else ()
    step = epochs[-1].step if epochs else 1
    return replace(patient, prepared=replace(prepared, networks=placed), run=run, step=step)


def measure_updates(patient: UpdatesPatient) -> tuple[Looked, ...]:
    """Looks at each network that an update changes; weights and random generators stay as they are."""
    prepared, data = patient.prepared, patient.prepared.data
    training = prepared.spec.training
    assert data is not None and training is not None
    data = thinned(data, MOST_ROWS)
    set_precision(training.precision, patient.device)
    plain = training.model_copy(update={"phases": (), "schedule": ()})
    found = []
    for number in range(len(prepared.updates)):
        job, state = make_job(
            Trainable(plain, prepared.networks, None, prepared.updates), data, patient.device
        )
        state.step = patient.step
        update = job.updates[number]
        for name, shown in probe_update(job, state, update, patient.batches).items():
            network = prepared.networks[name]
            subject = Subject(
                prepared.spec,
                network,
                training,
                None,
                facts_of(data, list(network.inputs)),
                None,
                _steps(patient),
                () if patient.run else (shown,),
                end=shown if patient.run else None,
                history=_history_of(patient, name),
                name=name,
            )
            found.append(Looked(name, update.name, shown, subject))
    return tuple(found)


def _steps(patient: UpdatesPatient) -> int | None:
    training, data = patient.prepared.spec.training, patient.prepared.data
    assert training is not None and data is not None
    if training.steps is not None or training.epochs is None:
        return training.steps
    return training.epochs * len(batch_bounds(data.parts["train"].rows, training.batch_size))


def _history_of(patient: UpdatesPatient, network: str) -> History | None:
    """Takes what a history tells of one of several networks."""
    if patient.history is None or len(patient.prepared.networks) == 1:
        return patient.history
    return patient.history.of_network(network)


def diagnose_updates(patient: UpdatesPatient, looked: Sequence[Looked]) -> Verdicts:
    """Makes every diagnosis that needs no prediction to compare, network by network, and those of updates."""
    found: list[Finding] = []
    checks: dict[Check, None] = {}
    for each in looked:
        verdicts = diagnose(each.subject)
        own = [*verdicts.findings, *verdicts.others]
        ended = dead_layer(each.subject)
        found += [
            _named(one, each, patient)
            for one in (*own, *((ended.with_items(each.subject.items),) if ended else ()))
        ]
        checks |= dict.fromkeys(verdicts.checks)
    history, unable = patient.history, "" if patient.history is not None else "diagnosis-needs-run"
    for name, find in _OF_UPDATES.items():
        one = find(patient.prepared.spec, patient.prepared.updates, history) if history is not None else None
        found += [one] if one else []
        checks[Check(name, unable)] = None
    return together(found, tuple(checks))


def _named(finding: Finding, looked: Looked, patient: UpdatesPatient) -> Finding:
    """Puts the network before the name of a layer, where there are several."""
    names = [call.name for call in looked.subject.network.calls]
    if len(patient.prepared.networks) == 1 or finding.spot.name not in names:
        return finding
    return replace(finding, spot=replace(finding.spot, name=f"{looked.network}.{finding.spot.name}"))
