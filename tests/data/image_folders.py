"""Folders of images for tests, and specs that read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.data.dataset import Data
from nncli.data.opening import open_data
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin, Spec
from tests.sources.pictures import file_of, picture

IMAGE = "{image: {type: image}}"
LABEL = "{label: category}"


def fill(folder: Path, *classes: str, count: int = 8, size: tuple[int, int] = (6, 8)) -> Path:
    """Writes a folder for each class, with images that differ."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            content = file_of(picture(*size, 100 * number + index))
            (folder / name / f"{index}.png").write_bytes(content)
    return folder


def image_spec(
    folder: Path, train: str = "pets", inputs: str = IMAGE, targets: str = LABEL, **more: Any
) -> Spec:
    """Makes a spec of a folder or table of images."""
    lines = "".join(f"  {key}: {value}\n" for key, value in more.items())
    text = f"data:\n  train: {train}\n{lines}  inputs: {inputs}\n  targets: {targets}\n"
    text += "network: [Flatten, Linear: 2]\n"
    return parse_spec(text, Origin("spec.yaml", folder, text))


def opened(folder: Path, train: str = "pets", inputs: str = IMAGE, targets: str = LABEL, **more: Any) -> Data:
    """Opens a folder or table of images."""
    return open_data(image_spec(folder, train, inputs, targets, **more))
