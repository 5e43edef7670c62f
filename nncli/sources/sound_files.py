"""Bytes of a sound file to samples: one conversion for every format.

In this order: numbers from -1 to 1, as float32; channels mixed by their mean, or one of them laid on both;
another rate by soxr, whose filter leaves nothing of what a lower rate cannot hold; last, where sounds are
kept as whole numbers, rounded to 16 bits.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.sources.media_files import MediaError
from nncli.sources.quiet_decoders import quiet_decoders
from nncli.sources.sound_containers import checked

if TYPE_CHECKING:
    import soundfile  # type: ignore[import-untyped]

Wave: TypeAlias = NDArray[np.float32]
"""Samples, float32 (samples, channels)."""
Samples: TypeAlias = NDArray[np.int16] | Wave
Precision: TypeAlias = Literal["int16", "float32"]

SOUND_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
MOST_SAMPLES: Final = 2**26
"""25 minutes of 44,100 Hz in one channel, or 70 of 16,000 Hz: 256 MiB while they are decoded."""
LARGEST: Final = 2**15
_LOUDEST: Final = 1.01
"""Filters reach a little beyond 1."""
RATES: Final = (1_000, 768_000)
_MOST_CHANNELS: Final = 64
_BLOCK: Final = 2**16
_FLOATS: Final = ("FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """What a file says of its sound: its samples in each channel, and how many of them make a second.

    `is_float` tells that its samples need not lie between -1 and 1.
    """

    samples: int
    rate: int
    channels: int
    is_float: bool


@dataclass(frozen=True, slots=True)
class SoundForm:
    """What every sound of a column is brought to."""

    rate: int
    channels: int
    precision: Precision = "int16"


def read_header(content: bytes) -> SoundHeader:
    """Reads what a sound is without decoding it. Raises MediaError."""
    with _opened(content) as file:
        return _header(file)


def decode_sound(content: bytes, form: SoundForm) -> Samples:
    """Decodes a sound to (samples, channels). Raises MediaError."""
    with _opened(content) as file:
        header = _header(file)
        _refuse_channels(header.channels, form)
        wave = _read(file, header, form)
    if len(wave) < header.samples and file.format != "MP3":
        raise MediaError("it ends too early")
    return converted(wave, header.rate, form, is_float=header.is_float)


def converted(wave: Wave, rate: int, form: SoundForm, *, is_float: bool) -> Samples:
    """Brings samples to the form of a column. Raises MediaError.

    What is louder than 1 is cut off there, as players do. Floats of a file may have another scale: where the
    source `is_float` that is refused.
    """
    if not np.isfinite(wave).all():
        raise MediaError("it holds samples that are no numbers")
    _refuse_channels(wave.shape[1], form)
    wave = mixed(wave, form.channels)
    if rate != form.rate:
        import soxr  # type: ignore[import-untyped]

        wave = soxr.resample(wave, rate, form.rate)
    if not len(wave):
        raise MediaError("it has no samples")
    if form.precision == "float32":
        return np.ascontiguousarray(wave)
    loudest = float(np.abs(wave).max())
    if is_float and loudest > _LOUDEST:
        raise MediaError(f"its samples reach {loudest:.3g}, and those of training lie between -1 and 1")
    return np.clip(np.rint(wave * LARGEST), -LARGEST, LARGEST - 1).astype(np.int16)


def mixed(wave: Wave, channels: int) -> Wave:
    """Brings samples to one channel, their mean, or one channel to several."""
    if wave.shape[1] == channels:
        return wave
    return wave.mean(axis=1, keepdims=True) if channels == 1 else np.repeat(wave, channels, axis=1)


def _refuse_channels(found: int, form: SoundForm) -> None:
    if found not in (1, form.channels) and form.channels != 1:
        raise MediaError(f"it has {found} channels, from which {form.channels} cannot be made")


def _read(file: soundfile.SoundFile, header: SoundHeader, form: SoundForm) -> Wave:
    """Reads all samples block by block: what a header says is no reason to take memory."""
    blocks: list[Wave] = []
    count = 0
    while count < header.samples:
        block = file.read(_BLOCK, dtype="float32", always_2d=True)
        if not len(block):
            break
        count += len(block)
        if count * header.channels > MOST_SAMPLES:
            raise _too_large(header)
        blocks.append(mixed(block, 1) if form.channels == 1 else block)
    if not count:
        raise MediaError("it has no samples")
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


@contextmanager
def _opened(content: bytes) -> Iterator[soundfile.SoundFile]:
    """Opens a sound, and makes a refusal of whatever its decoder raises over damaged bytes."""
    import soundfile

    if not content:
        raise MediaError("it is empty")
    container = checked(content)
    quiet = quiet_decoders() if container.format == "MP3" else nullcontext()
    try:
        with quiet, soundfile.SoundFile(io.BytesIO(container.content)) as file:
            yield file
    except (MediaError, MemoryError):
        raise
    except Exception as error:
        text = str(error).rpartition("Error : ")[2].rpartition(">: ")[2].rstrip(".") or type(error).__name__
        raise MediaError(f"it is damaged: {text[:1].lower()}{text[1:]}") from error


def _header(file: soundfile.SoundFile) -> SoundHeader:
    """Reads a header, and refuses one that cannot be, or would take too much memory."""
    header = SoundHeader(file.frames, file.samplerate, file.channels, file.subtype in _FLOATS)
    if not RATES[0] <= header.rate <= RATES[1]:
        raise MediaError(f"its header says {header.rate:,} samples a second, which is no sound")
    if header.channels > _MOST_CHANNELS:
        raise MediaError(f"its header says {header.channels:,} channels, which is no sound")
    if header.samples < 1:
        raise MediaError("it has no samples")
    if header.samples * header.channels > MOST_SAMPLES:
        raise _too_large(header)
    return header


def _too_large(header: SoundHeader) -> MediaError:
    told = f"{header.samples / header.rate:,.0f} seconds of {header.rate:,} Hz in {header.channels} channels"
    return MediaError(f"it holds {told}, more than {MOST_SAMPLES:,} samples", is_too_large=True)
