"""RecipeSpecs to CompiledRecipes: what is computed once, and what in every round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from torch import Tensor, fx

from nncli.draws import step_seed
from nncli.errors import NncliError, Place, Problem, SpecError
from nncli.messages.catalogue import failure, failures
from nncli.network.compiled import CompiledNetwork
from nncli.network.graph.values import ROWS as SAMPLE_ROWS
from nncli.network.graph.values import Value, shown
from nncli.objectives.rows_at_once import rows_at_once
from nncli.objectives.walks import ROWS, Batch, Walk
from nncli.spec.items import Assignment
from nncli.spec.recipes import RecipeSpec, Rounds

_ONE_ROUND: Final = Rounds((), ((),))


@dataclass(frozen=True)
class Part:
    """A module with the names of what it takes and gives, in order."""

    module: fx.GraphModule
    takes: tuple[str, ...]
    gives: tuple[str, ...]


@dataclass(frozen=True)
class CompiledRecipe:
    """A way to use networks, ready to run.

    `start` is run once, `round` for every row of `rounds`; what `carried` names goes from one to the next.
    `columns` are what it takes of the data, in which a mask is `NAME.mask`: with none it makes rows.
    """

    spec: RecipeSpec
    start: Part | None
    round: Part
    carried: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of the data that it reads, each once."""
        return tuple(dict.fromkeys(name.removesuffix(".mask") for name in self.columns))

    @cached_property
    def rows_at_once(self) -> int:
        """How many rows are made at a time, the same on every machine."""
        return rows_at_once(part.module for part in (self.start, self.round) if part is not None)

    def to(self, device: torch.device) -> None:
        """Puts what the recipe itself holds on a device; networks are moved by who opened them."""
        for part in (self.start, self.round):
            if part is not None:
                part.module.to(device)

    @property
    def rounds(self) -> Rounds:
        """The numbers of every round; one without numbers where nothing is repeated."""
        return self.spec.rounds or _ONE_ROUND


def compile_recipes(
    specs: Mapping[str, RecipeSpec],
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> dict[str, CompiledRecipe]:
    """Compiles the recipes of a spec over networks that are compiled.

    Raises SpecError with every problem found: `recipe-carried`, `recipe-rows`, and what expressions raise.
    """
    problems: list[Problem] = []
    found = {}
    # Targets are what nobody knows when a recipe is used.
    batch = replace(batch, targets={})
    for name, spec in specs.items():
        try:
            found[name] = _compiled(spec, networks, batch, constants)
        except NncliError as error:
            problems.extend(each for each in error.problems if each not in problems)
    if problems:
        raise failures(problems)
    if len(found) < len(specs):
        # What hides a value was told where it stands.
        raise SpecError
    return found


def _compiled(
    spec: RecipeSpec,
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> CompiledRecipe:
    before = Walk(networks, batch, constants, {})
    started = [name for line in spec.start for name in line.names]
    carried = _walked(before, spec.start, f"{spec.path}.start", started)
    numbers = {
        name: _sample(spec.rounds, at) for at, name in enumerate(spec.rounds.names if spec.rounds else ())
    }
    walk = Walk(networks, batch, constants, numbers, carried)
    made = _walked(walk, spec.compute, f"{spec.path}.compute", [*started, *spec.outputs])
    after = {**carried, **made}
    for name, value in carried.items():
        if made.get(name, value).shape != value.shape:
            facts = {"name": name, "before": shown(value.shape), "after": shown(made[name].shape)}
            raise failure("recipe-carried", _place(spec, name), spec.path, **facts)
    for name in spec.outputs:
        if after[name].shape[:1] != (SAMPLE_ROWS,):
            facts = {"name": name, "shape": shown(after[name].shape)}
            raise failure("recipe-rows", _place(spec, name), spec.path, **facts)
    kept = [name for name in dict.fromkeys((*carried, *spec.outputs)) if name in made]
    start = None
    if spec.start:
        module, takes = before.finish(list(carried.values()), "Start")
        start = Part(module, takes, tuple(carried))
    module, takes = walk.finish([made[name] for name in kept], "Round")
    # What is carried hides a column of its name.
    taken = {*(each for each in takes if each not in carried), *(start.takes if start else ())}
    offered = [each for name in batch.inputs for each in (name, f"{name}.mask")]
    columns = tuple(each for each in offered if each in taken)
    return CompiledRecipe(spec, start, Part(module, takes, tuple(kept)), tuple(carried), columns)


def _walked(
    walk: Walk, assignments: tuple[Assignment, ...], path: str, needed: Sequence[str]
) -> dict[str, Value]:
    """Records lines; returns the values of their names.

    What a network of several outputs gives is read by their names, and no value itself: none is `needed`.
    """
    for assignment in assignments:
        walk.assign(assignment, path)
    if walk.build.problems:
        raise failures(walk.build.problems)
    found: dict[str, Value] = {}
    for assignment in assignments:
        for name in assignment.names:
            value = walk.names.own[name].value
            if value is None:
                raise SpecError
            if not isinstance(value, Value) and name not in needed:
                continue
            if not isinstance(value, Value):
                count = len(value) if isinstance(value, tuple) else 0
                raise failure("value-several", assignment.place, path, count=count, name=name)
            found[name] = value
    return found


def _sample(rounds: Rounds | None, at: int) -> Tensor:
    """Makes the sample of a number of the rounds: whole, where it is in all of them."""
    assert rounds is not None
    return torch.zeros((), dtype=_type(rounds, at))


def _type(rounds: Rounds, at: int) -> torch.dtype:
    return torch.int64 if all(isinstance(row[at], int) for row in rounds.rows) else torch.float32


def _place(spec: RecipeSpec, name: str) -> Place:
    lines = (*spec.compute, *spec.start)
    return next(line.place for line in lines if name in line.names)


def run_recipe(
    recipe: CompiledRecipe, columns: Mapping[str, Tensor], rows: Tensor, seed: int
) -> dict[str, Tensor]:
    """Runs a recipe over a batch, without gradients; returns its outputs by name, rows first.

    `columns` are those of `inputs`, with their masks as `NAME.mask`; `rows` are zeros (B,) on the device.
    What is drawn follows from the seed and the round. Random states stay as they are.
    """
    devices = [rows.device] if rows.device.type == "cuda" else []
    values = {**columns, ROWS: rows}
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        if recipe.start is not None:
            torch.manual_seed(step_seed(seed, 0, 0))
            values |= _given(recipe.start, values)
        for number, row in enumerate(recipe.rounds.rows, 1):
            torch.manual_seed(step_seed(seed, number, 0))
            names = recipe.rounds.names
            numbers = {
                name: torch.tensor(value, dtype=_type(recipe.rounds, at), device=rows.device)
                for at, (name, value) in enumerate(zip(names, row, strict=True))
            }
            values |= _given(recipe.round, {**values, **numbers})
    return {name: values[name] for name in recipe.spec.outputs}


def _given(part: Part, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    results = part.module(*(values[name] for name in part.takes))
    return dict(zip(part.gives, results, strict=True))
