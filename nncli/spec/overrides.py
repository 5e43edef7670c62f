"""`--set PATH=VALUE`: one value of a spec from the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure, nearest
from nncli.spec.calls import SET_FILE
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.reading import read_value


@dataclass(frozen=True, slots=True)
class Override:
    """One `--set`: the parts of its path, the value as a node, the text as typed."""

    path: tuple[str, ...]
    value: Node
    text: str


def read_override(text: str) -> Override:
    """Reads `training.optimizer.AdamW.lr=1e-3`; the value is YAML 1.2.

    Raises UsageError `set-form`, and SpecError for a value that is no YAML.
    """
    path, equals, value = text.partition("=")
    parts = tuple(path.strip().split("."))
    if not equals or not all(parts):
        raise failure("set-form", text=text)
    return Override(parts, read_value(value, SET_FILE), text)


def apply_override(root: Mapping, override: Override) -> Mapping:
    """Puts a value into the tree; keys on the way that are not there are made.

    In a list an item is reached by its `name:` or its position from 0, an argument of a call by
    its keyword.
    Raises SpecError `set-path`.
    """
    result = _put(root, override.path, override, "")
    assert isinstance(result, Mapping)
    return result


def _put(node: Node | None, path: tuple[str, ...], override: Override, done: str) -> Node:
    if not path:
        return override.value
    key, rest = path[0], path[1:]
    here = f"{done}.{key}" if done else key
    if isinstance(node, Sequence):
        return _put_in_list(node, key, rest, override, done)
    if isinstance(node, Mapping):
        layers = node.get("layers")
        if done == "network" and key not in ("inputs", "layers") and isinstance(layers, Sequence):
            return _with(node, "layers", _put(layers, path, override, done), override)
        return _with(node, key, _put(node.get(key), rest, override, here), override)
    # Nothing stands here yet, or one value does: a call with one position, or a key to be made.
    made = _put(None, rest, override, here)
    entry = (_key(key, override), made)
    if isinstance(node, Scalar) and node.value is not None and _is_call(done):
        return Sequence((node, Mapping((entry,), override.value.place)), node.place)
    if isinstance(node, Scalar) and node.value is not None:
        raise _unreachable(override, done, f"`{done}` is one value")
    return Mapping((entry,), override.value.place)


def _is_call(path: str) -> bool:
    return path.rpartition(".")[2][:1].isupper()


def _put_in_list(node: Sequence, key: str, rest: tuple[str, ...], override: Override, done: str) -> Node:
    if _is_call(done):
        return _put_argument(node, key, rest, override, done)
    position = _position(node, key, override, done)
    items = list(node.items)
    items[position] = _put(items[position], rest, override, f"{done}.{key}")
    return replace(node, items=tuple(items))


def _put_argument(node: Sequence, key: str, rest: tuple[str, ...], override: Override, done: str) -> Node:
    items = list(node.items)
    for number, item in enumerate(items):
        if isinstance(item, Mapping) and len(item.entries) == 1 and item.entries[0][0].text == key:
            items[number] = _with(item, key, _put(item.get(key), rest, override, f"{done}.{key}"), override)
            return replace(node, items=tuple(items))
    added = Mapping(((_key(key, override), _put(None, rest, override, done)),), override.value.place)
    return replace(node, items=(*items, added))


def _position(node: Sequence, key: str, override: Override, done: str) -> int:
    if key.isdigit() and len(key) < 7:
        if int(key) < len(node.items):
            return int(key)
        raise _unreachable(
            override, done, f"`{done}` has {len(node.items)} items, 0 to {len(node.items) - 1}"
        )
    names = {}
    for number, item in enumerate(node.items):
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar):
            names[name.text] = number
    if key in names:
        return names[key]
    near = nearest(key, names)
    raise _unreachable(override, done, f"nothing in `{done}` is named `{key}`", near)


def _with(node: Mapping, key: str, value: Node, override: Override) -> Mapping:
    entries = [(name, value if name.text == key else old) for name, old in node.entries]
    if key not in node.keys():
        entries.append((_key(key, override), value))
    return replace(node, entries=tuple(entries))


def _key(key: str, override: Override) -> Scalar:
    return Scalar(key, key, True, override.value.place)


def _unreachable(override: Override, done: str, reason: str, near: str = "") -> NncliError:
    place = Place(SET_FILE, 1, 1, override.text)
    return failure("set-path", place, done, reason=reason, nearest=near)
