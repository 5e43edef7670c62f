"""Names that a file gives and nobody uses: vars, blocks, and arguments of blocks"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from nncli.errors import SET_FILE, Problem
from nncli.messages.catalogue import nearest
from nncli.spec.arithmetic import words_read
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence, scalars_in


def unused_names(root: Mapping, file: str) -> tuple[Problem, ...]:
    """Warns of names that nothing in the file mentions; blocks of included files are a library.

    Problems, all warnings: `var-unused`, `block-unused`, `block-argument-unused`.
    """
    found = [*_vars(root), *_blocks(root)]
    return tuple(problem for problem in found if problem.place and problem.place.file == file)[:MOST_PROBLEMS]


def unread_sets(root: Mapping, declared: Collection[str]) -> Iterator[Problem]:
    """Finds vars that `--set` brought, that the file does not have, and that nothing reads.

    `declared` are the vars of the file. Problems: `set-var-unread`.
    """
    for name in _unread_vars(root):
        if name.place.file == SET_FILE and name.text not in declared:
            facts = {"name": name.text, "nearest": nearest(name.text, declared), "known": list(declared)}
            yield Problem("set-var-unread", name.place, f"vars.{name.text}", facts)


def _vars(root: Mapping) -> Iterator[Problem]:
    for name in _unread_vars(root):
        yield _warning("var-unused", name, f"vars.{name.text}", name=name.text)


def _unread_vars(root: Mapping) -> Iterator[Scalar]:
    section = root.get("vars")
    read = _read(scalars_in([root]))
    for name, _ in section.entries if isinstance(section, Mapping) else ():
        if name.text not in read:
            yield name


def _blocks(root: Mapping) -> Iterator[Problem]:
    section = root.get("blocks")
    if not isinstance(section, Mapping):
        return
    rest = [node for name, node in root.entries if name.text != "blocks"]
    scalars = list(scalars_in([*rest, *(body for _, body in section.entries)]))
    mentioned = {scalar.text for scalar in scalars} | _read(scalars)
    for name, body in section.entries:
        path = f"blocks.{name.text}"
        if name.text not in mentioned:
            yield _warning("block-unused", name, path, name=name.text)
        arguments = body.get("args") if isinstance(body, Mapping) else None
        read = _read(scalars_in([body]))
        for argument in _arguments(arguments):
            if argument.text not in read:
                facts = {"name": argument.text, "block": name.text}
                yield _warning("block-argument-unused", argument, f"{path}.args", **facts)


def _arguments(node: Node | None) -> Iterator[Scalar]:
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Scalar):
            yield item
        elif isinstance(item, Mapping) and len(item.entries) == 1:
            yield item.entries[0][0]


def _read(scalars: Iterable[Scalar]) -> set[str]:
    return {word for scalar in scalars for word in words_read(scalar.text)}


def _warning(code: str, named: Scalar, path: str, **facts: object) -> Problem:
    return Problem(code, named.place, path, facts, "warning")
