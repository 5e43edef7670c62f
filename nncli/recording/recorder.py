"""Rows and state of a training run into its folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, final

from nncli.errors import DataError, DivergedError, NncliError, Problem
from nncli.runs.checkpoints import (
    KEPT,
    Checkpoint,
    Keeping,
    clean_leftovers,
    newest_checkpoint,
    save_checkpoint,
)
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunState, changed_files, note_rows, read_run, update_state
from nncli.runs.rows import append_row, append_rows, refuse_short, size_until, synced_size, truncate_after
from nncli.runs.weights_file import write_weights
from nncli.training.rows import DoneRow, EpochRow, ProgressRow, RewoundRow, Row, StoppedRow
from nncli.training.state import Trace, TrainState
from nncli.training.statistics import StepStatistics

METRICS_BYTES: Final = "metrics_bytes"
STATISTICS_BYTES: Final = "statistics_bytes"
# The losses since the checkpoint before, and its step: they belong to a checkpoint, and to no state.
TRACE: Final = "trace"
DIVERGED: Final = "diverged"
DIVERGENCE: Final = ("step", "epoch", "what", "layer", "type", "direction", "rows", "advice")
"""What is kept of a number that was not finite, by the facts of its error."""


@dataclass(frozen=True)
class Saving:
    """When checkpoints are saved, and how many stay; `refuse` raises DivergedError for a bad state.

    Units: `every_seconds`, the time between two of them; 0 is the end of every epoch.
    """

    every_seconds: float
    keep: int = KEPT
    refuse: Callable[[], None] = lambda: None


@final
class Recorder:
    """Writes what a run yields; the caller holds the lock of the run.

    metrics.jsonl takes figures only, so that its bytes do not depend on when a run was killed;
    clock values go to log.jsonl. The weights file follows the checkpoints, so that it never shows
    an epoch that a resumed run has not reached.
    """

    def __init__(
        self,
        run: RunFolder,
        state: TrainState,
        metadata: Mapping[str, str],
        saving: Saving,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._state = state
        self._metadata = metadata
        self._saving = saving
        self._clock = clock
        self._saved_at = clock()

    def restore(self) -> tuple[int, tuple[Problem, ...]]:
        """Puts the newest checkpoint that verifies into the state, and returns its step.

        Rows beyond the checkpoint are dropped. Step 0 is a run that has none yet.
        Raises WeightsError as `newest_checkpoint` and `TrainState.restore` do.
        """
        clean_leftovers(self._run.path)
        checkpoint, warnings = newest_checkpoint(self._run.path)
        if checkpoint is not None:
            self._state.restore(checkpoint.tensors, checkpoint.state)
            self._restore_trace(checkpoint)
        noted = {METRICS_BYTES: self._run.metrics, STATISTICS_BYTES: self._run.statistics}
        sizes = {file: checkpoint.state.get(key) if checkpoint else 0 for key, file in noted.items()}
        warnings += self._shorten_rows({f: size if isinstance(size, int) else 0 for f, size in sizes.items()})
        return checkpoint.step if checkpoint else 0, tuple(warnings)

    def _restore_trace(self, checkpoint: Checkpoint) -> None:
        first, losses = checkpoint.state.get(TRACE), checkpoint.tensors.get(TRACE, {}).get("losses")
        if isinstance(first, int) and losses is not None:
            self._state.trace = Trace(first, losses.tolist(), saved=checkpoint.step)

    def _shorten_rows(self, sizes: Mapping[Path, int]) -> list[Problem]:
        """Drops rows that the checkpoint does not know; run.json never notes more than there is."""
        changed = set(changed_files(self._run.path, read_run(self._run.path)))
        for file, size_bytes in sizes.items():
            refuse_short(file, size_bytes)
        truncate_after(self._run.log)
        note_rows(self._run.path, {file.name: size_bytes for file, size_bytes in sizes.items()})
        for file, size_bytes in sizes.items():
            truncate_after(file, size_bytes)
        facts = [{"file": file} for file in self._run.rows() if file in changed]
        return [Problem("rows-changed", facts=each, severity="warning") for each in facts]

    def begin(self, step: int) -> None:
        """Notes that training starts, or goes on after a step."""
        self._log("started" if step == 0 else "resumed", step=step)
        update_state(self._run.path, "running")

    def take(self, row: Row) -> None:
        """Writes one row, and a checkpoint where it is time for one."""
        if isinstance(row, EpochRow):
            append_row(self._run.metrics, epoch_figures(row))
            self._write_statistics()
            self._log("epoch", epoch=row.epoch, step=row.step, seconds=row.seconds, samples=row.samples)
            self._save_in_time()
        elif isinstance(row, ProgressRow):
            if self._saving.every_seconds:
                self._save_in_time()
        elif isinstance(row, RewoundRow):
            self._log("rewound", step=row.step, from_step=row.from_step, learning_rate=row.learning_rate)
            self.save(drops_later=True)
        elif isinstance(row, StoppedRow):
            self.save()
            self._close("interrupted")
        elif isinstance(row, DoneRow):
            self.save()
            self._close("done", reason=row.reason)

    def _save_in_time(self) -> None:
        # What is wrong with a state in the middle of a run, the next step tells, and may get over.
        if self._clock() - self._saved_at >= self._saving.every_seconds:
            with suppress(DivergedError):
                self.save()

    def save(self, *, drops_later: bool = False) -> None:
        """Publishes a checkpoint, and then the weights to keep.

        With `drops_later` checkpoints of later steps are removed after that, and their statistics: the run
        went back. Raises DivergedError `diverged`, and writes nothing, where anything is not finite.
        """
        self._saving.refuse()
        self._write_statistics()
        state, trace = self._state, self._state.trace
        tensors = {**state.tensors(), TRACE: trace.tensors()}
        noted = {METRICS_BYTES: synced_size(self._run.metrics), TRACE: trace.step}
        noted[STATISTICS_BYTES] = synced_size(self._run.statistics)
        if drops_later:
            noted[STATISTICS_BYTES] = size_until(self._run.statistics, state.step)
        scalars = {**state.scalars(), **noted}
        keeping = Keeping(self._saving.keep, drops_later)
        save_checkpoint(self._run.path, state.step, tensors, scalars, keeping)
        if drops_later:
            # Not before there is a checkpoint that counts on fewer rows.
            note_rows(self._run.path, {self._run.statistics.name: noted[STATISTICS_BYTES]})
            truncate_after(self._run.statistics, noted[STATISTICS_BYTES])
        write_weights(self._run.weights, self._weights(), self._metadata)
        # Saved once more at this step, the checkpoint holds the same losses.
        trace.saved = state.step
        self._saved_at = self._clock()
        self._log("checkpoint", step=self._state.step)
        note_rows(self._run.path)

    def fail(self, error: Exception) -> None:
        """Notes that the run ended with an error; what was saved before stays.

        Where a file of data is what failed, nothing that was learned before is lost.
        """
        if isinstance(error, DataError) and self._state.is_whole:
            with suppress(NncliError):
                self.save()
        problems = error.problems if isinstance(error, NncliError) else ()
        codes = [problem.code for problem in problems] or [type(error).__name__]
        # Where the disk is what failed, noting it fails again; the first error is the one to show.
        with suppress(NncliError):
            self._write_statistics()
            for problem in problems:
                if problem.code == DIVERGED:
                    append_row(self._run.statistics, self._divergence(problem))
            self._close("failed", problems=codes)

    def _write_statistics(self) -> None:
        """Writes what was measured of steps since it was written last."""
        rows = [statistics_figures(each) for each in self._state.statistics.drain(self._state.step)]
        if rows:
            append_rows(self._run.statistics, rows)

    def _divergence(self, problem: Problem) -> dict[str, object]:
        """Writes what was not finite, and the last losses that were; a run that goes on drops it again."""
        told = {name: problem.facts.get(name) for name in DIVERGENCE}
        losses = [list(each) for each in self._state.statistics.recent.items()]
        return {"version": 1, "kind": DIVERGED, **told, "path": problem.path, "losses": losses}

    def _weights(self) -> dict[str, Any]:
        """Names weights as they stand in the file: without a prefix for the only network."""
        kept = self._state.weights_to_keep()
        if len(self._state.networks) > 1:
            return {name.replace("/", ".", 1): tensor for name, tensor in kept.items()}
        return {name.partition("/")[2]: tensor for name, tensor in kept.items()}

    def _close(self, state: RunState, **facts: object) -> None:
        self._log(state, step=self._state.step, **facts)
        update_state(self._run.path, state)

    def _log(self, event: str, **facts: object) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        append_row(self._run.log, {"version": 1, "time": now, "event": event, **facts})


def statistics_figures(statistics: StepStatistics) -> dict[str, object]:
    """Writes the statistics of a step, in short: four digits tell what is to be told."""
    figures: dict[str, object] = {"version": 1, "kind": "step", "step": statistics.step}
    figures["loss"] = statistics.loss
    for name, values in (("gradients", statistics.gradients), ("updates", statistics.updates)):
        figures[name] = {layer: _in_short(value) for layer, value in values.items()}
    if statistics.activations:
        figures["activations"] = {
            layer: {name: _in_short(value) for name, value in asdict(health).items() if value is not None}
            for layer, health in statistics.activations.items()
        }
    return figures


def _in_short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def epoch_figures(row: EpochRow) -> dict[str, object]:
    """Writes an epoch's figures, without anything that a clock says."""
    figures: dict[str, object] = {"version": 1, "kind": "epoch", "epoch": row.epoch, "step": row.step}
    figures["train"] = dict(row.train)
    if row.validation is not None:
        figures["validation"] = dict(row.validation)
    if row.learning_rates:
        rates = list(row.learning_rates.values())
        figures["learning_rate"] = rates[0] if len(rates) == 1 else dict(row.learning_rates)
    if row.skipped:
        figures["skipped"] = row.skipped
    return figures
