"""The next token, drawn from the scores of a network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nncli.draws import Draw
from nncli.spec.text_recipes import TextOptions


@dataclass(frozen=True)
class Choice:
    """How tokens are chosen: as `options` say, with draws that follow from seed, row and step alone.

    `silent` are tokens that are never chosen. `first` is the number of the first row.
    """

    options: TextOptions
    silent: tuple[int, ...]
    seed: int
    first: int = 0

    def choose(self, scores: Tensor, step: int) -> Tensor:
        """Chooses a token for each row of scores, (B, classes); int64 (B,) on the CPU."""
        scores = scores.detach().to("cpu", torch.float64)
        scores[:, list(self.silent)] = -torch.inf
        if self.options.temperature == 0:
            return scores.argmax(1)
        ordered, tokens = probabilities(scores, self.options).sort(dim=1, descending=True, stable=True)
        sums = ordered.cumsum(1)
        if self.options.top_p is not None:
            # A token stays where those before it have less than the share: the likeliest one always does.
            ordered = torch.where(sums - ordered < self.options.top_p, ordered, 0.0)
            sums = ordered.cumsum(1)
        rows = torch.arange(self.first, self.first + len(scores))
        drawn = Draw(self.seed, 0, rows).uniform(step).to(torch.float64) * sums[:, -1]
        places = torch.searchsorted(sums, drawn[:, None], right=True).clamp(max=scores.shape[1] - 1)
        return tokens.gather(1, places)[:, 0]


def probabilities(scores: Tensor, options: TextOptions) -> Tensor:
    """Makes probabilities of scores, (B, classes), at a temperature above 0, of the `top_k` likeliest."""
    if options.top_k is not None and options.top_k < scores.shape[1]:
        least = scores.topk(options.top_k, dim=1).values[:, -1:]
        scores = torch.where(scores >= least, scores, -torch.inf)
    # Taken from the highest first: divided by very little, it would not be finite.
    return ((scores - scores.amax(1, keepdim=True)) / options.temperature).softmax(1)
