"""Files, functions and parameter lists stay small; what does not is listed here with its reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 50
MOST_PARAMETERS = 6
VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

# (file, function or "" for the file itself): the reason.
ALLOWED: dict[tuple[str, str], str] = {
    ("nncli/cli.py", ""): "every option of every verb is declared here, and nothing else is done",
    (
        "nncli/exports/fourier.py",
        "_convolved",
    ): "it stands for an operation of torch, which has these arguments",
    (
        "nncli/generation/going_attention.py",
        "forward",
    ): "it stands in the place of a layer of torch, which has these arguments",
    (
        "nncli/network/beyond_torch/attention.py",
        "__init__",
    ): "the arguments of a layer are those that a spec gives it",
    ("nncli/network/beyond_torch/spectrogram_masks.py", "__init__"): "as in attention.py",
    ("nncli/network/beyond_torch/sounds.py", "__init__"): "as in attention.py",
}
# Every option of a verb is a parameter of its function: that is how Typer declares them.
DECLARATIONS = "nncli/cli.py"

FILES = sorted(path for folder in ("nncli", "tools") for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Counts the lines of a function from `def` to its end, without its docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_is_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES_OF_A_FILE or (_name(path), "") in ALLOWED


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_functions_are_short_and_take_little(path: Path) -> None:
    for function in _functions(path):
        if (_name(path), function.name) in ALLOWED:
            continue
        assert _length(function) <= MOST_LINES_OF_A_FUNCTION, f"{function.name} is long"
        if _name(path) != DECLARATIONS:
            assert _parameters(function) <= MOST_PARAMETERS, f"{function.name} takes too much"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_names_say_something_and_nothing_is_left_to_do(path: Path) -> None:
    assert VAGUE_NAMES.isdisjoint(path.stem.split("_"))
    unfinished = re.findall(r"\b(?:TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8"))
    assert unfinished == []


def test_classes_inherit_once_at_most() -> None:
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    deep = [name for name, above in bases.items() for each in above if bases.get(each, set()) & set(bases)]
    assert deep == []


def test_the_list_of_exceptions_is_needed() -> None:
    for name, function in ALLOWED:
        path = ROOT / name
        assert path.exists()
        if function:
            assert function in [each.name for each in _functions(path)]
