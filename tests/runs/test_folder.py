from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nncli.runs import folder
from nncli.runs.info import RunInfo, create_run


def test_numbers_count_up_and_stay_apart(tmp_path: Path) -> None:
    info = RunInfo(nncli="0.1.0", name="iris", seed=3, spec_digest="")
    assert folder.newest_run(tmp_path, "iris") is None
    paths = [folder.next_run_path(tmp_path, "iris") for _ in range(11)]
    assert [path.name for path in paths] == [str(number) for number in range(1, 12)]
    assert folder.newest_run(tmp_path, "iris") is None
    for number in (8, 9):
        create_run(paths[number], info, "", "", {})
    assert folder.newest_run(tmp_path, "iris") == tmp_path / "iris" / "10"
    (tmp_path / "iris" / "notes").mkdir()
    (tmp_path / "iris" / "040").mkdir()
    assert folder.next_run_path(tmp_path, "iris").name == "12"


READ_ONLY = """
set -e
mount -t tmpfs -o ro tmpfs "$1"
exec "$2" -c '
import sys
from pathlib import Path
from nncli.errors import NncliError
from nncli.messages.catalogue import message_of
from nncli.runs.folder import next_run_path
try:
    next_run_path(Path(sys.argv[1]), "iris")
except NncliError as error:
    print(error.exit_code, message_of(error.problems[0]))
' "$1"
"""


def test_a_read_only_parent_is_said(tmp_path: Path) -> None:
    command = ["unshare", "-rm", "bash", "-c", READ_ONLY, "bash", str(tmp_path), sys.executable]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError:
        pytest.skip("no unshare here")
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts of its own allowed here")
    assert done.stdout.startswith("6 ")
    assert "allows no writing" in done.stdout
