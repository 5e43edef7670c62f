"""A first reading of one column of a table: what its cells are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nncli.columns.dates import read_times
from nncli.sources.folders import MEDIA
from nncli.sources.image_files import decode_mask, read_header
from nncli.sources.media_files import MediaError, read_media
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.schema import ColumnType

if TYPE_CHECKING:
    import polars as pl
    from polars.datatypes import DataType, DataTypeClass

MOST_CLASSES: Final = 50
"""A text column of more classes is taken for names or free text."""
LEAST_WORDS: Final = 4
"""Cells of a text have at least so many words in the mean; shorter ones are names or ids."""
MOST_MEMBER_WORDS: Final = 3
"""What stands between separators in a sentence is longer than that."""
_ID_NAME: Final = re.compile(r"(?i)(.*[_ ])?(id|index|uuid|key)|unnamed.*")
_LEADING_ZERO: Final = r"^[+-]?0[0-9]"
_DATES: Final = (
    None,
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d.%m.%Y %H:%M",
    "%Y%m%d",
)
_EITHER_WAY: Final = ("%d/%m/%Y", "%m/%d/%Y")
_SEPARATORS: Final = (";", "|", ",")
_CHANNELS: Final = (1, 3, 4)
IMAGE_SIZE: Final = (64, 64)
SOUND_LENGTH: Final = "1s"
"""To these, images and sounds are brought that differ in size."""
_FILES: Final = 100
_MASKS: Final = 10
_LOOKED_AT: Final = 1000
"""Dates and lists are told by so many different cells."""


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What the cells of a column are, with words of the declaration; `reason` says why it is no input."""

    type: ColumnType
    reason: str = ""
    words: Mapping[str, object] = field(default_factory=dict)


def guess_column(table: Table, header: str) -> ColumnGuess:
    """Guesses the type of a column from its cells and, for ids, its name."""
    import polars as pl

    kind = table.cells.schema[header]
    if isinstance(kind, (pl.Array, pl.List)):
        return _of_arrays(table, header)
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        return ColumnGuess("category", f"its cells are of type {kind}")
    if kind in (pl.Date, pl.Datetime):
        return ColumnGuess("date") if table.series(header).n_unique() > 1 else _constant(table, header)
    return _of_texts(table, header)


def _constant(table: Table, header: str) -> ColumnGuess:
    is_there = table.series(header).drop_nulls().len() > 0
    return ColumnGuess("category", "every row has the same value" if is_there else "it is empty")


def _of_texts(table: Table, header: str) -> ColumnGuess:
    import polars as pl

    present = table.texts(header).drop_nulls()
    rows, distinct = len(present), present.n_unique()
    if distinct == 1 and rows < len(table):
        # That a cell is empty is the other value.
        return ColumnGuess("category")
    if distinct < 2:
        return ColumnGuess("category", "every row has the same value" if rows else "it is empty")
    values = present.str.strip_chars().cast(pl.Float64, strict=False)
    # `00123` is a code: as a number it would lose its zeros.
    is_code = present.str.contains(_LEADING_ZERO).any()
    is_number = bool(values.is_finite().fill_null(False).all()) and not is_code
    media = _media(table, present)
    if media is not None:
        return media
    if distinct == 2 and rows > 2:
        return ColumnGuess("binary")
    if distinct == rows and _ID_NAME.fullmatch(header.strip()):
        return ColumnGuess("category", "its name and its values are those of an id")
    if is_number:
        numbers = np.sort(values.to_numpy())
        counts_rows = rows > 2 and distinct == rows and bool((np.diff(numbers) == 1).all())
        return ColumnGuess("number", "it counts the rows" if counts_rows else "")
    return (
        _date(table, header, present)
        or _vector(present)
        or _set(present, distinct)
        or _words(present, distinct)
    )


def _words(present: pl.Series, distinct: int) -> ColumnGuess:
    """Tells texts of several words from classes, and both from names."""
    rows = len(present)
    words = present.str.split(" ").list.len().sum() / max(rows, 1)
    if distinct > MOST_CLASSES and words >= LEAST_WORDS:
        return ColumnGuess("text")
    if distinct > MOST_CLASSES or distinct * 2 > rows:
        said = f"{distinct:,} different texts in {rows:,} rows: names, ids or free text"
        return ColumnGuess("category", said)
    return ColumnGuess("category")


def _media(table: Table, present: pl.Series) -> ColumnGuess | None:
    """Finds paths of images or sounds by the ends of their names."""
    suffixes = set(present.str.to_lowercase().str.extract(r"(\.[a-z0-9]+)$").fill_null("").unique())
    if suffixes <= set(MEDIA["images"]):
        return ColumnGuess(
            "image", words={"size": IMAGE_SIZE} if _differ(table.source.folder, present) else {}
        )
    if suffixes <= set(MEDIA["sounds"]):
        return ColumnGuess("audio", words={"length": SOUND_LENGTH})
    return None


