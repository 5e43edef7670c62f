"""Data sets that are worked out: `builtin:tones`, sounds, and `builtin:energy`, a series of every hour.

Each is a pure function of a seed, which is part of the set: it is the same everywhere, and no file has to be
carried along.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

TONES_RATE: Final = 8_000
TONES_SAMPLES: Final = 4_000
TONES: Final = ("bell", "bursts", "falling", "rising", "saw", "sine", "square", "vibrato")
_TONES_OF_EACH: Final = 60
_LARGEST: Final = 2**15 - 1

ENERGY_HOURS: Final = 24 * 7 * 26
_ENERGY_START: Final = datetime(2024, 1, 1)
# Load in megawatts at 15 degrees, what a degree of cold or heat adds, and how the day goes.
_REGIONS: Final = {"north": (420.0, 7.0, 3.0), "south": (260.0, 3.0, 6.0)}


def tones(seed: int = 0) -> bytes:
    """Makes half a second each of eight kinds of sound, at any pitch and loudness, with noise, as .npz.

    Arrays: `sound`, int16 (480, 4000) at 8,000 Hz, and `kind`, texts (480,). The kinds differ in how their
    strength lies over frequencies and time, which no sample shows: a linear model of the samples fails.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    kinds = [kind for _ in range(_TONES_OF_EACH) for kind in TONES]
    sounds = np.rint(np.stack([_tone(kind, draw) for kind in kinds]) * _LARGEST).astype(np.int16)
    stream = io.BytesIO()
    np.savez(stream, sound=sounds, kind=np.array(kinds))
    return stream.getvalue()


def _tone(kind: str, draw: np.random.Generator) -> Numbers:
    """Makes one sound, float64 (4000,) from -1 to 1."""
    pitch = 180.0 * 2.0 ** (2 * draw.random())
    begin, length = 0.15 * draw.random(), 0.2 + 0.15 * draw.random()
    since = np.arange(TONES_SAMPLES) / TONES_RATE - begin
    phase = 2 * np.pi * (pitch * since + draw.random())
    wave = _shape(kind, since / length, phase, (pitch, length), draw)
    # Ten milliseconds to begin and to end: a click would be heard in every frequency.
    wave *= np.clip(np.minimum(since, length - since) / 0.01, 0, 1)
    wave /= np.sqrt(np.mean(wave**2))
    wave += draw.standard_normal(TONES_SAMPLES) * 10 ** (-(4 + 12 * draw.random()) / 20)
    wave *= 10 ** -draw.random() / np.abs(wave).max()
    return wave


def _shape(
    kind: str, share: Numbers, phase: Numbers, lasting: tuple[float, float], draw: np.random.Generator
) -> Numbers:
    """Makes what a kind of sound is, (4000,), of a pitch and length; `share` is 0 to 1 while it lasts."""
    found: Numbers
    pitch, turns = lasting[0], lasting[0] * lasting[1]
    if kind in ("square", "saw"):
        # Up to half the rate, as a square (every other) or a saw (every) has them.
        numbers = np.arange(1, TONES_RATE / 2 / pitch, 2 if kind == "square" else 1)
        found = (np.sin(numbers[:, None] * phase) / numbers[:, None]).sum(axis=0)
    elif kind == "bell":
        found = np.zeros(TONES_SAMPLES)
        for ratio in (1.0, 2.76, 5.4):
            found += np.sin(phase * ratio) * np.exp(-2 * ratio * np.maximum(share, 0))
    elif kind == "bursts":
        found = draw.standard_normal(TONES_SAMPLES) * (np.sin(8 * np.pi * share) > 0)
    elif kind == "vibrato":
        found = np.sin(phase + turns / 4 * np.sin(6 * np.pi * share))
    else:
        glide = {"sine": 0.0, "rising": 1.0, "falling": -0.5}[kind]
        found = np.sin(phase + glide * np.pi * turns * share**2)
    return found


def energy(seed: int = 0) -> bytes:
    """Makes half a year of hourly electric load in two regions, which lie one behind the other, as CSV.

    Columns: `time`, ISO 8601, `region`, `temperature` in degrees, `load` in megawatts. Load has a day, a
    week, a trend, a minimum at 15 degrees, and noise that lasts for hours.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    hours = np.arange(ENERGY_HOURS)
    times = [(_ENERGY_START + timedelta(hours=int(hour))).isoformat() for hour in hours]
    lines = ["time,region,temperature,load"]
    for region, (base, cold, heat) in _REGIONS.items():
        season = 14.0 - 11.0 * np.cos(2 * np.pi * hours / (24 * 365.25))
        weather = _lasting(draw, 0.98, 4.0)
        temperature = season + 4.0 * np.sin(2 * np.pi * (hours - 9) / 24) + weather
        is_weekend = hours // 24 % 7 >= 5
        day = np.sin(2 * np.pi * (hours - 7) / 24) + 0.4 * np.sin(4 * np.pi * (hours - 6) / 24)
        people = 0.14 * base * day * np.where(is_weekend, 0.6, 1.0) - 0.12 * base * is_weekend
        apart = temperature - 15.0
        heating = cold * np.maximum(-apart, 0) + heat * np.maximum(apart, 0)
        load = base * (1 + 0.08 * hours / ENERGY_HOURS) + people + heating + _lasting(draw, 0.8, 0.02 * base)
        numbers = zip(times, temperature, load, strict=True)
        lines += [f"{time},{region},{degrees:.1f},{megawatts:.1f}" for time, degrees, megawatts in numbers]
    return "\n".join([*lines, ""]).encode()


def _lasting(draw: np.random.Generator, share: float, deviation: float) -> Numbers:
    """Makes noise of which a share is left an hour later: autoregressive, of a deviation."""
    fresh = draw.standard_normal(ENERGY_HOURS) * deviation * (1 - share**2) ** 0.5
    noise = np.empty(ENERGY_HOURS)
    last = draw.standard_normal() * deviation
    for hour, each in enumerate(fresh):
        last = share * last + each
        noise[hour] = last
    return noise
