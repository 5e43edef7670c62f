"""The tree in docs/architecture.md is the plan, and the code keeps to it.

A line of the tree is `name/` or `name.py`, with `floor N` at the top level and `after NAME` where a folder
may also import neighbours on its own floor. A file imports from lower floors, and from files above it in
the part of the tree that its folder at the top takes; so there can be no cycle. Imports for type checkers
only may point downwards in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nncli"
LINE = re.compile(r"^( +)([\w]+(?:\.py|/))(?: +floor (\d)(?: after ([^\s,]+(?:, [^\s,]+)*))?)?")
# The doors import what a command needs when it is called, so that help and completion load little.
LAZY = ("nncli", "nncli.__main__", "nncli.cli")


@dataclass(frozen=True)
class Listed:
    """One file of the tree: its floor, its top-level entry, the entries it may also see, its rank."""

    floor: int
    entry: str
    after: tuple[str, ...]
    rank: int


@dataclass(frozen=True)
class Import:
    """One import of a file: the module, and whether it is for type checkers or inside a function."""

    module: str
    line: int
    typing_only: bool
    inside: bool


def _tree() -> dict[str, Listed]:
    block = re.search(r"```text\nnncli/\n(.*?)```", (ROOT / "docs/architecture.md").read_text(), re.DOTALL)
    assert block, "docs/architecture.md has no tree"
    listed: dict[str, Listed] = {}
    entry, floor, after = "", 0, ()
    folders: list[str] = []
    for rank, line in enumerate(block.group(1).splitlines()):
        found = LINE.match(line)
        assert found, f"no line of a tree: {line!r}"
        indent, name, number, neighbour = found.groups()
        if len(indent) == 2:
            assert number, f"{name} has no floor"
            entry, floor, after = name, int(number), tuple((neighbour or "").split(", "))
        folders = [*folders[: len(indent) // 2 - 1], name.rstrip("/")]
        module = ".".join(("nncli", *folders)).removesuffix(".py").removesuffix(".__init__")
        assert module not in listed, f"{module} stands twice"
        listed[module] = Listed(floor, entry, after, -1 if name.endswith("/") else rank)
    return listed


def _files() -> dict[str, Path]:
    files = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        files[module.removesuffix(".__init__")] = path
    return files


TREE = _tree()
FILES = _files()


@cache
def _imports(module: str) -> tuple[Import, ...]:
    return tuple(_walk(ast.parse(FILES[module].read_text(encoding="utf-8")), False, False))


def _walk(node: ast.AST, typing_only: bool, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, typing_only, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            targets = [name if name in FILES else str(child.module) for name in names]
            yield from (
                Import(target, child.lineno, typing_only, inside) for target in dict.fromkeys(targets)
            )
        else:
            for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from _walk(child, typing_only or for_types, inside or is_function)


def _refusal(module: str, each: Import) -> str:
    """Says why a file must not import another, or nothing."""
    if each.module not in TREE:
        return ""
    here, there = TREE[module], TREE[each.module]
    if there.floor < here.floor:
        return ""
    if there.floor > here.floor:
        return f"floor {there.floor} is above floor {here.floor}"
    are_files = there.entry.endswith(".py") and here.entry.endswith(".py")
    if there.entry != here.entry and not are_files:
        return "" if there.entry in here.after else f"{there.entry} is a neighbour on floor {here.floor}"
    return "" if there.rank < here.rank or each.typing_only else "it stands further down in the tree"


def _loaded_by(module: str, seen: set[str]) -> set[str]:
    """Collects everything that importing a module imports."""
    parents = {".".join(module.split(".")[:count]) for count in range(1, module.count(".") + 1)}
    for each in [*_imports(module), *(Import(parent, 0, False, False) for parent in parents)]:
        if each.typing_only or each.inside or each.module in seen:
            continue
        seen.add(each.module)
        if each.module in FILES:
            _loaded_by(each.module, seen)
    return seen


def test_the_tree_lists_every_file() -> None:
    files = {module for module, path in FILES.items() if path.name != "__init__.py"} | {"nncli"} & set(FILES)
    listed = {module for module, each in TREE.items() if each.rank >= 0}
    assert sorted(files - listed) == [], "add these to the tree in docs/architecture.md"
    assert sorted(listed - files) == [], "these are in the tree and nowhere else"


@pytest.mark.parametrize("module", sorted(set(FILES) & set(TREE)))
def test_a_file_imports_only_from_below_and_from_above_in_its_folder(module: str) -> None:
    refused = [
        f"line {each.line}: {each.module}: {reason}"
        for each in _imports(module)
        if (reason := _refusal(module, each)) and not (module in LAZY and (each.inside or each.typing_only))
    ]
    assert refused == []


@pytest.mark.parametrize("module", sorted(set(FILES) & set(TREE)))
def test_below_floor_two_nothing_imports_torch(module: str) -> None:
    if TREE[module].floor < 2 and module not in LAZY:
        found = [each for each in _imports(module) if each.module.split(".")[0] in ("torch", "torchmetrics")]
        assert found == []


def test_typer_is_imported_where_the_command_line_is_read() -> None:
    users = {
        module
        for module in FILES
        for each in _imports(module)
        if each.module.split(".")[0] in ("typer", "click")
    }
    assert users <= {"nncli.cli", "nncli.command_line"}


@pytest.mark.parametrize("module", sorted(set(LAZY) & set(FILES)))
def test_the_doors_load_no_torch(module: str) -> None:
    roots = {name.split(".")[0] for name in _loaded_by(module, set())}
    assert roots.isdisjoint({"torch", "torchmetrics", "polars", "numpy", "safetensors"})