def with_masks(table: Table, kinds: Mapping[str, ColumnGuess]) -> dict[str, ColumnGuess]:
    """Tells masks among columns of images: beside another image, and of few values that are no colours."""
    images = [header for header, kind in kinds.items() if kind.type == "image" and "shape" not in kind.words]
    masks = [header for header in images[1:] if _are_masks(table, header)] if len(images) > 1 else []
    return {**kinds, **{header: ColumnGuess("mask") for header in masks}}


def _are_masks(table: Table, header: str) -> bool:
    present = table.texts(header).drop_nulls()
    rows = np.unique(np.linspace(0, len(present) - 1, _MASKS).astype(np.int64))
    values: set[int] = set()
    try:
        for path in present.gather(rows):
            values |= set(np.unique(decode_mask(read_media(Path(table.source.folder, str(path))))).tolist())
    except MediaError:
        return False
    return len(values) <= MOST_CLASSES


def _differ(folder: str, paths: pl.Series) -> bool:
    """Tells whether images differ in size, by some of them."""
    rows = np.unique(np.linspace(0, len(paths) - 1, _FILES).astype(np.int64))
    try:
        headers = [read_header(read_media(Path(folder, str(path)))) for path in paths.gather(rows)]
    except MediaError:
        return True
    return len({(each.height, each.width) for each in headers}) > 1


def _date(table: Table, header: str, present: pl.Series) -> ColumnGuess | None:
    """Finds the one form in which all cells are dates."""
    if not present.head(_LOOKED_AT).str.contains("[0-9]").all():
        return None
    column = Column(header, header, "input")

    def fits(form: str | None, rows: Table) -> bool:
        refusals = Refusals()
        read_times(rows.only([header]), column, form, refusals, empty_allowed=True)
        return not refusals.are_errors

    first = table.take(np.arange(min(len(table), _LOOKED_AT)))
    ways: list[str | None] = [form for form in _EITHER_WAY if fits(form, first) and fits(form, table)]
    if len(ways) > 1:
        return ColumnGuess("date", 'day or month first? write `{type: date, format: "%d/%m/%Y"}`')
    forms = ways or [form for form in _DATES if fits(form, first) and fits(form, table)]
    if not forms:
        return None
    return ColumnGuess("date", words={} if forms[0] is None else {"format": forms[0]})


def _vector(present: pl.Series) -> ColumnGuess | None:
    """Finds lists of as many numbers in every cell."""
    import polars as pl

    cells = present.unique().head(_LOOKED_AT).str.strip_chars("[] \t").str.replace_all(r"\s+", " ")
    for separator in (*_SEPARATORS, " "):
        members = cells.str.split(separator)
        lengths = members.list.len().unique()
        if len(lengths) != 1 or lengths[0] < 2:
            continue
        values = members.explode().str.strip_chars().cast(pl.Float64, strict=False)
        if values.is_finite().fill_null(False).all():
            return ColumnGuess("vector", words={} if separator == " " else {"separator": separator})
    return None


def _set(present: pl.Series, distinct: int) -> ColumnGuess | None:
    """Finds classes of which a cell has several: they come again, in other company."""
    for separator in _SEPARATORS:
        if not present.str.contains(separator, literal=True).sum() * 5 >= len(present):
            continue
        members = present.str.split(separator).explode().str.strip_chars()
        members = members.filter(members != "")
        found = members.n_unique()
        words = members.str.split(" ").list.len().max()
        is_short = isinstance(words, int) and words <= MOST_MEMBER_WORDS
        if is_short and 2 <= found <= MOST_CLASSES and found < distinct and found * 3 <= len(members):
            return ColumnGuess("set", words={} if separator == "," else {"separator": separator})
    return None


def _of_arrays(table: Table, header: str) -> ColumnGuess:
    """Tells images, which have a height and a width, from vectors."""
    import polars as pl

    kind: DataType | DataTypeClass = table.cells.schema[header]
    axes = []
    while isinstance(kind, pl.Array):
        axes.append(kind.size)
        kind = kind.inner
    kind = kind.inner if isinstance(kind, pl.List) else kind
    if not kind.is_numeric():
        return ColumnGuess("category", f"its cells are of type {table.cells.schema[header]}")
    if len(axes) < 2:
        return ColumnGuess("vector")
    shape = {2: [1, *axes], 3: axes}.get(len(axes), [])
    if len(shape) == 3 and shape[0] not in _CHANNELS and shape[2] in _CHANNELS:
        shape = [shape[2], shape[0], shape[1]]
    if not shape or shape[0] not in _CHANNELS:
        return ColumnGuess("category", f"its cells have the axes {axes}")
    return ColumnGuess("image", words={"shape": tuple(shape)})
