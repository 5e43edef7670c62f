"""Sounds made for tests, and files of them as soundfile writes them."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

Wave = NDArray[np.float32]

FORMATS = {"WAV": "PCM_16", "FLAC": "PCM_16", "OGG": "VORBIS", "OPUS": "OPUS", "MP3": "MPEG_LAYER_III"}


def tone(hertz: float, rate: int = 8000, seconds: float = 0.5, loudness: float = 0.5) -> Wave:
    """Makes a sine, float32 (samples,)."""
    time = np.arange(round(rate * seconds)) / rate
    return (loudness * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def noise(samples: int = 4000, channels: int = 1, seed: int = 0) -> Wave:
    """Makes noise that 16 bits hold exactly, float32 (samples, channels)."""
    numbers = np.random.default_rng(seed).integers(-20_000, 20_000, (samples, channels))
    return (numbers / 2**15).astype(np.float32)


def file_of(wave: Wave, rate: int = 8000, form: str = "WAV", subtype: str | None = None) -> bytes:
    """Writes a sound as a file of a format; `OPUS` is Ogg with another coder in it."""
    stream = io.BytesIO()
    chosen = subtype or FORMATS[form]
    soundfile.write(stream, wave, rate, format="OGG" if form == "OPUS" else form, subtype=chosen)
    return stream.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """Writes a part of a WAV file."""
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def wav_of(parts: bytes) -> bytes:
    """Writes a WAV file of parts."""
    return b"RIFF" + (len(parts) + 4).to_bytes(4, "little") + b"WAVE" + parts
