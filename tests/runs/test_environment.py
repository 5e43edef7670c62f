from __future__ import annotations

import getpass
import json
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from nncli.runs.environment import (
    describe_environment,
    environment_differences,
    git_commit,
    read_environment,
)

if TYPE_CHECKING:
    from tests.runs.conftest import Refused


def _environment(folder: Path | None = None) -> dict[str, object]:
    return describe_environment(
        device="cpu",
        threads=2,
        precision="float32",
        seed=7,
        spec_folder=folder,
    )


def test_an_environment_says_what_bits_depend_on() -> None:
    environment = _environment()
    assert environment["torch"] == torch.__version__
    assert environment["python"] == platform.python_version()
    assert environment["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert (environment["threads"], environment["seed"], environment["device"]) == (2, 7, "cpu")
    assert environment["git_commit"] is None


def test_an_environment_names_no_person_and_no_place(tmp_path: Path) -> None:
    text = json.dumps(_environment(tmp_path))
    for secret in (str(tmp_path), str(Path.home()), platform.node(), f'"{getpass.getuser()}"'):
        assert secret not in text


def test_differences_are_listed() -> None:
    old = _environment()
    new = {**old, "threads": 4, "cpu": "another", "device_name": None, "seed": 8, "git_commit": "f" * 40}
    assert environment_differences(old, old) == []
    assert environment_differences(old, new) == [
        f"cpu: {old['cpu']}, now another",
        f"device_name: {old['device_name']}, now none",
        "threads: 2, now 4",
    ]


def test_an_environment_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "environment.json"
    path.write_text(json.dumps(_environment()))
    assert read_environment(path) == _environment()


@pytest.mark.parametrize("change", [{"threads": "2"}, {"threads": 0}, {"device": None}, {"version": 2}])
def test_an_edited_environment_is_refused(
    tmp_path: Path, change: dict[str, object], refused: Refused
) -> None:
    path = tmp_path / "environment.json"
    path.write_text(json.dumps({**_environment(), **change}))
    with refused("run-damaged"):
        read_environment(path)
    path.write_text("{")
    with refused("run-damaged"):
        read_environment(path)
    path.unlink()
    with refused("run-damaged"):
        read_environment(path)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _git(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": f"{COMMIT}\n"},
        {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"},
        {".git/HEAD": "ref: refs/heads/a/b\n", ".git/packed-refs": f"# pack-refs\n{COMMIT} refs/heads/a/b\n"},
        {
            ".git": "gitdir: store/worktrees/one\n",
            "store/worktrees/one/HEAD": "ref: refs/heads/one\n",
            "store/worktrees/one/commondir": "../..\n",
            "store/refs/heads/one": f"{COMMIT}\n",
        },
    ],
)
def test_the_commit_is_read_from_any_layout(tmp_path: Path, files: dict[str, str]) -> None:
    _git(tmp_path, files)
    (tmp_path / "specs").mkdir()
    assert git_commit(tmp_path / "specs") == COMMIT


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": "ref: refs/heads/main\n"},
        {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": "/home/me\n"},
        {".git/HEAD": ""},
        {".git/config": ""},
        {".git": "gitdir: gone\n"},
        {".git": "\0"},
    ],
)
def test_no_commit_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    _git(tmp_path, files)
    assert git_commit(tmp_path) is None


def test_git_agrees(tmp_path: Path) -> None:
    try:
        run = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
        subprocess.run([*run, "init", "-q"], check=True)
        subprocess.run([*run, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
        said = subprocess.run([*run, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git here")
    assert git_commit(tmp_path) == said.strip()
