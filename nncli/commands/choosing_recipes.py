"""Which recipe of a run is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from nncli.generation.text_columns import TextRecipe
from nncli.messages.catalogue import failure, nearest
from nncli.objectives.recipes import CompiledRecipe

Recipe = TypeVar("Recipe", bound=CompiledRecipe | TextRecipe)


def chosen_recipe(recipes: Mapping[str, Recipe], name: str | None, run: Path) -> Recipe:
    """Finds a recipe by name, or the only one that makes rows by itself.

    Raises UsageError: `recipe-none`, `recipe-unknown`, `recipe-not-chosen`.
    """
    if not recipes:
        raise failure("recipe-none", file=str(run))
    if name is not None and name not in recipes:
        near = nearest(name, recipes)
        raise failure("recipe-unknown", name=name, nearest=near, known=list(recipes))
    makes = [each for each, recipe in recipes.items() if not recipe.inputs]
    if name is None and len(makes) != 1:
        choice = f"--recipe {(makes or list(recipes))[0]}"
        raise failure("recipe-not-chosen", file=str(run), known=list(recipes), choice=choice)
    return recipes[name or makes[0]]
