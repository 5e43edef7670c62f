"""The one table of all kinds of column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from nncli.columns.array_images import ARRAY_IMAGES, ArrayImageEncoder
from nncli.columns.categories import BINARY, CATEGORY, ClassEncoder
from nncli.columns.dates import DATE, DateEncoder
from nncli.columns.images import IMAGES, ImageEncoder
from nncli.columns.kind import Kind
from nncli.columns.masks import MASKS, MaskEncoder
from nncli.columns.numbers import NUMBER, NumberEncoder
from nncli.columns.pixels import PIXELS, PixelEncoder
from nncli.columns.series import SERIES, SeriesEncoder
from nncli.columns.sets import SET, SetEncoder
from nncli.columns.sounds import SOUNDS, SoundEncoder
from nncli.columns.tags import TAGS, TagEncoder
from nncli.columns.texts import TEXT, TextEncoder
from nncli.columns.vectors import VECTOR, VectorEncoder
from nncli.spec.schema import ColumnSpec

KINDS: Final[Mapping[str, Kind]] = {
    "number": NUMBER,
    "binary": BINARY,
    "category": CATEGORY,
    "set": SET,
    "date": DATE,
    "vector": VECTOR,
    "series": SERIES,
    "image": IMAGES,
    "mask": MASKS,
    "audio": SOUNDS,
    "text": TEXT,
    "tokens": TAGS,
}
AnyEncoder: TypeAlias = Annotated[
    NumberEncoder
    | ClassEncoder
    | SetEncoder
    | DateEncoder
    | VectorEncoder
    | SeriesEncoder
    | ImageEncoder
    | MaskEncoder
    | PixelEncoder
    | ArrayImageEncoder
    | SoundEncoder
    | TextEncoder
    | TagEncoder,
    Field(discriminator="type"),
]
"""Every encoder that a weights file may hold, told apart by its `type`."""


def kind_of(declared: ColumnSpec) -> Kind:
    """Finds the kind of a declaration whose type is in the table.

    An image is a file; where it names columns, one column per pixel; where it has a shape alone, an array.
    """
    if declared.type == "image" and declared.columns is not None:
        return PIXELS
    if declared.type == "image" and declared.shape is not None:
        return ARRAY_IMAGES
    return KINDS[declared.type]
