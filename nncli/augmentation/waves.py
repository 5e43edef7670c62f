"""Changes of sounds, under the names of audiomentations, all of a batch at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import torch
from torch import Tensor

from nncli.augmentation.transform import between, require_range, require_share
from nncli.augmentation.transforms import place_of
from nncli.draws import Draw

PLACES: Final = 2
"""How many draws a change makes at most."""
_SEED_PART: Final = 2**24
"""As many whole numbers as a draw can tell apart."""


class WaveChange(Protocol):
    """One change of a batch of sounds."""

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Changes waves, float32 (B, channels, samples), of `rate` samples a second."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Moves a sound in time, with probability p.

    What leaves at one end comes in at the other, or silence does where `rollover` is false.
    """

    min_shift: float = -0.5
    max_shift: float = 0.5
    shift_unit: Literal["fraction", "samples", "seconds"] = "fraction"
    rollover: bool = True
    p: float = 0.5

    def __post_init__(self) -> None:
        _require(self.p, "shift", self.min_shift, self.max_shift)

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Moves some of the sounds."""
        samples = waves.shape[-1]
        unit = {"fraction": samples, "samples": 1, "seconds": rate}[self.shift_unit]
        moved = _drawn(draw, place, self.p, self.min_shift * unit, self.max_shift * unit).round().long()
        sources = torch.arange(samples, device=waves.device) - moved[:, None]
        shifted = waves.gather(2, sources.remainder(samples)[:, None].expand_as(waves))
        if self.rollover:
            return shifted
        return shifted * ((sources >= 0) & (sources < samples))[:, None]


@dataclass(frozen=True, slots=True)
class Gain:
    """Makes a sound louder or softer by a number of decibels, with probability p."""

    min_gain_db: float = -12.0
    max_gain_db: float = 12.0
    p: float = 0.5

    def __post_init__(self) -> None:
        _require(self.p, "gain_db", self.min_gain_db, self.max_gain_db)

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Makes some of the sounds louder or softer."""
        decibels = _drawn(draw, place, self.p, self.min_gain_db, self.max_gain_db)
        return waves * _factor(decibels)[:, None, None]


@dataclass(frozen=True, slots=True)
class AddGaussianSNR:
    """Adds noise that is a number of decibels below the sound, with probability p."""

    min_snr_db: float = 5.0
    max_snr_db: float = 40.0
    p: float = 0.5

    def __post_init__(self) -> None:
        _require(self.p, "snr_db", self.min_snr_db, self.max_snr_db)

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Adds noise to some of the sounds."""
        # What is not chosen has noise that is infinitely far below.
        decibels = _drawn(draw, place, self.p, self.min_snr_db, self.max_snr_db, otherwise=torch.inf)
        strength = waves.square().mean((1, 2)).sqrt() * _factor(-decibels)
        return _with_noise(waves, strength, draw, place)


@dataclass(frozen=True, slots=True)
class AddGaussianNoise:
    """Adds noise of an amplitude, with probability p."""

    min_amplitude: float = 0.001
    max_amplitude: float = 0.015
    p: float = 0.5

    def __post_init__(self) -> None:
        _require(self.p, "amplitude", self.min_amplitude, self.max_amplitude)
        if self.min_amplitude < 0:
            raise ValueError("min_amplitude must be 0 or more")

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Adds noise to some of the sounds."""
        strength = _drawn(draw, place, self.p, self.min_amplitude, self.max_amplitude)
        return _with_noise(waves, strength, draw, place)


@dataclass(frozen=True, slots=True)
class PolarityInversion:
    """Turns a sound upside down, with probability p; it sounds the same."""

    p: float = 0.5

    def __post_init__(self) -> None:
        _require(self.p)

    def __call__(self, waves: Tensor, draw: Draw, place: int, rate: int) -> Tensor:
        """Turns some of the sounds upside down."""
        return waves * _drawn(draw, place, self.p, -1.0, -1.0, otherwise=1.0)[:, None, None]


WAVE_CHANGES: Final[Mapping[str, Callable[..., WaveChange]]] = {
    "AddGaussianNoise": AddGaussianNoise,
    "AddGaussianSNR": AddGaussianSNR,
    "Gain": Gain,
    "PolarityInversion": PolarityInversion,
    "Shift": Shift,
}


@dataclass(frozen=True)
class WaveAugmentation:
    """Changes in order, with a place for their draws, which follows from the name of the input."""

    changes: tuple[WaveChange, ...]
    name: str
    rate: int

    def __call__(self, waves: Tensor, draw: Draw) -> Tensor:
        """Changes waves, float32 (B, channels, samples)."""
        first = place_of(self.name)
        for number, change in enumerate(self.changes):
            waves = change(waves, draw, first + PLACES * number, self.rate)
        return waves


def _drawn(draw: Draw, place: int, p: float, lowest: float, highest: float, otherwise: float = 0.0) -> Tensor:
    """Draws an amount for each sound that is chosen; the others get `otherwise`. Float32 (B,)."""
    chance, share = draw.uniform(place, 2).unbind(1)
    return torch.where(chance < p, between(share, (lowest, highest)), otherwise)


def _factor(decibels: Tensor) -> Tensor:
    return torch.pow(10.0, decibels / 20)


def _with_noise(waves: Tensor, strength: Tensor, draw: Draw, place: int) -> Tensor:
    """Adds normal noise to the sounds that get some.

    A draw of its own for every sample would take ten times as long as what it is for: a sound draws the seed
    of a generator, on the CPU, so that it is the same noise on every device.
    """
    parts = draw.below(place + 1, _SEED_PART, 2).cpu()
    noise = torch.zeros(waves.shape)
    for number in strength.nonzero()[:, 0].tolist():
        seed = int(parts[number, 0]) * _SEED_PART + int(parts[number, 1])
        generator = torch.Generator().manual_seed(seed)
        torch.randn(waves.shape[1:], generator=generator, out=noise[number])
    return waves + noise.to(waves.device) * strength[:, None, None]


def _require(p: float, name: str = "", lowest: float = 0.0, highest: float = 0.0) -> None:
    require_share("p", p)
    require_range(f"min_{name} to max_{name}", (lowest, highest), -sys.float_info.max, sys.float_info.max)
