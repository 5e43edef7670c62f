"""Every command of README.md runs as it stands, in order; its tables and pictures are true."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nncli.errors import Exit
from tools.command_tree import read_tree

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    """Returns the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def test_every_command_runs(tmp_path: Path) -> None:
    """The commands share one folder with the specs, as a person would type them one after another."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    shutil.copytree(ROOT / "docs" / "own-layers", tmp_path / "docs" / "own-layers")
    for command in "".join(blocks("sh")).splitlines():
        answer = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.returncode == 0, f"{command}\n{answer.stderr}"
    header = (tmp_path / "kinds.csv").read_text().splitlines()[0]
    assert header == "species,species.setosa,species.versicolor,species.virginica"
    lines = "".join(blocks("python")[:2])
    python = subprocess.run(
        [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    said = python.stdout.splitlines()
    assert (said[0], said[-1]) == ("versicolor", "torch.Size([2, 10])")


def test_every_verb_has_a_command() -> None:
    typed = {shlex.split(line)[1] for line in "".join(blocks("sh")).splitlines() if line.startswith("nncli ")}
    assert typed == {verb.name for verb in read_tree().verbs}


def test_the_spec_is_the_one_of_specs() -> None:
    written = (ROOT / "specs" / "digits-cnn.yaml").read_text(encoding="utf-8")
    assert blocks("yaml")[0] == "".join(line for line in written.splitlines(True) if not line.startswith("#"))


def test_the_layer_is_the_one_of_docs() -> None:
    written = (ROOT / "docs" / "own-layers" / "gated.py").read_text(encoding="utf-8")
    assert blocks("python")[2] == written[written.index("import torch") :]


def test_the_table_of_exit_codes_is_complete() -> None:
    codes = re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in Exit]


def test_the_shells_have_their_scripts() -> None:
    named = set(re.findall(r"completions/(nncli\.\w+)", README))
    assert {path.name for path in (ROOT / "completions").iterdir()} == named | {"_nncli"}


# What tells each shell, once set up, that it completes nncli.
SHOWN = {
    "bash": 'bash -i -c "complete -p nncli"',
    "zsh": 'zsh -i -c "print \\$_comps[nncli]"',
    "fish": "fish -c \"complete -C 'nncli tra'\"",
}


@pytest.mark.parametrize("shell", SHOWN)
def test_completion_is_set_up_as_written(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    found = re.search(rf"^\| {shell}[^|]* \| `(.*)` \|$", README, re.MULTILINE)
    assert found
    home = {**environment(), "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}
    home = {name: value for name, value in home.items() if not name.startswith("XDG_")}
    subprocess.run(["sh", "-c", found[1]], cwd=ROOT, env=home, check=True)
    answer = subprocess.run(
        ["sh", "-c", SHOWN[shell]],
        env=home,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith({"bash": "complete -F _nncli", "zsh": "_nncli", "fish": "train\t"}[shell])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_pictures_are_drawings_of_text() -> None:
    for path in re.findall(r"\((docs/pictures/[^)]+)\)", README):
        drawing = ElementTree.parse(ROOT / path)
        assert "nncli" in "".join(drawing.getroot().itertext())
