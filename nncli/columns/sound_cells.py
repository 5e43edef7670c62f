"""The sounds that cells hold, or name as files: what they are, and samples in the form of a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nncli.columns.file_cells import named_files
from nncli.messages.catalogue import failure
from nncli.sources.media_files import MediaError, on_all_cores, read_media
from nncli.sources.sound_files import Samples, SoundForm, SoundHeader, Wave, converted, read_header
from nncli.sources.tables import Column, Table

# What a whole number of a type is divided by, so that all lie between -1 and 1.
_LARGEST: Final = {"int8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31}
_FLOATS: Final = ("float16", "float32", "float64")


def holds_samples(column: Column, table: Table) -> bool:
    """Tells whether cells hold samples, and not names of files."""
    return table.cells.schema[column.header].is_nested()


def headers_of(column: Column, table: Table, rate: int | None) -> list[SoundHeader]:
    """Reads what sounds are; those that cannot be read are left out, since encoding says why.

    `rate` is that of samples in cells, which do not say it.
    """
    if holds_samples(column, table):
        return [
            SoundHeader(len(wave), rate or 0, wave.shape[1], is_float)
            for wave, is_float in _waves(column, table)
        ]
    files = named_files(column, table)
    found: list[SoundHeader | None] = [None] * len(files)

    def work(number: int) -> None:
        found[number] = read_header(read_media(files.path(number)))

    on_all_cores(len(files), work)
    return [each for each in found if each is not None]


def samples_of(column: Column, table: Table, form: SoundForm) -> Iterator[Samples]:
    """Brings the samples in cells to the form of a column. Raises DataError `sound-cells`."""
    for row, (wave, is_float) in enumerate(_waves(column, table)):
        try:
            yield converted(wave, form.rate, form, is_float=is_float)
        except MediaError as error:
            raise _refused(column, table, row, error.reason) from None


def _waves(column: Column, table: Table) -> Iterator[tuple[Wave, bool]]:
    """Walks over cells: samples as float32 (samples, channels), and whether they were floats.

    A cell is (samples,) or (channels, samples). Raises DataError `sound-cells`.
    """
    series = table.series(column.header)
    for row in range(len(series)):
        cell = series[row]
        array: NDArray[np.generic] = np.zeros(0) if cell is None else cell.to_numpy()
        kind = array.dtype.name
        if array.ndim not in (1, 2) or not array.size or kind not in (*_LARGEST, *_FLOATS):
            reason = f"it is {kind} of {array.ndim} axes" if array.size else "it has no samples"
            raise _refused(column, table, row, reason)
        wave = array.astype(np.float32) / np.float32(_LARGEST.get(kind, 1.0))
        yield (wave[:, None] if array.ndim == 1 else wave.T), kind in _FLOATS


def _refused(column: Column, table: Table, row: int, reason: str) -> Exception:
    facts = {"name": column.name, "column": column.header, "row": int(table.lines[row]), "reason": reason}
    return failure("sound-cells", table.place(row, column.header), column.path, **facts)
