"""Takes the pictures of README.md from real runs in a terminal: `python -m tools.generate_pictures`."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "docs" / "pictures"
PROGRAM: Final = Path(sys.executable).parent / "nncli"
LINES = 60

THEME: Final = TerminalTheme(
    (24, 26, 31),
    (214, 218, 226),
    [(40, 44, 52), (240, 98, 110), (128, 200, 120), (229, 192, 105),
     (97, 165, 245), (198, 120, 221), (86, 190, 200), (171, 178, 191)],
    [(92, 99, 112), (255, 120, 130), (152, 220, 140), (245, 210, 130),
     (120, 185, 255), (215, 145, 235), (110, 210, 220), (240, 243, 248)],
)  # fmt: skip
# pyte calls one colour by another name.
COLOURS: Final = {"brown": "yellow", "brightbrown": "bright_yellow", "default": None}

BROKEN: Final = """\
name: digits
data: builtin:digits
network:
  - Conv2d: [32, 3, padding: same]
  - ReLU
  - MaxPool2d: 2
  - Conv1d: [64, 3]
  - Flatten
  - Linear: $clases
training:
  loss: CrossEntropyLoss
  optimizer: Adamw
  epochs: 20
"""
DEEP: Final = """\
name: deep
data: builtin:digits
network:
  - Flatten
LAYERS\
  - Linear: 10
training:
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 1e-2}}
  epochs: 5
""".replace("LAYERS", 4 * "  - Linear: 32\n  - Sigmoid\n")


@dataclass(frozen=True, slots=True)
class Picture:
    """A command as it is typed, and the moment at which its screen is taken; None is the end."""

    name: str
    command: str
    moment: str | None = None
    columns: int = 100


PICTURES: Final = (
    Picture("training", "nncli train specs/digits-cnn.yaml", r"[1-9]\d % loss.*\ntotal .* [5-8]\d %"),
    Picture("error", "nncli check digits.yaml"),
    Picture("gradients", "nncli inspect-gradients deep.yaml", columns=114),
)


def main() -> None:
    """Writes the pictures where they belong."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "specs", folder / "specs")
        (folder / "digits.yaml").write_text(BROKEN, encoding="utf-8")
        (folder / "deep.yaml").write_text(DEEP, encoding="utf-8")
        for picture in PICTURES:
            svg = draw(picture, take(picture, folder))
            (FOLDER / f"{picture.name}.svg").write_text(svg, encoding="utf-8")


def take(picture: Picture, folder: Path) -> list[Text]:
    """Runs the command in a terminal and returns the lines that a person sees."""
    screen = pyte.Screen(picture.columns, LINES)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, picture.columns, 0, 0))
    command = [str(PROGRAM), *picture.command.split()[1:]]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=folder, env=environment) as process:
        os.close(theirs)
        for frame in _frames(ours):
            stream.feed(frame)
            if picture.moment and re.search(picture.moment, "\n".join(screen.display)):
                process.terminate()
                break
        else:
            if picture.moment:
                raise RuntimeError(f"{picture.name}: the moment {picture.moment!r} never came")
        lines = list(_lines(screen))
        while _read(ours):
            continue
    os.close(ours)
    return lines


def _frames(terminal: int) -> Iterator[bytes]:
    """Yields what a program writes, cut where it begins to draw its last lines again."""
    for piece in iter(lambda: _read(terminal), b""):
        yield from re.split(rb"(?=\r\x1b\[2K)", piece)


def _read(terminal: int) -> bytes:
    """Reads what came; nothing where the program has ended, which Linux reports as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def _lines(screen: pyte.Screen) -> Iterator[Text]:
    """Yields the lines of a screen with their colours, up to the last one that shows something."""
    last = max(number for number, line in enumerate(screen.display) if line.strip())
    for number in range(last + 1):
        row = [screen.buffer[number][column] for column in range(screen.columns)]
        text = Text()
        for style, characters in groupby(row, key=_style):
            # Gaps are pieces of their own, so that columns stay in place whatever the font is.
            for piece in re.split(r"( {2,})", "".join(character.data for character in characters)):
                text.append(piece, style)
        text.rstrip()
        yield text


def _style(character: Any) -> Style:
    return Style(
        color=_colour(character.fg),
        bgcolor=_colour(character.bg),
        bold=character.bold,
        italic=character.italics,
        reverse=character.reverse,
    )


def _colour(name: str) -> str | None:
    """Translates pyte's name of a colour into Rich's."""
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return COLOURS.get(name, name.replace("bright", "bright_"))


def draw(picture: Picture, lines: list[Text]) -> str:
    """Draws the lines as a terminal window with the command above them."""
    console = Console(
        record=True, width=picture.columns, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.assemble(("$ ", "bold green"), (picture.command, "bold")))
    for line in lines:
        console.print(line, no_wrap=True, crop=True)
    return console.export_svg(title="", theme=THEME, unique_id=f"nncli-{picture.name}")


if __name__ == "__main__":
    main()
