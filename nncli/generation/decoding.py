"""Answers of a network that writes: of several beginnings side by side, the likeliest whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nncli.generation.step_by_step import Steps
from nncli.generation.text_columns import TextRecipe


@dataclass
class _Beams:
    """Beginnings of R rows, K of each: tokens int64 (R, K, steps), -1 behind an end.

    `scores` are the logarithms of their probabilities, (R, K).
    """

    tokens: Tensor
    scores: Tensor
    ended: Tensor

    def best(self) -> Tensor:
        """Takes the likeliest text of each row by the mean over its tokens, int64 (R, steps)."""
        # The end is a token of its own.
        lengths = ((self.tokens >= 0).sum(2) + self.ended).clamp(min=1)
        place = (self.scores / lengths).argmax(1)
        return self.tokens[torch.arange(len(place)), place]


def decode(steps: Steps, recipe: TextRecipe, fixed: Mapping[str, Tensor]) -> Tensor:
    """Writes an answer to each row of the fixed inputs; int64 (R, steps) on the CPU, -1 where it has ended.

    At each step the `beams` likeliest beginnings of a row are kept; with one, the likeliest token is taken.
    """
    rows, count = len(next(iter(fixed.values()))), recipe.spec.options.beams
    steps.restart({name: each.repeat_interleave(count, 0) for name, each in fixed.items()})
    device = next(iter(fixed.values())).device
    most = recipe.spec.options.length or recipe.target.layout.length
    most = most if steps.window is None else min(most, steps.window)
    beams = _Beams(
        torch.zeros(rows, count, 0, dtype=torch.int64),
        torch.full((rows, count), -torch.inf, dtype=torch.float64).index_fill_(1, torch.tensor([0]), 0.0),
        torch.zeros(rows, count, dtype=torch.bool),
    )
    new = torch.tensor(recipe.before).expand(rows * count, -1)
    while beams.tokens.shape[2] < most and not bool(beams.ended.all()):
        with torch.no_grad():
            found = steps.read(new.to(device)).to("cpu", torch.float64).log_softmax(1)
        beams, sources = _longer(beams, found, recipe)
        if count > 1:
            steps.keep(sources.to(device))
        new = beams.tokens[:, :, -1].clamp(min=0).reshape(-1, 1)
    return beams.best()


def _longer(beams: _Beams, found: Tensor, recipe: TextRecipe) -> tuple[_Beams, Tensor]:
    """Goes on with the likeliest beginnings; tells from which of all (R x K) each of them comes."""
    rows, count = beams.scores.shape
    found[:, recipe.silent] = -torch.inf
    classes = found.shape[1]
    found = found.view(rows, count, classes)
    # A text that has ended goes on in one way, which costs nothing.
    found = torch.where(beams.ended[:, :, None], -torch.inf, found)
    found[:, :, 0] = torch.where(beams.ended, 0.0, found[:, :, 0])
    scores, places = (beams.scores[:, :, None] + found).view(rows, -1).topk(count, 1)
    sources, tokens = places // classes, places % classes
    before = beams.ended.gather(1, sources)
    is_end = tokens == recipe.end if recipe.end is not None else torch.zeros_like(before)
    ended = before | is_end
    kept = beams.tokens.gather(1, sources[:, :, None].expand(-1, -1, beams.tokens.shape[2]))
    longer = torch.cat((kept, tokens.masked_fill(ended, -1)[:, :, None]), 2)
    return _Beams(longer, scores, ended), (sources + count * torch.arange(rows)[:, None]).view(-1)
