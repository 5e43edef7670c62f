"""The source of classes and functions that torch does not have, with all that they use"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.abc import InspectLoader
from types import ModuleType
from typing import Any, Final, TypeAlias

from nncli.printing.specialising import Use, specialised, stands_alone
from nncli.printing.unparsing import definition_text

_PACKAGE: Final = __name__.partition(".")[0]
_Definition: TypeAlias = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `from module import name`, or `import module` where `name` is empty; then `as`."""

    module: str
    name: str = ""
    as_name: str = ""


_LATE: Final = Import("__future__", "annotations")


@dataclass
class Copied:
    """Definitions in the order in which they can stand in a program, and what they import by name.

    `has_late_annotations` where one of their files begins with `from __future__ import annotations`.
    """

    definitions: dict[str, str] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    has_late_annotations: bool = False

    @property
    def text(self) -> str:
        """All definitions, two empty lines apart."""
        return "\n\n\n".join(self.definitions.values())


@dataclass(frozen=True)
class _File:
    """A parsed source file: its definitions and imports by the name that they bind."""

    lines: tuple[str, ...]
    definitions: dict[str, _Definition]
    imports: dict[str, Import]


def copied_source(uses: Mapping[Any, Use]) -> Copied:
    """Copies classes and functions from their files, with every definition there that they use.

    Names that come from elsewhere in nncli are copied too; all others are imported. What is nncli's own is
    written for what is done with it; what people wrote stays as it is.
    """
    copied = Copied()
    wanted: dict[ModuleType, dict[str, Use]] = {}
    for each, use in uses.items():
        wanted.setdefault(sys.modules[each.__module__], {})[each.__name__] = use
    for module, names in wanted.items():
        _copy(module, names, copied)
    return copied


def is_written_anew(kind: type) -> bool:
    """Tells whether a class is written for what is done with it: nncli's own, if none other is made of it."""
    module = sys.modules[kind.__module__]
    if kind.__module__.partition(".")[0] != _PACKAGE:
        return False
    return stands_alone(_parsed(_source(module)).definitions, kind.__name__)


def _copy(module: ModuleType, names: Mapping[str, Use], copied: Copied) -> None:
    file = _parsed(_source(module))
    copied.has_late_annotations |= _LATE in file.imports.values()
    used = {name: use for name, use in names.items() if use.calls}
    anew = specialised(file.definitions, used) if module.__name__.partition(".")[0] == _PACKAGE else {}
    definitions: Mapping[str, _Definition] = {**file.definitions, **anew}
    needed: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in definitions:
            continue
        needed.add(name)
        named = {node.id for node in ast.walk(definitions[name]) if isinstance(node, ast.Name)}
        waiting.extend(named & definitions.keys())
        for imported in sorted(named & file.imports.keys()):
            _bring(imported, file.imports[imported], copied)
    for name in definitions:
        if name in needed:
            text = definition_text(anew[name]) if name in anew else _text(file, file.definitions[name])
            copied.definitions.setdefault(name, text)


def _source(module: ModuleType) -> str:
    """Reads the text of a module from its loader: the file may be another by now."""
    loader = module.__spec__.loader if module.__spec__ else None
    source = loader.get_source(module.__name__) if isinstance(loader, InspectLoader) else None
    return source if source is not None else inspect.getsource(module)


def _bring(name: str, wanted: Import, copied: Copied) -> None:
    if wanted.name and wanted.module.partition(".")[0] == _PACKAGE:
        _copy(sys.modules[wanted.module], {wanted.name: Use()}, copied)
    else:
        copied.imports[name] = wanted


@cache
def _parsed(source: str) -> _File:
    file = _File(tuple(source.splitlines()), {}, {})
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            file.definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            found = {target.id: node for target in node.targets if isinstance(target, ast.Name)}
            file.definitions.update(found)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            file.definitions[node.target.id] = node
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                file.imports[alias.asname or alias.name] = Import(node.module, alias.name, alias.asname or "")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                file.imports[bound] = Import(alias.name, "", alias.asname or "")
    return file


def _text(file: _File, node: _Definition) -> str:
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    # A comment right above says why.
    while first > 1 and file.lines[first - 2].startswith("#"):
        first -= 1
    return "\n".join(file.lines[first - 1 : node.end_lineno])


def import_lines(imports: Iterable[Import]) -> list[str]:
    """Writes imports as formatters sort them: the standard library, an empty line, all others."""
    known = set(imports)
    plain = {each for each in known if not each.name}
    by_module: dict[str, set[str]] = {}
    for each in known:
        if each.name:
            by_module.setdefault(each.module, set()).add(_with_alias(each.name, each.as_name))
    lines = [(each.module, f"import {_with_alias(each.module, each.as_name)}") for each in plain]
    froms = [
        (module, f"from {module} import {', '.join(sorted(names))}") for module, names in by_module.items()
    ]
    groups: list[list[str]] = [[], []]
    for module, line in [*sorted(lines), *sorted(froms)]:
        groups[module.partition(".")[0] not in sys.stdlib_module_names].append(line)
    return [*groups[0], *([""] if all(groups) else []), *groups[1]]


def _with_alias(name: str, as_name: str) -> str:
    return f"{name} as {as_name}" if as_name and as_name != name else name
