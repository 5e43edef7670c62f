"""Texts that grow token by token, and tokens back to text as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import torch
from torch import Tensor

from nncli.columns.tokenizing import Tokenizer
from nncli.generation.next_token import Choice
from nncli.generation.step_by_step import Steps

_UNFINISHED: Final = "\ufffd"


@final
class Writer:
    """Writes texts side by side, each from the same tokens on.

    Where the network reads no more than a window of steps and that is full, it goes on from the later half
    of it; `has_slid` tells that this happened.
    """

    def __init__(self, steps: Steps, choice: Choice, end: int | None) -> None:
        self._steps = steps
        self._choice = choice
        self._end = end
        self.has_slid = False

    def write(self, start: Sequence[int], rows: int, length: int, device: torch.device) -> Iterator[Tensor]:
        """Gives the next token of every row, int64 (rows,), -1 where a text has ended, until all have.

        `start` has at least one token. At most `length` tokens are written.
        """
        window = self._steps.window
        seen = torch.tensor(start, dtype=torch.int64).expand(rows, -1)
        if window is not None and seen.shape[1] > window:
            self.has_slid = True
            seen = seen[:, -window:]
        self._steps.restart()
        ended = torch.zeros(rows, dtype=torch.bool)
        new = seen
        for step in range(length):
            tokens = self._choice.choose(self._read(new, device), step)
            if self._end is not None:
                ended |= tokens == self._end
            yield tokens.masked_fill(ended, -1)
            if bool(ended.all()):
                return
            new = tokens[:, None]
            if window is None:
                continue
            if seen.shape[1] == window:
                self.has_slid = True
                self._steps.restart()
                new = torch.cat((seen[:, window - window // 2 + 1 :], new), 1)
                seen = new
            else:
                seen = torch.cat((seen, new), 1)

    def _read(self, new: Tensor, device: torch.device) -> Tensor:
        with torch.no_grad():
            return self._steps.read(new.to(device))


@dataclass
class Unfolding:
    """The text of tokens, given as it grows: what may still change is held back."""

    tokenizer: Tokenizer
    tokens: list[int]
    _shown: int = field(init=False)
    _first: int = 0

    def __post_init__(self) -> None:
        self._shown = len(self.tokens)

    def add(self, token: int) -> str:
        """Adds a token; gives the text that came with it."""
        self.tokens.append(token)
        return self._news(is_last=False)

    def finish(self) -> str:
        """Gives what was held back."""
        return self._news(is_last=True)

    def _news(self, *, is_last: bool) -> str:
        # A token may look different behind another one, so that both are always seen together.
        before = self.tokenizer.decode(self.tokens[self._first : self._shown])
        text = self.tokenizer.decode(self.tokens[self._first :])
        if len(text) <= len(before) or (text.endswith(_UNFINISHED) and not is_last):
            return ""
        self._first, self._shown = self._shown, len(self.tokens)
        return text[len(before) :]
