"""What batches give, in one block: small pieces that are kept one by one lie scattered in memory."""

from __future__ import annotations

from typing import final

from torch import Tensor


@final
class Gathered:
    """Tensors of so many batches, joined along their first axis."""

    def __init__(self, batches: int) -> None:
        self._batches = batches
        self._block: Tensor | None = None
        self._rows = 0

    def add(self, piece: Tensor) -> None:
        """Adds what the next batch gives."""
        if self._batches == 1:
            self._block, self._rows = piece, len(piece)
            return
        if self._block is None:
            self._block = piece.new_empty((self._batches * len(piece), *piece.shape[1:]))
        needed = self._rows + len(piece)
        if needed > len(self._block):
            # Where batches differ in what is known of them, the first tells too little.
            grown = piece.new_empty((needed + needed // 2, *piece.shape[1:]))
            grown[: self._rows] = self._block[: self._rows]
            self._block = grown
        self._block[self._rows : needed] = piece
        self._rows = needed

    def whole(self) -> Tensor:
        """Gives all of them; nothing is copied."""
        assert self._block is not None
        return self._block[: self._rows]
