"""What words of items, files, networks and blocks, and some keys of data, may hold, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.explaining.annotations import DOLLAR, Schema, any_of
from nncli.spec.inputs import TYPES as INPUT_TYPES

TEXT: Final[Schema] = {"type": "string"}
_YES_OR_NO: Final[Schema] = {"anyOf": [{"type": "boolean"}, DOLLAR]}
_WHOLE: Final[Schema] = {"anyOf": [{"type": "integer", "minimum": 0}, DOLLAR]}
NAMES: Final[Schema] = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
OBJECT: Final[Schema] = {"type": "object"}
LIST: Final[Schema] = {"type": "array"}
# What stands in the place of empty cells, and how much of the rows a part gets.
_CONSTANT: Final[Schema] = {
    "type": "object",
    "properties": {"constant": {}},
    "additionalProperties": False,
    "required": ["constant"],
}
MISSING: Final[Schema] = {"anyOf": [{"enum": ["error", "median", "mean", "flag", "keep"]}, _CONSTANT]}
SHARE: Final[Schema] = {
    "anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, {"type": "integer", "minimum": 1}]
}
_MADE_OF_TEXT: Final[Schema] = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}


def definition(name: str) -> Schema:
    """Refers to a definition of the schema."""
    return {"$ref": f"#/definitions/{name}"}


LAYERS: Final = definition("layers")
_WEIGHTS: Final = any_of([TEXT, definition("weights")])
# What a word of an item, or a structure, takes.
ITEM_WORDS: Final[Mapping[str, Schema]] = {
    "name": NAMES,
    "from": {"type": ["string", "number", "boolean", "array", "object"]},
    "take": {"type": ["string", "integer"]},
    "repeat": any_of([_WHOLE, OBJECT, LIST]),
    "share": {"type": ["boolean", "string", "object"]},
    "init": definition("initialiser"),
    "parametrize": definition("parametrization"),
    "freeze": _YES_OR_NO,
    "checkpoint": _YES_OR_NO,
    "when": _YES_OR_NO,
    "shortcut": any_of([_YES_OR_NO, LAYERS]),
    "join": {"type": ["string", "object"]},
    "weights": _WEIGHTS,
    "Sequential": LAYERS,
    "residual": LAYERS,
    "parallel": {"type": "object", "additionalProperties": LAYERS, "minProperties": 1},
    "compute": any_of([TEXT, {"type": "number"}, _MADE_OF_TEXT]),
    "rearrange": any_of([TEXT, LIST]),
    "reduce": {"type": "array", "minItems": 2},
    "repeat_axis": any_of([TEXT, LIST]),
    "Parameter": any_of([_WHOLE, LIST]),
}
_INPUT_SHAPE: Final[Schema] = {"type": "array", "items": _WHOLE}
_PARTS: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": TEXT, "minItems": 2},
}
# What a key of an input takes.
INPUT_WORDS: Final[Mapping[str, Schema]] = {
    "inputs.shape": _INPUT_SHAPE,
    "inputs.type": {"enum": list(INPUT_TYPES)},
    "inputs.vocabulary": _WHOLE,
    "inputs.classes": {},
    "inputs.rate": _WHOLE,
    "inputs.mask": {"type": "boolean"},
}
_INPUT: Final[Schema] = {"anyOf": [_INPUT_SHAPE, definition("input")]}
_INPUTS: Final[Schema] = {"type": "object", "additionalProperties": _INPUT}
# What a key of weights takes.
WEIGHTS_WORDS: Final[Mapping[str, Schema]] = {
    "weights.file": TEXT,
    "weights.rename": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    "weights.transpose": NAMES,
    "weights.split": _PARTS,
    "weights.join": _PARTS,
    "weights.skip": NAMES,
}
# What a key of a file, a network or a block takes.
FILE_WORDS: Final[Mapping[str, Schema]] = {
    "predict": {**OBJECT, "minProperties": 1},
    "name": {"type": "string", "pattern": r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63}|.*\$.*)$"},
    "description": TEXT,
    "include": NAMES,
    "vars": OBJECT,
    "constants": _MADE_OF_TEXT,
    "blocks": {"type": "object", "additionalProperties": definition("block")},
    "network": definition("network"),
    "networks": {"type": "object", "additionalProperties": definition("network")},
    "network.inputs": any_of(
        [_INPUTS, {"type": "array", "items": {"anyOf": [TEXT, {**_INPUTS, "maxProperties": 1}]}}]
    ),
    "network.layers": LAYERS,
    "network.outputs": any_of([NAMES, OBJECT]),
    "network.init": LIST,
    "network.parametrize": LIST,
    "network.weights": _WEIGHTS,
    "network.freeze": any_of([{"type": "boolean"}, NAMES]),
    "blocks.args": {"type": "array", "items": {"type": ["string", "object"]}},
    "blocks.inputs": {"type": "array", "items": TEXT},
    "blocks.vars": OBJECT,
    "blocks.layers": LAYERS,
    "blocks.outputs": any_of([NAMES, OBJECT]),
}
