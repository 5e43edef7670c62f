"""Python's syntax trees as text, in the form that formatters give it"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from typing import Final

from nncli.printing.literals import Code

_WIDTH: Final = 110
_INDENT: Final = "    "


def definition_text(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Writes a class or function, of its docstrings the first paragraph."""
    return "\n".join(_definition(node, 0))


def _definition(node: ast.FunctionDef | ast.ClassDef, depth: int) -> Iterator[str]:
    indent = _INDENT * depth
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        yield f"{indent}class {node.name}({bases}):"
    else:
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        parameters = tuple(Code(text) for text in _parameters(node.args))
        yield from definition_lines(f"def {node.name}(", parameters, f"){returns}:", indent)
    doc = ast.get_docstring(node)
    if doc:
        said = doc.partition("\n\n")[0].split("\n")
        end = [*said[:-1], f'{said[-1]}"""']
        yield from (f"{indent}{_INDENT}{line}" for line in [f'"""{end[0]}', *end[1:]])
    for at, statement in enumerate(node.body[bool(doc) :]):
        if isinstance(statement, ast.FunctionDef):
            yield from [""] if at or doc else []
            yield from _definition(statement, depth + 1)
        else:
            yield from _statement(statement, depth + 1)


def definition_lines(start: str, parameters: tuple[Code, ...], end: str, indent: str = "") -> list[str]:
    """Writes the line of a `def`: one, three where that is too long, or one for each parameter."""
    inside = ", ".join(each.line() for each in parameters)
    width = _WIDTH - len(indent)
    if len(start + inside + end) > width and len(inside) <= width - len(_INDENT):
        lines = [start, _INDENT + inside, end]
    else:
        lines = Code(start, parameters, end).lines(width)
    return [indent + line for line in lines]


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    yield from (_parameter(each, default) for each, default in zip(positional, defaults, strict=True))
    if arguments.kwonlyargs:
        yield "*"
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        yield from (_parameter(each, default) for each, default in pairs)


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {_quoted(ast.unparse(argument.annotation))}" if argument.annotation else ""
    value = f" = {_quoted(ast.unparse(default))}" if default else ""
    return f"{argument.arg}{annotation}{value}"


def _statement(statement: ast.stmt, depth: int) -> Iterator[str]:
    indent = _INDENT * depth
    if isinstance(statement, ast.If):
        yield f"{indent}if {_quoted(ast.unparse(statement.test))}:"
        yield from _block(statement.body, depth)
        if statement.orelse:
            yield f"{indent}else:"
            yield from _block(statement.orelse, depth)
    elif isinstance(statement, ast.For):
        yield f"{indent}for {ast.unparse(statement.target)} in {_quoted(ast.unparse(statement.iter))}:"
        yield from _block(statement.body, depth)
    else:
        for line in _simple(statement, _WIDTH - len(indent)):
            yield indent + line


def _block(statements: Iterable[ast.stmt], depth: int) -> Iterator[str]:
    for statement in statements:
        yield from _statement(statement, depth + 1)


def _simple(statement: ast.stmt, width: int) -> list[str]:
    text = _quoted(ast.unparse(statement))
    value = getattr(statement, "value", None)
    if isinstance(statement, (ast.Assign, ast.Return)) and isinstance(value, ast.Tuple):
        whole = _quoted(ast.unparse(value))
        text = text.removesuffix(whole) + whole[1:-1]
    if len(text) <= width or not isinstance(value, ast.Call):
        return text.split("\n")
    start = text[: -len(_quoted(ast.unparse(value)))]
    return Code(start + _quoted(ast.unparse(value.func)) + "(", tuple(_arguments(value)), ")").lines(width)


def _arguments(call: ast.Call) -> Iterator[Code]:
    yield from (Code(_quoted(ast.unparse(each))) for each in call.args)
    yield from (Code(f"{each.arg}={_quoted(ast.unparse(each.value))}") for each in call.keywords)


def _quoted(text: str) -> str:
    """Puts texts into double quotes."""
    if "'" not in text:
        return text
    found = text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    for token in reversed([each for each in tokens if each.type == tokenize.STRING]):
        if token.string.startswith("'") and '"' not in token.string and token.start[0] == 1:
            found = f'{found[: token.start[1]]}"{token.string[1:-1]}"{found[token.end[1] :]}'
    return found
