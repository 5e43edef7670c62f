"""Which columns of the data each recipe of a spec reads, once it is compiled."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from nncli.data.dataset import Data
from nncli.network.compiled import CompiledNetwork
from nncli.objectives.walks import Batch
from nncli.preparing.collected import Collected
from nncli.spec.spec import Spec


def recipe_columns(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork] | None,
    around: tuple[Batch, Mapping[str, Tensor | None]],
    data: Data | None,
    found: Collected,
) -> dict[str, tuple[str, ...]]:
    """Compiles the recipes of a spec, and tells which columns each reads."""
    reads: dict[str, tuple[str, ...]] = {}
    if networks is None:
        return reads
    if spec.recipes:
        from nncli.objectives.recipes import compile_recipes

        recipes = found.tried(lambda: compile_recipes(spec.recipes, networks, *around)) or {}
        reads |= {name: recipe.inputs for name, recipe in recipes.items()}
    columns = data.resolved.targets.values() if data is not None else ()
    if data is not None and (spec.text_recipes or any(each.type == "text" for each in columns)):
        from nncli.generation.text_columns import text_recipes

        texts = found.tried(lambda: text_recipes(spec, networks, data.encoders)) or {}
        reads |= {name: recipe.inputs for name, recipe in texts.items()}
    return reads
