"""Segmentation masks as targets: a file of palette indices or grey values becomes a class at each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.augmenting import Change
from nncli.columns.decodes import NO_CLASS, MaskDecode
from nncli.columns.file_cells import check_named, named_files
from nncli.columns.images import changes_of, encode_files, size_mistakes, stated_size
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.sources.image_files import decode_mask
from nncli.sources.media_files import on_all_cores, read_media
from nncli.sources.tables import Column, Table
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.pictures import Pictures
    from nncli.columns.stored import Taken, TargetFinish
    from nncli.draws import Draw
    from nncli.sources.tables import Refusals

_STAND_IN_CLASSES: Final = ("0", "1", "2")
_STAND_IN_SIZE: Final = (32, 32)


@dataclass(frozen=True, slots=True)
class MaskEncoder(Encoder):
    """Files to the class of each pixel: the place of its value among `values`.

    Other values are refused, or have no class where `unknown` is to be kept. Where a mask is trained on, it
    moves as `image` does by `augment`.
    """

    column: Column
    classes: tuple[str, ...]
    values: tuple[int, ...]
    size: tuple[int, int]
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    unknown: Literal["error", "keep"] = "error"
    image: str = ""
    augment: tuple[Change, ...] = ()
    type: Literal["mask"] = "mask"

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) == len(self.values) <= NO_CLASS or min(self.size) < 1:
            raise ValueError("a mask has a value for each of at most 255 classes, and a size")
        if len(set(self.classes)) < len(self.classes) or len(set(self.values)) < len(self.values):
            raise ValueError("classes must differ, and their values too")

    @property
    def reads_files(self) -> bool:
        """Its cells are paths."""
        return True

    def target(self) -> TargetSpec:
        """Describes the column as a target: a class at each pixel that has one."""
        return TargetSpec(self.column.name, "category", self.classes, self.size, has_mask=True)

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Pictures:
        """Decodes the files to uint8 (N, height, width)."""
        decode = MaskDecode(self.values, self.size, self.resize, self.unknown)
        return encode_files(self.column, decode, table, refusals)

    def target_finish(self) -> TargetFinish:
        """Gives what is done to each batch: moved as its image, and told where there is no class."""
        return MaskFinish(self)

    def counts(self) -> Mapping[str, int]:
        """Names how many classes a pixel can have."""
        return {"classes": len(self.classes)}

    def stated(self) -> Mapping[str, object]:
        """Names the column, the classes and the size."""
        is_by_value = self.classes == tuple(map(str, self.values))
        classes = self.values if is_by_value else self.classes
        return {"column": self.column.header, "classes": classes, "size": self.size}


class MaskFinish:
    """Makes int64 (B, height, width) of uint8, and a mask of the pixels that have a class."""

    def __init__(self, encoder: MaskEncoder) -> None:
        from nncli.augmentation.transforms import TRANSFORMS, Augmentation, place_of

        made = tuple(each.made(TRANSFORMS) for each in encoder.augment if each.name in TRANSFORMS)
        self.augmentation = Augmentation(made, place_of(encoder.image))

    @property
    def is_drawn(self) -> bool:
        """Tells whether any pixel moves."""
        return any(transform.moves for transform in self.augmentation.transforms)

    def __call__(self, values: Tensor, draw: Draw | None) -> Taken:
        """Finishes a batch."""
        import torch

        from nncli.columns.stored import Taken

        # Numbers behind the classes are none, and so is what lies outside of an image.
        classes = torch.where(values == NO_CLASS, -1, values.to(torch.int64))
        if draw is not None and self.is_drawn:
            classes = self.augmentation.masks(classes.float().unsqueeze(1), draw).squeeze(1).long()
        return Taken(classes.clamp(min=0), classes >= 0)


def fit_masks(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> MaskEncoder | Problem:
    """Fits classes and size to the training rows, as far as they are not stated.

    Problems: `image-sizes`, `mask-classes`, `class-single`.
    """
    found, sizes = _looked_at(column, declared, table)
    size = stated_size(declared)
    if size is None and len(sizes) > 1:
        shown = [f"{each[0]} × {each[1]}" for each in (sizes[0], sizes[-1])]
        differing = {"name": column.name, "smallest": shown[0], "largest": shown[1]}
        return Problem("image-sizes", None, column.path, differing)
    names, values = _stated_classes(declared)
    if not values:
        # Where no mask can be read, encoding says why.
        values = found or (0, 1)
        names = tuple(map(str, values))
    facts: dict[str, object] = {"name": column.name, "column": column.header, "count": len(values)}
    if len(values) > NO_CLASS:
        return Problem("mask-classes", None, column.path, facts)
    if len(values) < 2:
        return Problem("class-single", None, column.path, facts | {"values": [f"`{each}`" for each in names]})
    changes = tuple(each for each in changes_of(declared) if isinstance(each, Change))
    return MaskEncoder(
        column,
        names,
        values,
        size or (sizes[0] if sizes else _STAND_IN_SIZE),
        declared.resize,
        declared.unknown,
        declared.image or "",
        changes,
    )


def _looked_at(
    column: Column, declared: ColumnSpec, table: Table
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Finds the values and sizes of the training masks, where they are not stated; both in order."""
    if declared.classes is not None and declared.size is not None:
        return (), []
    files = named_files(column, table)
    values: list[frozenset[int]] = [frozenset()] * len(files)
    sizes: list[tuple[int, int] | None] = [None] * len(files)

    def work(number: int) -> None:
        mask = decode_mask(read_media(files.path(number)))
        values[number] = frozenset(np.unique(mask).tolist())
        sizes[number] = (mask.shape[0], mask.shape[1])

    on_all_cores(len(files), work)
    different = sorted({each for each in sizes if each is not None})
    return tuple(sorted(frozenset().union(*values))), different


def _stated_classes(declared: ColumnSpec) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Reads `classes:`: numbers are values of pixels, words name the values from 0 on."""
    stated = declared.classes or ()
    if stated and all(isinstance(each, int) and not isinstance(each, bool) for each in stated):
        return tuple(map(str, stated)), tuple(int(each) for each in stated)
    return tuple(map(str, stated)), tuple(range(len(stated)))


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    check_named(column, table, refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> MaskEncoder:
    names, values = _stated_classes(declared)
    names, values = (names, values) if names else (_STAND_IN_CLASSES, tuple(range(len(_STAND_IN_CLASSES))))
    return MaskEncoder(column, names, values, stated_size(declared) or _STAND_IN_SIZE)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    yield from size_mistakes(declared)
    if column.role == "input":
        yield Mistake("mask-input")
    names, values = _stated_classes(declared)
    if declared.classes is not None and not 2 <= len(set(names)) == len(names):
        yield Mistake("classes-repeated", "classes", {"classes": list(names)})
    elif len(names) > NO_CLASS or any(not 0 <= value <= 65535 for value in values):
        yield Mistake("mask-classes", "classes", {"column": column.header, "count": len(names)})
    if declared.augment and declared.image is None:
        yield Mistake("mask-augment", "augment")


MASKS: Final = Kind(
    check=_check,
    fit=fit_masks,
    stand_in=_stand_in,
    reads_files=True,
    mistakes=_mistakes,
)
