"""Layers of people's own: the classes of a Python file that `--code` names, and nothing else runs code."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

from torch import nn

from nncli.errors import Problem
from nncli.messages.catalogue import failure, failures
from nncli.near_paths import unreadable
from nncli.network.calls.signatures import layer_classes
from nncli.network.compiled import CompiledNetwork
from nncli.own_lines import MODULE_PREFIX, own_line, raised
from nncli.regular_files import read_regular_file
from nncli.spec.names import NAME

CODE_KEY: Final = "nncli.code"
"""The metadata key of a weights file under which a JSON object {FILE NAME: SHA256} stands."""


@dataclass(frozen=True)
class CodeFile:
    """One file of `--code`: its path as typed, the sha256 of its bytes, and its classes by name."""

    path: Path
    digest: str
    layers: Mapping[str, type[nn.Module]]


@dataclass(frozen=True)
class OwnCode:
    """The files of `--code`, each with a name of its own."""

    files: tuple[CodeFile, ...] = ()

    @property
    def layers(self) -> dict[str, type[nn.Module]]:
        """Maps the names of all classes to them."""
        return {name: kind for file in self.files for name, kind in file.layers.items()}

    @property
    def digests(self) -> dict[Path, str]:
        """Maps the path of each file to the sha256 of its bytes."""
        return {file.path: file.digest for file in self.files}

    def used_by(self, networks: Iterable[CompiledNetwork]) -> tuple[CodeFile, ...]:
        """Lists the files whose classes stand in networks."""
        kinds = {made.kind for network in networks for made in network.constructions.values()}
        return tuple(file for file in self.files if kinds & {*file.layers.values()})


NO_CODE: Final = OwnCode()


class _Loader(SourceLoader):
    """Runs the bytes that were read and digested, whatever the file holds by now; leaves no `__pycache__`."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._content = content

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        if path != str(self._path):
            raise FileNotFoundError(path)
        return self._content


def load_code(files: Sequence[Path]) -> OwnCode:
    """Runs Python files that the person names on the command line, and takes their nn.Module classes.

    Classes that a file imports from elsewhere are not its own.
    Raises UsageError `file-unreadable`, `code-failed` with the line, `code-without-layers`,
    `code-name-taken`, `code-file-twice`.
    """
    found: list[CodeFile] = []
    for path in files:
        if any(path.name == file.path.name for file in found):
            raise failure("code-file-twice", name=path.name)
        try:
            content = read_regular_file(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise unreadable(path, reason) from error
        digest = hashlib.sha256(content).hexdigest()
        layers = _layers(_run(path, content, f"{MODULE_PREFIX}{digest[:16]}"), path)
        taken = OwnCode(tuple(found)).layers
        for name in layers:
            if name in taken or name in layer_classes() or hasattr(nn, name):
                raise failure("code-name-taken", file=str(path), layer=name)
        found.append(CodeFile(path, digest, layers))
    return OwnCode(tuple(found))


def _run(path: Path, content: bytes, name: str) -> ModuleType:
    if path.suffix != ".py":
        raise failure("code-failed", file=str(path), where=str(path), reason="its name does not end in .py")
    spec = spec_from_loader(name, _Loader(path, content))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    # Whatever a person's own file raises is theirs to see; sys.exit() in it must not end nncli as done.
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = _wrong_line(error, path) or own_line(error) or str(path)
        raise failure("code-failed", file=str(path), where=where, reason=raised(error)) from error
    return module


def _wrong_line(error: BaseException, path: Path) -> str:
    """Finds the line of a file that is no Python; empty where it is, since then it ran."""
    is_own = isinstance(error, SyntaxError) and error.filename == str(path)
    return f"{path}:{error.lineno}" if is_own and isinstance(error, SyntaxError) else ""


def _layers(module: ModuleType, path: Path) -> dict[str, type[nn.Module]]:
    """Finds the classes of a file that a spec can name; others, such as `_Part`, are for the file itself."""
    found = {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, nn.Module) and kind.__module__ == module.__name__
    }
    found = {name: kind for name, kind in found.items() if NAME.match(name) and name[:1].isupper()}
    if not found:
        raise failure("code-without-layers", file=str(path))
    return found


def require_code(recorded: Mapping[str, str], code: OwnCode, file: Path) -> None:
    """Refuses to open a network without the files that its layers came from.

    `recorded` maps the names of these files to the sha256 that each had; `file` is where it stands.
    A file that goes by another name now is taken too.
    Raises UsageError `code-missing`, and `code-differs` for each file that changed.
    """
    given = {path.name: digest for path, digest in code.digests.items()}
    missing = {name: digest for name, digest in recorded.items() if digest not in given.values()}
    absent = [name for name in missing if name not in given]
    if absent:
        options = " ".join(f"--code {shlex.quote(name)}" for name in absent)
        raise failure("code-missing", file=str(file), names=absent, options=options)
    if missing:
        raise failures(
            Problem(
                "code-differs",
                facts={"file": str(file), "name": name, "recorded": old[:12], "given": given[name][:12]},
            )
            for name, old in missing.items()
        )
