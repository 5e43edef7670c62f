"""Nodes to the typed sections of schema.py; pydantic's errors become ours, each at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.spec.calls import read_named_call
from nncli.spec.fields import section_in
from nncli.spec.habits import misspelt_keys, where_it_belongs
from nncli.spec.items import Call
from nncli.spec.names import check_name
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence, plain
from nncli.spec.optimising import read_average, read_groups, read_regularise, read_schedule
from nncli.spec.scalars import meant_by, resolve
from nncli.spec.schema import DataSpec, LossTerm, TrainingSpec
from nncli.spec.spelling import FREE_KEYS, TERM_WORDS, is_free
from nncli.spec.update_reading import UpdateReader

Model = TypeVar("Model", bound=BaseModel)
_LENGTHS: Final = ("epochs", "steps", "minutes")
_LOSS: Final = "a loss of torch.nn, such as CrossEntropyLoss"


@dataclass(frozen=True, slots=True)
class _Fallback:
    """What to do where a section is wrong: keys whose mistakes were told, and values in place of others."""

    told: frozenset[str] = frozenset()
    values: MappingType[str, Any] = field(default_factory=dict)


def read_data(node: Node, problems: list[Problem]) -> DataSpec | None:
    """Reads `data:`; its columns' names are checked as names of values."""
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "data", {"key": "data"}))
        return None
    for section in ("inputs", "targets"):
        columns = node.get(section)
        for name, _ in columns.entries if isinstance(columns, Mapping) else ():
            problem = check_name(name, f"data.{section}.{name.text}", becomes_attribute=False)
            if problem:
                problems.append(problem)
    return _validated(DataSpec, plain(node), node, "data", problems)


def read_training(node: Node, updates: UpdateReader, problems: list[Problem]) -> TrainingSpec | None:
    """Reads `training:`: calls and updates by our own reading, the rest by the schema."""
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "training", {"key": "training"}))
        return None
    values: dict[str, Any] = {}
    before = len(problems)
    for name, value in node.entries:
        path = f"training.{name.text}"
        if name.text == "optimizer":
            call = read_named_call(value, path, problems, "an optimiser of torch.optim, such as AdamW")
            values[name.text] = call
        elif name.text == "groups":
            values[name.text] = read_groups(value, path, problems)
        elif name.text == "schedule":
            values[name.text] = read_schedule(value, path, problems)
        elif name.text == "regularise":
            values[name.text] = read_regularise(value, path, problems)
        elif name.text == "average":
            values[name.text] = read_average(value, path, problems)
        elif name.text == "loss" and not is_free(value):
            values[name.text] = _read_loss(value, problems)
        elif name.text in FREE_KEYS:
            continue
        elif name.text == "metrics":
            items = value.items if isinstance(value, Sequence) else (value,)
            calls = [read_named_call(item, path, problems, "a metric, such as accuracy") for item in items]
            values[name.text] = tuple(calls)
        else:
            values[name.text] = plain(value)
    values |= _updates(node, updates, problems)
    calls_failed = {problem.path.split(".")[1] for problem in problems[before:] if "." in problem.path}
    # Without a loss or an optimiser all that is there can still be checked.
    stand_ins = {"loss": (), "optimizer": Call("AdamW", node.place)}
    fallback = _Fallback(frozenset(calls_failed), stand_ins)
    found = _validated(TrainingSpec, values, node, "training", problems, fallback)
    stated = [key.place for key, value in node.entries if key.text in _LENGTHS and plain(value) is not None]
    if len(stated) != 1 and not set(_LENGTHS) & misspelt_keys(problems[before:]):
        problems.append(Problem("training-length", (stated or [node.place])[-1], "training.epochs"))
    return found


def _updates(node: Mapping, updates: UpdateReader, problems: list[Problem]) -> dict[str, Any]:
    """Reads what names its own values: a list of updates, or a loss with `from:` or `compute:`."""
    listed, loss, compute = (node.get(key) for key in FREE_KEYS)
    if listed is None and (loss is None or not is_free(loss)):
        if compute is not None:
            problems.append(Problem("compute-without-loss", compute.place, "training.compute"))
        return {}
    if listed is None:
        assert loss is not None
        return {"loss": (), "updates": updates.of_network(loss, compute)}
    for key, value in (("loss", loss), ("compute", compute)):
        if value is not None:
            problems.append(Problem("updates-beside", value.place, f"training.{key}", {"key": key}))
    return {"loss": (), "updates": updates.updates(listed)}


def _read_loss(node: Node, problems: list[Problem]) -> tuple[LossTerm, ...] | None:
    """Reads one loss, or one for each target."""
    path = "training.loss"
    if isinstance(node, Mapping) and _is_by_target(node):
        terms = [_term(value, f"{path}.{name.text}", name.text, problems) for name, value in node.entries]
    elif isinstance(node, (Mapping, Scalar)):
        terms = [_term(node, path, None, problems)]
    else:
        problems.append(Problem("call-expected", node.place, path, {"wanted": _LOSS}))
        return None
    found = tuple(term for term in terms if term)
    return found if len(found) == len(terms) else None


def _is_by_target(node: Mapping) -> bool:
    """Tells targets with their losses from one loss, whose name may be misspelt in lower case."""
    is_one_name = len(node.entries) == 1 and node.entries[0][1] == Mapping((), node.entries[0][1].place)
    return bool(node.entries) and not is_one_name and not any(key[:1].isupper() for key in node.keys())


