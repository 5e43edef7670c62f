"""Changes of a spec put into its text, line by line: comments and the order of keys stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import yaml

from nncli.spec.writing import as_flow

How: TypeAlias = Literal["set", "after", "remove"]
_FIRST_KEYS: Final = {"data": "train", "split": "validation"}
"""What the short form of a section stands for: `data: rows.csv` is `data: {train: rows.csv}`."""
_COLUMN_ROLES: Final = ("inputs", "targets")


@dataclass(frozen=True, slots=True)
class Change:
    """A value for a path as `--set` takes it, an item behind that of a path, or none in its place.

    `value` is plain YAML: dicts, lists, texts, numbers. It is None where an item is removed. `item`
    is what a person calls the item: `Softmax, line 9`.
    """

    path: str
    value: Any = None
    how: How = "set"
    item: str = field(default="", compare=False)


class Written(str):
    """A value that is YAML on one line already."""


class Unwritable(Exception):
    """A change for which there is no line in the text, such as one in an included file."""


def edited(text: str, changes: Sequence[Change]) -> str:
    """Puts changes into the text of a spec, one after the other. Raises Unwritable.

    Positions in lists are those of the text as it is given.
    """
    for change in sorted(changes, key=_late_items_first):
        text = _Text(text).with_change(change)
    return text


def with_whole_lists(text: str, changes: Sequence[Change]) -> tuple[Change, ...]:
    """Writes changes of items as the whole lists that come of them, as `--set` and one YAML document need it.

    A list has the words of the text, without its comments. Raises Unwritable.
    """
    lists = dict.fromkeys(path for path in map(_list_of, changes) if path)
    if not lists:
        return tuple(changes)
    root = _Text(edited(text, changes))
    found = [each for each in changes if not _list_of(each)]
    for path in lists:
        node, left = root.found(path.split("."))
        if left or not isinstance(node, yaml.SequenceNode):
            raise Unwritable(path)
        is_short = path.endswith(".layers") and root.found(path.split(".")[:-1])[0] is node
        found.append(Change(path.removesuffix(".layers") if is_short else path, Written(_on_one_line(node))))
    return tuple(found)


def _list_of(change: Change) -> str:
    """Gives the path of the outermost list that a change is inside of; nothing where it is in none."""
    parts = change.path.split(".")
    first = next((number for number, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[:first])


def _on_one_line(node: Any) -> str:
    for each in _walked(node):
        if isinstance(each, yaml.CollectionNode):
            each.flow_style = True
    written: str = yaml.serialize(node, Dumper=yaml.SafeDumper, width=10**6, allow_unicode=True)
    return written.strip()


def _walked(node: Any) -> Iterator[Any]:
    yield node
    if isinstance(node, yaml.SequenceNode):
        yield from (inner for each in node.value for inner in _walked(each))
    elif isinstance(node, yaml.MappingNode):
        yield from (inner for pair in node.value for each in pair for inner in _walked(each))


def _late_items_first(change: Change) -> tuple[int, int]:
    """Puts changes of lists from the last item to the first, so that positions stay true."""
    numbers = [int(part) for part in change.path.split(".") if part.isdigit()]
    return (0, 0) if change.how == "set" or not numbers else (1, -numbers[-1])


def flow_text(value: Any) -> str:
    """Writes a value on one line, as it stands in a file."""
    if isinstance(value, Written):
        return str(value)
    return as_flow({"v": value})[len("{v: ") : -1]


class _Text:
    """The text of a spec with its YAML nodes, each of which knows where it begins and ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise Unwritable("the text is no YAML") from error

    def with_change(self, change: Change) -> str:
        """Gives the text with one change."""
        parts = change.path.split(".")
        if change.how == "set":
            return self._with_value(parts, change.value)
        parent, left = self.found(parts[:-1])
        if left or not isinstance(parent, yaml.SequenceNode) or not parts[-1].isdigit():
            raise Unwritable(change.path)
        position = int(parts[-1])
        if position >= len(parent.value):
            raise Unwritable(change.path)
        if change.how == "after":
            return self._with_item(parent, position, flow_text(change.value))
        return self._without_item(parent, position)

    def found(self, parts: Sequence[str]) -> tuple[Any, list[str]]:
        """Walks down as far as the text goes; returns the node and the parts that are not there."""
        node, left = self._root, list(parts)
        while left:
            inner = _inside(node, left[0])
            if inner is None and left[0] == "layers" and isinstance(node, yaml.SequenceNode):
                left.pop(0)  # A network may be its list of layers.
                continue
            if inner is None:
                break
            node = inner
            left.pop(0)
        return node, left

    def _with_value(self, parts: Sequence[str], value: Any) -> str:
        node, left = self.found(parts)
        if not left:
            return self._replaced(node, flow_text(value))
        for part in reversed(left[1:]):
            value = {part: value}
        entry = {left[0]: value}
        if isinstance(node, yaml.ScalarNode):
            return self._replaced(node, flow_text(_widened(node, entry, parts[: len(parts) - len(left)])))
        inside = flow_text(entry)[1:-1]
        if isinstance(node, yaml.SequenceNode):
            if not node.flow_style or (left[0].isdigit()):
                raise Unwritable(".".join(parts))
            return self._added_inside(node, inside)
        if not node.flow_style:
            return self._with_line(node, inside)
        if self._text[node.start_mark.index] != "{":
            # `[Linear: 8, ReLU]` holds a mapping without braces.
            whole = "{" + self._text[node.start_mark.index : _end(node)] + f", {inside}" + "}"
            return self._replaced(node, whole)
        return self._added_inside(node, inside)

    def _replaced(self, node: Any, text: str) -> str:
        return self._text[: node.start_mark.index] + text + self._text[_end(node) :]

    def _added_inside(self, node: Any, text: str) -> str:
        at = node.end_mark.index - 1
        comma = ", " if node.value else ""
        return f"{self._text[:at].rstrip(' ')}{comma}{text}{self._text[at:]}"

    def _with_line(self, node: Any, text: str) -> str:
        at, indent = self._line_end(_end(node)), " " * int(node.start_mark.column)
        return f"{self._text[:at]}\n{indent}{text}{self._text[at:]}"

    def _with_item(self, parent: Any, position: int, text: str) -> str:
        item = parent.value[position]
        if parent.flow_style:
            at = _end(item)
            return self._text[:at] + f", {_bare(text)}" + self._text[at:]
        at, indent = self._line_end(_end(item)), " " * int(parent.start_mark.column)
        return f"{self._text[:at]}\n{indent}- {_bare(text)}{self._text[at:]}"

    def _without_item(self, parent: Any, position: int) -> str:
        item = parent.value[position]
        if len(parent.value) == 1:
            raise Unwritable("nothing would be left of the list")
        if not parent.flow_style:
            start = self._text.rfind("\n", 0, item.start_mark.index) + 1
            return self._text[:start] + self._text[self._line_end(_end(item)) + 1 :]
        if position:
            return self._text[: _end(parent.value[position - 1])] + self._text[_end(item) :]
        return self._text[: item.start_mark.index] + self._text[parent.value[1].start_mark.index :]

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found


