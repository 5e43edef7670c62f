"""Image files with known damage, from a fixed seed.

`python -m tests.sources.damaged_images COUNT SEED` reads that many of them, and prints how many were refused
and accepted, and the most memory that it took, in MiB.
"""

from __future__ import annotations

import random
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from nncli.sources.image_files import ImageForm, decode_image, decode_mask, read_header
from nncli.sources.image_sizes import Fit
from nncli.sources.media_files import MediaError
from tests.sources.pictures import file_of, picture

Verdict = Literal["refused", "accepted", "either"]
MOST_SECONDS = 10.0
FIT = Fit((16, 16))


@dataclass(frozen=True)
class Damaged:
    """A file, what was done to it, and what must become of it."""

    content: bytes
    what: str
    verdict: Verdict


def damaged_images(count: int, seed: int) -> Iterator[Damaged]:
    """Makes files with every kind of damage, in turn."""
    dice = random.Random(seed)
    whole = _whole_files()
    for number in range(count):
        form, content = dice.choice(whole)
        yield _DAMAGES[number % len(_DAMAGES)](form, content, dice)


def _whole_files() -> list[tuple[str, bytes]]:
    files = []
    for seed, (height, width) in enumerate([(1, 1), (7, 5), (24, 32), (61, 40)]):
        colour = picture(height, width, seed)
        grey = colour.convert("L")
        sixteen = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        for image in (colour, grey, colour.quantize(32), grey.convert("1"), sixteen):
            files.append(("PNG", file_of(image)))
            files.append(("TIFF", file_of(image, "TIFF")))
        files += [("PNG", file_of(colour.convert("RGBA"))), ("BMP", file_of(colour, "BMP"))]
        files += [("GIF", file_of(colour.quantize(32), "GIF")), ("WEBP", file_of(colour, "WEBP"))]
        files += [("WEBP", file_of(colour, "WEBP", lossless=True)), ("BMP", file_of(grey, "BMP"))]
        files += [("JPEG", file_of(image, "JPEG")) for image in (colour, grey, colour.convert("CMYK"))]
        files.append(("JPEG", file_of(colour, "JPEG", progressive=True)))
        files.append(("TIFF", file_of(colour, "TIFF", compression="tiff_lzw")))
    return files


def _cut(form: str, content: bytes, dice: random.Random) -> Damaged:
    # The last bytes of a GIF end the file and not its first frame; those of a BMP may fill up a row.
    most = len(content) - {"GIF": 3, "BMP": 4}.get(form, 1)
    return Damaged(content[: dice.randint(0, most)], f"{form} cut", "refused")


def _flipped(form: str, content: bytes, dice: random.Random) -> Damaged:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 8))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    is_same = bytes(changed) == content
    verdict: Verdict = "accepted" if is_same else "refused" if form == "PNG" else "either"
    return Damaged(bytes(changed), f"{form} with flipped bits", verdict)


def _scrambled(form: str, content: bytes, dice: random.Random) -> Damaged:
    start = dice.randrange(len(content))
    length = dice.choice((1, 4, 64, 1000))
    changed = content[:start] + dice.randbytes(length) + content[start + length :]
    verdict: Verdict = "refused" if form == "PNG" and changed != content else "either"
    return Damaged(changed, f"{form} with random bytes", verdict)


def _zeroed(form: str, content: bytes, dice: random.Random) -> Damaged:
    start = dice.randrange(len(content))
    changed = content[:start] + bytes(len(content) - start)
    verdict: Verdict = "refused" if form == "PNG" and changed != content else "either"
    return Damaged(changed, f"{form} that ends in zeros", verdict)


def _foreign(form: str, content: bytes, dice: random.Random) -> Damaged:
    texts = (b"", b"\n", b"<html><body>404</body></html>", b"%PDF-1.7\n", b"RIFF\0\0\0\0WAVEfmt ", bytes(500))
    texts += (dice.randbytes(300), b"version https://git-lfs.github.com/spec/v1\n", b"GIF89", b"BM", b"II*\0")
    return Damaged(dice.choice(texts), "no image at all", "refused")


def _trailing(form: str, content: bytes, dice: random.Random) -> Damaged:
    return Damaged(content + dice.randbytes(dice.randint(1, 100)), f"{form} with more behind it", "accepted")


def _grown(form: str, content: bytes, dice: random.Random) -> Damaged:
    """Writes sizes into the header that no memory holds."""
    large = dice.choice((60_000, 32_000, 16_000))
    changed = bytearray(content)
    if form == "PNG":
        changed[16:24] = struct.pack(">II", large, large)
        changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    elif form == "GIF":
        changed[6:10] = struct.pack("<HH", large, large)
    elif form == "BMP":
        changed[18:26] = struct.pack("<ii", large, large)
    elif form == "JPEG":
        at = min(each for each in map(content.find, (b"\xff\xc0", b"\xff\xc2")) if each >= 0)
        changed[at + 5 : at + 9] = struct.pack(">HH", large, large)
    else:
        return _cut(form, content, dice)
    return Damaged(bytes(changed), f"{form} of {large} × {large}", "refused")


_DAMAGES: tuple[Callable[[str, bytes, random.Random], Damaged], ...] = (
    _cut, _flipped, _scrambled, _zeroed, _foreign, _trailing, _grown, _cut, _flipped,
)  # fmt: skip


def read(content: bytes, channels: int) -> Verdict:
    """Reads a file in every way that there is; what is accepted has the shape that was asked for."""
    verdicts = set()
    for way in range(2):
        try:
            if way == 0:
                read_header(content)
                pixels = decode_image(content, ImageForm(channels, FIT))
                assert pixels.shape == (channels, *FIT.size) and pixels.dtype == np.uint8
                verdicts.add("accepted")
            else:
                assert decode_mask(content, FIT).shape == FIT.size
        except MediaError as error:
            assert error.reason
            if way == 0:
                verdicts.add("refused")
    (verdict,) = verdicts
    return "accepted" if verdict == "accepted" else "refused"


def main() -> None:
    """Reads damaged images and says what became of them."""
    count, seed = map(int, sys.argv[1:])
    found = {"accepted": 0, "refused": 0}
    for number, damaged in enumerate(damaged_images(count, seed)):
        began = time.process_time()
        verdict = read(damaged.content, (1, 3, 4)[number % 3])
        assert damaged.verdict in (verdict, "either"), f"{number}: {damaged.what} was {verdict}"
        assert time.process_time() - began < MOST_SECONDS, f"{number}: {damaged.what} takes long"
        found[verdict] += 1
    # Not ru_maxrss, which begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    peak_kib = int(status.partition("VmHWM:")[2].split()[0])
    print(found["refused"], found["accepted"], peak_kib // 1024)


if __name__ == "__main__":
    main()
