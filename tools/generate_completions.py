"""Writes the completion scripts of four shells: `python -m tools.generate_completions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.command_tree import Tree, read_tree
from tools.shells import bash, fish, powershell, zsh

FOLDER: Final = Path(__file__).parent.parent / "completions"
SHELLS: Final[Mapping[str, Callable[[Tree], str]]] = {
    "nncli.bash": bash.render,
    "_nncli": zsh.render,
    "nncli.fish": fish.render,
    "nncli.ps1": powershell.render,
}


def rendered() -> dict[str, str]:
    """Writes every script, by the name of its file."""
    tree = read_tree()
    return {name: render(tree) for name, render in SHELLS.items()}


def main() -> None:
    """Writes the scripts where they belong."""
    FOLDER.mkdir(exist_ok=True)
    for name, script in rendered().items():
        (FOLDER / name).write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
