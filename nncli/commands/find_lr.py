"""`nncli find-lr`: which learning rates let a network learn, seen in one short run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nncli.commands.batch_sizes import with_batch_size
from nncli.device import resolve_device, set_threads
from nncli.diagnosis.replays import bare
from nncli.errors import Exit
from nncli.messages.catalogue import failure
from nncli.preparing.own_code import load_code
from nncli.preparing.prepared import Prepared, missing_sections, prepare
from nncli.spec.opening import read_spec
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.spec.writing import as_flow
from nncli.terminal.curves import Axis, draw_curves
from nncli.terminal.streams import Streams
from nncli.training.rate_search import HIGHEST, LOWEST, STEPS, RateSearch, search_rates

_ROWS: Final = 16
_WIDEST: Final = 100


@dataclass(frozen=True)
class FindOptions:
    """What `nncli find-lr` was asked to do."""

    spec: Path
    set: tuple[str, ...] = ()
    low: float = LOWEST
    high: float = HIGHEST
    steps: int = STEPS
    json: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def find_lr(options: FindOptions, streams: Streams) -> int:
    """Runs the search, draws the loss over the rate, and suggests one; nothing is written.

    Raises UsageError `rates-order`, `rates-unfit`.
    """
    if not 0 < options.low < options.high:
        raise failure("rates-order", low=options.low, high=options.high)
    spec, problems = read_spec(options.spec, options.set)
    problems += missing_sections(spec)
    if spec.training is not None and spec.training.optimizer.name == "LBFGS":
        raise failure("rates-unfit", optimizer="LBFGS")
    device, code = resolve_device(options.device), load_code(options.code)
    set_threads(options.threads)

    def prepare_bare(spec: Spec) -> Prepared:
        training = bare(spec.training) if spec.training else None
        return prepare(replace(spec, training=training), problems, code=code)

    prepared = with_batch_size(spec, None, device, prepare_bare, streams)
    job, state = prepared.job(device)
    written = state.updaters[job.updates[0].name].learning_rate
    found = search_rates(job, state, options.steps, options.low, options.high)
    if options.json:
        streams.document(_document(found, written))
    else:
        _show(found, job.training, written, streams)
    return Exit.DONE


def _document(found: RateSearch, written: float) -> dict[str, object]:
    points = [{"lr": each.rate, "loss": each.loss, "smoothed": each.smoothed} for each in found.points]
    rates = {"steepest": found.steepest, "lowest": found.lowest, "suggested": found.suggested}
    return {"version": 1, "written": written, **rates, "points": points}


def _show(found: RateSearch, training: TrainingSpec, written: float, streams: Streams) -> None:
    curve = [(each.rate, each.smoothed) for each in found.points]
    size = (min(streams.out.width, _WIDEST), _ROWS)
    streams.data(draw_curves({"loss": curve}, Axis("learning rate", is_logarithmic=True), size))
    if found.suggested is None or found.lowest is None or found.steepest is None:
        streams.data("the loss did not fall at any rate: `nncli inspect-gradients` says why\n")
        return
    streams.data(f"the loss falls fastest at {found.steepest:.1e} and is lowest at {found.lowest:.1e}\n")
    if found.lowest == found.points[-1].rate:
        streams.data("it still falls at the end: more `--steps`, or a higher `--to`, show where it turns\n")
    name = training.optimizer.name
    streams.data(f"suggestion: optimizer: {as_flow({name: {'lr': found.suggested}})}   # now {written:g}\n")
