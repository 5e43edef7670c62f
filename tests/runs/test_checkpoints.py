from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from nncli.errors import NncliError, ResourceError, WeightsError
from nncli.messages.catalogue import message_of
from nncli.runs.checkpoints import clean_leftovers, newest_checkpoint, save_checkpoint

if TYPE_CHECKING:
    from tests.runs.conftest import Refused


def _groups(step: int) -> dict[str, dict[str, Tensor]]:
    return {"networks": {"linear.weight": torch.full((2, 3), float(step))}, "updaters": {}}


def _save(run: Path, *steps: int) -> None:
    for step in steps:
        save_checkpoint(run, step, _groups(step), {"epoch": step // 10, "loss": 0.1})


def _steps(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def _newest(run: Path) -> int:
    checkpoint, _ = newest_checkpoint(run)
    assert checkpoint is not None
    return checkpoint.step


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    state = {"epoch": 3, "best": 0.1 + 0.2, "order": [1, None, "é"]}
    random_state = torch.get_rng_state()
    path = save_checkpoint(tmp_path, 123, {"networks": tensors, "random": {"cpu": random_state}}, state)
    checkpoint, warnings = newest_checkpoint(tmp_path)
    assert path == tmp_path / "checkpoints" / "000123"
    assert checkpoint is not None
    assert (checkpoint.path, checkpoint.step, checkpoint.state, warnings) == (path, 123, state, [])
    assert checkpoint.tensors.keys() == {"networks", "random"}
    assert all(torch.equal(checkpoint.tensors["networks"][name], t) for name, t in tensors.items())
    assert torch.equal(checkpoint.tensors["random"]["cpu"], random_state)


def test_nothing_saved_is_no_checkpoint(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) == (None, [])
    (tmp_path / "checkpoints").mkdir()
    assert newest_checkpoint(tmp_path) == (None, [])


def test_the_two_newest_stay_by_step_and_not_by_clock(tmp_path: Path) -> None:
    _save(tmp_path, 5, 999_999)
    os.utime(tmp_path / "checkpoints" / "000005", (2e9, 2e9))
    _save(tmp_path, 1_000_000)
    assert _steps(tmp_path) == ["1000000", "999999"]
    assert _newest(tmp_path) == 1_000_000


def test_a_saved_step_stays_as_it_is(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    before = (tmp_path / "checkpoints" / "000010" / "manifest.json").stat().st_ino
    _save(tmp_path, 10)
    assert (tmp_path / "checkpoints" / "000010" / "manifest.json").stat().st_ino == before


def test_a_saved_step_gives_way_to_another_state(tmp_path: Path) -> None:
    _save(tmp_path, 5, 10)
    save_checkpoint(tmp_path, 10, _groups(11), {"epoch": 2})
    checkpoint, warnings = newest_checkpoint(tmp_path)
    assert checkpoint is not None and (checkpoint.state, warnings) == ({"epoch": 2}, [])
    assert torch.equal(checkpoint.tensors["networks"]["linear.weight"], torch.full((2, 3), 11.0))
    assert _steps(tmp_path) == ["000005", "000010"]


@pytest.mark.parametrize("fail_at", range(4))
def test_a_step_that_is_saved_again_is_at_no_moment_lost(
    fail_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(tmp_path, 10)
    real, calls = os.rename, iter(range(100))

    def broken(source: Path, target: Path) -> None:
        if next(calls) >= fail_at:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "rename", broken)
    with suppress(ResourceError):
        save_checkpoint(tmp_path, 10, _groups(10), {"epoch": 2})
    monkeypatch.setattr(os, "rename", real)
    checkpoint, warnings = newest_checkpoint(tmp_path)
    assert checkpoint is not None and not warnings
    assert checkpoint.state["epoch"] == (1 if fail_at == 0 else 2)
    save_checkpoint(tmp_path, 10, _groups(10), {"epoch": 3})
    clean_leftovers(tmp_path)
    assert _newest(tmp_path) == 10 and _steps(tmp_path) == ["000010"]


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    _save(tmp_path, 10, 20)
    for path in sorted((tmp_path / "checkpoints" / "000020").iterdir()):
        content = path.read_bytes()
        for bit in range(len(content) * 8):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            assert _is_noticed(tmp_path), f"bit {bit} of {path.name}"
        path.write_bytes(content)
    assert _newest(tmp_path) == 20


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    _save(tmp_path, 10, 20)
    for path in sorted((tmp_path / "checkpoints" / "000020").iterdir()):
        content = path.read_bytes()
        for size in range(len(content)):
            path.write_bytes(content[:size])
            assert _is_noticed(tmp_path), f"{size} bytes of {path.name}"
        path.unlink()
        assert _is_noticed(tmp_path), f"{path.name} removed"
        path.write_bytes(content)
    assert _newest(tmp_path) == 20


def _is_noticed(run: Path) -> bool:
    """Tells whether the checkpoint before was taken with a warning, or a newer version refused."""
    try:
        checkpoint, warnings = newest_checkpoint(run)
    except WeightsError as error:
        return error.problems[0].code == "checkpoint-newer"
    assert all(message_of(warning) and warning.severity == "warning" for warning in warnings)
    return checkpoint is not None and checkpoint.step == 10 and len(warnings) == 1


def test_none_that_verifies_is_refused_and_nothing_deleted(tmp_path: Path, refused: Refused) -> None:
    _save(tmp_path, 10, 20)
    for state in tmp_path.glob("checkpoints/*/state.json"):
        state.write_text('{"epoch": 99}')
    before = sorted(tmp_path.rglob("*"))
    with refused("checkpoints-damaged"):
        newest_checkpoint(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_newer_version_is_named(tmp_path: Path, refused: Refused) -> None:
    _save(tmp_path, 10)
    manifest = tmp_path / "checkpoints" / "000010" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": 2, "news": True}))
    with refused("checkpoint-newer"):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["../../../secret", "/etc/passwd", "manifest.json", "state.json\n", "x.pt"])
def test_a_manifest_leads_nowhere_else(tmp_path: Path, name: str, refused: Refused) -> None:
    _save(tmp_path, 10)
    path = tmp_path / "checkpoints" / "000010" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = manifest["files"]["state.json"]
    path.write_text(json.dumps(manifest))
    with refused("checkpoints-damaged"):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize("entry", ["checkpoints", "checkpoints/000010", "checkpoints/000010/state.json"])
def test_a_link_is_refused(tmp_path: Path, entry: str, refused: Refused) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    _save(run, 10)
    shutil.move(run / entry, elsewhere)
    (run / entry).symlink_to(elsewhere)
    with refused("file-linked"):
        newest_checkpoint(run)
    with refused("file-linked"):
        _save(run, 10)


def test_a_damaged_newer_one_gives_way_and_is_kept_aside(tmp_path: Path) -> None:
    _save(tmp_path, 10, 20, 30)
    (tmp_path / "checkpoints" / "000030" / "state.json").write_text("{}")
    assert _newest(tmp_path) == 20
    _save(tmp_path, 25)
    names = _steps(tmp_path)
    assert names[:2] == ["000020", "000025"]
    assert names[2].startswith("000030.")
    assert names[2].endswith(".damaged")
    assert newest_checkpoint(tmp_path)[1] == []


def test_a_damaged_one_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    _save(tmp_path, 10, 20)
    (tmp_path / "checkpoints" / "000020" / "networks.safetensors").unlink()
    _save(tmp_path, 20)
    assert _newest(tmp_path) == 20


def test_damaged_ones_do_not_count_as_kept(tmp_path: Path) -> None:
    _save(tmp_path, 10, 20)
    (tmp_path / "checkpoints" / "000020" / "state.json").write_text("{}")
    _save(tmp_path, 30)
    assert _steps(tmp_path) == ["000010", "000020", "000030"]


def test_files_of_others_are_never_deleted(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    (tmp_path / "checkpoints" / "000010" / "notes.txt").write_text("mine")
    (tmp_path / "checkpoints" / "mine").mkdir()
    _save(tmp_path, 20, 30, 40)
    assert (tmp_path / "checkpoints" / "000010.partial" / "notes.txt").read_text() == "mine"
    assert _steps(tmp_path) == ["000010.partial", "000030", "000040", "mine"]


def test_what_could_not_be_removed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink, failing = Path.unlink, ["state.json"]

    def once(path: Path, missing_ok: bool = False) -> None:
        if path.name in failing:
            failing.remove(path.name)
            raise OSError(5, "Input/output error")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", once)
    _save(tmp_path, 10, 20, 30)
    assert not failing
    assert _steps(tmp_path) == ["000020", "000030"]


def test_leftovers_are_ignored_and_then_cleaned(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    half = tmp_path / "checkpoints" / "000020.partial"
    half.mkdir()
    (half / "networks.safetensors").write_bytes(b"half")
    (tmp_path / ".run.json.0123abcd.partial").write_bytes(b"half")
    (tmp_path / ".mine.partial").write_bytes(b"mine")
    assert newest_checkpoint(tmp_path)[1] == []
    clean_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine.partial", "checkpoints"]
    assert _steps(tmp_path) == ["000010"]


def test_a_full_disk_keeps_what_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    _save(tmp_path, 10)
    real = os.fsync
    for fail_at in range(7):
        calls = iter(range(100))

        def full(descriptor: int, fail_at: int = fail_at, calls: object = calls) -> None:
            if next(calls) == fail_at:  # type: ignore[call-overload]
                raise OSError(28, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        try:
            _save(tmp_path, 20)
        except ResourceError as error:
            assert error.problems[0].code == "disk-full"
        else:
            assert fail_at == 6
        monkeypatch.setattr(os, "fsync", real)
        assert _newest(tmp_path) in (10, 20)
        assert not list(tmp_path.rglob("*.partial"))


SMALL_DISK = """
set -e
mount -t tmpfs -o size=192k tmpfs "$1"
exec "$2" -c '
import sys
from pathlib import Path
import torch
from nncli.errors import NncliError
from nncli.messages.catalogue import message_of
from nncli.runs.checkpoints import newest_checkpoint, save_checkpoint
run = Path(sys.argv[1])
try:
    for step in range(1, 9):
        save_checkpoint(run, step, {"networks": {"w": torch.zeros(step * 5000)}}, {})
except NncliError as error:
    print(error.exit_code, message_of(error.problems[0]))
    print(newest_checkpoint(run)[0].step, step, sorted(path.name for path in run.rglob("*.partial")))
' "$1"
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a mount of its own")
def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    command = ["unshare", "-rm", "bash", "-c", SMALL_DISK, "bash", str(tmp_path), sys.executable]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts of its own allowed here")
    refusal, found = done.stdout.splitlines()
    newest, failed, leftovers = found.split(maxsplit=2)
    assert refusal.startswith("6 no room for")
    assert int(newest) == int(failed) - 1
    assert leftovers == "[]"


SAVE = """
import sys
from pathlib import Path
import torch
from nncli.runs.checkpoints import clean_leftovers, newest_checkpoint, save_checkpoint
from nncli.runs.locks import RunLock
run = Path(sys.argv[1])
with RunLock(run):
    clean_leftovers(run)
    checkpoint, warnings = newest_checkpoint(run)
    assert not warnings, warnings
    step = checkpoint.step if checkpoint else 0
    assert not checkpoint or (checkpoint.tensors["networks"]["w"] == step).all()
    print(step, flush=True)
    while True:
        step += 1
        save_checkpoint(run, step, {"networks": {"w": torch.full((20_000,), float(step))}}, {"step": step})
        print(step, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_kill_at_any_moment_loses_no_saved_step(tmp_path: Path) -> None:
    delays = random.Random(0)
    saved = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", SAVE, tmp_path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = int(process.stdout.readline())
        assert first >= saved
        for _ in range(delays.randint(1, 40)):
            saved = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        saved = max([saved, *(int(line) for line in rest.split())])
    assert _newest(tmp_path) >= saved > 0
    assert [warning.code for warning in newest_checkpoint(tmp_path)[1]] == []


def test_a_disk_that_reads_back_otherwise_keeps_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(tmp_path, 10, 20)
    rename = os.rename

    def rotten(source: Path, target: Path) -> None:
        rename(source, target)
        (Path(target) / "state.json").write_text("{}")

    monkeypatch.setattr(os, "rename", rotten)
    with pytest.raises(NncliError) as caught:
        _save(tmp_path, 30)
    assert caught.value.problems[0].code == "save-damaged"
    assert message_of(caught.value.problems[0])
    assert {"000010", "000020"} <= set(_steps(tmp_path))
