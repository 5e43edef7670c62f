"""A path that is not there, and the one beside it that was probably meant."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest


def unreadable(path: Path, reason: str, endings: tuple[str, ...] = ()) -> NncliError:
    """Makes the error for a path of the command line that cannot be read, with what was probably meant."""
    return failure("file-unreadable", file=str(path), reason=reason, nearest=nearest_path(path, endings))


def nearest_beside(path: Path) -> str:
    """Names what lies in the folder of a path and was probably meant; empty where nothing is like it."""
    return _nearest_name(path.name, _names_in(path.parent))


def nearest_path(path: Path, endings: tuple[str, ...] = ()) -> str:
    """Gives the path that was probably meant by one that is not there; empty where nothing is like it.

    Each part of it is looked for in its folder: `run/iris/1` may mean `runs/iris/1`. A bare name is looked
    for in the folders of here as well: `iris.yaml` may mean `specs/iris.yaml`. Files with one of some
    `endings` are meant, or of any.
    """
    with suppress(OSError, ValueError):
        if path.exists():
            return ""
        there = next(each for each in path.parents if each.is_dir())
        first, *rest = path.relative_to(there).parts
        names, folders = _names_in(there), _folders_in(there)
        near = _nearest_name(first, folders if rest else [*_ending(names, endings), *folders])
        if near and rest:
            below = there / near / Path(*rest)
            return str(below) if below.exists() else nearest_path(below, endings) or str(there / near)
        if near:
            return str(there / near)
        if path.parent == Path() and path.suffix:
            return next((str(there / each / path) for each in folders if (there / each / path).is_file()), "")
    return ""


def _nearest_name(name: str, names: Iterable[str]) -> str:
    known = list(dict.fromkeys(each for each in names if each != name))
    # `iris` for `iris.yaml`.
    by_stem = next((each for each in known if Path(each).stem == name), "")
    return by_stem or nearest(name, known)


def _ending(names: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    return [each for each in names if not endings or each.lower().endswith(endings)]


def _names_in(folder: Path) -> list[str]:
    with suppress(OSError, ValueError):
        return sorted(each for each in os.listdir(folder) if not each.startswith("."))
    return []


def _folders_in(folder: Path) -> list[str]:
    return [each for each in _names_in(folder) if (folder / each).is_dir()]
