"""Image files of every format and mode become the pixels that are documented, or are refused and told why."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from nncli.sources.image_files import ImageForm, decode_image, decode_mask, read_header
from nncli.sources.image_sizes import OUTSIDE, Fit
from nncli.sources.media_files import MediaError
from tests.sources.pictures import array, file_of, picture

Resize = Literal["stretch", "crop", "pad"]
FIT = Fit((24, 32))
LOSSLESS = [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
            ("TIFF", {"compression": "tiff_deflate"}), ("WEBP", {"lossless": True})]  # fmt: skip


def _refused(content: bytes) -> MediaError:
    with pytest.raises(MediaError) as caught:
        decode_image(content, ImageForm(3, FIT))
    return caught.value


@pytest.mark.parametrize(("form", "options"), LOSSLESS)
def test_lossless_formats_give_the_pixels_that_were_written(form: str, options: dict[str, Any]) -> None:
    image = picture()
    found = decode_image(file_of(image, form, **options), ImageForm(3, FIT))
    assert found.dtype == np.uint8
    assert np.array_equal(found, array(image))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_gives_what_pillow_decodes(options: dict[str, Any]) -> None:
    content = file_of(picture(), "JPEG", quality=95, **options)
    assert np.array_equal(decode_image(content, ImageForm(3, FIT)), array(_pillow(content)))


def _pillow(content: bytes) -> Image.Image:
    import io

    return Image.open(io.BytesIO(content))


GREY = picture().convert("L")
ALPHA = Image.fromarray(np.tile(np.linspace(0, 255, 32).astype(np.uint8), (24, 1)))


def _on_white(colour: Image.Image) -> np.ndarray[Any, Any]:
    share = np.asarray(ALPHA)[None] / 255.0
    return np.rint(array(colour) * share + 255 * (1 - share)).astype(int)


def _with_alpha(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(ALPHA)
    return image


def test_modes_without_colour_are_grey() -> None:
    truth = array(GREY)
    sixteen = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)
    whole = Image.fromarray(np.asarray(GREY).astype(np.int32) * 257)
    share = Image.fromarray(np.asarray(GREY).astype(np.float32) / 255)
    files = [file_of(GREY), file_of(GREY.convert("RGB")), file_of(sixteen), file_of(whole, "TIFF"),
             file_of(share, "TIFF"), file_of(GREY, "GIF")]  # fmt: skip
    for content in files:
        assert np.array_equal(decode_image(content, ImageForm(1, FIT)), truth)
        assert np.array_equal(decode_image(content, ImageForm(3, FIT)), np.repeat(truth, 3, axis=0))
    assert [read_header(each).is_grey for each in files] == [True, False, True, True, True, False]


def test_black_and_white_is_0_and_255() -> None:
    image = GREY.convert("1")
    found = decode_image(file_of(image), ImageForm(1, FIT))
    assert set(np.unique(found)) == {0, 255}
    assert np.array_equal(found, array(image.convert("L")))


def test_what_is_transparent_is_laid_over_white_unless_four_channels_are_asked_for() -> None:
    colour, grey = _with_alpha(picture()), _with_alpha(GREY)
    assert np.abs(decode_image(file_of(colour), ImageForm(3, FIT)) - _on_white(picture())).max() <= 1
    assert np.abs(decode_image(file_of(grey), ImageForm(1, FIT)) - _on_white(GREY)).max() <= 1
    assert np.array_equal(decode_image(file_of(colour), ImageForm(4, FIT)), array(colour))
    opaque = decode_image(file_of(picture()), ImageForm(4, FIT))
    assert (opaque[3] == 255).all()


def test_palettes_become_colours_and_their_transparent_entry_white() -> None:
    palette = picture().quantize(16)
    assert np.array_equal(decode_image(file_of(palette), ImageForm(3, FIT)), array(palette.convert("RGB")))
    content = file_of(palette, transparency=3)
    found = decode_image(content, ImageForm(3, FIT))
    clear = np.asarray(palette) == 3
    assert clear.any() and (found[:, clear] == 255).all()
    assert np.array_equal(found[:, ~clear], array(palette.convert("RGB"))[:, ~clear])


def test_a_transparent_colour_of_png_is_white() -> None:
    image = Image.new("RGB", (32, 24), (10, 20, 30))
    found = decode_image(file_of(image, transparency=(10, 20, 30)), ImageForm(3, FIT))
    assert (found == 255).all()


def test_cmyk_is_converted_as_pillow_does() -> None:
    image = picture().convert("CMYK")
    assert np.array_equal(
        decode_image(file_of(image, "TIFF"), ImageForm(3, FIT)), array(image.convert("RGB"))
    )


def test_colours_become_grey_by_the_documented_weights() -> None:
    red, green, blue = array(picture()).astype(float)
    found = decode_image(file_of(picture()), ImageForm(1, FIT))[0]
    assert np.abs(found - (0.299 * red + 0.587 * green + 0.114 * blue)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_orientation_of_exif_is_applied(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file_of(picture(), form, exif=exif)
    truth = array(ImageOps.exif_transpose(_pillow(content)).convert("RGB"))
    header = read_header(content)
    assert (header.height, header.width) == truth.shape[1:]
    found = decode_image(content, ImageForm(3, Fit((header.height, header.width))))
    assert np.array_equal(found, truth)


def test_only_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [picture(seed=seed).quantize(64) for seed in range(3)]
    content = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.array_equal(decode_image(content, ImageForm(3, FIT)), array(frames[0].convert("RGB")))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_stretch_is_pillows_bilinear_filter(channels: int, mode: str) -> None:
    image = picture(40, 61)
    found = decode_image(file_of(image), ImageForm(channels, Fit((16, 20))))
    assert np.array_equal(found, array(image.convert(mode).resize((20, 16), Image.Resampling.BILINEAR)))


def test_crop_takes_the_middle_and_pad_keeps_all() -> None:
    image = picture(40, 60)
    cropped = decode_image(file_of(image), ImageForm(3, Fit((20, 20), "crop")))
    middle = image.crop((10, 0, 50, 40)).resize((20, 20), Image.Resampling.BILINEAR)
    # At its edges the filter also sees what is cut off.
    assert np.abs(cropped.astype(int) - array(middle))[:, :, 1:-1].max() <= 1
    padded = decode_image(file_of(image), ImageForm(3, Fit((20, 30), "pad")))
    assert np.array_equal(padded, array(image.resize((30, 20), Image.Resampling.BILINEAR)))
    padded = decode_image(file_of(image), ImageForm(3, Fit((30, 30), "pad")))
    assert not padded[:, :5].any() and not padded[:, 25:].any()
    assert np.array_equal(padded[:, 5:25], array(image.resize((30, 20), Image.Resampling.BILINEAR)))


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_a_large_jpeg_decoded_small_looks_the_same(resize: Resize) -> None:
    waves = np.sin(np.linspace(0, 9, 900))[:, None] * np.cos(np.linspace(0, 7, 1200))
    image = Image.fromarray((waves * 120 + 128).astype(np.uint8))
    fit = Fit((40, 50), resize)
    small = decode_image(file_of(image, "JPEG", quality=95), ImageForm(1, fit))
    whole = decode_image(file_of(image, "PNG"), ImageForm(1, fit))
    assert small.shape == (1, 40, 50)
    assert np.abs(small.astype(int) - whole).max() <= 6


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    resize=st.sampled_from(["stretch", "crop", "pad"]),
    form=st.sampled_from(["PNG", "JPEG", "BMP", "TIFF"]),
    channels=st.sampled_from([1, 3, 4]),
)
def test_every_shape_comes_to_every_size(
    height: int, width: int, size: tuple[int, int], resize: Resize, form: str, channels: int
) -> None:
    content = file_of(picture(height, width), form)
    assert decode_image(content, ImageForm(channels, Fit(size, resize))).shape == (channels, *size)
    mask = decode_mask(file_of(picture(height, width).quantize(8)), Fit(size, resize))
    assert mask.shape == size
    assert set(np.unique(mask)) <= {OUTSIDE, *range(8)} and (resize == "pad" or mask.min() >= 0)


def test_masks_keep_the_index_of_the_palette_or_the_grey_value() -> None:
    classes = np.arange(24 * 32).reshape(24, 32) % 7
    palette = Image.fromarray(classes.astype(np.uint8))
    coloured = palette.convert("P")
    coloured.putpalette(np.random.default_rng(0).integers(0, 256, 768).astype(np.uint8).tobytes())
    wide = Image.fromarray(classes.astype(np.uint16) * 1000)
    assert np.array_equal(decode_mask(file_of(palette), FIT), classes)
    assert np.array_equal(decode_mask(file_of(palette.convert("RGB")), FIT), classes)
    assert np.array_equal(decode_mask(file_of(coloured), FIT), classes)
    assert np.array_equal(decode_mask(file_of(wide), FIT), classes * 1000)
    assert set(np.unique(decode_mask(file_of(GREY.convert("1")), FIT))) == {0, 1}


def test_a_mask_of_colours_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        decode_mask(file_of(picture()), FIT)
    assert "one value per pixel" in caught.value.reason


def test_masks_are_picked_where_images_are_mixed() -> None:
    classes = (np.arange(40 * 60).reshape(40, 60) // 120 % 5).astype(np.uint8)
    content = file_of(Image.fromarray(classes))
    found = decode_mask(content, Fit((20, 30)))
    assert np.array_equal(found, classes[1::2, 1::2])
    cropped = decode_mask(content, Fit((40, 40), "crop"))
    assert np.array_equal(cropped, classes[:, 10:50])
    padded = decode_mask(content, Fit((60, 60), "pad"))
    assert (padded[:10] == OUTSIDE).all() and (padded[50:] == OUTSIDE).all()
    assert np.array_equal(padded[10:50], classes)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"this is text", "it is no PNG, JPEG, GIF, BMP, WebP or TIFF file"),
        (b"%PDF-1.7", "it is no PNG, JPEG, GIF, BMP, WebP or TIFF file"),
        (b"\x89PNG\r\n\x1a\n", "it ends too early"),
        (file_of(picture())[:-5], "it ends too early"),
        (file_of(picture())[:700], "it ends too early"),
        (file_of(picture(), "JPEG")[:-30], "it ends too early"),
        (file_of(picture(), "BMP")[:-1], "it ends too early"),
    ],
)
def test_files_that_are_no_whole_images_are_refused_with_a_reason(content: bytes, reason: str) -> None:
    error = _refused(content)
    assert (error.is_too_large, error.reason) == (False, reason)


def test_a_flipped_bit_in_the_pixels_of_a_png_is_found() -> None:
    content = bytearray(file_of(picture()))
    content[len(content) // 2] ^= 4
    assert _refused(bytes(content)).reason == "the checksum of its content is wrong"


def test_the_content_of_a_file_counts_and_not_its_name() -> None:
    # A file `cat.jpg` that holds a PNG is read as what it is: only its bytes come here.
    assert decode_image(file_of(picture(), "PNG"), ImageForm(3, FIT)).shape == (3, 24, 32)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [_chunk(b"IHDR", header), *chunks, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]
    )


def test_an_image_of_too_many_pixels_is_refused_by_its_header() -> None:
    error = _refused(_png(60_000, 60_000))
    assert (error.is_too_large, error.reason) == (True, "it has 60,000 × 60,000 pixels")
    assert _refused(_png(10_000, 5_001)).is_too_large
    assert not _refused(_png(10_000, 5_000)).is_too_large


@pytest.mark.parametrize("kind", ["text", "profile"])
def test_compressed_text_and_profiles_cannot_grow_without_bound(kind: str) -> None:
    bomb = zlib.compress(bytes(64 * 2**20), 9)
    chunk = {"text": _chunk(b"zTXt", b"a\0\0" + bomb), "profile": _chunk(b"iCCP", b"a\0\0" + bomb)}[kind]
    error = _refused(_png(32, 24, chunk))
    assert not error.is_too_large


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    content = file_of(picture(), "JPEG", progressive=True)
    start = content.index(b"\xff\xda")
    scan = content[start : content.index(b"\xff\xda", start + 2)]
    assert _refused(content[:start] + scan * 200 + content[start:]).reason == "it has more than 100 scans"


@pytest.mark.parametrize("value", [-0.5, 1.5, float("nan"), float("inf")])
def test_floats_outside_of_0_to_1_are_refused_and_not_cut(value: float) -> None:
    values = np.full((24, 32), 0.25, dtype=np.float32)
    values[3, 4] = value
    assert "not from 0 to 1" in _refused(file_of(Image.fromarray(values), "TIFF")).reason


def test_whole_numbers_above_16_bits_are_refused_and_not_cut() -> None:
    values = np.full((24, 32), 70_000, dtype=np.int32)
    assert (
        "run from 70000 to 70000, not from 0 to 65535"
        in _refused(file_of(Image.fromarray(values), "TIFF")).reason
    )
