"""Predicted masks as files: a PNG for each row, in a folder beside the table of predictions."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nncli.answers.outputs import Answers
from nncli.columns.encoders import Encoders
from nncli.columns.masks import MaskEncoder
from nncli.messages.catalogue import failure
from nncli.operating_system import sync_folder
from nncli.runs.atomic import PARTIAL, disk_errors, write_new
from nncli.sources.palettes import palette

_NAME: Final = "{:06}.png"
_NAMED: Final = re.compile(r"[0-9]{6,}\.png")
_MOST_OF_A_PALETTE: Final = 255


@dataclass
class MaskFolder:
    """The masks of one target: written into `partial`, which becomes `folder` when all are there."""

    encoder: MaskEncoder
    folder: Path
    partial: Path
    written: int = 0

    def write(self, classes: NDArray[np.int64]) -> list[str]:
        """Writes masks (rows, height, width); gives their names as they are found from beside the folder."""
        names = []
        for mask in np.array(self.encoder.values)[classes]:
            self.written += 1
            name = _NAME.format(self.written)
            content = png_of(mask, is_wide=max(self.encoder.values) > _MOST_OF_A_PALETTE)
            with disk_errors(self.folder, len(content)):
                write_new(self.partial / name, content)
            names.append(f"{self.folder.name}/{name}")
        return names


@dataclass(frozen=True)
class MaskFolders:
    """The folders of all targets that are masks, by their names."""

    folders: Mapping[str, MaskFolder] = field(default_factory=dict)

    def write(self, answers: Answers) -> dict[str, list[str]]:
        """Writes the masks of some rows; gives the names of the files by target."""
        return {
            name: folder.write(answers.predictions[name].value.cpu().numpy())
            for name, folder in self.folders.items()
        }


def png_of(mask: NDArray[np.int64], *, is_wide: bool) -> bytes:
    """Writes a mask (height, width) as the index of a palette, or where `is_wide` as 16-bit grey."""
    from PIL import Image

    stream = io.BytesIO()
    image = Image.fromarray(mask.astype(np.uint16 if is_wide else np.uint8))
    if not is_wide:
        image.putpalette(palette().tobytes())
    image.save(stream, "PNG")
    return stream.getvalue()


def mask_folders(output: Path, encoders: Encoders) -> dict[MaskEncoder, Path]:
    """Says where the masks of each target go: `said.parts` beside `said.csv`."""
    masks = [each for each in encoders.target_encoders if isinstance(each, MaskEncoder)]
    return {each: output.with_name(f"{output.stem}.{each.column.name}") for each in masks}


def check_mask_folders(output: Path, encoders: Encoders, *, overwrite: bool) -> None:
    """Refuses folders that are there, and always those that hold something else than such masks.

    Raises BusyError `output-exists`, `masks-mixed`.
    """
    for folder in mask_folders(output, encoders).values():
        if os.path.lexists(folder) and not overwrite:
            raise failure("output-exists", file=str(folder))
        others = _others(folder)
        if others:
            raise failure("masks-mixed", folder=str(folder), others=others)


def _others(folder: Path) -> list[str]:
    """Lists what is no predicted mask, or the folder itself where it is none."""
    if not os.path.lexists(folder):
        return []
    if folder.is_symlink() or not folder.is_dir():
        return [f"`{folder.name}`"]
    return [f"`{each.name}`" for each in sorted(folder.iterdir()) if not _NAMED.fullmatch(each.name)][:3]


@contextmanager
def writing_masks(output: Path, encoders: Encoders) -> Iterator[MaskFolders]:
    """Makes the folders of masks, which are put in place when the block ends, and not at all where it fails.

    Errors: disk-full, disk-failed, folder-read-only; what was there before stays.
    """
    found = {
        each.column.name: MaskFolder(each, folder, _partial_of(folder))
        for each, folder in mask_folders(output, encoders).items()
    }
    try:
        for each in found.values():
            with disk_errors(each.folder):
                each.partial.mkdir()
        yield MaskFolders(found)
        for each in found.values():
            with disk_errors(each.folder):
                _put_in_place(each)
    except BaseException:
        for each in found.values():
            shutil.rmtree(each.partial, ignore_errors=True)
        raise


def _put_in_place(masks: MaskFolder) -> None:
    """Exchanges folders: what was there goes only when the new one has its name."""
    sync_folder(masks.partial)
    old = _partial_of(masks.folder)
    if masks.folder.exists():
        os.rename(masks.folder, old)
    os.rename(masks.partial, masks.folder)
    sync_folder(masks.folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _partial_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}")
