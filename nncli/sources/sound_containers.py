"""Whether a file of sound is whole, read from the lengths and checksums in it: decoders let much pass."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from nncli.sources.media_files import MediaError

Format: TypeAlias = Literal["WAV", "FLAC", "OGG", "MP3"]

_KNOWN: Final = "WAV, FLAC, OGG or MP3"
_TOO_EARLY: Final = "it ends too early"
_UNKNOWN_LENGTH: Final = 0xFFFFFFFF
"""What programs write that do not know yet how long a sound will be."""
_PLAIN: Final = (1, 3)
"""The tags of WAV files that hold numbers as they are: whole ones, and floats."""
_EXTENDED: Final = 0xFFFE
_LAST_PAGE: Final = 4
_BITS_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# Kilobits in a second by the index in a frame of MP3: version 1 layers I to III, then versions 2 and 2.5.
_BITRATES: Final = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True, slots=True)
class Container:
    """What a file is, and the bytes of it that a decoder is to see."""

    format: Format
    content: memoryview


def checked(content: bytes) -> Container:
    """Finds out what a file of sound is, and that nothing of it is missing.

    FLAC is checked by its decoder. Raises MediaError.
    """
    view = memoryview(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        _check_wav(view)
        return Container("WAV", view)
    if content[:4] == b"OggS":
        return Container("OGG", _pages(view))
    view = view[_tag_bytes(view) :]
    if bytes(view[:4]) == b"fLaC":
        return Container("FLAC", view)
    if _frame_bytes(view[:4]):
        return Container("MP3", _frames(view))
    raise MediaError(f"it is no {_KNOWN} file")


def _check_wav(view: memoryview) -> None:
    at = 12
    while at + 8 <= len(view):
        kind, size = bytes(view[at : at + 4]), int.from_bytes(view[at + 4 : at + 8], "little")
        body = view[at + 8 : at + 8 + size]
        if kind == b"fmt ":
            _check_wav_header(body)
        if kind == b"data":
            if len(body) < size < _UNKNOWN_LENGTH:
                raise MediaError(_TOO_EARLY)
            return
        at += 8 + size + size % 2
    raise MediaError(_TOO_EARLY)


def _check_wav_header(body: memoryview) -> None:
    """Compares the bytes of a sample, which are said twice."""
    tag, channels, aligned, bits = (int.from_bytes(body[at : at + 2], "little") for at in (0, 2, 12, 14))
    if tag == _EXTENDED:
        tag = int.from_bytes(body[24:26], "little")
    if tag in _PLAIN and aligned != channels * -(-bits // 8):
        reason = f"its header says {channels} channels of {bits} bits and {aligned} bytes, which is no sound"
        raise MediaError(reason)


def _pages(view: memoryview) -> memoryview:
    """Walks over the pages of an Ogg file, and gives them without what stands behind them."""
    at, is_last = 0, False
    while at < len(view):
        header = view[at : at + 27]
        if bytes(header[:4]) != b"OggS":
            if is_last:
                break
            raise MediaError("it is damaged: its pages do not follow one another")
        segments = view[at + 27 : at + 27 + (header[26] if len(header) == 27 else 0)]
        size = 27 + len(segments) + sum(segments)
        if len(header) < 27 or len(segments) < header[26] or at + size > len(view):
            raise MediaError(_TOO_EARLY)
        if _page_checksum(bytes(view[at : at + size])) != int.from_bytes(header[22:26], "little"):
            raise MediaError("the checksum of its content is wrong")
        is_last = bool(header[5] & _LAST_PAGE)
        at += size
    if not is_last:
        raise MediaError(_TOO_EARLY)
    return view[:at]


def _page_checksum(page: bytes) -> int:
    """Works out the CRC-32 of a page, its own field left at 0.

    Ogg sends the highest bit first and begins with 0, zlib the lowest and begins with ones: the bits of every
    byte and of the result are turned around.
    """
    turned = (page[:22] + b"\0\0\0\0" + page[26:]).translate(_BITS_REVERSED)
    found = zlib.crc32(turned, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4, "little").translate(_BITS_REVERSED), "big")


def _tag_bytes(view: memoryview) -> int:
    """Counts the bytes of an ID3 tag before the sound."""
    if bytes(view[:3]) != b"ID3" or len(view) < 10:
        return 0
    size = 0
    for byte in view[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frames(view: memoryview) -> memoryview:
    """Walks over the frames of an MP3 file, and gives them without what stands behind them."""
    at, count = 0, 0
    first = bytes(view[:4])
    while size := _frame_bytes(view[at : at + 4]):
        if (view[at + 1] ^ first[1]) & 0x1E or (view[at + 2] ^ first[2]) & 0x0C:
            raise MediaError(f"it is damaged: its frames change their kind at byte {at:,}")
        if at + size > len(view):
            raise MediaError(_TOO_EARLY)
        at, count = at + size, count + 1
    left = bytes(view[at:])
    if left.strip(b"\0") and not left.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")):
        raise MediaError(f"it is damaged: no frame begins at byte {at:,}" if len(left) > 3 else _TOO_EARLY)
    if count < _stated_frames(bytes(view[: _frame_bytes(view[:4])])):
        raise MediaError(_TOO_EARLY)
    return view[:at]


def _frame_bytes(header: memoryview) -> int:
    """Counts the bytes of the frame of MPEG audio that begins so; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0
    generation = 1 if version == 3 else 2
    bits = 1000 * _BITRATES[generation, layer][bitrate - 1]
    if layer == 1:
        return (12 * bits // _RATES[version][rate] + padding) * 4
    samples = 72 if layer == 3 and generation == 2 else 144
    return samples * bits // _RATES[version][rate] + padding


def _stated_frames(first: bytes) -> int:
    """Reads how many frames the first one says that follow it; 0 where it says nothing."""
    is_first_version, is_mono = first[1] >> 3 & 3 == 3, first[3] >> 6 == 3
    at = 4 + ((17 if is_mono else 32) if is_first_version else (9 if is_mono else 17))
    if first[at : at + 4] not in (b"Xing", b"Info") or not first[at + 7] & 1:
        return 0
    return int.from_bytes(first[at + 8 : at + 12])
