"""YAML text to nodes, over libyaml's events, with every limit checked before anything is built."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure, failures
from nncli.near_paths import unreadable
from nncli.regular_files import read_regular_file
from nncli.spec.misreadings import explain_item, explain_key, explain_value
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.scalars import is_too_large, resolve
from nncli.spec.traps import Stop, explain_stop

MOST_BYTES: Final = 2**20
MOST_DEPTH: Final = 64
MOST_NODES: Final = 200_000
MOST_ALIASES: Final = 1_000
_ENDINGS: Final = (".yaml", ".yml")
SMALLEST_SPEC: Final = (
    "{data: builtin:iris, network: [Linear: $classes], "
    "training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 20}}"
)
# Only the events of a loader are used, so none of its tags and constructors is ever reached.
_EVENTS: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters, what YAML takes for the end of a line beside \n, halves of pairs, marks of byte order.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)


def read_file(path: Path, shown_as: str) -> str:
    """Reads the text of a spec.

    Raises UsageError `file-unreadable` for what is no readable regular file, SpecError
    `file-too-large` and `text-invalid` for what is no UTF-8 text.
    """
    try:
        content = read_regular_file(path, most_bytes=MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise unreadable(path, reason.lower(), _ENDINGS) from error
    if len(content) > MOST_BYTES:
        raise failure("file-too-large", Place(shown_as, 1, 1), limit="1 MiB")
    return _decoded(content, shown_as)


def _decoded(content: bytes, file: str) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise failure("text-invalid", Place(file, 1, 1), reason="it is UTF-16, not UTF-8", byte=0)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line = content[: error.start].rfind(b"\n") + 1
        shown = content[line:].partition(b"\n")[0].decode("utf-8", "replace")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"), shown)
        raise failure("text-invalid", place, reason="a byte is not UTF-8", byte=error.start) from error
    return text.removeprefix("\ufeff")


def read_nodes(text: str, file: str) -> Node:
    """Reads one document.

    Raises SpecError, each at its line and column: `yaml-empty` and what `read_value` raises.
    """
    node = read_value(text, file)
    if isinstance(node, Scalar) and node.plain and node.value is None:
        raise failure("yaml-empty", Place(file, 1, 1), smallest=SMALLEST_SPEC)
    return node


def read_value(text: str, file: str) -> Node:
    """Reads the value of a `--set`; nothing at all is null.

    Raises SpecError, each at its line and column: `text-invalid`, `yaml-aliases`,
    `yaml-alias-unknown`, `yaml-directive`, `yaml-documents`, `yaml-merge`, `yaml-tag`,
    `yaml-too-deep`, `yaml-too-large`, `key-form`, `key-repeated`, `number-too-large`, and for what
    is no YAML the codes of traps.py.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    reader = _Reader(file, text.split("\n"))
    _refuse_control_characters(text, reader)
    try:
        for event in yaml.parse(text, Loader=_EVENTS):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        raise failures([explain_stop(_stop(error, reader))]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise failure("yaml-invalid", reader.place(0, 0), reason=reason) from error
    return reader.result or Scalar(None, "", True, reader.place(0, 0))


def _refuse_control_characters(text: str, reader: _Reader) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        before = text[: found.start()]
        place = reader.place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        byte = len(before.encode("utf-8", "surrogatepass"))
        reason = f"it holds the control character U+{ord(found.group()):04X}"
        raise failure("text-invalid", place, reason=reason, byte=byte)


def _stop(error: yaml.MarkedYAMLError, reader: _Reader) -> Stop:
    at = error.problem_mark or error.context_mark
    start = error.context_mark or at
    position = (at.line, at.column) if at else (0, 0)
    beginning = (start.line, start.column) if start else position
    return Stop(error.problem or "", error.context or "", position, beginning, reader.file, reader.lines)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is not closed yet; a mapping alternates keys and values.

    `size` counts its nodes and `height` its levels, those behind aliases too.
    """

    place: Place
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    children: list[Node] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    size: int = 1
    height: int = 1

    def closed(self) -> Node:
        """Makes the node."""
        if not self.is_mapping:
            return Sequence(tuple(self.children), self.place)
        pairs = zip(self.children[::2], self.children[1::2], strict=True)
        return Mapping(tuple((key, value) for key, value in pairs if isinstance(key, Scalar)), self.place)


class _Reader:
    """Builds nodes from events without recursion, counting depth, nodes and aliases."""

    def __init__(self, file: str, lines: list[str]) -> None:
        self.file = file
        self.lines = lines
        self.result: Node | None = None
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._nodes = 0
        self._aliases = 0
        self._documents = 0

    def place(self, line: int, column: int) -> Place:
        """Makes a place of counts from 0."""
        text = self.lines[line] if line < len(self.lines) else ""
        return Place(self.file, line + 1, column + 1, text)

    def take(self, event: Any) -> None:
        """Takes one event."""
        place = self.place(event.start_mark.line, event.start_mark.column)
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event, place)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_tag(event, place)
            self._count(1, 1, place)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            self._stack.append(_Open(place, is_mapping, bool(event.flow_style), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._stack.pop()
            self._add(done.closed(), done.size, done.height, done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event, place)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event, place)

    def _start_document(self, event: Any, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            raise failure("yaml-documents", place)
        if event.version or event.tags or self.lines[event.start_mark.line].startswith("%"):
            raise failure("yaml-directive", place)

    def _take_scalar(self, event: Any, place: Place) -> None:
        self._refuse_tag(event, place)
        if "\0" in event.value:
            raise failure("text-invalid", place, reason="it holds the control character U+0000", byte=0)
        # An event without a style is plain; libyaml writes "" and the pure parser None.
        plain = not event.style
        value = resolve(event.value) if plain else event.value
        if isinstance(value, float) and is_too_large(event.value):
            raise failure("number-too-large", place, text=event.value[:20])
        self._count(1, 0, place)
        self._add(Scalar(value, event.value, plain, place), 1, 0, event.anchor)

    def _take_alias(self, event: Any, place: Place) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            raise failure("yaml-aliases", place, limit=f"{MOST_ALIASES:,}")
        if event.anchor not in self._anchors:
            raise failure("yaml-alias-unknown", place, name=event.anchor)
        node, size, height = self._anchors[event.anchor]
        self._count(size, height, place)
        self._add(node, size, height, None)

    def _refuse_tag(self, event: Any, place: Place) -> None:
        if event.tag is not None:
            raise failure("yaml-tag", place, tag=event.tag.replace("tag:yaml.org,2002:", "!!"))

    def _count(self, size: int, height: int, place: Place) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            raise failure("yaml-too-large", place, limit=f"{MOST_NODES:,}")
        if len(self._stack) + height > MOST_DEPTH:
            raise failure("yaml-too-deep", place, limit=MOST_DEPTH)

    def _add(self, node: Node, size: int, height: int, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)
        if not self._stack:
            self.result = node
            return
        parent = self._stack[-1]
        problem = _misread(parent, node)
        if problem:
            raise failures([problem])
        parent.children.append(node)
        parent.size += size
        parent.height = max(parent.height, height + 1)


def _misread(parent: _Open, node: Node) -> Problem | None:
    """Finds what is YAML, but surely not what was meant."""
    if parent.is_mapping and len(parent.children) % 2 == 0:
        return _key_problem(parent, node)
    if not isinstance(node, Scalar) or not node.plain or node.text.isalnum():
        return None
    problem = explain_value(node) if parent.is_flow else None
    return problem or (None if parent.is_mapping else explain_item(node))


def _key_problem(parent: _Open, node: Node) -> Problem | None:
    if not isinstance(node, Scalar) or (node.plain and not node.text):
        return Problem("key-form", node.place)
    if node.plain and node.text == "<<":
        return Problem("yaml-merge", node.place)
    if node.text in parent.keys:
        layer = node.text if node.text[:1].isupper() else ""
        facts = {"key": node.text, "line": parent.keys[node.text], "layer": layer}
        return Problem("key-repeated", node.place, "", facts)
    parent.keys[node.text] = node.place.line
    return explain_key(node) if node.plain and not node.text.isalnum() else None
