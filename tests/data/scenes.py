"""Images with masks for tests: a box on each is bright, and is what the mask marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.sources.pictures import file_of

SIZE = (10, 12)
DARK, BRIGHT = 50, 200


def write_scenes(folder: Path, count: int = 24, *, value: int = 1) -> Path:
    """Writes photos of which 20 pixels are bright, masks that have `value` there, and scenes.csv of both."""
    numbers = np.random.default_rng(0)
    rows = ["photo,parts"]
    for index in range(count):
        mask = np.zeros(SIZE, np.uint8)
        top, left = numbers.integers(0, 6, 2)
        mask[top : top + 4, left : left + 5] = 1
        photo = Image.fromarray(mask * (BRIGHT - DARK) + DARK)
        (folder / f"p{index}.png").write_bytes(file_of(photo))
        (folder / f"m{index}.png").write_bytes(file_of(Image.fromarray(mask * value)))
        rows.append(f"p{index}.png,m{index}.png")
    (folder / "scenes.csv").write_text("\n".join(rows) + "\n")
    return folder


def pair_folder(folder: Path) -> Path:
    """Writes the same as a folder of `images` and `masks`, of the names `0.png`, `1.png` …"""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    write_scenes(folder)
    (folder / "scenes.csv").unlink()
    for path in [*folder.glob("p*.png")]:
        path.rename(folder / "images" / path.name.removeprefix("p"))
    for path in [*folder.glob("m*.png")]:
        path.rename(folder / "masks" / path.name.removeprefix("m"))
    return folder
