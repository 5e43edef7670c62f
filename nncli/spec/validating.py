"""Values of a file to the sections of schema.py; pydantic's errors become ours, each at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.spec.fields import MISSING_POLICIES, section_in
from nncli.spec.habits import misspelt_keys, where_it_belongs
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence
from nncli.spec.scalars import meant_by, resolve
from nncli.spec.writing import as_flow

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fallback:
    """What to do where a section is wrong: keys whose mistakes were told, and values in place of others."""

    told: frozenset[str] = frozenset()
    values: MappingType[str, Any] = field(default_factory=dict)


def validated(
    model: type[Model],
    values: Any,
    node: Node,
    path: str,
    problems: list[Problem],
    fallback: Fallback | None = None,
) -> Model | None:
    """Makes a section of values, with what is wrong at its node; None where too much is.

    Problems: `key-missing`, `unknown-key`, and those of values.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors()[:MOST_PROBLEMS]
    fallback = fallback or Fallback()
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
        facts["elsewhere"] = where_it_belongs(word, known, node if path == "training" else None)
    if code == "value-choice":
        choices = re.findall(r"'([^']*)'", str(facts["expected"]))
        facts["expected"] = _one_of([f"`{choice}`" for choice in choices])
        given = str(detail.get("input"))
        facts["nearest"] = _OTHER_NAMES.get(given, "") or nearest(given, choices)
    if code == "value-type" and _is_quoted(place_node):
        facts |= {"received": f'`"{detail.get("input")}"`', "unquoted": detail.get("input")}
    if code == "value-type":
        facts["expected"] = _EXPECTED.get(detail["type"], detail["msg"].removeprefix("Input should be "))
        if instead := _WORDS.get(str(facts["key"])):
            facts["expected"] = f"{facts['expected']} or `{instead}`"
            facts["nearest"] = nearest(str(detail.get("input")), [instead])
        facts["meant"] = meant_by(str(detail.get("input")), str(facts["expected"]))
    if code == "value-missing-policy":
        facts |= _meant_policy(detail.get("input"))
    at = key.place if code == "unknown-key" and key else place_node.place
    return Problem(code, at, here, facts)


def _meant_policy(given: object) -> dict[str, object]:
    """Tells what `missing:` was meant to say: a policy by another name, or a value for empty cells."""
    if isinstance(given, MappingType):
        # One value below a key that is not called constant.
        values = list(given.values())
        return {"constant": as_flow({"constant": values[0]})} if len(values) == 1 else {}
    if near := nearest(str(given), MISSING_POLICIES):
        return {"nearest": near}
    return {"constant": as_flow({"constant": given})} if isinstance(given, (str, int, float)) else {}


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
# Words that stand in the place of a number.
_WORDS = {"batch_size": "auto"}
# Numbers of 32 and 16 bits, as other tools call them.
_OTHER_NAMES = {
    **dict.fromkeys(("fp32", "float", "single", "32", "32-true"), "float32"),
    **dict.fromkeys(("bfloat16", "bf16-mixed", "bf16-true"), "bf16"),
    **dict.fromkeys(("float16", "half", "16", "16-mixed"), "fp16"),
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
