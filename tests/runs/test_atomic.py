from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nncli.runs import atomic

if TYPE_CHECKING:
    from tests.runs.conftest import Refused


def test_write_atomic_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    atomic.write_atomic(path, b"a long first content")
    atomic.write_atomic(path, b"short")
    assert path.read_bytes() == b"short"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic.write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_write_atomic_replaces_a_link_and_leaves_its_target(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    link = tmp_path / "metrics.jsonl"
    link.symlink_to(outside)
    atomic.write_atomic(link, b"new")
    assert outside.read_bytes() == b"mine"
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"


def test_append_line_refuses_a_link(tmp_path: Path, refused: Refused) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "log.jsonl").symlink_to(outside)
    with refused("file-linked"):
        atomic.append_line(tmp_path / "log.jsonl", "row")
    assert outside.read_bytes() == b"mine"


def test_a_folder_that_is_gone_is_said(tmp_path: Path, refused: Refused) -> None:
    with refused("disk-failed"):
        atomic.write_atomic(tmp_path / "gone" / "file", b"content")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_a_full_device_is_disk_full(tmp_path: Path, refused: Refused) -> None:
    with refused("disk-full"), atomic.disk_errors(tmp_path, 5), open("/dev/full", "wb", 0) as full:
        full.write(b"12345")


LIMITED = """
import resource, sys
from pathlib import Path
from nncli.messages.catalogue import message_of
from nncli.errors import NncliError
from nncli.runs.atomic import write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomic(Path(sys.argv[1]), b"x" * 100_000)
except NncliError as error:
    print(error.exit_code, message_of(error.problems[0]))
"""


@pytest.mark.skipif(os.name == "nt", reason="no size limits on Windows")
def test_no_room_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("6 no room for")
    assert "100000 bytes are needed" in done.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_sync_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with refused("disk-failed"):
        atomic.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_regular_files_are_read(tmp_path: Path, refused: Refused) -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused("file-not-regular"):
        atomic.read_regular(tmp_path / "pipe")
    with refused("file-not-regular"):
        atomic.read_own(tmp_path)


def test_a_second_name_of_a_file_is_refused_inside_a_run(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "secret").write_bytes(b"mine")
    os.link(tmp_path / "secret", tmp_path / "state.json")
    with refused("file-linked"):
        atomic.read_own(tmp_path / "state.json")
    assert atomic.read_regular(tmp_path / "state.json") == b"mine"


def test_space_is_checked_for_a_folder_that_is_not_there_yet(tmp_path: Path, refused: Refused) -> None:
    atomic.check_space(tmp_path / "runs" / "iris" / "1", 1000)
    with refused("disk-full"):
        atomic.check_space(tmp_path / "runs" / "iris" / "1", 2**60)


def test_rename_over_empty_gives_way_to_content(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "target").mkdir()
    atomic.rename_over_empty(tmp_path / "first", tmp_path / "target")
    with pytest.raises(OSError, match=r"not empty|exists|denied"):
        atomic.rename_over_empty(tmp_path / "second", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "first"


def test_a_digest_is_that_of_all_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setattr(atomic, "_PIECE_BYTES", 7)
    path = tmp_path / "state.json"
    path.write_bytes(b"0123456789" * 10)
    assert atomic.digest_own(path) == (hashlib.sha256(b"0123456789" * 10).hexdigest(), 100)
    with refused("file-not-regular"):
        atomic.digest_own(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(path)
    with refused("file-linked"):
        atomic.digest_own(link)
