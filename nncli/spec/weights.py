"""Weights from elsewhere: the file, and how the names and tensors in it become those of the network."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final

from nncli.errors import Place, Problem
from nncli.messages.catalogue import nearest
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence
from nncli.spec.patterns import literal_part, pattern_fault, renaming_fault

WEIGHTS_KEYS: Final = ("file", "rename", "transpose", "split", "join", "skip")
# What other tools call a key, where its letters are far from ours.
_HABITS: Final[MappingType[str, str]] = {
    "checkpoint": "file",
    "drop": "skip",
    "except": "skip",
    "exclude": "skip",
    "from": "file",
    "ignore": "skip",
    "keys": "rename",
    "map": "rename",
    "mapping": "rename",
    "merge": "join",
    "path": "file",
    "replace": "rename",
}
_EXAMPLES: Final[MappingType[str, str]] = {
    "rename": '`rename: {"h.*.attn.": "block.*.attention."}`',
    "transpose": '`transpose: ["*.c_attn.weight"]`',
    "skip": '`skip: ["fc.*"]`',
    "split": '`split: {"*.c_attn.*": [query, key, value]}`',
    "join": '`join: {"*.qkv.*": [q_proj, k_proj, v_proj]}`',
}


@dataclass(frozen=True, slots=True)
class PatternAt:
    """A pattern of names, and where it stands."""

    pattern: str
    place: Place


@dataclass(frozen=True, slots=True)
class Renaming:
    """One entry of `rename:`: names that match the pattern get the form of the replacement."""

    pattern: str
    replacement: str
    place: Place


@dataclass(frozen=True, slots=True)
class Parts:
    """One entry of `split:` or `join:`: the pattern of the joined tensor, and the names of its parts.

    A part's name stands in place of the last part of the pattern that holds no `*`.
    """

    pattern: str
    parts: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class WeightsSpec:
    """What `weights:` says. `file` is as written: a path from the folder of the spec, or an absolute one."""

    file: str
    place: Place
    rename: tuple[Renaming, ...] = ()
    transpose: tuple[PatternAt, ...] = ()
    split: tuple[Parts, ...] = ()
    join: tuple[Parts, ...] = ()
    skip: tuple[PatternAt, ...] = ()


def read_weights_spec(node: Node, path: str, problems: list[Problem]) -> WeightsSpec | None:
    """Reads `weights:`, short as `x.safetensors` or long as `{file, rename, …}`; None where it has no file.

    Problems: `key-missing`, `mapping-expected`, `unknown-key`, `value-type`, `pattern-form`,
    `weights-entries`, `weights-parts`.
    """
    if isinstance(node, Scalar) and not _is_empty(node):
        file = _read_file(node, path, problems)
        return WeightsSpec(file, node.place) if file else None
    if not isinstance(node, Mapping):
        facts = {"key": "weights", "example": "weights: FILE.safetensors"}
        code = "mapping-expected" if isinstance(node, Sequence) else "key-missing"
        problems.append(Problem(code, node.place, path, facts))
        return None
    for name, _ in node.entries:
        if name.text not in WEIGHTS_KEYS and len(problems) < MOST_PROBLEMS:
            meant = _HABITS.get(name.text.lower()) or nearest(name.text, WEIGHTS_KEYS)
            facts_of_key = {"key": name.text, "nearest": meant, "known": list(WEIGHTS_KEYS), "elsewhere": ""}
            problems.append(Problem("unknown-key", name.place, f"{path}.{name.text}", facts_of_key))
    stated = node.get("file")
    file = _read_file(stated, f"{path}.file", problems) if stated else None
    if stated is None:
        facts = {"key": "file", "example": "file: FILE.safetensors"}
        problems.append(Problem("key-missing", node.place, f"{path}.file", facts))
    read = WeightsSpec(
        file or "",
        node.place,
        _read_renamings(node.get("rename"), f"{path}.rename", problems),
        read_patterns(node.get("transpose"), f"{path}.transpose", problems),
        _read_parts(node.get("split"), f"{path}.split", problems),
        _read_parts(node.get("join"), f"{path}.join", problems),
        read_patterns(node.get("skip"), f"{path}.skip", problems),
    )
    return read if file else None


def read_patterns(node: Node | None, path: str, problems: list[Problem]) -> tuple[PatternAt, ...]:
    """Reads one pattern or a list of them, as `transpose:`, `skip:` and `freeze:` take them.

    Problems: `weights-entries`, `pattern-form`.
    """
    if node is None or (isinstance(node, Scalar) and _is_empty(node)):
        return ()
    if isinstance(node, Mapping):
        problems.append(_entries_expected(node, path, "a list of patterns"))
        return ()
    found = []
    for each in node.items if isinstance(node, Sequence) else (node,):
        if len(problems) >= MOST_PROBLEMS:
            break
        if not isinstance(each, Scalar):
            problems.append(_entries_expected(each, path, "a list of patterns"))
        elif is_pattern(each, path, problems):
            found.append(PatternAt(each.text, each.place))
    return tuple(found)


def _read_file(node: Node, path: str, problems: list[Problem]) -> str | None:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return node.value
    facts = {"key": "file", "received": _shown(node), "expected": "the path of a safetensors file"}
    problems.append(Problem("value-type", node.place, path, facts))
    return None


def _read_renamings(node: Node | None, path: str, problems: list[Problem]) -> tuple[Renaming, ...]:
    found = []
    for name, value in _entries(node, path, problems):
        here = f"{path}.{name.text}"
        if not isinstance(value, Scalar):
            problems.append(_entries_expected(value, path, "names on both sides"))
            continue
        if not is_pattern(name, here, problems):
            continue
        replacement = "" if _is_empty(value) else value.text
        reason = renaming_fault(name.text, replacement)
        if reason:
            facts = {"pattern": replacement, "reason": reason}
            problems.append(Problem("pattern-form", value.place, here, facts))
        else:
            found.append(Renaming(name.text, replacement, name.place))
    return tuple(found)


def _read_parts(node: Node | None, path: str, problems: list[Problem]) -> tuple[Parts, ...]:
    found = []
    for name, value in _entries(node, path, problems):
        here = f"{path}.{name.text}"
        if not is_pattern(name, here, problems):
            continue
        items = value.items if isinstance(value, Sequence) else (value,)
        names = [item.text if isinstance(item, Scalar) else "" for item in items]
        reason = _parts_fault(name.text, names)
        if reason:
            facts = {"key": path.rpartition(".")[2], "reason": reason, "example": _example(path)}
            problems.append(Problem("weights-parts", value.place, here, facts))
        else:
            found.append(Parts(name.text, tuple(names), name.place))
    return tuple(found)


def _parts_fault(pattern: str, names: list[str]) -> str:
    """Says why names cannot be the parts of a tensor, as the end of a sentence; empty where they can."""
    if not literal_part(pattern):
        return f"`{pattern}` has no part without `*` that the names could replace"
    if len(names) < 2:
        return "a tensor has at least two parts, in a list"
    if len(set(names)) != len(names):
        return "no two parts have the same name"
    if any("*" in name or name.endswith(".") or pattern_fault(name) for name in names):
        return "its parts are plain names without `*`"
    return ""


def _entries(node: Node | None, path: str, problems: list[Problem]) -> list[tuple[Scalar, Node]]:
    if node is None or (isinstance(node, Scalar) and _is_empty(node)):
        return []
    if not isinstance(node, Mapping):
        problems.append(_entries_expected(node, path, "patterns with names behind them"))
        return []
    return list(node.entries[: max(0, MOST_PROBLEMS - len(problems))])


def _entries_expected(node: Node, path: str, expected: str) -> Problem:
    facts = {"key": path.rpartition(".")[2], "expected": expected, "example": _example(path)}
    return Problem("weights-entries", node.place, path, facts)


def _example(path: str) -> str:
    return _EXAMPLES.get(path.rpartition(".")[2], "")


def is_pattern(node: Scalar, path: str, problems: list[Problem]) -> bool:
    """Tells whether a word is a pattern of names. Problems: `pattern-form`."""
    reason = pattern_fault(node.text)
    if reason:
        problems.append(Problem("pattern-form", node.place, path, {"pattern": node.text, "reason": reason}))
    return not reason


def _is_empty(node: Scalar) -> bool:
    return node.value is None or node.text == ""


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"`{node.text}`" if node.text else "nothing"
    return "a mapping" if isinstance(node, Mapping) else "a list"
