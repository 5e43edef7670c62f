from __future__ import annotations

from types import ModuleType

from nncli.own_lines import MODULE_PREFIX, own_line, raised


def test_the_last_line_of_the_file_itself_is_found() -> None:
    module = ModuleType(f"{MODULE_PREFIX}0")
    text = "def outer():\n    return inner()\n\ndef inner():\n    return int('x y')\n"
    exec(compile(text, "layers.py", "exec"), vars(module))
    try:
        module.outer()
    except ValueError as error:
        assert own_line(error) == "layers.py:5"
        assert raised(error) == "ValueError: invalid literal for int() with base 10: 'x y'"


def test_an_error_from_elsewhere_has_no_line() -> None:
    try:
        int("x")
    except ValueError as error:
        assert own_line(error) == ""


def test_what_was_raised_is_said_in_one_line() -> None:
    assert raised(KeyError()) == "KeyError"
    assert raised(ValueError("one\ntwo")) == "ValueError: one"
