"""The raw cells of samples, as a file has them, to stand beside what a network says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nncli.columns.kind import Encoder
from nncli.data.dataset import Part
from nncli.data.dividing import Division
from nncli.data.rows import read_rows
from nncli.models.model import Model
from nncli.reports.worst import Cells, cut
from nncli.sources.tables import Table

MOST_COLUMNS: Final = 12


def raw_cells(model: Model, part: Part, division: Division | None, other: Path | None) -> Cells:
    """Makes what shows the cells of a part: of a file of its own, or of the source that it was taken from."""
    headers = _headers(model)
    rows: Sequence[int] | None = None
    table: Table | None = None
    if division is not None and part.name in division.samples:
        source, found = division.samples[part.name]
        table, rows = division.tables[source], found.tolist()
    elif other is not None and model.encoders.timeline is None:
        table = read_rows(other, model.encoders, with_targets=True)
        rows = range(len(table))

    def cells(samples: list[int]) -> list[Mapping[str, str]]:
        # Samples that are no rows, such as stretches of texts, have no cells.
        if table is None or rows is None or len(rows) != part.rows or not headers:
            return []
        taken = table.only(headers).take_cells(np.array([rows[each] for each in samples], np.int64))
        columns = {header: taken.series(header).to_list() for header in headers}
        return [{header: _text(columns[header][at]) for header in headers} for at in range(len(samples))]

    return cells


def _headers(model: Model) -> list[str]:
    """Lists the columns that flow in and can be read as they are, targets left out."""
    encoders = model.encoders
    shown = [each for each in encoders.input_encoders if not _is_seen(each, model)]
    headers = [header for each in shown for header in each.headers]
    order = [encoders.timeline.group, encoders.timeline.time] if encoders.timeline else []
    return list(dict.fromkeys([*(each for each in order if each), *headers]))[:MOST_COLUMNS]


def _is_seen(encoder: Encoder, model: Model) -> bool:
    """Tells whether a column is shown as an image, or has no cell that can be read."""
    described = model.encoders.inputs().get(encoder.column.name)
    return described is not None and described.type in ("image", "audio", "mask")


def _text(cell: object) -> str:
    if cell is None or cell != cell:
        return ""
    return cut(f"{cell:.6g}" if isinstance(cell, float) else str(cell))
