"""`--set PATH=VALUE`: one value of a spec from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from nncli.errors import SET_FILE, NncliError, Place
from nncli.messages.catalogue import failure, failures, nearest
from nncli.spec.names import ITEM_WORDS
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.reading import read_value

# What a node is: a network in either form, its items, one of them, a call, what a block takes, or anything
# else.
Kind: TypeAlias = Literal["networks", "layers", "items", "branches", "item", "call", "signature", "section"]
_AT_THE_TOP: Final[dict[str, Kind]] = {"network": "layers", "networks": "networks", "blocks": "networks"}
_LONG_FORM: Final = frozenset("args inputs vars layers outputs init parametrize weights freeze".split())


@dataclass(frozen=True, slots=True)
class Override:
    """One `--set`: the parts of its path and its value as nodes, which know where they stand in it."""

    path: tuple[Scalar, ...]
    value: Node


def read_override(text: str, number: int = 1) -> Override:
    """Reads `training.optimizer.AdamW.lr=1e-3`; the value is YAML 1.2.

    Every place is in the file `--set`, whose lines are all `--set` values: `number` counts from 1.
    Raises UsageError `set-form`, and SpecError for a value that is no YAML.
    """
    path, equals, value = text.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        reached = path.strip() if not equals and all(part.isidentifier() for part in parts) else ""
        raise failure("set-form", text=text, reached=reached)
    typed = _Typed(text, number, len(path) + 1)
    keys = []
    column = len(path) - len(path.lstrip()) + 1
    for part in parts:
        keys.append(Scalar(part, part, True, Place(SET_FILE, number, column, typed.lines[0])))
        column += len(part) + 1
    try:
        return Override(tuple(keys), typed.placed(read_value(value, SET_FILE)))
    except NncliError as error:
        moved = [replace(each, place=typed.place(each.place)) for each in error.problems if each.place]
        raise failures(moved or error.problems) from error


class _Typed:
    """A `--set` as typed, in which the value begins behind the path."""

    def __init__(self, text: str, number: int, start: int) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._number = number
        self._start = start

    def place(self, place: Place) -> Place:
        """Moves a place in the value to where it stands in the whole."""
        column = place.column + (self._start if place.line == 1 else 0)
        return Place(SET_FILE, self._number, column, self.lines[min(place.line, len(self.lines)) - 1])

    def placed(self, node: Node) -> Node:
        """Moves a node and all below it."""
        place = self.place(node.place)
        if isinstance(node, Sequence):
            return Sequence(tuple(self.placed(item) for item in node.items), place)
        if isinstance(node, Mapping):
            moved = ((replace(k, place=self.place(k.place)), self.placed(v)) for k, v in node.entries)
            return Mapping(tuple(moved), place)
        return replace(node, place=place)


def apply_override(root: Mapping, override: Override) -> Mapping:
    """Puts a value into the tree; keys on the way that are not there are made.

    In a list an item is reached by its `name:` or its position from 0, an argument of a call by
    its keyword or position, and one of a block by its name, which gives it another default.
    Raises SpecError `set-path`, `set-call`, `set-empty`.
    """
    result = _put(root, override.path, override.value, "", "section")
    assert isinstance(result, Mapping)
    return result


def _put(node: Node | None, path: tuple[Scalar, ...], value: Node, done: str, kind: Kind) -> Node:
    if not path:
        _refuse_empty(node, value, done)
        return value
    key, rest = path[0], path[1:]
    here = f"{done}.{key.text}" if done else key.text
    if isinstance(node, Sequence):
        return _put_in_list(node, path, value, done, kind)
    if kind == "item" and isinstance(node, Scalar) and isinstance(node.value, str):
        # `- ReLU` is `- ReLU: {}`.
        node = Mapping(((node, Mapping((), node.place)),), node.place)
    if isinstance(node, Mapping):
        layers = node.get("layers")
        if kind == "layers" and key.text not in _LONG_FORM and isinstance(layers, Sequence):
            word = Scalar("layers", "layers", True, key.place)
            return _with(node, word, _put(layers, path, value, done, kind))
        _refuse_second_call(node, path, value, done)
        if kind == "networks" and rest and key.text not in node.keys():
            what = "block" if done == "blocks" else "network"
            raise _unreachable(key, done, f"the file has no {what} `{key.text}`", node.keys())
        return _with(node, key, _put(node.get(key.text), rest, value, here, _kind(kind, key.text, done)))
    # Nothing stands here yet, or one value does: a call with one position, or a key to be made.
    entry = (key, _put(None, rest, value, here, _kind(kind, key.text, done)))
    if isinstance(node, Scalar) and node.value is not None and kind == "call":
        return Sequence((node, Mapping((entry,), key.place)), node.place)
    if isinstance(node, Scalar) and node.value is not None:
        raise _unreachable(key, done, f"`{done}` is one value")
    return Mapping((entry,), key.place)


def _refuse_empty(node: Node | None, value: Node, path: str) -> None:
    """Refuses `vars.width=`; a name with arguments stands by itself, as in `training.optimizer.AdamW=`."""
    if isinstance(value, Scalar) and value.plain and not value.text and not _is_call(path):
        now = node.text if isinstance(node, Scalar) else ""
        raise failure("set-empty", value.place, path, key=path, now=now)


def _is_call(path: str) -> bool:
    return path.rpartition(".")[2][:1].isupper()


def _refuse_second_call(node: Mapping, path: tuple[Scalar, ...], value: Node, done: str) -> None:
    """Refuses what would stand beside the one call of an optimiser or a loss."""
    key, there = path[0].text, node.keys()
    if done not in ("training.optimizer", "training.loss") or len(there) != 1 or there[0] == key:
        return
    facts = {"section": done, "there": there[0], "key": key}
    if _is_call(there[0]) and _is_call(key):
        shown = value.text if isinstance(value, Scalar) else "…"
        arguments = f"{path[1].text}: {shown}" if len(path) == 2 else "…"
        raise failure("set-call", path[0].place, done, **facts, call=f"{{{key}: {{{arguments}}}}}")
    if _is_call(there[0]) and done == "training.optimizer":
        raise failure("set-call", path[0].place, done, **facts, argument=f"{done}.{there[0]}.{key}")


def _kind(kind: Kind, key: str, done: str) -> Kind:
    """Tells what stands below a key: what a list of it is reached by follows from that."""
    if not done:
        return _AT_THE_TOP.get(key, "section")
    if kind == "networks":
        return "layers"
    if kind == "branches":
        return "items"
    if kind == "layers":
        below: dict[str, Kind] = {"layers": "items", "args": "signature"}
        return below.get(key, "section")
    if kind == "item":
        inside: dict[str, Kind] = {
            "Sequential": "items", "residual": "items", "shortcut": "items", "parallel": "branches",
            "Parameter": "section",
        }  # fmt: skip
        return inside.get(key, "section" if key in ITEM_WORDS else "call")
    return "call" if key[:1].isupper() else "section"


def _put_in_list(node: Sequence, path: tuple[Scalar, ...], value: Node, done: str, kind: Kind) -> Node:
    if kind == "call" and not path[0].text.isdigit():
        return _put_argument(node, path, value, done)
    if kind == "signature" and not path[0].text.isdigit():
        return _put_default(node, path, value, done)
    position = _position(node, path[0], done)
    items = list(node.items)
    inner: Kind = "item" if kind in ("items", "layers") else "section"
    items[position] = _put(items[position], path[1:], value, f"{done}.{path[0].text}", inner)
    return replace(node, items=tuple(items))


def _put_argument(node: Sequence, path: tuple[Scalar, ...], value: Node, done: str) -> Node:
    key, rest = path[0], path[1:]
    items = list(node.items)
    for number, item in enumerate(items):
        if isinstance(item, Mapping) and len(item.entries) == 1 and item.entries[0][0].text == key.text:
            items[number] = _with(
                item, key, _put(item.get(key.text), rest, value, f"{done}.{key.text}", "section")
            )
            return replace(node, items=tuple(items))
    added = Mapping(((key, _put(None, rest, value, done, "section")),), key.place)
    return replace(node, items=(*items, added))


def _put_default(node: Sequence, path: tuple[Scalar, ...], value: Node, done: str) -> Node:
    """Gives an argument of a block another default: `blocks.conv_bn.args.kernel=5`."""
    key, names = path[0], []
    items = list(node.items)
    for number, item in enumerate(items):
        name = item.entries[0][0] if isinstance(item, Mapping) and item.entries else item
        if isinstance(name, Scalar):
            names.append(name.text)
            if name.text == key.text:
                default = item.get(name.text) if isinstance(item, Mapping) else None
                put = _put(default, path[1:], value, f"{done}.{key.text}", "section")
                items[number] = Mapping(((name, put),), item.place)
                return replace(node, items=tuple(items))
    block = done.split(".")[1]
    raise _unreachable(key, done, f"the block `{block}` has no argument `{key.text}`", names)


def _position(node: Sequence, key: Scalar, done: str) -> int:
    text = key.text
    if text.isdigit() and len(text) < 7:
        if int(text) < len(node.items):
            return int(text)
        last = f"the last item of `{done}` is {len(node.items) - 1}" if node.items else f"`{done}` is empty"
        raise _unreachable(key, done, last)
    names = {}
    for number, item in enumerate(node.items):
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar):
            names[name.text] = number
    if text in names:
        return names[text]
    raise _unreachable(key, done, f"nothing in `{done}` is named `{text}`", names)


def _with(node: Mapping, key: Scalar, value: Node) -> Mapping:
    # A value from the command line brings its key along, so that a message points at what was typed;
    # a layer stays where it stands, whatever its arguments are.
    new = value.place.file == SET_FILE and not _is_call(key.text)
    entries = [
        (key if new else name, value) if name.text == key.text else (name, old) for name, old in node.entries
    ]
    if key.text not in node.keys():
        entries.append((key, value))
    return replace(node, entries=tuple(entries))


def _unreachable(key: Scalar, done: str, reason: str, known: Iterable[str] = ()) -> NncliError:
    names = list(known)
    near = nearest(key.text, names)
    facts = {"reason": reason, "nearest": near, "instead": f"{done}.{near}" if near else "", "known": names}
    return failure("set-path", key.place, done, **facts)
