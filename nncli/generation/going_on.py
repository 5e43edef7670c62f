"""Layers that go on from where a sequence stands: each takes the next steps and remembers what it needs."""

from __future__ import annotations

from typing import Any, Final, Protocol, TypeAlias, final

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nncli.generation.going_attention import (
    GoingCrossAttention,
    GoingEncoderLayer,
    GoingMultiheadAttention,
    GoingSelfAttention,
)
from nncli.network.beyond_torch.attention import CrossAttention, SelfAttention
from nncli.network.beyond_torch.positions import PositionEmbedding, RelativePositionBias

_State: TypeAlias = Tensor | tuple[Tensor, ...]


class GoesOn(Protocol):
    """A layer with a state. `has_window` tells that the state grows, or that positions end."""

    has_window: bool

    def forget(self) -> None:
        """Starts a new sequence."""

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number, int64 (B,): each row goes on from that of another one."""


@final
class GoingRecurrent(nn.Module):
    """A recurrent layer of one direction that keeps its state."""

    has_window = False

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        if layer.bidirectional:
            raise ValueError("a layer of two directions reads what comes after")
        self.layer = layer
        self.forget()

    def forget(self) -> None:
        """Starts a new sequence."""
        self._state: _State | None = None

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number."""
        if isinstance(self._state, tuple):
            self._state = tuple(each.index_select(1, rows) for each in self._state)
        elif self._state is not None:
            self._state = self._state.index_select(1, rows)

    def forward(self, x: Tensor | PackedSequence, hx: Any = None) -> tuple[Any, _State]:
        """Goes on from the state; the first steps go on from `hx` where it is given."""
        result, state = self.layer(x, hx if self._state is None else self._state)
        self._state = state
        return result, state


class _Counting(nn.Module):
    """A layer that remembers nothing but how many steps there were, which are as many in all rows."""

    has_window = True

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Starts a new sequence."""
        self._count = 0

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number: there are none."""

    def _next(self, steps: int) -> tuple[int, int]:
        """Counts the next steps; gives how many there were before, and with them."""
        first, self._count = self._count, self._count + steps
        return first, self._count


@final
class GoingPositions(_Counting):
    """PositionEmbedding that counts on. Raises ValueError beyond its last position."""

    def __init__(self, layer: PositionEmbedding) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Adds the vectors of the next positions."""
        first, count = self._next(x.shape[1])
        if count > len(self.layer.weight):
            raise ValueError(f"there are {len(self.layer.weight)} positions; received {count} steps")
        return x + self.layer.weight[first:count]


@final
class GoingPositionBias(_Counting):
    """RelativePositionBias of the next steps to all steps so far."""

    def __init__(self, layer: RelativePositionBias) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Gives (1, heads, new steps, steps so far)."""
        first, count = self._next(x.shape[1])
        made: Tensor = self.layer(x.new_empty(1, count, 1))
        return made[:, :, first:]


GOING_ON: Final[dict[type[nn.Module], type[Any]]] = {
    SelfAttention: GoingSelfAttention,
    CrossAttention: GoingCrossAttention,
    nn.MultiheadAttention: GoingMultiheadAttention,
    nn.TransformerEncoderLayer: GoingEncoderLayer,
    nn.LSTM: GoingRecurrent,
    nn.GRU: GoingRecurrent,
    nn.RNN: GoingRecurrent,
    PositionEmbedding: GoingPositions,
    RelativePositionBias: GoingPositionBias,
}
"""The layers that remember something of the steps before. All others work at each step by itself, or not:
what a whole network gives step by step is compared with what it gives at once."""
