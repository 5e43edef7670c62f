from __future__ import annotations

import math

import pytest

from nncli.spec.scalars import is_too_large, meant_by, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("none", "none"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1:2:3", "1:2:3"),
        ("0b1", "0b1"),
        ("٣", "٣"),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+2", -150.0),
        ("3e-4", 0.0003),
        (".", "."),
        ("-", "-"),
        ("e3", "e3"),
        ("1e", "1e"),
        ("1.2.3", "1.2.3"),
        ("5%", "5%"),
        ("-x * 2", "-x * 2"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("2024-01-01", "2024-01-01"),
        ("<<", "<<"),
    ],
)
def test_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (resolved, type(resolved)) == (value, type(value))


def test_nan_is_a_float() -> None:
    for text in (".nan", ".NaN", ".NAN"):
        value = resolve(text)
        assert isinstance(value, float) and math.isnan(value)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 401, "0x" + "F" * 400, "-" + "1" * 400])
def test_numbers_that_nothing_holds_are_told_apart_from_infinity(text: str) -> None:
    assert is_too_large(text)


@pytest.mark.parametrize("text", [".inf", "-.INF", "9" * 400, "1e308", "word", "", "0." + "0" * 500 + "1"])
def test_other_numbers_are_not_too_large(text: str) -> None:
    assert not is_too_large(text)


def test_a_million_digits_take_no_time() -> None:
    assert resolve("9" * 1_000_000) == math.inf


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        ("yes", "true or false", "true"),
        ("Off", "true or false", "false"),
        ("yes", "a number", ""),
        ("1_000", "a whole number", "1000"),
        ("1_000", "true or false", ""),
        ("5%", "a number", "0.05"),
        ("12.5 %", "a number", "0.125"),
        ("5%", "a whole number", ""),
        ("8", "a whole number", "8"),
        ("0.1", "a whole number", ""),
        ("0.1", "a number or a list", "0.1"),
        ("ten", "a whole number", ""),
        ("", "a number", ""),
    ],
)
def test_words_that_were_meant_as_something_else(text: str, kind: str, meant: str) -> None:
    assert meant_by(text, kind) == meant
