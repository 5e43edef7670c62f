from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from nncli.printing.folding import NOT_NONE, Folder, without_unused


def folded(text: str, **facts: object) -> str:
    known = {
        name: NOT_NONE if value is NOT_NONE else ast.parse(repr(value), mode="eval").body
        for name, value in facts.items()
    }
    body = without_unused(Folder(known).body(ast.parse(dedent(text)).body))  # type: ignore[arg-type]
    return "\n".join(ast.unparse(ast.fix_missing_locations(each)) for each in body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(a)", "f(None)"),
        ("f(a is None, b is None, a is not None)", "f(True, False, False)"),
        ("f(1 if a else 2)", "f(2)"),
        ("f(x if x else x)", "f(x)"),
        ("f(a or x, c and x, a is None and x)", "f(x, x, x)"),
        ("f(not c, c == True, 2 > 1)", "f(False, True, True)"),
        ("f(b, x)", "f(b, x)"),
        ("f(a < x < 3)", "f(None < x < 3)"),
    ],
)
def test_expressions_are_worked_out_as_far_as_they_are_known(text: str, expected: str) -> None:
    assert folded(text, a=None, b=NOT_NONE, c=True) == expected


def test_branches_that_are_never_taken_go() -> None:
    assert folded("if a:\n    f(1)\nelse:\n    f(2)", a=True) == "f(1)"
    assert folded("if a:\n    f(1)\nf(3)", a=False) == "f(3)"
    assert folded("if a:\n    return 1\nreturn 2", a=True) == "return 1"
    assert folded("if x:\n    f(a)\nelse:\n    f(2)", a=1) == "if x:\n    f(1)\nelse:\n    f(2)"


def test_checks_go_and_so_does_what_only_they_read() -> None:
    text = """
        size = x.shape[1]
        if x.dim() != 3:
            raise ValueError(size)
        assert size
        return x
    """
    assert folded(text) == "return x"
    assert folded("size = g(x)\nreturn x") == "size = g(x)\nreturn x"


def test_what_a_test_says_of_a_name_holds_inside_it() -> None:
    text = "if a is None:\n    f(a)\nelse:\n    f(a is None)"
    assert folded(text) == "if a is None:\n    f(None)\nelse:\n    f(False)"


def test_names_that_stand_for_others_are_replaced_until_they_are_given_anew() -> None:
    assert folded("b = a\nf(b)\nb = g(x)\nf(b)") == "f(a)\nb = g(x)\nf(b)"
    assert folded("b = a\na = g(x)\nf(b)") != "f(a)"
    assert folded("k = 1 if k is None else k\nf(k)", k=None) == "f(1)"
    assert folded("k = 1 if k is None else k\nf(k)", k=NOT_NONE) == "f(k)"


def test_what_is_given_only_perhaps_is_not_known_behind() -> None:
    assert folded("b = 1\nif x:\n    b = 2\nf(b)") == "b = 1\nif x:\n    b = 2\nf(b)"
    assert folded("b = 0\nfor each in x:\n    b = b + each\nreturn b") == (
        "b = 0\nfor each in x:\n    b = b + each\nreturn b"
    )
    assert folded("for each in x:\n    if each is None:\n        each = 1\n    f(each)", each=None).endswith(
        "f(each)"
    )


def test_attributes_of_self_are_known_once_they_are_given() -> None:
    folder = Folder({"scale": ast.Constant(None)})
    folder.body(ast.parse("self.scale = scale\nself.width = width").body)
    said = folder.body(ast.parse("f(self.scale, self.width)").body)
    assert ast.unparse(said[0]) == "f(None, self.width)"


def test_a_value_that_is_returned_at_once_needs_no_name() -> None:
    assert folded("y = f(x)\nreturn y") == "return f(x)"
    assert folded("y = f(x)\nreturn y + 1") == "y = f(x)\nreturn y + 1"
