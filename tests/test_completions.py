"""The completion scripts are fresh, know every verb and option, and answer as a person types."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.command_tree import read_tree
from tools.generate_completions import FOLDER, rendered

SCRIPTS = rendered()
# What TAB offers after a line; the last word is the one that is typed.
CASES = {
    "nncli tr": ["train"],
    "nncli train --se": ["--seed", "--set"],
    "nncli --debug eva": ["evaluate"],
    "nncli train specs/i": ["specs/iris.yaml"],
    "nncli check a.yaml specs/w": ["specs/wine.yml"],
    "nncli train -q specs/i": ["specs/iris.yaml"],
    "nncli train --seed 1 specs/i": ["specs/iris.yaml"],
    "nncli evaluate runs/d": ["runs/demo"],
    "nncli evaluate runs/iris/": ["runs/iris/1", "runs/iris/2"],
    "nncli evaluate ex": ["exported.safetensors"],
    "nncli evaluate runs/demo --split t": ["test", "train"],
    "nncli predict --format ": ["csv", "jsonl", "parquet"],
    "nncli predict runs/demo ro": ["rows.csv"],
    "nncli export runs/demo --format ": ["onnx", "pt2", "python", "safetensors"],
    "nncli train --device cu": ["cuda", "cuda:0"],
    "nncli inspect-gradients --fail-on de": ["dead_units"],
    "nncli train x --threads ": [],
}

BASH = r"""
source "$SCRIPT"
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_LINE=$1 COMP_POINT=${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_nncli
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with specs, runs and rows; a process of nncli or Python would leave `started`."""
    for name in (
        "specs/iris.yaml",
        "specs/wine.yml",
        "specs/image.png",
        "runs/demo/run.json",
        "runs/iris/1/run.json",
        "runs/iris/2/run.json",
        "exported.safetensors",
        "rows.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("nncli", "python", "python3"):
        (programs / name).write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\n")
        (programs / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TERM", "dumb")
    yield tmp_path
    assert not (tmp_path / "started").exists()


def bash(line: str, *words: str) -> list[str]:
    command = ["bash", "--norc", "--noprofile", "-c", BASH, "bash", line, *(words or line.split(" "))]
    environment = {**os.environ, "SCRIPT": str(FOLDER / "nncli.bash")}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
    assert answer.stderr == ""
    return sorted(answer.stdout.splitlines())


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_fresh(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == SCRIPTS[name], f"completions/{name} is old: run `make generated`"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_know_every_verb_and_option(name: str) -> None:
    script = SCRIPTS[name]
    for verb in read_tree().verbs:
        assert verb.name in script
        for option in verb.options:
            assert option.long.lstrip("-") in script
            assert name == "nncli.bash" or option.help.split(":")[0].replace("'", "") in script


def test_every_script_has_the_verbs_of_the_program() -> None:
    names = [verb.name for verb in read_tree().verbs]
    assert (
        names
        == "init check data summary explain train bench find-lr".split()
        + "inspect-gradients runs report evaluate predict generate export".split()
    )


@pytest.mark.parametrize(("line", "offered"), CASES.items(), ids=CASES)
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_bash(place: Path, line: str, offered: list[str]) -> None:
    assert bash(line) == offered


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_bash_where_it_splits_words_itself(place: Path) -> None:
    assert bash("nncli evaluate --split=te", "nncli", "evaluate", "--split", "=", "te") == ["test"]
    assert bash("nncli evaluate --split=", "nncli", "evaluate", "--split", "=") == [
        "test",
        "train",
        "validation",
    ]
    assert bash("nncli init builtin:ir", "nncli", "init", "builtin", ":", "ir") == ["iris"]
    assert bash("nncli train --device cuda:", "nncli", "train", "--device", "cuda", ":") == ["0"]
    assert bash("nncli train --set a= --se", "nncli", "train", "--set", "a", "=", "--se") == [
        "--seed",
        "--set",
    ]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_bash_quotes_a_run_with_a_space(place: Path) -> None:
    (place / "runs" / "my run").mkdir()
    (place / "runs" / "my run" / "run.json").touch()
    assert bash("nncli evaluate runs/m") == [r"runs/my\ run"]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not here")
def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", FOLDER / "nncli.bash"], check=True)


@pytest.mark.parametrize(("line", "offered"), CASES.items(), ids=CASES)
@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not here")
def test_fish(place: Path, line: str, offered: list[str]) -> None:
    script = f"source '{FOLDER / 'nncli.fish'}'; complete -C '{line}'"
    command = ["fish", "--no-config", "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert answer.stderr == ""
    assert sorted(each.partition("\t")[0] for each in answer.stdout.splitlines()) == offered


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not here")
def test_fish_shows_help(place: Path) -> None:
    script = f"source '{FOLDER / 'nncli.fish'}'; complete -C 'nncli sum'"
    answer = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "summary\tShow a network's layers, shapes, parameters and memory; draw it.\n"


# What TAB makes of a line where there is one answer, and what it shows where there are several.
ZSH_CASES = {
    "nncli tr": "nncli train ",
    "nncli train specs/i": "nncli train specs/iris.yaml ",
    "nncli evaluate --split=te": "nncli evaluate --split=test ",
    "nncli evaluate runs/demo --split ": "test +train +validation",
    "nncli evaluate runs/iris/": "runs/iris/1 +runs/iris/2",
    "nncli init builtin:ir": "nncli init builtin:iris ",
    "nncli predict runs/demo ro": "nncli predict runs/demo rows.csv ",
    "nncli train --re": "nncli train --resume ",
    "nncli train --se": "--seed +-- Takes the place of training.seed.",
}


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not here")
def test_zsh(place: Path) -> None:
    """One shell answers all cases: starting zsh's completion is slow."""
    subprocess.run(["zsh", "-n", FOLDER / "_nncli"], check=True)
    shell, terminal = pty.fork()
    if not shell:
        os.execvp("zsh", ["zsh", "-f", "-i"])
    start = f"LISTMAX=0; fpath=('{FOLDER}' $fpath); autoload -Uz compinit; compinit -u -D"
    os.write(terminal, f"{start}; stty columns 200; print READY$((1 + 1))\n".encode())
    read_until(terminal, "READY2")
    for line, shown in ZSH_CASES.items():
        os.write(terminal, f"\x15{line}\t".encode())  # ^U empties the line of the case before
        read_until(terminal, shown)
    os.close(terminal)
    os.waitpid(shell, 0)


def read_until(terminal: int, pattern: str) -> None:
    """Reads what a shell shows until it shows the pattern."""
    seen = ""
    while not re.search(pattern, seen):
        assert select.select([terminal], [], [], 20)[0], f"no {pattern!r} in {seen!r}"
        seen += os.read(terminal, 65536).decode(errors="replace")


def test_powershell_is_balanced() -> None:
    """There is no PowerShell here; at least its brackets and quotes close."""
    script = "\n".join(line.partition("#")[0] for line in SCRIPTS["nncli.ps1"].splitlines())
    plain = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "", script)
    assert "'" not in plain
    for left, right in ("{}", "()", "[]"):
        assert plain.count(left) == plain.count(right)
