"""Tokenizers that a spec brings along: `tokenizer: tokenizer.json`, read beside the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from nncli.columns.own_tokenizers import MOST_BYTES, read_tokenizer
from nncli.columns.texts import READY
from nncli.errors import Problem
from nncli.regular_files import NotRegularError, read_regular_file
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

_FILE: Final = "file"
_SUFFIX: Final = ".json"


def with_tokenizer_files(spec: Spec, data: DataSpec, problems: list[Problem]) -> DataSpec:
    """Puts the content of every tokenizer.json in the place of its name.

    Problems: `tokenizer-file`, `tokenizer-invalid`.
    """

    def read(section: str, columns: Mapping[str, ColumnSpec]) -> dict[str, ColumnSpec]:
        return {name: _read(spec, (section, name), declared, problems) for name, declared in columns.items()}

    changes = {"inputs": read("inputs", data.inputs), "targets": read("targets", data.targets)}
    return data.model_copy(update=changes)


def with_file_named(declared: ColumnSpec) -> ColumnSpec:
    """Puts the name of a tokenizer.json back in the place of its content."""
    if isinstance(declared.tokenizer, Mapping) and _FILE in declared.tokenizer:
        return declared.model_copy(update={"tokenizer": declared.tokenizer[_FILE]})
    return declared


def _read(spec: Spec, where: tuple[str, str], declared: ColumnSpec, problems: list[Problem]) -> ColumnSpec:
    file = declared.tokenizer
    if declared.type != "text" or not isinstance(file, str) or not file.endswith(_SUFFIX):
        return declared
    code, reason = "tokenizer-file", ""
    try:
        content = read_regular_file(spec.origin.folder / file, most_bytes=MOST_BYTES)
        code = "tokenizer-invalid"
        found = {READY: asdict(read_tokenizer(content)), _FILE: file}
        return declared.model_copy(update={"tokenizer": found})
    except NotRegularError as error:
        reason = str(error.strerror)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    place = spec.place("data", *where, "tokenizer")
    path = ".".join(("data", *where, "tokenizer"))
    problems.append(Problem(code, place, path, {"file": file, "reason": reason}))
    return declared.model_copy(update={"tokenizer": None})
