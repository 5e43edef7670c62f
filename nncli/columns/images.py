"""Images in files of their own: a column of paths becomes pixels, scaled and augmented on the device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.columns.augmenting import Change, read_changes
from nncli.columns.decodes import Decode, ImageDecode
from nncli.columns.file_cells import check_named, named_files, refuse_files
from nncli.columns.file_lists import FileList
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.errors import Problem
from nncli.sources.image_files import ImageHeader, read_header
from nncli.sources.media_files import on_all_cores, read_media
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.names import NAME
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.pictures import Pictures
    from nncli.columns.stored import Finish
    from nncli.draws import Draw

SEEN: Final = 1000
"""The scale is fitted to at most this many images of the training part, taken evenly."""
_STAND_IN_SIZE: Final = (32, 32)
_STAND_IN_CHANNELS: Final = 3


@dataclass(frozen=True, slots=True)
class ImageEncoder(Encoder):
    """Files to images of (height, width) `size`, scaled by channel: `(pixel - means[c]) / deviations[c]`.

    Pixels run from 0 to 255. `augment` is what is drawn anew each time that an image is trained on.
    """

    column: Column
    channels: int
    size: tuple[int, int]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    augment: tuple[Change, ...] = ()
    type: Literal["image"] = "image"

    def __post_init__(self) -> None:
        if self.channels not in (1, 3, 4) or min(self.size) < 1:
            raise ValueError("an image has 1, 3 or 4 channels and a size")
        if not len(self.means) == len(self.deviations) == self.channels:
            raise ValueError("an image has one mean and one deviation per channel")
        if not all(deviation > 0 for deviation in self.deviations):
            raise ValueError("a deviation must be above 0")

    @property
    def reads_files(self) -> bool:
        """Its cells are paths."""
        return True

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((self.channels, *self.size), "image")

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Pictures:
        """Decodes the files to uint8 (N, channels, height, width)."""
        return encode_files(self.column, ImageDecode(self.channels, self.size, self.resize), table, refusals)

    def finish(self) -> Finish:
        """Gives what is done to each batch: augmented where it is trained on, and scaled."""
        return ImageFinish(self.column.name, self.augment, self.means, self.deviations)

    def stated(self) -> Mapping[str, object]:
        """Names the column, and the size and channels of its images."""
        words = {"size": self.size, "channels": self.channels, "views": None}
        return {"column": self.column.header, **words}


class ImageFinish:
    """Makes float32 (B, channels, height, width) of pixels: augmented where a draw is given, then scaled.

    `name` is that of the column, `brightest` what pixels run up to.
    """

    def __init__(
        self,
        name: str,
        augment: Sequence[Change],
        means: tuple[float, ...],
        deviations: tuple[float, ...],
        brightest: float = 255.0,
    ) -> None:
        from nncli.augmentation.transforms import MIXERS, TRANSFORMS, Augmentation, mixing_of, place_of

        place = place_of(name)
        made = [each.made({**TRANSFORMS, **MIXERS}) for each in augment]
        mixers = tuple(each for each in made if type(each).__name__ in MIXERS)
        self.augmentation = Augmentation(tuple(each for each in made if each not in mixers), place)
        self.mixing = mixing_of(mixers, place)
        self._means = means
        self._deviations = deviations
        self._brightest = brightest

    @property
    def is_drawn(self) -> bool:
        """Tells whether anything is augmented."""
        return bool(self.augmentation.transforms)

    def __call__(self, values: Tensor, draw: Draw | None) -> Tensor:
        """Finishes a batch."""
        pixels = values.float()
        if draw is not None and self.is_drawn:
            pixels = self.augmentation.images(pixels / self._brightest, draw) * self._brightest
        means = pixels.new_tensor(self._means)[:, None, None]
        deviations = pixels.new_tensor(self._deviations)[:, None, None]
        return (pixels - means) / deviations


def encode_files(column: Column, decode: Decode, table: Table, refusals: Refusals) -> Pictures:
    """Decodes the files that a column names.

    Refuses `file-unnamed`, `target-empty`, `image-unreadable`, `image-too-large`.
    """
    from nncli.columns.pictures import decode_new, decode_once

    check_named(column, table, refusals)
    files = named_files(column, table)
    about = f"{table.source.file}: {column.header}"
    found, refused = decode_new(files, decode) if table.source.is_new else decode_once(files, decode, about)
    refuse_files("image", column, files, refused, refusals)
    return found


def fit_images(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> ImageEncoder | Problem:
    """Fits size, channels and scale to the training rows, as far as they are not stated.

    Problems: `image-sizes` where images differ and no size is stated, `augment-value`.
    """
    files = named_files(column, table)
    size = stated_size(declared)
    channels = declared.channels
    if size is None or channels is None:
        headers = _headers(files)
        sizes = sorted({(each.height, each.width) for each in headers})
        if size is None and len(sizes) > 1:
            facts = {"name": column.name, "smallest": _shown(sizes[0]), "largest": _shown(sizes[-1])}
            return Problem("image-sizes", None, column.path, facts)
        # Where no header can be read, encoding says why.
        size = size or (sizes[0] if sizes else _STAND_IN_SIZE)
        channels = channels or (1 if all(each.is_grey for each in headers) else _STAND_IN_CHANNELS)
    means, deviations = _scale(files, ImageDecode(channels, size, declared.resize), declared.scale)
    changes = tuple(each for each in changes_of(declared) if isinstance(each, Change))
    encoder = ImageEncoder(column, channels, size, means, deviations, declared.resize, changes)
    return augment_misfit(column, changes, channels, size) or encoder


def stated_size(declared: ColumnSpec) -> tuple[int, int] | None:
    """Gives the (height, width) that a declaration states; one number is both."""
    return (declared.size, declared.size) if isinstance(declared.size, int) else declared.size


def _headers(files: FileList) -> list[ImageHeader]:
    found: list[ImageHeader | None] = [None] * len(files)

    def work(number: int) -> None:
        found[number] = read_header(read_media(files.path(number)))

    on_all_cores(len(files), work)
    return [each for each in found if each is not None]


def _scale(files: FileList, decode: ImageDecode, scale: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Gives means and deviations by channel, in pixels from 0 to 255."""
    if scale in ("none", "minmax"):
        return (0.0,) * decode.channels, (255.0 if scale == "minmax" else 1.0,) * decode.channels
    rows = np.unique(np.linspace(0, len(files) - 1, min(len(files), SEEN)).astype(np.int64))
    sums = np.full((len(rows), 2, decode.channels), np.nan)

    def work(number: int) -> None:
        pixels = decode(read_media(files.path(int(rows[number])))).reshape(decode.channels, -1)
        exact = pixels.astype(np.int64)
        sums[number] = exact.sum(axis=1), (exact * exact).sum(axis=1)

    refused = on_all_cores(len(rows), work)
    seen: NDArray[np.float64] = np.delete(sums, list(refused), axis=0)
    if not len(seen):
        return (0.0,) * decode.channels, (1.0,) * decode.channels
    count = len(seen) * decode.size[0] * decode.size[1]
    totals, squares = seen.sum(axis=0)
    means = totals / count
    deviations = np.sqrt(np.maximum(squares / count - means**2, 0))
    return tuple(map(float, means)), tuple(float(each) or 1.0 for each in deviations)


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def augment_misfit(
    column: Column, changes: Sequence[Change], channels: int, size: tuple[int, int]
) -> Problem | None:
    """Finds a transform that does not suit the size or channels that came out: `augment-value`."""
    from nncli.augmentation.transforms import MIXERS, TRANSFORMS, misfit

    for change in changes:
        reason = misfit(change.made({**TRANSFORMS, **MIXERS}), channels, size)
        if reason:
            facts = {"transform": change.name, "reason": reason}
            return Problem("augment-value", None, f"{column.path}.augment", facts)
    return None


