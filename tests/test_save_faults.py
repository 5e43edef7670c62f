"""Every call of the system that a save makes fails once, or is the last one: nothing that was saved is lost.

The calls are those of Python's `os` and of the files that nncli writes, which are replaced here; under strace
and on a full tmpfs, test_full_disks.py does the same with the program.
"""

from __future__ import annotations

import builtins
import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nncli.errors import ResourceError
from nncli.recording.recorder import Recorder, Saving
from nncli.runs import atomic, rows
from nncli.runs.checkpoints import newest_checkpoint
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, create_run
from nncli.runs.rows import read_rows
from nncli.runs.verifying import verify_run
from nncli.training.loop import train
from nncli.training.rows import EpochRow, Row
from tests.training.jobs import classifier, job, spec

CALLS = ("open", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "ftruncate", "write")
KINDS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "KILL": 0}
# Places at which CI lets a save break off; `make torture` takes all of them.
EVERY = 1 if "NNCLI_TORTURE" in os.environ else 9


class Faults:
    """Counts calls, and makes one of them fail, or the last."""

    def __init__(self, kind: str, at: int) -> None:
        self.count = 0
        self._kind = kind
        self._at = at

    def here(self) -> None:
        self.count += 1
        if self.count != self._at:
            return
        if self._kind == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(KINDS[self._kind], os.strerror(KINDS[self._kind]))


class Written:
    """A file of which a write that fails has come half way."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file = file
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        self._file.write(content[: len(content) // 2])
        self._file.flush()
        self._faults.here()
        self._file.write(content[len(content) // 2 :])


@contextmanager
def armed(faults: Faults) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS[:-1]:
            patch.setattr(os, name, _counted(getattr(os, name), faults))
        for module in (atomic, rows):
            patch.setattr(module, "open", _opening(faults), raising=False)
        yield


def _opening(faults: Faults) -> Callable[..., Any]:
    def opening(*given: Any) -> Written:
        return Written(builtins.open(*given), faults)

    return opening


def _counted(function: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def counted(*positions: Any, **keywords: Any) -> Any:
        # What is only read is no part of a save.
        if function.__name__ != "open" or positions[1] & (os.O_WRONLY | os.O_RDWR):
            faults.here()
        return function(*positions, **keywords)

    return counted


def _rows(run: Path) -> tuple[Recorder, Iterator[Row]]:
    """Goes on with a run of four epochs, wherever it stands."""
    prepared, state = job(spec(epochs=4), classifier(dropout=0.5))
    recorder = Recorder(RunFolder(run), state, {"nncli.spec": "{}"}, Saving(0))
    recorder.begin(recorder.restore()[0])
    return recorder, train(prepared, state, lambda: False)


def _finish(run: Path) -> None:
    recorder, rows_left = _rows(run)
    for row in rows_left:
        recorder.take(row)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which two epochs are done."""
    path = tmp_path_factory.mktemp("faults") / "run"
    create_run(path, RunInfo(nncli="0", name="net", seed=0, spec_digest=""), "", "", {})
    recorder, rows_left = _rows(path)
    for row in rows_left:
        recorder.take(row)
        if isinstance(row, EpochRow) and row.epoch == 2:
            return path
    raise AssertionError


@pytest.fixture(scope="module")
def whole(begun: Path) -> Path:
    path = Path(shutil.copytree(begun, begun.with_name("whole")))
    _finish(path)
    return path


def _epoch_with(run: Path, faults: Faults) -> None:
    """Trains one more epoch, and saves it while a call fails."""
    recorder, rows_left = _rows(run)
    row = next(row for row in rows_left if isinstance(row, EpochRow))
    with armed(faults):
        try:
            recorder.take(row)
        except ResourceError as error:
            assert error.exit_code == 6
            recorder.fail(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_save_that_breaks_off_loses_nothing(kind: str, begun: Path, whole: Path, tmp_path: Path) -> None:
    counted = Faults(kind, 0)
    _epoch_with(Path(shutil.copytree(begun, tmp_path / "counted")), counted)
    assert counted.count > 40
    first = 1 if EVERY == 1 else list(KINDS).index(kind) + 1
    for at in range(first, counted.count + 1, EVERY):
        _try(kind, at, Path(shutil.copytree(begun, tmp_path / str(at))), whole)


def _try(kind: str, at: int, run: Path, whole: Path) -> None:
    before, _ = newest_checkpoint(run)
    assert before is not None
    if kind == "KILL":
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                _epoch_with(run, Faults(kind, at))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    else:
        _epoch_with(run, Faults(kind, at))
    after, warnings = newest_checkpoint(run)
    assert after is not None and after.step >= before.step and not warnings
    assert verify_run(run).problems == ()
    assert [row["epoch"] for row in read_rows(run / "metrics.jsonl")][:2] == [1, 2]
    assert read_rows(run / "log.jsonl")
    _finish(run)
    for name in ("model.safetensors", "metrics.jsonl"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    assert not list(run.rglob("*.partial"))
