"""Sounds as they are kept, one behind the other, and the stretch of each that a batch takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nncli.columns.stored import Taken
from nncli.draws import Draw


def laid_out(
    waves: Sequence[Tensor], length: int | None, *, has_mask: bool, draw: Draw | None, place: int
) -> Taken:
    """Brings sounds, (samples, channels) each, to one length: (B, length, channels), at least one sound.

    A shorter sound has zeros behind it, which a mask tells apart where `has_mask`. Of a longer one a stretch
    is taken: drawn where a draw is given, else the middle. Without a length the longest sound gives it.
    """
    steps = max(len(wave) for wave in waves) if length is None else length
    values = waves[0].new_zeros((len(waves), steps, waves[0].shape[1]))
    shares = None if draw is None else draw.uniform(place, 1)[:, 0].tolist()
    for number, wave in enumerate(waves):
        room = max(len(wave) - steps, 0)
        first = room // 2 if shares is None else min(int(shares[number] * (room + 1)), room)
        part = wave[first : first + steps]
        values[number, : len(part)] = part
    if not has_mask:
        return Taken(values)
    lengths = torch.tensor([len(wave) for wave in waves])
    return Taken(values, torch.arange(steps) < lengths[:, None])


@dataclass(frozen=True, slots=True)
class Clips:
    """Sounds that lie in memory or in a file of the cache.

    Shapes (N sounds, T samples together): `values` (T, channels), `starts` int64 (N + 1,). `length`,
    `has_mask` and `place` are as in `laid_out`.
    """

    values: Tensor
    starts: Tensor
    length: int | None
    has_mask: bool
    place: int

    @property
    def rows(self) -> int:
        """Counts the sounds."""
        return len(self.starts) - 1

    @property
    def row_bytes(self) -> int | None:
        """Counts the bytes of one sound, where none is cut or masked."""
        longest = int((self.starts[1:] - self.starts[:-1]).max()) if self.rows else 0
        if self.has_mask or self.length is None or longest > self.length:
            return None
        return self.length * self.values.shape[1] * self.values.element_size()

    @property
    def lengths(self) -> Tensor | None:
        """The samples of every sound, int64 (N,), where those behind them are masked."""
        return self.starts[1:] - self.starts[:-1] if self.has_mask else None

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes sounds by number."""
        waves = [self.values[self.starts[row] : self.starts[row + 1]] for row in rows.tolist()]
        if not waves:
            return Taken(self.values.new_zeros((0, self.length or 0, self.values.shape[1])))
        return laid_out(waves, self.length, has_mask=self.has_mask, draw=draw, place=self.place)

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds."""
        return {"values": self.values, "starts": self.starts}
