"""The figures of images, masks and sounds: what files say of themselves, and what is in them once decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from nncli.columns.array_images import ArrayImageEncoder
from nncli.columns.file_cells import named_files
from nncli.columns.images import ImageEncoder
from nncli.columns.kind import Encoder
from nncli.columns.masks import MaskEncoder
from nncli.columns.sound_cells import headers_of
from nncli.columns.sounds import SoundEncoder
from nncli.columns.stored import Stored
from nncli.inspection.seen import Seen
from nncli.inspection.spreads import Spread, spread_of
from nncli.sources.image_files import read_header
from nncli.sources.media_files import on_all_cores, read_media
from nncli.sources.tables import Table

if TYPE_CHECKING:
    from torch import Tensor

MOST_FILES: Final = 1000
"""Of more files than these, as many are looked at, taken evenly."""
_MOST_PICTURES: Final = 256
MediaEncoder: TypeAlias = ImageEncoder | ArrayImageEncoder | MaskEncoder | SoundEncoder


@dataclass(frozen=True, slots=True)
class MediaFigures:
    """What is said of a column of images, masks or sounds.

    `spread` is that of the seconds of sounds. `classes` of masks have the pixels that they cover, most
    frequent first. `details` are ready for JSON.
    """

    spread: Spread | None = None
    classes: tuple[tuple[str, int], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def media_figures(encoder: MediaEncoder, stored: Stored, seen: Seen) -> MediaFigures:
    """Works out the figures of a column of images, masks or sounds."""
    table = _some_rows(seen)
    if isinstance(encoder, SoundEncoder):
        return _sounds(encoder, table)
    if isinstance(encoder, ArrayImageEncoder):
        size = [*encoder.shape[1:]]
        details = {"smallest": size, "largest": size}
        return MediaFigures(details={**details, **_channel_means(stored)})
    details = _image_sizes(encoder, table)
    if isinstance(encoder, MaskEncoder):
        return MediaFigures(classes=_pixels_by_class(encoder, stored), details=details)
    return MediaFigures(details={**details, **_channel_means(stored)})


def _some_rows(seen: Seen) -> Table:
    table = seen.tables[0]
    return table.take(np.unique(np.linspace(0, len(table) - 1, min(len(table), MOST_FILES)).astype(np.int64)))


def _image_sizes(encoder: Encoder, table: Table) -> dict[str, Any]:
    files = named_files(encoder.column, table)
    sizes = np.zeros((len(files), 2), np.int64)
    is_grey = np.zeros(len(files), np.bool_)

    def work(number: int) -> None:
        header = read_header(read_media(files.path(number)))
        sizes[number], is_grey[number] = (header.height, header.width), header.is_grey

    on_all_cores(len(files), work)
    order = np.lexsort((sizes[:, 1], sizes.prod(axis=1)))
    ends = {"smallest": sizes[order[0]].tolist(), "largest": sizes[order[-1]].tolist()}
    counts = {"sizes": len(np.unique(sizes, axis=0)), "grey": int(is_grey.sum()), "files": len(files)}
    return {**ends, **counts}


def _channel_means(stored: Stored) -> dict[str, Any]:
    """Takes the mean of each channel of images as they are decoded."""
    values = _some(stored).double()
    return {
        "channels": values.shape[1],
        "channel_means": values.mean(dim=(0, 2, 3)).tolist(),
    }


def _pixels_by_class(encoder: MaskEncoder, stored: Stored) -> tuple[tuple[str, int], ...]:
    """Counts the pixels of each class in some masks."""
    counts = np.bincount(_some(stored).flatten().numpy(), minlength=len(encoder.classes))
    found = [(name, int(counts[at])) for at, name in enumerate(encoder.classes) if counts[at]]
    return tuple(sorted(found, key=lambda each: -each[1]))


def _some(stored: Stored) -> Tensor:
    import torch

    rows = np.unique(np.linspace(0, stored.rows - 1, min(stored.rows, _MOST_PICTURES)).astype(np.int64))
    return stored.take(torch.from_numpy(rows)).values


def _sounds(encoder: SoundEncoder, table: Table) -> MediaFigures:
    headers: Sequence[Any] = headers_of(encoder.column, table, encoder.rate)
    seconds = np.array([each.samples / each.rate for each in headers], np.float64)
    details = {
        "rates": sorted({each.rate for each in headers}),
        "channels": sorted({each.channels for each in headers}),
        "files": len(headers),
    }
    return MediaFigures(spread_of(seconds), (), details)
