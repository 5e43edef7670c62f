"""Random numbers that are pure functions of what they are drawn for: seed, purpose, epoch, index.

No state is kept, so that nothing has to be saved: a run that goes on, another number of workers, a batch
of other rows all get the same numbers for the same row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

# Source: splitmix64, Steele, Lea and Flood 2014; as signed 64-bit numbers, which torch has.
_STEP: Final = 0x9E3779B97F4A7C15 - 2**64
_FIRST: Final = 0xBF58476D1CE4E5B9 - 2**64
_SECOND: Final = 0x94D049BB133111EB - 2**64
_MANTISSA_BITS: Final = 24


@dataclass(frozen=True)
class Draw:
    """What random numbers of a batch are drawn for.

    `rows` are the numbers of the samples, int64 (B,), on the device where the numbers are wanted.
    """

    seed: int
    epoch: int
    rows: Tensor

    def uniform(self, place: int, *shape: int) -> Tensor:
        """Draws numbers in [0, 1), float32 (B, *shape); another `place` gives unrelated ones."""
        count = math.prod(shape)
        key = _mixed(torch.tensor(self.seed, dtype=torch.int64) * _STEP + self.epoch)
        # One number, which stays on the CPU: operations take it along, and a copy would be waited for.
        key = _mixed(key * _STEP + place)
        each = torch.arange(count, dtype=torch.int64, device=self.rows.device)
        bits = _mixed(_mixed(self.rows * _STEP + key)[:, None] * _STEP + each)
        # The high bits of a product are the best mixed; the shift of a signed number keeps its sign.
        share: Tensor = (bits >> (64 - _MANTISSA_BITS)) & (2**_MANTISSA_BITS - 1)
        numbers: Tensor = share.to(torch.float32) / 2**_MANTISSA_BITS
        return numbers.view(len(self.rows), *shape)

    def normal(self, place: int, *shape: int) -> Tensor:
        """Draws from the standard normal distribution, float32 (B, *shape). Source: Box and Muller 1958."""
        pair = self.uniform(place, *shape, 2)
        radius = torch.sqrt(-2 * torch.log1p(-pair[..., 0]))
        return radius * torch.cos(2 * math.pi * pair[..., 1])

    def below(self, place: int, count: int, *shape: int) -> Tensor:
        """Draws whole numbers in [0, count), int64 (B, *shape)."""
        numbers: Tensor = (self.uniform(place, *shape) * count).long()
        return numbers.clamp_(max=count - 1)


def step_seed(seed: int, step: int, place: int) -> int:
    """Makes the seed of a generator for one place in one step; not negative."""
    key = _mixed(torch.tensor(seed, dtype=torch.int64) * _STEP + step)
    return int(_mixed(key * _STEP + place)) & (2**63 - 1)


def _mixed(bits: Tensor) -> Tensor:
    bits = bits + _STEP
    bits = (bits ^ _shifted(bits, 30)) * _FIRST
    bits = (bits ^ _shifted(bits, 27)) * _SECOND
    mixed: Tensor = bits ^ _shifted(bits, 31)
    return mixed


def _shifted(bits: Tensor, count: int) -> Tensor:
    """Shifts to the right as unsigned numbers do."""
    shifted: Tensor = bits >> count
    return shifted.bitwise_and(2 ** (64 - count) - 1)
