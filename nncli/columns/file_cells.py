"""Cells that name files: the list of them, and what is wrong with any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from nncli.columns.file_lists import FileList, list_files
from nncli.sources.media_files import MediaError
from nncli.sources.tables import SHOWN, Column, Refusals, Table

_CODES: Final = {
    "image": ("image-unreadable", "image-too-large"),
    "sound": ("sound-unreadable", "sound-too-large"),
}


def named_files(column: Column, table: Table) -> FileList:
    """Lists the files that the cells of a column name."""
    return list_files(table.source.folder, table.texts(column.header).fill_null("").to_list())


def check_named(column: Column, table: Table, refusals: Refusals) -> None:
    """Refuses cells without a path: `file-unnamed`, or `target-empty`."""
    empty = np.flatnonzero(table.texts(column.header).is_null().to_numpy())
    refusals.add("target-empty" if column.role == "target" else "file-unnamed", column, empty)


def refuse_files(
    kind: Literal["image", "sound"],
    column: Column,
    files: FileList,
    refused: Mapping[int, MediaError],
    refusals: Refusals,
) -> None:
    """Refuses what cannot be decoded, by row and with its name: `image-unreadable`, `image-too-large`."""
    for code, is_large in zip(_CODES[kind], (False, True), strict=True):
        rows = [row for row, error in refused.items() if error.is_too_large is is_large]
        reasons = [f"`{files.name(row)}`: {refused[row].reason}" for row in rows[:SHOWN]]
        more = ["…"] if len(rows) > SHOWN else []
        refusals.add(code, column, np.array(rows, dtype=np.int64), reasons="; ".join([*reasons, *more]))
