"""A JSON Schema of spec files for editors: completion, hover and marks, from the same tables as explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nncli.explaining.annotations import DOLLAR, Schema, any_of, as_schema
from nncli.explaining.meanings import meanings_of, sentence_of
from nncli.explaining.offers import (
    FILLED,
    default_of,
    example_of,
    functions,
    initialisers,
    parametrizations,
)
from nncli.explaining.word_schemas import (
    FILE_WORDS,
    INPUT_WORDS,
    ITEM_WORDS,
    LAYERS,
    LIST,
    MISSING,
    NAMES,
    OBJECT,
    SHARE,
    TEXT,
    WEIGHTS_WORDS,
    definition,
)
from nncli.network.calls.signatures import Parameter, Signature, layer_classes, loss_classes, signature_of
from nncli.network.layers.torch_layers import inferred_names
from nncli.spec.keys import Key, all_keys
from nncli.spec.reference import Entry
from nncli.spec.reference_files import entries_of
from nncli.training.optimizers import optimizer_classes
from nncli.training.schedule_calls import scheduler_classes

# Editors read this draft; the newer ones change nothing that is used here.
DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def editor_schema() -> Schema:
    """Makes the schema of whole files, with the layers, losses and optimisers of the installed torch."""
    sections = {"data": any_of([TEXT, definition("data")]), "training": definition("training")}
    return {
        "$schema": DRAFT,
        "title": "A spec of nncli",
        "type": "object",
        "properties": {**_described("key of a file", FILE_WORDS), **sections},
        "additionalProperties": False,
        "anyOf": [{"required": ["network"]}, {"required": ["networks"]}, {"required": ["blocks"]}],
        "definitions": _definitions(),
    }


def _definitions() -> Schema:
    called: dict[str, Callable[..., Any]] = {**layer_classes(), **loss_classes()}
    called |= {**optimizer_classes(), **scheduler_classes(), **initialisers(), **parametrizations()}
    network = _closed(_described("key of a network", FILE_WORDS), ("layers",))
    return {
        "dollar": {"type": "string", "pattern": r"\$"},
        "layers": {"anyOf": [{"type": "array", "items": definition("item")}, DOLLAR]},
        "item": _item(),
        "network": {"anyOf": [LAYERS, network]},
        "block": _closed(_described("key of a block", FILE_WORDS), ("layers",)),
        "input": _closed(_described("key of an input", INPUT_WORDS), ()),
        "weights": _closed(_described("key of weights", WEIGHTS_WORDS), ("file",)),
        "column": _column(),
        "loss": _one_of(loss_classes(), {"weight": {"description": "what the term is multiplied with"}}),
        "optimizer": _one_of(optimizer_classes()),
        "scheduler": _one_of(scheduler_classes(), {word: {} for word in ("warmup", "for", "per", "watch")}),
        "initialiser": _one_of(initialisers()),
        "parametrization": _one_of(parametrizations()),
        "metric": _metric(),
        "data": _section("data"),
        "training": _section("training") | {"anyOf": [{"required": ["loss"]}, {"required": ["updates"]}]},
        **{f"call.{name}": _call(name, target) for name, target in called.items()},
        "call.ChainedScheduler": any_of([_several("scheduler"), definition("arguments.ChainedScheduler")]),
        **{f"call.{name}": _function(name, target) for name, target in functions().items()},
        **{f"arguments.{name}": _arguments(target) for name, target in called.items()},
    }


def _closed(properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    """Makes a mapping of these keys and no others."""
    needed = {"required": [*required]} if required else {}
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **needed}


def _item() -> Schema:
    """Makes the schema of one item; blocks and networks of the file are any other word in lower case."""
    bare = [{"enum": [*layer_classes()]}, {"type": "string", "pattern": "^[a-z$]"}]
    properties = {name: definition(f"call.{name}") for name in (*layer_classes(), *functions())}
    words = {**_described("word of an item", ITEM_WORDS), **_described("structure", ITEM_WORDS)}
    mapping = {
        "type": "object",
        "properties": {**properties, **words},
        "patternProperties": {"^[a-z$]": {}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [*bare, mapping]}


def _described(group: Any, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Gives the words of a group their schema, with what explain says as hover."""
    return {
        entry.name.rpartition(".")[2]: _with(schemas[entry.name], _hover(entry))
        for entry in entries_of(group)
    }


def _with(schema: Schema, beside: Schema) -> Schema:
    """Adds keywords to a schema; beside a reference they would be ignored."""
    return {"allOf": [schema], **beside} if "$ref" in schema else {**schema, **beside}


def _hover(entry: Entry) -> Schema:
    forms = "".join(f"- `{form}`: {meaning}\n" for form, meaning in entry.forms)
    return _told(entry.text, f"{entry.text}\n\n{forms}\n{_fenced(entry.example)}")


def _told(text: str, marked: str) -> Schema:
    return {"description": text, "markdownDescription": marked} if text else {}


def _fenced(example: str) -> str:
    return f"```yaml\n{example}```" if example else ""


def _function(name: str, target: Callable[..., Any]) -> Schema:
    """Tells what a function of tensors does; those written in C++ do not say what they take."""
    text = sentence_of(target)
    return _told(text or name, f"{text}\n\n{_fenced(example_of(name))}")


def _parameters(target: Callable[..., Any]) -> tuple[Parameter, ...]:
    return tuple(each for each in signature_of(target).parameters if each.name not in FILLED)


