from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from nncli.errors import DataError, DivergedError, Problem, ResourceError, WeightsError
from nncli.messages.catalogue import failure
from nncli.recording.recorder import Recorder, Saving
from nncli.runs.checkpoints import newest_checkpoint
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, create_run, read_run
from nncli.runs.rows import read_rows
from nncli.runs.weights_file import read_weights
from nncli.training.rows import Best, DoneRow, EpochRow, ProgressRow, RewoundRow, Row, StoppedRow
from nncli.training.state import TrainState

_DATA_ERROR = DataError(Problem("data-missing", facts={"file": "x"}))


class Clock:
    """A clock that stands where a test puts it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    info = RunInfo(nncli="0", name="net", seed=0, spec_digest="")
    return create_run(tmp_path / "run", info, "", "", {})


@pytest.fixture
def state() -> TrainState:
    return TrainState({"network": nn.Linear(2, 1)}, {})


def _epoch(number: int) -> EpochRow:
    return EpochRow(number, number * 5, {"loss": 0.5}, {"loss": float("inf"), "r2": None}, True, 50, 0.25)


def _refuse() -> None:
    raise DivergedError


def _recorder(run: RunFolder, state: TrainState, every: float = 0, clock: Clock | None = None) -> Recorder:
    return Recorder(run, state, {"nncli.spec": "{}"}, Saving(every), clock or Clock())


def _steps(run: RunFolder) -> list[int]:
    return sorted(int(path.name) for path in run.checkpoints.iterdir()) if run.checkpoints.exists() else []


def test_a_row_of_figures_has_no_clock_values(run: RunFolder, state: TrainState) -> None:
    _recorder(run, state).take(_epoch(1))
    text = run.metrics.read_text()
    assert text == (
        '{"version":1,"kind":"epoch","epoch":1,"step":5,'
        '"train":{"loss":0.5},"validation":{"loss":null,"r2":null}}\n'
    )
    (epoch, checkpoint) = read_rows(run.log)
    assert (epoch["event"], epoch["seconds"], epoch["samples"]) == ("epoch", 0.25, 50)
    assert checkpoint["event"] == "checkpoint"


def test_a_checkpoint_is_saved_at_the_first_look_after_the_time(run: RunFolder, state: TrainState) -> None:
    clock = Clock()
    recorder = _recorder(run, state, every=30, clock=clock)
    for epoch, now in ((1, 10.0), (2, 29.9), (3, 31.0), (4, 60.0), (5, 61.5)):
        clock.now, state.step = now, epoch * 5
        recorder.take(_epoch(epoch))
    assert _steps(run) == [15, 25]
    for step, now in ((26, 91.0), (27, 91.6)):
        clock.now, state.step = now, step
        recorder.take(ProgressRow(6, step, 1, 5, 0.5, 10))
    assert _steps(run) == [25, 27]


def test_a_state_that_is_not_worth_it_is_not_saved(run: RunFolder, state: TrainState) -> None:
    clock = Clock()
    recorder = Recorder(run, state, {"nncli.spec": "{}"}, Saving(1, refuse=_refuse), clock)
    clock.now = 2.0
    recorder.take(ProgressRow(1, 1, 1, 5, 0.5, 10))
    recorder.take(_epoch(1))
    assert _steps(run) == [] and not run.weights.exists()


@pytest.mark.parametrize(
    "row",
    [DoneRow("epochs", 1, 5, None), StoppedRow(1, 3), RewoundRow(1, 0, 3, 0.05)],
    ids=lambda row: type(row).__name__,
)
def test_no_row_publishes_a_state_that_is_no_good(run: RunFolder, state: TrainState, row: Row) -> None:
    recorder = Recorder(run, state, {"nncli.spec": "{}"}, Saving(1, refuse=_refuse), Clock())
    with pytest.raises(DivergedError):
        recorder.take(row)
    assert _steps(run) == [] and not run.weights.exists()


def test_the_end_of_an_epoch_takes_the_place_of_its_last_batch(run: RunFolder, state: TrainState) -> None:
    clock = Clock()
    recorder = _recorder(run, state, every=1, clock=clock)
    clock.now, state.step, state.batch = 2.0, 5, 5
    state.trace.add(0.5)
    recorder.take(ProgressRow(1, 5, 5, 5, 0.5, 10))
    state.epoch, state.batch = 1, 0
    state.keep_best(Best(1, 5, "validation.loss", 0.5))
    recorder.take(_epoch(1))
    recorder.take(DoneRow("epochs", 1, 5, state.best))
    checkpoint, _ = newest_checkpoint(run.path)
    assert checkpoint is not None and _steps(run) == [5]
    assert (checkpoint.state["epoch"], checkpoint.state["batch"]) == (1, 0)
    assert checkpoint.state["best"] is not None
    assert checkpoint.state["metrics_bytes"] == run.metrics.stat().st_size
    # The losses that led there stay, so that they can be replayed.
    assert (checkpoint.state["trace"], checkpoint.tensors["trace"]["losses"].tolist()) == (0, [0.5])
    inode = (checkpoint.path / "state.json").stat().st_ino
    again = _recorder(run, TrainState(state.networks, {}))
    again.restore()
    again.take(DoneRow("epochs", 1, 5, state.best))
    assert (checkpoint.path / "state.json").stat().st_ino == inode


def test_a_state_that_is_not_worth_it_is_not_saved_for_a_file_that_is_gone(
    run: RunFolder, state: TrainState
) -> None:
    Recorder(run, state, {"nncli.spec": "{}"}, Saving(1, refuse=_refuse)).fail(_DATA_ERROR)
    assert _steps(run) == [] and not run.weights.exists()
    _recorder(run, state).fail(_DATA_ERROR)
    assert _steps(run) == [0]


def test_a_run_that_went_back_leaves_no_later_checkpoint(run: RunFolder, state: TrainState) -> None:
    recorder = _recorder(run, state)
    for step in (5, 10, 15):
        state.step = step
        recorder.take(_epoch(step // 5))
    state.step = 7
    recorder.take(RewoundRow(2, 7, 16, 0.05))
    assert _steps(run) == [7]
    assert [row["event"] for row in read_rows(run.log)][-2:] == ["rewound", "checkpoint"]
    # One that is there already is as good, and those after it go all the same.
    state.step = 9
    recorder.take(_epoch(2))
    state.step = 7
    recorder.take(RewoundRow(2, 7, 12, 0.025))
    assert _steps(run) == [7]


def test_rows_that_were_changed_are_told_where_a_run_goes_on(run: RunFolder, state: TrainState) -> None:
    recorder = _recorder(run, state)
    recorder.begin(0)
    state.step = 5
    recorder.take(_epoch(1))
    assert recorder.restore() == (5, ())
    run.metrics.write_bytes(run.metrics.read_bytes().replace(b"0.5", b"0.4"))
    with run.log.open("ab") as file:
        file.write(b'{"torn')
    step, (warning,) = recorder.restore()
    assert (step, warning.code, warning.facts) == (5, "rows-changed", {"file": run.metrics})
    assert run.log.read_bytes().endswith(b"}\n")
    run.metrics.write_bytes(b"")
    with pytest.raises(WeightsError) as caught:
        recorder.restore()
    assert caught.value.problems[0].code == "rows-short"


def test_as_many_checkpoints_are_kept_as_were_asked_for(run: RunFolder, state: TrainState) -> None:
    recorder = Recorder(run, state, {"nncli.spec": "{}"}, Saving(0, keep=3), Clock())
    for epoch in range(1, 6):
        state.step = epoch * 5
        recorder.take(_epoch(epoch))
    assert _steps(run) == [15, 20, 25]


@pytest.mark.parametrize(
    ("row", "ended"), [(StoppedRow(2, 7), "interrupted"), (DoneRow("epochs", 1, 7, None), "done")]
)
def test_the_end_is_saved_and_noted(
    row: StoppedRow | DoneRow, ended: str, run: RunFolder, state: TrainState
) -> None:
    recorder = _recorder(run, state, every=1e9)
    recorder.begin(0)
    assert read_run(run.path).state == "running"
    state.step = 7
    recorder.take(row)
    assert _steps(run) == [7]
    assert read_run(run.path).state == ended
    assert [row["event"] for row in read_rows(run.log)] == ["started", "checkpoint", ended]
    weights = read_weights(run.weights)
    assert sorted(weights.tensors) == ["bias", "weight"]
    assert weights.metadata["nncli.spec"] == "{}"


def test_restoring_drops_rows_that_the_checkpoint_does_not_know(run: RunFolder, state: TrainState) -> None:
    recorder = _recorder(run, state)
    state.step, state.epoch = 5, 1
    recorder.take(_epoch(1))
    kept, saved = run.metrics.read_bytes(), state.weights()["network/weight"].clone()
    with run.metrics.open("ab") as file:
        file.write(b'{"epoch": 2}\n{"epo')
    torch.nn.init.zeros_(state.networks["network"].get_parameter("weight"))
    again = TrainState(state.networks, {})
    assert _recorder(run, again).restore() == (5, ())
    assert run.metrics.read_bytes() == kept
    assert (again.step, again.epoch) == (5, 1)
    assert torch.equal(again.weights()["network/weight"], saved)


def test_a_run_without_a_checkpoint_begins_at_step_0(run: RunFolder, state: TrainState) -> None:
    run.metrics.write_bytes(b'{"epoch": 1}\n')
    assert _recorder(run, state).restore() == (0, ())
    assert run.metrics.read_bytes() == b""


def test_the_best_weights_are_the_ones_that_are_written(run: RunFolder, state: TrainState) -> None:
    state.keep_best(Best(1, 5, "validation.loss", 0.5))
    best = state.best_weights["network/weight"].clone()
    torch.nn.init.zeros_(state.networks["network"].get_parameter("weight"))
    _recorder(run, state).save()
    assert torch.equal(read_weights(run.weights).tensors["weight"], best)


def test_a_failure_is_noted_by_its_codes(run: RunFolder, state: TrainState) -> None:
    recorder = _recorder(run, state)
    recorder.fail(failure("output-exists", file="x"))
    assert read_run(run.path).state == "failed"
    assert read_rows(run.log)[-1]["problems"] == ["output-exists"]


def test_a_failure_that_nobody_foresaw_is_noted_too(run: RunFolder, state: TrainState) -> None:
    _recorder(run, state).fail(RuntimeError("odd"))
    assert read_run(run.path).state == "failed"
    assert read_rows(run.log)[-1]["problems"] == ["RuntimeError"]


def test_a_failure_that_cannot_be_noted_hides_no_other(run: RunFolder, state: TrainState) -> None:
    document = json.loads(run.info.read_text())
    run.info.write_text(json.dumps({**document, "format": 99}))
    _recorder(run, state).fail(failure("output-exists", file="x"))


def test_a_folder_that_is_removed_while_a_run_trains_is_a_matter_of_resources(
    run: RunFolder, state: TrainState
) -> None:
    recorder = _recorder(run, state)
    recorder.begin(0)
    shutil.rmtree(run.path)
    with pytest.raises(ResourceError) as caught:
        recorder.take(_epoch(1))
    assert caught.value.problems[0].code == "disk-failed"
    recorder.fail(caught.value)
    assert not run.path.exists()
