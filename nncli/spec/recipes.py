"""What `predict:` says: named ways to use networks once they are trained."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.spec.habits import unknown_key
from nncli.spec.items import Assignment
from nncli.spec.loops import loop_names, repetitions
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.operations import read_compute
from nncli.spec.scopes import Scope, Written, resolved, substituted
from nncli.spec.text_recipes import TEXT_KINDS, TextRecipeSpec, read_text_recipe, text_kind

KEYS: Final = ("start", "repeat", "compute", "outputs")


@dataclass(frozen=True, slots=True)
class Rounds:
    """The repetitions of a recipe: names, and a row of numbers for each round."""

    names: tuple[str, ...]
    rows: tuple[tuple[int | float, ...], ...]


@dataclass(frozen=True, slots=True)
class RecipeSpec:
    """One way to use networks.

    `start` is computed once, `compute` in every round; the names of `start` are carried from one to the
    next. Without `rounds` there is one. `outputs` names what comes out, in order.
    """

    name: str
    compute: tuple[Assignment, ...]
    outputs: tuple[str, ...]
    place: Place
    path: str
    start: tuple[Assignment, ...] = ()
    rounds: Rounds | None = None


def read_recipes(
    node: Node, scope: Scope, networks: Collection[str], problems: list[Problem]
) -> tuple[dict[str, RecipeSpec], dict[str, TextRecipeSpec]]:
    """Reads `predict:`, a recipe or several by name: those that compute, and those that write text.

    Problems: `recipe-form`, `recipe-outputs`, `recipe-round`, `unknown-key`, those of names and of
    `read_text_recipe`, and what expressions and loops raise.
    """
    found: dict[str, RecipeSpec] = {}
    texts: dict[str, TextRecipeSpec] = {}
    if not isinstance(node, Mapping) or not node.entries:
        problems.append(Problem("recipe-form", node.place, "predict"))
        return found, texts
    entries: list[tuple[Scalar, Node, str]]
    kind = text_kind(node)
    if kind is not None or set(node.keys()) & set(KEYS):
        entries = [(Scalar(kind or "predict", kind or "predict", True, node.place), node, "predict")]
    else:
        entries = [(name, recipe, f"predict.{name.text}") for name, recipe in node.entries]
    for name, recipe, path in entries:
        problem = check_name(name, path, becomes_attribute=False)
        problems.extend([problem] if problem else [])
        try:
            with scope.budget.within(name.place, path):
                written = Written(recipe, scope, path)
                if kind := text_kind(recipe):
                    below = written.child(recipe.entries[0][1], kind)  # type: ignore[union-attr]
                    texts[name.text] = read_text_recipe(name.text, kind, below, problems)
                else:
                    found[name.text] = _recipe(name.text, written, networks, problems)
        except NncliError as error:
            problems.extend(error.problems)
    return found, texts


def _recipe(name: str, written: Written, networks: Collection[str], problems: list[Problem]) -> RecipeSpec:
    node = written.known_node()
    _refuse_beside(node, written.path)
    if not isinstance(node, Mapping) or not isinstance(node.get("compute"), Mapping):
        raise failure("recipe-form", node.place, written.path)
    problems.extend(unknown_key(key, written.path, KEYS) for key, _ in node.entries if key.text not in KEYS)
    start = _assignments(node, written, "start", networks)
    compute = _assignments(node, written, "compute", networks)
    known = [name for line in (*start, *compute) for name in line.names]
    outputs = node.get("outputs")
    repeat = node.get("repeat")
    return RecipeSpec(
        name=name,
        compute=compute,
        outputs=_outputs(written.child(outputs, "outputs"), known) if outputs else compute[-1].names[-1:],
        place=node.place,
        path=written.path,
        start=start,
        rounds=_rounds(written.child(repeat, "repeat")) if repeat else None,
    )


def _refuse_beside(node: Node, path: str) -> None:
    """Refuses keys beside the word of a recipe that writes text: its options stand below it."""
    keys = [key for key, _ in node.entries] if isinstance(node, Mapping) else []
    words = [key.text for key in keys if key.text in TEXT_KINDS]
    if words and len(keys) > len(words):
        raise failures(unknown_key(key, path, words) for key in keys if key.text not in words)


def _assignments(
    node: Mapping, written: Written, key: str, networks: Collection[str]
) -> tuple[Assignment, ...]:
    value = node.get(key)
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise failure("recipe-form", value.place, f"{written.path}.{key}")
    return read_compute(Scalar(key, key, True, value.place), written.child(value, key), networks).assignments


def _outputs(written: Written, known: list[str]) -> tuple[str, ...]:
    node = substituted(resolved(written))
    nodes = node.items if isinstance(node, Sequence) else (node,)
    found = []
    for each in nodes or (node,):
        text = each.text if isinstance(each, Scalar) else ""
        if text not in known or text in found:
            facts = {"name": text or "a list or mapping", "nearest": nearest(text, known), "known": known}
            raise failure("recipe-outputs", each.place, written.path, **facts)
        found.append(text)
    return tuple(found)


def _rounds(written: Written) -> Rounds:
    """Works a loop out to rows of numbers: it is run around the networks, and not written out."""
    names = tuple(sorted(loop_names(written)))
    rows: list[tuple[int | float, ...]] = []
    for _, scope in repetitions(written):
        row: MappingType[str, object] = {name: scope[name] for name in names}
        numbers = tuple(
            value for value in row.values() if isinstance(value, (int, float)) and not isinstance(value, bool)
        )
        if len(numbers) != len(names):
            wrong = next(name for name in names if not isinstance(row[name], (int, float)))
            raise failure("recipe-round", written.place, written.path, name=wrong)
        rows.append(numbers)
    if not rows:
        raise failure("repeat-form", written.place, written.path)
    return Rounds(names, tuple(rows))