def _arguments(target: Callable[..., Any]) -> Schema:
    properties = {}
    meanings: Mapping[str, Any] = meanings_of(target)
    for parameter in _parameters(target):
        told = {"description": meanings[parameter.name]} if parameter.name in meanings else {}
        has_default, default = (False, None) if parameter.required else default_of(parameter)
        told |= {"default": default} if has_default else {}
        properties[parameter.name] = _with(as_schema(parameter.annotation), told)
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _call(name: str, target: Callable[..., Any]) -> Schema:
    """Makes the schema of a call: nothing, one position, positions with keywords, or keywords."""
    keywords = definition(f"arguments.{name}")
    simple = {"type": ["string", "number", "boolean", "array", "null"]}
    listed = {"type": "array", "items": {"anyOf": [simple, keywords]}}
    inferred = inferred_names(target, frozenset()) if isinstance(target, type) else ()
    first = next((p for p in _parameters(target) if p.name not in inferred and not p.keyword_only), None)
    scalar = {"type": ["string", "number", "boolean"]}
    position = [as_schema(first.annotation) or scalar] if first else []
    signature = Signature(name, _parameters(target))
    text = sentence_of(target)
    marked = f"`{signature}`\n\n{text}\n\n{_fenced(example_of(name))}"
    return {**any_of([{"type": "null"}, keywords, listed, *position]), **_told(text or name, marked)}


def _one_of(offered: Mapping[str, Callable[..., Any]], beside: Mapping[str, Schema] | None = None) -> Schema:
    """Makes the schema of a name, or a name with its arguments and what may stand beside it."""
    properties = {name: definition(f"call.{name}") for name in offered}
    mapping = {
        "type": "object",
        "properties": {**properties, **(beside or {})},
        "additionalProperties": False,
        "minProperties": 1,
        **({} if beside else {"maxProperties": 1}),
    }
    return {"anyOf": [{"enum": [*offered]}, mapping, DOLLAR]}


def _metric() -> Schema:
    entries = list(entries_of("metric"))
    properties = {entry.name: {"type": ["object", "null"], **_hover(entry)} for entry in entries}
    mapping = {"type": "object", "properties": properties, "additionalProperties": False, "maxProperties": 1}
    return {"anyOf": [{"enum": [entry.name for entry in entries]}, mapping]}


def _column() -> Schema:
    section = _section("data.inputs.NAME")
    return {"anyOf": [section["properties"]["type"], section]}


def _section(path: str) -> Schema:
    keys = {key.path: key for key in all_keys()}
    properties = {}
    for below in keys[path].keys:
        key = keys[below]
        schema = _SPECIAL[below]() if below in _SPECIAL else _of_key(key)
        default = {} if key.required or key.model or key.default is None else {"default": _plain(key.default)}
        marked = f"{key.text}\n\n{_fenced(key.example)}"
        properties[below.rpartition(".")[2]] = _with(schema, {**default, **_told(key.text, marked)})
    # A column that reads another one again has its type; updates have a loss each.
    free = ("data.inputs.NAME.type", "training.loss")
    needed = [name for name in keys[path].keys if keys[name].required and name not in free]
    required = [name.rpartition(".")[2] for name in needed]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, **({"required": required} if required else {})}


def _of_key(key: Key) -> Schema:
    return _section(key.path) if key.model and key.keys else as_schema(key.annotation, key.metadata)


def _plain(default: object) -> object:
    if isinstance(default, tuple):
        return list(default)
    return dict(default) if isinstance(default, Mapping) else default


def _loss() -> Schema:
    by_target = {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]"},
        "additionalProperties": definition("loss"),
        "minProperties": 1,
    }
    return {"anyOf": [definition("loss"), by_target, _term(), {"type": "array", "items": _term()}]}


def _term() -> Schema:
    """A loss between values that it names; the name of the loss is any other key."""
    return {"type": "object", "anyOf": [{"required": ["from"]}, {"required": ["compute"]}]}


def _updates() -> Schema:
    free: dict[str, Schema] = {key: {} for key in ("update", "repeat", "loss", "metrics")}
    properties = {**free, "compute": OBJECT, "optimizer": definition("optimizer")}
    entry = _closed(properties, ("update", "loss"))
    return {"type": "array", "minItems": 1, "items": entry}


def _columns() -> Schema:
    return {"type": "object", "additionalProperties": definition("column")}


def _one_or_several(name: str, *others: Schema) -> Schema:
    return {"anyOf": [definition(name), _several(name), *others]}


def _several(name: str) -> Schema:
    return {"type": "array", "items": definition(name)}


# Keys whose short forms the types in schema.py do not tell.
_SPECIAL: Final[Mapping[str, Callable[[], Schema]]] = {
    "data.inputs": _columns,
    "data.inputs.NAME.missing": lambda: MISSING,
    "data.nulls": lambda: NAMES,
    "data.split.test": lambda: SHARE,
    "data.split.validation": lambda: SHARE,
    "data.targets": _columns,
    "training.average": lambda: OBJECT,
    "training.batch_size": lambda: {"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["auto"]}]},
    "training.clip_gradients": lambda: {
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, _section("training.clip_gradients")]
    },
    "training.regularise": lambda: OBJECT,
    "training.checkpoint_every": lambda: {
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9.]+[smh]$|\$"}]
    },
    "training.groups": lambda: {"anyOf": [LIST, OBJECT]},
    "training.freeze": lambda: NAMES,
    "training.phases": lambda: LIST,
    "training.loss": _loss,
    "training.compute": lambda: OBJECT,
    "training.updates": _updates,
    "training.metrics": lambda: _one_or_several("metric", OBJECT),
    "training.optimizer": lambda: definition("optimizer"),
    "training.schedule": lambda: _one_or_several("scheduler"),
    "training.on_non_finite": lambda: {
        "anyOf": [{"enum": ["stop", "skip", "rewind"]}, _section("training.on_non_finite")]
    },
    "training.stop_early": lambda: {
        "anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}, _section("training.stop_early")]
    },
}
