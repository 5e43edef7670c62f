from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from nncli.printing.literals import Code
from nncli.printing.unparsing import definition_lines, definition_text

TEXT = '''
class Part(nn.Module):
    """Says what it is.

    And more.
    """

    def __init__(self, size: int, *, kind: Literal["one", "other"] = "one") -> None:
        super().__init__()
        self.sizes = size, 2 * size

    def forward(self, x: Tensor) -> Tensor:
        first, second = x, x
        for each in self.sizes:
            if each == "'":
                x = x + each
            else:
                x = x - each
        return x
'''


def test_code_comes_back_as_it_was_but_for_the_rest_of_docstrings() -> None:
    (node,) = ast.parse(TEXT).body
    assert isinstance(node, ast.ClassDef)
    assert definition_text(node) == TEXT.strip().replace('is.\n\n    And more.\n    """', 'is."""')


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return g({'a': 'b'}, f'{x}')",
        "def f(x):\n    return 'say \"so\"'",
        "def f(x):\n    return 'é' + 'è' + \"it's\"",
    ],
)
def test_texts_stay_the_same_texts(text: str) -> None:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    assert ast.dump(ast.parse(definition_text(node))) == ast.dump(ast.parse(text))


def test_long_calls_are_broken_over_lines() -> None:
    arguments = ", ".join(f"argument_{at}=value_{at}" for at in range(6))
    (node,) = ast.parse(f"def f(x):\n    return some_function(x, {arguments})").body
    assert isinstance(node, ast.FunctionDef)
    lines = definition_text(node).split("\n")
    assert lines[1:3] == ["    return some_function(", "        x,"]
    assert lines[-1] == "    )"


def test_a_def_takes_one_line_or_three_or_one_for_each_parameter() -> None:
    def lines(count: int) -> int:
        parameters = tuple(Code(f"parameter_{at}: int") for at in range(count))
        return len(definition_lines("def some_function(", parameters, ") -> None:"))

    assert (lines(3), lines(5), lines(9)) == (1, 3, 11)
    assert dedent("\n".join(definition_lines("def f(", (Code("a"),), "):", "    "))) == "def f(a):"
