"""Blocks of other files: include: blocks/resnet.yaml, read below the spec's folder and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure
from nncli.near_paths import nearest_beside
from nncli.spec.habits import unknown_key
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.reading import MOST_BYTES, read_file, read_nodes

KEYS: Final = ("include", "blocks", "description")
MOST_FILES: Final = 50


def inline_includes(root: Mapping, folder: Path, file: str, problems: list[Problem]) -> Mapping:
    """Puts the blocks of included files below `blocks:`, in place of `include:`.

    `file` is the spec as typed, whose folder the names of included files are shown with.
    Problems: `include-form`, `include-outside`, `include-unreadable`, `include-circle`,
    `include-too-many`, `block-repeated`, `unknown-key`, `mapping-expected`, and what is no YAML.
    """
    stated = root.get("include")
    if stated is None:
        return root
    includes = _Includes(folder, Path(file).parent, problems)
    own = root.get("blocks")
    includes.take_blocks(own)
    includes.read(stated, folder, ((folder / Path(file).name).resolve(),))
    rest = tuple(entry for entry in root.entries if entry[0].text not in ("include", "blocks"))
    if own is not None and not isinstance(own, Mapping):
        return replace(root, entries=(*rest, *(e for e in root.entries if e[0].text == "blocks")))
    key = next(name for name, _ in root.entries if name.text == "include")
    name = Scalar("blocks", "blocks", True, key.place)
    blocks = Mapping(tuple(includes.blocks.values()), own.place if own else key.place)
    return replace(root, entries=(*rest, (name, blocks)))


def _nearest_file(path: Path, written: str) -> str:
    """Names the file beside a path that is not there that was probably meant, as the spec would write it."""
    near = nearest_beside(path)
    return f"{written.removesuffix(path.name)}{near}" if near and written.endswith(path.name) else ""


class _Includes:
    """The blocks found so far, and the files that they came from."""

    def __init__(self, folder: Path, shown: Path, problems: list[Problem]) -> None:
        self.blocks: dict[str, tuple[Scalar, Node]] = {}
        self._folder = Path(folder).resolve()
        self._shown = shown
        self._problems = problems
        self._done: set[Path] = set()
        self._characters = 0

    def take_blocks(self, node: Node | None) -> None:
        """Takes the blocks of one file; a name that is taken is a problem that says both places."""
        for name, body in node.entries if isinstance(node, Mapping) else ():
            other = self.blocks.get(name.text)
            if other is None:
                self.blocks[name.text] = (name, body)
                continue
            place = other[0].place
            facts = {"name": name.text, "file": place.file, "line": place.line}
            self._problems.append(Problem("block-repeated", name.place, f"blocks.{name.text}", facts))

    def read(self, node: Node, folder: Path, chain: tuple[Path, ...]) -> None:
        """Reads one file or a list of them, and what they include."""
        for item in node.items if isinstance(node, Sequence) else (node,):
            try:
                self._read_one(item, folder, chain)
            except NncliError as error:
                self._problems.extend(error.problems)

    def _read_one(self, node: Node, folder: Path, chain: tuple[Path, ...]) -> None:
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
            raise failure("include-form", node.place, "include")
        path = self._located(node, folder)
        if path in chain:
            names = [self._name(each) for each in (*chain[chain.index(path) :], path)]
            raise failure("include-circle", node.place, "include", chain=" → ".join(names))
        if path in self._done:
            return
        if len(self._done) == MOST_FILES:
            raise failure("include-too-many", node.place, "include", limit=f"{MOST_FILES} files")
        self._done.add(path)
        shown = (self._shown / self._name(path)).as_posix()
        root = self._nodes(node, path, shown)
        self._problems.extend(unknown_key(key, "", KEYS) for key, _ in root.entries if key.text not in KEYS)
        blocks = root.get("blocks")
        if blocks is not None and not isinstance(blocks, Mapping):
            facts = {"key": "blocks"}
            self._problems.append(Problem("mapping-expected", blocks.place, "blocks", facts))
        self.take_blocks(blocks)
        further = root.get("include")
        if further is not None:
            self.read(further, path.parent, (*chain, path))

    def _located(self, node: Scalar, folder: Path) -> Path:
        """Finds the file; links are followed first, so that none leads outside."""
        try:
            path = (Path(folder) / node.text).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            reason = "no file can have this name"
            raise failure(
                "include-unreadable", node.place, "include", file=node.text, reason=reason
            ) from error
        if not path.is_relative_to(self._folder):
            raise failure("include-outside", node.place, "include", file=node.text)
        return path

    def _nodes(self, node: Scalar, path: Path, shown: str) -> Mapping:
        try:
            text = read_file(path, shown)
        except NncliError as error:
            if error.problems[0].code != "file-unreadable":
                raise
            reason = error.problems[0].facts["reason"]
            facts = {"file": node.text, "reason": reason, "nearest": _nearest_file(path, node.text)}
            raise failure("include-unreadable", node.place, "include", **facts) from error
        self._characters += len(text)
        if self._characters > MOST_BYTES:
            raise failure("include-too-many", node.place, "include", limit="1 MiB of text")
        root = read_nodes(text, shown)
        if not isinstance(root, Mapping):
            raise failure("include-form", node.place, "include")
        return root

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()