def _term(node: Node, path: str, target: str | None, problems: list[Problem]) -> LossTerm | None:
    weight: object = 1.0
    if isinstance(node, Mapping):
        stated = node.get("weight")
        weight = plain(stated) if stated else 1.0
        entries = tuple((name, value) for name, value in node.entries if name.text not in TERM_WORDS)
        node = Mapping(entries, node.place)
    call = read_named_call(node, path, problems, _LOSS)
    if call is None:
        return None
    values = {"loss": call, "target": target, "weight": weight}
    return _validated(LossTerm, values, node, path, problems)


def _validated(
    model: type[Model],
    values: Any,
    node: Node,
    path: str,
    problems: list[Problem],
    fallback: _Fallback | None = None,
) -> Model | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors()[:MOST_PROBLEMS]
    fallback = fallback or _Fallback()
    wrong = {str(detail["loc"][0]) for detail in details}
    told = (detail for detail in details if str(detail["loc"][0]) not in fallback.told)
    found = [_problem(detail, model, node, path) for detail in told]
    # One mistake is said once: the key is there, and misspelt.
    misspelt = misspelt_keys(found)
    problems.extend(each for each in found if each.code != "key-missing" or each.facts["key"] not in misspelt)
    needed = {"train", "inputs", "targets"} | {
        name for name, field in model.model_fields.items() if field.is_required()
    }
    if (wrong & needed) - set(fallback.values) or not isinstance(values, MappingType):
        return None
    try:
        # What is right is read without what is wrong, so that it can be checked further.
        right = {key: value for key, value in values.items() if key not in wrong}
        return model.model_validate({**fallback.values, **right})
    except ValidationError:
        return None


def _problem(detail: ErrorDetails, model: type[BaseModel], node: Node, path: str) -> Problem:
    """Says one of pydantic's errors in our words, at the nearest node that is in the file."""
    place_node = node
    parts: list[str] = []
    key: Scalar | None = None
    for part in detail["loc"]:
        child, name = _child(place_node, part)
        if child is None:
            if detail["type"] in ("missing", "extra_forbidden"):
                parts.append(str(part))
            continue
        place_node, key = child, name
        parts.append(str(part))
    here = ".".join([path, *parts])
    facts: dict[str, object] = {"key": str(detail["loc"][-1]), "received": _shown(detail.get("input"))}
    facts |= {name: _figure(value) for name, value in detail.get("ctx", {}).items() if name != "error"}
    if detail["type"] != "missing" and facts["key"] in ("type", "norm", "policy") and len(detail["loc"]) > 1:
        # `age: numeric` is short for `age: {type: numeric}`, `clip_gradients: 0` for `{norm: 0}`.
        facts["key"] = str(detail["loc"][-2])
    facts["example"] = _EXAMPLES.get(str(facts["key"]), "")
    code = _CODES.get(detail["type"], "value-type")
    if code == "unknown-key":
        known = _known_keys(model, detail["loc"][:-1])
        word = key or Scalar(str(facts["key"]), str(facts["key"]), True, place_node.place)
        facts |= {"nearest": nearest(word.text, known), "known": known}
        facts["elsewhere"] = where_it_belongs(word, node if path == "training" else None)
    if code == "value-choice":
        choices = re.findall(r"'([^']*)'", str(facts["expected"]))
        facts["expected"] = _one_of([f"`{choice}`" for choice in choices])
        facts["nearest"] = nearest(str(detail.get("input")), choices)
    if code == "value-type" and _is_quoted(place_node):
        facts |= {"received": f'`"{detail.get("input")}"`', "unquoted": detail.get("input")}
    if code == "value-type":
        facts["expected"] = _EXPECTED.get(detail["type"], detail["msg"].removeprefix("Input should be "))
        facts["meant"] = meant_by(str(detail.get("input")), str(facts["expected"]))
    at = key.place if code == "unknown-key" and key else place_node.place
    return Problem(code, at, here, facts)


def _one_of(choices: SequenceType[str]) -> str:
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)


def _is_quoted(node: Node) -> bool:
    """Tells whether quotes make a word of what would be a number, true or false."""
    return isinstance(node, Scalar) and not node.plain and not isinstance(resolve(node.text), str)


def _child(node: Node, part: str | int) -> tuple[Node | None, Scalar | None]:
    if isinstance(node, Mapping):
        found = ((name, value) for name, value in node.entries if name.text == str(part))
        name, value = next(found, (None, None))
        return value, name
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part], None
    return None, None


def _known_keys(model: type[BaseModel], loc: SequenceType[int | str]) -> list[str]:
    """Lists the keys of the section that a location leads to."""
    current: Any = model
    for part in loc:
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            break
        field = current.model_fields.get(str(part))
        if field is None:
            continue
        current = section_in(field.annotation) or current
    return list(current.model_fields)


def _figure(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, MappingType):
        return "a mapping"
    return "a list" if isinstance(value, (tuple, list)) else f"`{value}`"


_CODES = {
    "missing": "key-missing",
    "extra_forbidden": "unknown-key",
    "greater_than": "value-range",
    "greater_than_equal": "value-range",
    "less_than": "value-range",
    "less_than_equal": "value-range",
    "finite_number": "value-range",
    "literal_error": "value-choice",
    "duration": "value-duration",
    "split_sum": "split-sum",
    "split_keys": "split-keys",
    "split_fold": "split-fold",
    "clip_form": "clip-form",
    "share": "value-share",
    "missing_policy": "value-missing-policy",
    "string_too_short": "value-one-character",
    "string_too_long": "value-one-character",
}
_EXAMPLES = {
    "loss": "loss: CrossEntropyLoss",
    "optimizer": "optimizer: AdamW",
    "train": "train: FILE.csv",
    "type": "type: number",
}
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a word",
    "tuple_type": "a list",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "is_instance_of": "a name, or a name with arguments",
}
