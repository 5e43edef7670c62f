"""What a network writes about rows, as columns and as documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import torch

from nncli.columns.encoders import Encoders
from nncli.data.rows import part_from
from nncli.generation.decoding import decode
from nncli.generation.step_by_step import Sequential, Steps, steps_of
from nncli.generation.text_columns import TextRecipe
from nncli.sources.tables import Table
from nncli.training.held import HeldPart
from nncli.training.prediction import row_batches


@dataclass(frozen=True)
class TextAnswers:
    """A text for each row, below the name of the target."""

    target: str
    texts: list[str]

    @property
    def rows(self) -> int:
        """Counts the rows."""
        return len(self.texts)

    def columns(self) -> dict[str, list[Any]]:
        """Makes one column."""
        return {self.target: list(self.texts)}

    def documents(self) -> Iterator[dict[str, Any]]:
        """Makes one dict a row."""
        for text in self.texts:
            yield {self.target: text}


@final
class Answerer:
    """Answers the rows of tables; how the network is run is found out with the first of them."""

    def __init__(self, recipe: TextRecipe, encoders: Encoders, batch_size: int, device: torch.device) -> None:
        self._recipe = recipe
        self._batch_size = batch_size
        self._device = device
        self._steps: Steps | None = None
        self.encoders = replace(
            encoders,
            input_encoders=tuple(e for e in encoders.input_encoders if e.column.name in recipe.inputs),
        )

    def answers(self, table: Table) -> TextAnswers:
        """Writes a text for each row of a table, which has no column for it."""
        recipe = self._recipe
        moving = (recipe.moving, f"{recipe.moving}.mask")
        names = [name for name in recipe.network.inputs if name not in moving]
        part = part_from(self.encoders, table, "test", with_targets=False)
        held = HeldPart(part, names, None, self._device)
        texts: list[str] = []
        for rows in row_batches(held, self._batch_size):
            fixed = dict(zip(names, held.inputs(rows), strict=True))
            if self._steps is None:
                self._steps = steps_of(Sequential(recipe.network, recipe.moving, fixed))
            tokens = decode(self._steps, recipe, fixed)
            texts += recipe.target.words(tokens, tokens >= 0)
        return TextAnswers(recipe.target.column.name, texts)