def changes_of(declared: ColumnSpec) -> list[Change | list[Mistake]]:
    """Reads what `augment:` says, or what is wrong with it."""
    from nncli.augmentation.transforms import MIXERS, TRANSFORMS

    return read_changes(declared.augment, {**TRANSFORMS, **MIXERS})


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    check_named(column, table, refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> ImageEncoder:
    channels = declared.channels or _STAND_IN_CHANNELS
    size = stated_size(declared) or _STAND_IN_SIZE
    changes = tuple(each for each in changes_of(declared) if isinstance(each, Change))
    return ImageEncoder(
        column, channels, size, (0.0,) * channels, (1.0,) * channels, declared.resize, changes
    )


def size_mistakes(declared: ColumnSpec) -> Iterator[Mistake]:
    """Finds a size that no image has."""
    size = stated_size(declared)
    if size is not None and not 1 <= min(size) <= max(size) <= 2**14:
        yield Mistake("image-size", "size", {"received": list(size)})


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    yield from size_mistakes(declared)
    if declared.channels == 2:
        yield Mistake("image-channels", "channels")
    if declared.scale == "quantile":
        yield Mistake("image-scale", "scale")
    for found in changes_of(declared):
        yield from found if isinstance(found, list) else ()
    for view in declared.views or ():
        if not NAME.fullmatch(view):
            yield Mistake("view-name", "views", {"view": view})


IMAGES: Final = Kind(
    check=_check,
    fit=fit_images,
    stand_in=_stand_in,
    may_be_target=False,
    reads_files=True,
    mistakes=_mistakes,
)
