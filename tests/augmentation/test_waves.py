"""Changes of sounds are what their names say, and the same draws for the same rows in any batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nncli.augmentation.waves import WAVE_CHANGES, WaveAugmentation, WaveChange
from nncli.draws import Draw

RATE = 1000
SAMPLES = 500


def _waves(count: int = 200) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 2, SAMPLES, generator=generator)


def _draw(count: int, first: int = 0, epoch: int = 1) -> Draw:
    return Draw(7, epoch, torch.arange(first, first + count))


def _changed(change: WaveChange, waves: Tensor) -> Tensor:
    return change(waves, _draw(len(waves)), 0, RATE)


@pytest.mark.parametrize("make", WAVE_CHANGES.values(), ids=WAVE_CHANGES)
def test_half_of_the_sounds_change_and_all_or_none_where_that_is_said(
    make: Callable[..., WaveChange],
) -> None:
    waves = _waves()
    changed = (_changed(make(), waves) != waves).flatten(1).any(1)
    assert 60 < int(changed.sum()) < 140
    assert torch.equal(_changed(make(p=0.0), waves), waves)
    assert (_changed(make(p=1.0), waves) != waves).flatten(1).any(1).float().mean() > 0.95


@pytest.mark.parametrize("make", WAVE_CHANGES.values(), ids=WAVE_CHANGES)
def test_a_row_is_changed_the_same_way_in_any_batch(make: Callable[..., WaveChange]) -> None:
    augment = WaveAugmentation((make(), make()), "sound", RATE)
    waves = _waves(20)
    whole = augment(waves, _draw(20))
    parts = [augment(waves[first : first + 5], _draw(5, first)) for first in range(0, 20, 5)]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=0)
    assert not torch.equal(augment(waves, _draw(20, epoch=2)), whole)
    assert not torch.equal(WaveAugmentation((make(), make()), "other", RATE)(waves, _draw(20)), whole)


@pytest.mark.parametrize(
    ("unit", "least", "most", "samples"),
    [("samples", -7, 7, 7), ("seconds", -0.02, 0.02, 20), ("fraction", -0.1, 0.1, 50)],
)
def test_a_shift_moves_by_every_number_of_samples(unit: str, least: float, most: float, samples: int) -> None:
    click = torch.zeros(2000, 1, SAMPLES)
    click[:, 0, 250] = 1.0
    shift = WAVE_CHANGES["Shift"](least, most, unit, p=1.0)
    at = _changed(shift, click)[:, 0].argmax(1) - 250
    assert (int(at.min()), int(at.max())) == (-samples, samples)
    assert len(at.unique()) == 2 * samples + 1


def test_what_is_shifted_out_comes_in_again_or_is_silence() -> None:
    waves = _waves()
    rolled = _changed(WAVE_CHANGES["Shift"](p=1.0), waves)
    torch.testing.assert_close(rolled.sort(2).values, waves.sort(2).values)
    silent = _changed(WAVE_CHANGES["Shift"](p=1.0, rollover=False), waves)
    assert torch.equal(silent, torch.where(silent == 0, 0.0, rolled))
    assert (silent == 0).sum() > waves.numel() // 8


def test_gain_is_in_decibels() -> None:
    waves = _waves()
    gains = (_changed(WAVE_CHANGES["Gain"](-6.0, 20.0, p=1.0), waves) / waves).flatten(1)
    decibels = 20 * torch.log10(gains[:, 0])
    torch.testing.assert_close(gains, gains[:, :1].expand_as(gains))
    assert -6 <= float(decibels.min()) < -5 and 19 < float(decibels.max()) <= 20


def test_noise_is_as_far_below_the_sound_as_is_said() -> None:
    waves = _waves() * torch.linspace(0.1, 3, 200)[:, None, None]
    noise = _changed(WAVE_CHANGES["AddGaussianSNR"](10.0, 20.0, p=1.0), waves) - waves
    below = 10 * torch.log10(waves.square().mean((1, 2)) / noise.square().mean((1, 2)))
    assert 9 < float(below.min()) < 11 and 19 < float(below.max()) < 21
    silence = torch.zeros(50, 1, SAMPLES)
    assert torch.equal(_changed(WAVE_CHANGES["AddGaussianSNR"](p=1.0), silence), silence)


def test_noise_of_an_amplitude_is_normal_and_not_twice_the_same() -> None:
    silence = torch.zeros(200, 2, SAMPLES)
    noise = _changed(WAVE_CHANGES["AddGaussianNoise"](0.5, 0.5, p=1.0), silence) / 0.5
    assert float(noise.mean()) == pytest.approx(0, abs=0.01)
    assert float(noise.std()) == pytest.approx(1, abs=0.01)
    assert float((noise.abs() < 1).float().mean()) == pytest.approx(0.6827, abs=0.005)
    apart = torch.corrcoef(noise.flatten(1)) - torch.eye(200)
    assert float(apart.abs().max()) < 0.25


def test_polarity_is_turned_around() -> None:
    waves = _waves()
    assert torch.equal(_changed(WAVE_CHANGES["PolarityInversion"](p=1.0), waves), -waves)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Shift", {"min_shift": 0.5, "max_shift": -0.5}),
        ("Gain", {"p": 1.5}),
        ("Gain", {"max_gain_db": math.inf}),
        ("AddGaussianNoise", {"min_amplitude": -0.1}),
        ("AddGaussianSNR", {"min_snr_db": math.nan}),
        ("PolarityInversion", {"p": -0.1}),
    ],
)
def test_amounts_that_make_no_sense_are_refused(name: str, arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        WAVE_CHANGES[name](**arguments)
