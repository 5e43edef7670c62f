"""Bytes of an image file to uint8 pixels: one conversion for every format and mode.

In this order: the first frame is decoded whole, the orientation of its EXIF applied; 16-bit values are
divided by 257, floats from 0 to 1 multiplied by 255; palettes become colours; what is transparent is laid
over white, unless four channels were asked for; colours become grey by 0.299 R + 0.587 G + 0.114 B; last,
the image is brought to its size by Pillow's bilinear filter, which is antialiased.
"""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.sources.image_sizes import Fit, Values
from nncli.sources.media_files import MediaError
from nncli.sources.quiet_decoders import quiet_decoders

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Pixels: TypeAlias = NDArray[np.uint8]

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MOST_PIXELS: Final = 50_000_000

_KNOWN: Final = "PNG, JPEG, GIF, BMP, WebP or TIFF"
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MOST_SCANS: Final = 100
"""A progressive JPEG has about ten; each scan goes over all pixels again."""
_SHORT: Final = ("truncated", "requires a buffer", "incomplete")
"""What Pillow says where bytes are missing."""
_HIGHEST: Final = {"I": 65535.0, "F": 1.0}
_ALPHA: Final = ("LA", "La", "PA", "RGBA", "RGBa")


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the first bytes of an image say; height and width are those after rotation."""

    height: int
    width: int
    is_grey: bool


@dataclass(frozen=True, slots=True)
class ImageForm:
    """What every image of a column is brought to: 1, 3 or 4 channels, and a size."""

    channels: int
    fit: Fit


def read_header(content: bytes) -> ImageHeader:
    """Reads what an image is without decoding its pixels. Raises MediaError."""
    with _refusing():
        image = _opened(content)
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        is_grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode[0] == "I"
        return ImageHeader(height, width, is_grey)


def decode_image(content: bytes, form: ImageForm) -> Pixels:
    """Decodes an image to uint8 (channels, height, width), not to be written to. Raises MediaError."""
    with _refusing(), _quiet(content):
        file = _opened(content)
        if file.format == "JPEG":
            file.draft(None, form.fit.draft(file.size))
        image = form.fit.mixed(_converted(_upright(file), form.channels))
        # Channel by channel in half the time that numpy takes to turn the axes.
        content = b"".join(image.tobytes("raw", band) for band in image.getbands())
        return np.frombuffer(content, np.uint8).reshape(form.channels, *form.fit.size)


def decode_mask(content: bytes, fit: Fit | None = None) -> Values:
    """Decodes a mask to the palette index or grey value of each pixel, int32 (height, width).

    Pixels are picked, never mixed; those that `pad` added hold `OUTSIDE`. Raises MediaError.
    """
    with _refusing(), _quiet(content):
        image = _values_alone(_upright(_opened(content)))
        values = np.asarray(image).astype(np.int32)
        return values if fit is None else fit.picked(values)


@contextmanager
def _refusing() -> Iterator[None]:
    """Makes a refusal of whatever Pillow raises: over damaged bytes that may be anything."""
    try:
        yield
    except MediaError:
        raise
    except Exception as error:
        text = str(error) or type(error).__name__
        if any(word in text.lower() for word in _SHORT) or isinstance(error, EOFError):
            raise MediaError("it ends too early") from error
        raise MediaError(f"it is damaged: {text[:1].lower()}{text[1:]}") from error


def _quiet(content: bytes) -> AbstractContextManager[None]:
    """Keeps from the terminal what libtiff writes about damage."""
    return quiet_decoders() if content.startswith(_TIFF) else nullcontext()


@cache
def _formats() -> tuple[tuple[Callable[[bytes], bool], Callable[[io.BytesIO], ImageFile]], ...]:
    """Lists how a format is told by its first bytes, and what reads it; Pillow's guessing is not asked."""
    from PIL.BmpImagePlugin import BmpImageFile
    from PIL.GifImagePlugin import GifImageFile
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.TiffImagePlugin import TiffImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    # What Pillow warns of in damaged metadata concerns nobody: pixels are decoded whole, or refused.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return (
        (lambda first: first.startswith(_PNG), PngImageFile),
        (lambda first: first.startswith(b"\xff\xd8\xff"), JpegImageFile),
        (lambda first: first.startswith((b"GIF87a", b"GIF89a")), GifImageFile),
        (lambda first: first.startswith(b"RIFF") and first[8:12] == b"WEBP", WebPImageFile),
        (lambda first: first.startswith(b"BM"), BmpImageFile),
        (lambda first: first.startswith(_TIFF), TiffImageFile),
    )