def _inside(node: Any, part: str) -> Any:
    """Finds what a part of a path leads to; None where it is not there."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if not isinstance(node, yaml.SequenceNode):
        return None
    if part.isdigit():
        return node.value[int(part)] if int(part) < len(node.value) else None
    # An argument of a call, or an item with a name.
    for item in node.value:
        if isinstance(item, yaml.MappingNode):
            name = _inside(item, "name")
            if len(item.value) == 1 and item.value[0][0].value == part:
                return item.value[0][1]
            if isinstance(name, yaml.ScalarNode) and name.value == part:
                return item
    return None


def _end(node: Any) -> int:
    """Finds where a node ends: of a block where its last value does, before comments and empty lines."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        end: int = node.end_mark.index
        return end
    last = node.value[-1]
    if isinstance(last, tuple):
        key, value = last
        is_empty = isinstance(value, yaml.ScalarNode) and value.start_mark.index == value.end_mark.index
        # Nothing stands behind `ReLU:`; the mark of an empty value may lie further down.
        return int(key.end_mark.index) + 1 if is_empty else _end(value)
    return _end(last)


def _widened(node: Any, entry: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Gives the long form of what stands there in short, with an entry more."""
    value = yaml.SafeLoader("").construct_object(node)
    (key,) = entry
    name = path[-1] if path else ""
    if value is None or value == key or value == "":
        return dict(entry)
    if name in _FIRST_KEYS:
        return {_FIRST_KEYS[name]: value, **entry}
    if len(path) == 3 and path[1] in _COLUMN_ROLES:
        return {"type": value, **entry}
    if name[:1].isupper():
        return [value, dict(entry)]
    if isinstance(value, str) and value[:1].isupper():
        return {value: {}, **entry}
    raise Unwritable(".".join([*path, key]))


def _bare(text: str) -> str:
    """Writes `{Linear: 8}` as an item is written: `Linear: 8`."""
    is_one = text.startswith("{") and text.endswith("}") and ": " in text and text.count("{") == 1
    return text[1:-1] if is_one and "," not in text else text
