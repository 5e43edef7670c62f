"""Pipes, terminals, locales and odd paths: nncli behaves as other programs of a shell do."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import COMMAND, environment, process, shell, strict_json
from tests.end_to_end.specs import FLOWERS, write_flowers

COLOUR = re.compile(rb"\x1b\[[\d;]*m")
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"
# The escape codes that a live display may use, and that a dumb terminal would print.
STEERING = re.compile(rb"\x1b\[(\?25[lh]|\d*[ABGKJ])")


def _on_terminal(cwd: Path, columns: int, *arguments: object, **changes: str) -> tuple[int, bytes]:
    """Runs a command with both streams on a terminal, and reads what it shows."""
    own, its = pty.openpty()
    ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [*COMMAND, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=cwd, stdin=its, stdout=its, stderr=its, env=environment(**changes)
    ) as running:
        os.close(its)
        shown = b""
        while select.select([own], [], [], 60)[0]:
            try:
                piece = os.read(own, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        code = running.wait()
    os.close(own)
    return code, shown


def _state(run: Path) -> str:
    return str(json.loads((run / "run.json").read_text())["state"])


def test_a_reader_that_leaves_early_does_not_end_the_run(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = shell(
        tmp_path,
        '"$PYTHON" -m nncli train flowers.yaml --run rows --json 2>rows.txt | head -1; echo ${PIPESTATUS[0]};'
        '"$PYTHON" -m nncli train flowers.yaml --run words 2>&1 | head -1; echo ${PIPESTATUS[0]}',
    )
    row, first, words, second = answer.out.splitlines()
    assert strict_json(row)["epoch"] == 1
    assert words.startswith("flowers: 67 parameters")
    assert (first, second) == ("0", "0")
    assert "Traceback" not in (tmp_path / "rows.txt").read_text()
    assert _state(tmp_path / "rows") == _state(tmp_path / "words") == "done"


def test_results_survive_closed_streams_and_tell_of_a_full_disk(flowers: Trained) -> None:
    answer = shell(
        flowers.folder,
        '"$PYTHON" -m nncli evaluate run | head -1; echo ${PIPESTATUS[0]};'
        '"$PYTHON" -m nncli evaluate run >&- 2>&- <&-; echo $?;'
        '"$PYTHON" -m nncli evaluate run --json >/dev/full; echo $?',
    )
    assert answer.out.splitlines() == ["flowers on the test part, 18 rows", "0", "0", "6"]
    assert answer.err == "error[disk-failed]: stdout cannot be written: No space left on device\n"


def test_under_nohup_in_a_plain_locale_on_an_odd_path(tmp_path: Path) -> None:
    folder = tmp_path / "über den Wolken [red]"
    write_flowers(folder)
    answer = shell(
        tmp_path,
        f"nohup \"$PYTHON\" -m nncli train '{folder}/flowers.yaml' --run '{folder}/läuft' "
        "<&- >out.txt 2>err.txt; echo $?",
        LC_ALL="C",
        COLUMNS="20",
    )
    assert answer.out == "0\n"
    assert (tmp_path / "out.txt").read_bytes() == b""
    err = (tmp_path / "err.txt").read_bytes()
    assert b"\x1b" not in err
    lines = err.decode().splitlines()
    assert f"run {folder}/läuft" in lines
    assert lines[-1] == f"next: nncli evaluate '{folder}/läuft'"
    assert sum(line.startswith("epoch ") for line in lines) == 4
    assert _state(folder / "läuft") == "done"


def test_a_terminal_shows_progress_and_is_left_as_it_was(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    code, shown = _on_terminal(tmp_path, 40, "train", "flowers.yaml", "--run", "run")
    assert code == 0
    assert HIDE_CURSOR in shown
    assert shown.rfind(SHOW_CURSOR) > shown.rfind(HIDE_CURSOR)
    assert COLOUR.search(shown)
    assert b"next: nncli evaluate run" in shown


@pytest.mark.parametrize("changes", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=["dumb", "no-color"])
def test_colour_can_be_switched_off(changes: dict[str, str], tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("epochs", "epoch"))
    code, shown = _on_terminal(tmp_path, 20, "check", "flowers.yaml", "--no-data", **changes)
    assert code == 3
    assert b"error[unknown-key]" in shown
    assert b"\x1b" not in shown
    if "TERM" in changes:
        write_flowers(tmp_path)
        code, shown = _on_terminal(tmp_path, 80, "train", "flowers.yaml", "--run", "run", **changes)
        assert code == 0
        assert b"\x1b" not in shown


def test_help_and_errors_need_no_torch(tmp_path: Path) -> None:
    write_flowers(tmp_path, "network: [")
    for arguments, code in ((["--help"], 0), (["train", "--help"], 0), (["check", "flowers.yaml"], 3)):
        command = [COMMAND[0], "-X", "importtime", *COMMAND[1:], *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment(), check=False)
        assert done.returncode == code
        imported = {line.rpartition(b"|")[2].strip() for line in done.stderr.splitlines()}
        assert b"nncli.cli" in imported
        assert not imported & {b"torch", b"polars", b"numpy"}


def test_version_and_no_arguments(tmp_path: Path) -> None:
    from nncli import __version__

    assert process(tmp_path, "--version").out == f"nncli {__version__}\n"
    answer = process(tmp_path)
    assert answer.code == 2
    assert "Train and look inside" in answer.out + answer.err