def _opened(content: bytes) -> ImageFile:
    """Reads the header of an image, and refuses one that would take too much memory or time."""
    if not content:
        raise MediaError("it is empty")
    opener = next((opener for is_it, opener in _formats() if is_it(content[:16])), None)
    if opener is None:
        raise MediaError(f"it is no {_KNOWN} file")
    image = opener(io.BytesIO(content))
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise MediaError(f"it has {width:,} × {height:,} pixels", is_too_large=True)
    if image.format == "JPEG" and content.count(b"\xff\xda") > _MOST_SCANS:
        raise MediaError(f"it has more than {_MOST_SCANS} scans", is_too_large=True)
    if image.format == "PNG":
        _check_png(content)
    return image


def _check_png(content: bytes) -> None:
    """Compares the checksum of every chunk, which Pillow does not do for the pixels."""
    view, at, kind = memoryview(content), len(_PNG), b""
    while kind != b"IEND":
        length = int.from_bytes(view[at : at + 4])
        end = at + 8 + length
        kind = bytes(view[at + 4 : at + 8])
        if end + 4 > len(view):
            raise MediaError("it ends too early")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            raise MediaError("the checksum of its content is wrong")
        at = end + 4


def _orientation(image: Image) -> int:
    """Reads the orientation of EXIF, 1 to 8; 1 is upright, 5 to 8 swap height and width."""
    # Pillow turns a TIFF by itself, and reports the size that it then has.
    if image.format == "TIFF" or "exif" not in image.info:
        return 1
    found = image.getexif().get(0x0112)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(image: ImageFile) -> Image:
    from PIL.Image import Transpose

    image.load()
    turns = (
        Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM, Transpose.TRANSPOSE,
        Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90,
    )  # fmt: skip
    orientation = _orientation(image)
    return image if orientation == 1 else image.transpose(turns[orientation - 2])


def _converted(image: Image, channels: int) -> Image:
    """Converts an image of any mode to L, RGB or RGBA."""
    if image.mode[0] == "I" or image.mode == "F":
        image = _in_8_bits(image)
    has_alpha = image.mode in _ALPHA or "transparency" in image.info
    if channels == 4:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if has_alpha:
        image = _over_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    elif image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    wanted = "L" if channels == 1 else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _in_8_bits(image: Image) -> Image:
    from PIL.Image import fromarray

    values = np.asarray(image)
    highest = _HIGHEST[image.mode[0]]
    lowest_found, highest_found = values.min(), values.max()
    # A NaN is neither.
    if not (lowest_found >= 0 and highest_found <= highest):
        kind = "floats" if image.mode == "F" else "whole numbers"
        reason = f"its {kind} run from {lowest_found:g} to {highest_found:g}, not from 0 to {highest:g}"
        raise MediaError(reason)
    scaled = values.astype(np.float32)
    scaled *= 255 / highest
    return fromarray(np.rint(scaled, out=scaled).astype(np.uint8))


def _over_white(image: Image) -> Image:
    from PIL.Image import new

    white = new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _values_alone(image: Image) -> Image:
    """Takes an image that has one value per pixel, or colours that are all grey."""
    if image.mode in ("1", "L", "P") or image.mode[0] == "I":
        return image
    bands = image.split() if image.mode == "RGB" else ()
    if not bands or any(band.tobytes() != bands[0].tobytes() for band in bands[1:]):
        reason = f"a mask has one value per pixel, a palette index or a grey value; this is {image.mode}"
        raise MediaError(reason)
    return bands[0]
