"""The sets that are worked out are the same each time, and are what they say."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from nncli.data.made_sets import ENERGY_HOURS, TONES, TONES_RATE, TONES_SAMPLES, energy, tones
from nncli.data.opening import open_data
from tests.data.specs import spec_of


def _tones() -> tuple[NDArray[np.int16], list[str]]:
    arrays = np.load(io.BytesIO(tones()))
    return arrays["sound"], arrays["kind"].tolist()


def test_a_set_is_the_same_each_time_and_another_with_another_seed() -> None:
    assert tones() == tones() != tones(1)
    assert energy() == energy() != energy(1)


def test_tones_are_short_sounds_of_every_kind() -> None:
    sounds, kinds = _tones()
    assert sounds.dtype == np.int16 and sounds.shape == (480, TONES_SAMPLES)
    assert sorted(kinds) == sorted(TONES * 60)
    loudest = np.abs(sounds.astype(np.int32)).max(axis=1)
    assert loudest.max() <= 2**15 - 1 and loudest.min() > 3000 and len(set(loudest.tolist())) > 400


def _strongest(sounds: NDArray[Any]) -> NDArray[np.float64]:
    """Finds the strongest frequency in each sixteenth of the sounds, hertz."""
    pieces = sounds.astype(np.float64).reshape(len(sounds), 16, -1)
    spectra = np.abs(np.fft.rfft(pieces * np.hanning(pieces.shape[-1]), 1024))
    return spectra.argmax(axis=-1) * TONES_RATE / 1024


def test_kinds_differ_as_they_sound() -> None:
    sounds, kinds = _tones()
    of = {kind: sounds[[each == kind for each in kinds]] for kind in TONES}
    steps = {kind: np.median(np.diff(_strongest(of[kind])[:, 4:10], axis=1), axis=1) for kind in TONES}
    assert (np.abs(steps["sine"]) < 20).mean() > 0.9
    assert (steps["rising"] > 20).mean() > 0.9
    assert (steps["falling"] < 0).mean() > 0.9


@pytest.mark.parametrize("region", ["north", "south"])
def test_load_has_a_day_a_week_a_trend_and_follows_the_weather(region: str) -> None:
    frame = pl.read_csv(io.BytesIO(energy())).filter(pl.col("region") == region)
    assert frame.height == ENERGY_HOURS
    hours = frame["time"].str.to_datetime().diff().drop_nulls().dt.total_hours()
    assert hours.unique().to_list() == [1]
    load, temperature = frame["load"].to_numpy(), frame["temperature"].to_numpy()
    by_hour = load.reshape(-1, 24).mean(axis=0)
    assert by_hour.max() > 1.15 * by_hour.min()
    days = load.reshape(-1, 24).mean(axis=1)[:182].reshape(-1, 7).mean(axis=0)
    assert days[5:].max() < days[:5].min()
    apart = np.abs(temperature - 15)
    assert np.corrcoef(apart, load)[0, 1] > 0.2
    assert 0.5 < np.corrcoef(load[:-24], load[24:])[0, 1] < 0.99


def test_the_bits_of_a_set_are_those_of_before() -> None:
    """A set that changes in silence makes every figure reached on it wrong."""
    assert hashlib.sha256(energy()).hexdigest()[:16] == "c04273e6cb1c58da"
    assert hashlib.sha256(_tones()[0].tobytes()).hexdigest()[:16] == "17de531080cc777b"


def test_a_name_is_enough() -> None:
    data = open_data(spec_of(Path("nowhere"), train="builtin:tones"))
    assert {name: part.rows for name, part in data.parts.items()} == {
        "train": 336,
        "validation": 72,
        "test": 72,
    }
    assert data.inputs["sound"].shape == (1, TONES_SAMPLES) and data.inputs["sound"].rate == TONES_RATE
    assert data.encoders.counts() == {
        "rate": 8000, "sound.rate": 8000, "classes": 8, "kind.classes": 8
    }  # fmt: skip
    waves = data.parts["train"].input("sound")
    assert waves.shape == (336, 1, TONES_SAMPLES) and 0.9 < float(waves.abs().max()) <= 1
    data = open_data(spec_of(Path("nowhere"), train="builtin:energy"))
    assert data.inputs["past"].shape == (168, 2) and data.inputs["weather"].shape == (24, 1)
    assert data.targets["load"].shape == (24,)
    assert data.parts["train"].rows > 4000
