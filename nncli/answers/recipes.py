"""What a recipe says about rows, as columns and as documents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nncli.columns.encoders import Encoders
from nncli.data.rows import part_from
from nncli.messages.catalogue import failure
from nncli.objectives.recipes import CompiledRecipe, run_recipe
from nncli.sources.tables import Table
from nncli.training.held import HeldPart
from nncli.training.prediction import row_batches


@dataclass(frozen=True)
class RecipeAnswers:
    """The outputs of a recipe for some rows, each (N, …)."""

    outputs: Mapping[str, Tensor]

    @property
    def rows(self) -> int:
        """Counts the rows."""
        return len(next(iter(self.outputs.values())))

    def columns(self) -> dict[str, list[Any]]:
        """Makes `<output>` for one number a row, `<output>.1` and so on for several.

        Raises UsageError `recipe-shape` for what has more axes.
        """
        columns: dict[str, list[Any]] = {}
        for name, values in self.outputs.items():
            if values.ndim > 2:
                raise failure("recipe-shape", name=name, shape=str([*values.shape[1:]]))
            if values.ndim == 1 or values.shape[1] == 1:
                columns[name] = _plain(values.reshape(-1))
                continue
            columns |= {f"{name}.{at + 1}": _plain(values[:, at]) for at in range(values.shape[1])}
        return columns

    def documents(self) -> Iterator[dict[str, Any]]:
        """Makes one dict a row; a list for what has axes of its own."""
        lists = {
            name: _plain(values.reshape(-1) if values.ndim == 2 and values.shape[1] == 1 else values)
            for name, values in self.outputs.items()
        }
        for row in range(self.rows):
            yield {name: values[row] for name, values in lists.items()}


def answers_of(
    recipe: CompiledRecipe, encoders: Encoders, table: Table, batch_size: int, device: torch.device
) -> RecipeAnswers:
    """Runs a recipe over the rows of a table, batch by batch; what is drawn is the same every time."""
    part = part_from(encoders, table, "test", with_targets=False)
    held = HeldPart(part, recipe.inputs, None, device)
    pieces: list[dict[str, Tensor]] = []
    for rows in row_batches(held, batch_size):
        columns = dict(zip(recipe.columns, held.columns(recipe.columns, rows), strict=True))
        seed = int(rows[0])
        pieces.append(run_recipe(recipe, columns, torch.zeros(len(rows), device=device), seed))
    return RecipeAnswers({name: torch.cat([piece[name] for piece in pieces]).cpu() for name in pieces[0]})


def _plain(values: Tensor) -> list[Any]:
    """Makes lists, with nothing in the place of a number that is not finite."""

    def finite(value: Any) -> Any:
        if isinstance(value, list):
            return [finite(each) for each in value]
        return value if not isinstance(value, float) or math.isfinite(value) else None

    found: list[Any] = finite(values.tolist())
    return found
