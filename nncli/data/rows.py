"""Raw rows for a trained network: a file, standard input, or rows from Python."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nncli.columns.categories import as_text, read_texts
from nncli.columns.encoders import Columns, Encoders
from nncli.columns.kind import Truths
from nncli.columns.tags import refuse_unaligned
from nncli.columns.texts import TextEncoder, stretched_columns
from nncli.cores import worked
from nncli.counted import counted
from nncli.data.arrays import Pieces
from nncli.data.cache import as_columns
from nncli.data.dataset import Part, PartName
from nncli.data.samples import in_order
from nncli.data.stretches import text_samples
from nncli.errors import Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.sources.files import find_source, read_table, unfound
from nncli.sources.folders import FILE, find_folder, is_medium
from nncli.sources.streamed import Incoming, streamed_tables, whole_table
from nncli.sources.tables import Refusals, Rows, Source, Table

if TYPE_CHECKING:
    import polars as pl
    from torch import Tensor

    from nncli.columns.stored import Stored

SLICE_ROWS: Final = 2**17
"""How many rows are encoded at a time."""
ROWS_NAME: Final = "<rows>"


def read_rows(source: Path, encoders: Encoders, *, with_targets: bool) -> Table:
    """Reads the rows of a table; a folder of files, or one file, where an input is an image or a sound.

    Columns are found by name; others are kept in the table and not looked at. The targets may be
    missing unless `with_targets`. Raises `file-unreadable` (usage), `columns-missing`, `file-input`, and what
    the format's reader raises.
    """
    if _is_media(source) and any(each.reads_files for each in encoders.input_encoders):
        return _complete(_media_table(source, encoders), encoders, with_targets=with_targets)
    found = find_source(Path(), str(source))
    if isinstance(found, Problem):
        raise unfound(found, source)
    return _complete(read_table(found, encoders.reading), encoders, with_targets=with_targets)


def stream_rows(stream: Incoming, encoders: Encoders) -> Iterator[Table]:
    """Reads the rows of standard input as they come; those in time are read to their end first.

    Raises what `streamed_tables` raises, and `columns-missing`.
    """
    if encoders.timeline is not None:
        yield _complete(whole_table(stream, encoders.reading), encoders, with_targets=False)
        return
    for table in streamed_tables(stream, encoders.reading):
        yield _complete(table, encoders, with_targets=False)


def rows_of_texts(texts: Sequence[str], encoders: Encoders) -> Table:
    """Makes a row of each text, for a network whose only input is one. Raises `text-input`."""
    headers = encoders.headers(inputs_only=True)
    kinds = [each.type for each in encoders.input_encoders]
    if kinds != ["text"]:
        raise failure("text-input", found=[f"`{each}`" for each in headers])
    return table_from_rows([{headers[0]: text} for text in texts], encoders, with_targets=False)


def _is_media(source: Path) -> bool:
    return source.is_dir() or is_medium(source.name)


def _media_table(source: Path, encoders: Encoders) -> Table:
    """Makes a table of one file, or of all files of a folder, under the name of the input that reads them."""
    import polars as pl

    headers = list(dict.fromkeys(e.column.header for e in encoders.input_encoders if e.reads_files))
    if len(headers) != 1:
        raise failure("file-input", file=str(source), found=[f"`{each}`" for each in headers])
    if not source.is_dir():
        frame = pl.DataFrame({headers[0]: [source.name]})
        place = Source(str(source), folder=str(source.parent))
        return Table(frame, np.array([1]), place, encoders.reading)
    table = find_folder(source, str(source)).table
    return replace(table, cells=table.frame.rename({FILE: headers[0]}))


def table_from_rows(
    rows: Mapping[str, object] | Sequence[Mapping[str, object]] | pl.DataFrame,
    encoders: Encoders,
    *,
    with_targets: bool,
) -> Table:
    """Makes a table of dicts, one for each row, or of a Polars frame; one dict alone is one row.

    Raises `columns-missing`, `cells-nested`, `cell-type`, `cell-surrogate`, `rows-empty`, `rows-type`.
    In dicts, None, a missing key and a float NaN are empty cells.
    """
    import polars as pl

    if isinstance(rows, pl.DataFrame):
        frame = rows
    else:
        rows = [rows] if isinstance(rows, Mapping) else rows
        _refuse_other_types(rows)
        names = dict.fromkeys(name for row in rows for name in row)
        cells = {name: [_cell(row.get(name), at, name) for at, row in enumerate(rows, 1)] for name in names}
        frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
    if frame.is_empty():
        raise failure("rows-empty")
    table = Table(frame, np.arange(1, frame.height + 1), Source(ROWS_NAME), encoders.reading)
    return _complete(table, encoders, with_targets=with_targets)


def _refuse_other_types(rows: Sequence[Mapping[str, object]]) -> None:
    """Answers callers without types, who may give anything."""
    if not isinstance(rows, Sequence) or isinstance(rows, (str, bytes)):
        raise failure("rows-type", what="rows", type=type(rows).__name__)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise failure("rows-type", what=f"row {number}", type=type(row).__name__)


def encode_slices(
    encoders: Encoders,
    table: Table,
    is_new: Truths | None,
    pieces: Pieces,
    *,
    with_targets: bool = True,
    covered: Mapping[str, Rows] | None = None,
) -> Refusals:
    """Encodes all rows of a table, slice by slice, into columns named `inputs.age` and `targets.price`.

    After the first error rows are only read on to count what else is wrong. `covered` lists the rows of
    each column that are looked at, where not all are.
    """

    def encoded(numbered: tuple[int, Table]) -> tuple[dict[str, Stored], Refusals]:
        first, rows = numbered
        found = Refusals(covered, first)
        strange = None if is_new is None else is_new[first : first + len(rows)]
        inputs = encoders.encode_inputs(rows, found, strange)
        targets = encoders.encode_targets(rows, found, strange) if with_targets else {}
        if targets and not found.are_errors:
            _refuse_unaligned(encoders, inputs, targets, found)
        named = {f"inputs.{n}": each for n, each in encoders.without_parts_of_features(inputs).items()}
        return named | {f"targets.{name}": each for name, each in targets.items()}, found

    refusals = Refusals(covered)
    # Files are decoded on all cores as it is.
    at_once = len(table) > SLICE_ROWS and not any(each.reads_files for each in encoders.input_encoders)
    for (_, rows), result in worked(encoded, table.slices(SLICE_ROWS), at_once=at_once):
        columns, found = result()
        refusals.join(found)
        if not refusals.are_errors:
            pieces.add(columns, len(rows))
    return refusals


def _refuse_unaligned(
    encoders: Encoders, inputs: Mapping[str, Stored], targets: Mapping[str, Stored], refusals: Refusals
) -> None:
    columns = {each.column: inputs[each.column.name] for each in encoders.input_encoders}
    columns |= {each.column: targets[each.column.name] for each in encoders.target_encoders}
    refuse_unaligned((*encoders.input_encoders, *encoders.target_encoders), columns, refusals)


def encode_rows(
    encoders: Encoders, table: Table, *, with_targets: bool, covered: Mapping[str, Rows] | None = None
) -> Columns:
    """Encodes new rows, as those of training were. Raises what their cells are refused for."""
    with Pieces(None, "rows", len(table)) as pieces:
        refusals = encode_slices(encoders, table, None, pieces, with_targets=with_targets, covered=covered)
        if refusals.are_errors:
            raise failures(refusals.problems(table))
        return as_columns(encoders, pieces.finish()[0])


def part_from(encoders: Encoders, table: Table, name: PartName, *, with_targets: bool = True) -> Part:
    """Encodes a table as one part. Raises the problems of inputs and targets together."""
    stretched = [
        each for each in encoders.input_encoders if isinstance(each, TextEncoder) and each.is_stretched
    ]
    if stretched and with_targets:
        return _part_of_stretches(encoders, stretched[0], table, name)
    rows = np.arange(len(table))
    if encoders.timeline is not None:
        series = in_order(table, encoders.timeline)
        table, rows = series.table, series.anchors(encoders.reaches, encoders.timeline, ("input", "target"))
        if not len(rows):
            raise failure("series-short", table.header_place(), needed="more rows", rows=len(table))
    columns = encode_rows(encoders, table, with_targets=with_targets)
    return Part(name, torch_index(rows), columns)


def _part_of_stretches(encoders: Encoders, encoder: TextEncoder, table: Table, name: PartName) -> Part:
    """Takes the stretches of the texts of a table, side by side. Raises `text-short`."""
    refusals = Refusals()
    texts = read_texts(table, encoder.column, None, refusals)
    tokens = encoder.tokens(texts.to_list(), refusals)
    if refusals.are_errors:
        raise failures(refusals.problems(table))
    every = [
        each
        for each in (*encoders.input_encoders, *encoders.target_encoders)
        if isinstance(each, TextEncoder)
    ]
    length, ahead = encoder.layout.length, max(-each.layout.shift for each in every)
    counts = [len(each) for each in tokens]
    documents, firsts = text_samples(counts, length + ahead, length)
    if not len(firsts):
        needed = counted(length + ahead, "token")
        raise failure("text-short", table.header_place(), part=name, needed=needed)
    starts = np.cumsum([0, *counts])[documents] + firsts
    columns = as_columns(encoders, stretched_columns(every, np.concatenate(tokens)))
    return Part(name, torch_index(starts), columns)


def torch_index(rows: Rows) -> Tensor:
    """Makes a tensor of the numbers of rows, int64."""
    import torch

    return torch.from_numpy(rows.astype(np.int64))


def _complete(table: Table, encoders: Encoders, *, with_targets: bool) -> Table:
    wanted = encoders.headers(inputs_only=not with_targets)
    missing = [header for header in wanted if header not in table.columns]
    if missing:
        close = nearest(missing[0], table.columns)
        raise failure(
            "columns-missing",
            table.header_place(),
            names=[f"`{header}`" for header in missing],
            nearest=f"`{close}` is there: rename it to `{missing[0]}`" if close else "",
            found=list(table.columns),
        )
    return replace(table, source=replace(table.source, is_new=True))


def _cell(value: object, row: int, column: str) -> str | None:
    """Writes a Python value as a table has it; NumPy's scalars are taken as the numbers they are."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
        raise failure("cell-surrogate", row=row, column=column)
    if isinstance(value, (bool, int, float, str)):
        return as_text(value)
    raise failure("cell-type", row=row, column=column, type=type(value).__name__)
