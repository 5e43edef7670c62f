from __future__ import annotations

import math
import operator
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nncli.errors import NncliError, Place, SpecError
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.arithmetic import Formula, evaluate, substitute
from nncli.spec.items import Constant
from nncli.spec.parsing import parse

FUZZED = int(os.environ.get("NNCLI_TORTURE", "2000"))
PLACE = Place("a.yaml", 3, 8, "")
NAMES: dict[str, Constant] = {
    "width": 32,
    "rate": 0.5,
    "flag": True,
    "act": "ReLU",
    "sizes": (3, 5, 7),
    "empty": (),
    "options": {"a": 1},
}


def value(text: str) -> Constant:
    return evaluate(parse(text, PLACE), NAMES, None, PLACE)


def put(text: str, deferred: tuple[str, ...] = ("classes", "vocabulary")) -> Constant:
    place = Place("a.yaml", 3, 8, f"  key: {text}")
    return substitute(text, place, NAMES, deferred)


def refused(text: str, act: Callable[[str], object] = value) -> tuple[str, int, str]:
    with pytest.raises(SpecError) as caught:
        act(text)
    problem = caught.value.problems[0]
    assert problem.place is not None and problem.place.line == 3
    message_of(problem)
    return problem.code, problem.place.column, hint_of(problem)


# --- Values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 512),
        ("sqrt(16) + exp(0) + log2(8) + log10(100) + log(1)", 10.0),
        ("round(sqrt(width))", 6),
        ("floor(2.5) + ceil(2.5) + abs(-3)", 8),
        ("sin(0) + cos(0) + tan(0) + tanh(0)", 1.0),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("4 * width", 128),
        ("1e-3", 0.001),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("1 == 1.0", True),
        ("act == 'ReLU'", True),
        ("'a' < \"b\"", True),
        ("not 0 and 1", 1),
        ("0 or 'x'", "x"),
        ("1 if flag else 2", 1),
        ("1 if none else 2 if false else 3", 3),
        ("[1, [2, 'a'], none,]", (1, (2, "a"), None)),
        ("[]", ()),
        ("sizes[0]", 3),
        ("sizes[-1]", 7),
        ("sizes[1:]", (5, 7)),
        ("sizes[:-1]", (3, 5)),
        ("sizes[:]", (3, 5, 7)),
        ("[[1, 2]][0][1]", 2),
        ("act[0]", "R"),
        ("sizes + [9]", (3, 5, 7, 9)),
        ("[0] * 3", (0, 0, 0)),
        ("'a' + act", "aReLU"),
        ("min(3, 2)", 2),
        ("max(sizes)", 7),
        ("sum(sizes)", 15),
        ("sum([])", 0),
        ("len(sizes)", 3),
        ("len(act)", 4),
        ("range(3)", (0, 1, 2)),
        ("range(4, 0, -2)", (4, 2)),
        ("true", True),
        ("flag + 1", 2),
        ("012", 12),
        ("[1, 2] == [1, 2]", True),
        ("none == false", False),
        ("2 ** 62", 2**62),
        ("0.1 + 0.2", 0.1 + 0.2),
    ],
)
def test_values_are_those_of_python(text: str, expected: object) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("1 +", "expression-syntax", 11),
        ("", "expression-syntax", 8),
        ("1 2", "expression-syntax", 10),
        ("a b", "expression-syntax", 10),
        ("(1", "expression-syntax", 10),
        ("1)", "expression-syntax", 9),
        ("1 @ 2", "expression-syntax", 10),
        ("f(1)", "expression-syntax", 8),
        ("1_000", "expression-syntax", 9),
        ("x.y(1)", "expression-syntax", 8),
        ("1 if 2", "expression-syntax", 14),
        ("'a", "expression-syntax", 8),
        ("lambda: 1", "expression-syntax", 14),
        ("a = 1", "expression-syntax", 10),
        ("٣", "expression-syntax", 8),
        ("1e999", "expression-syntax", 8),
        ("9" * 500, "expression-syntax", 8),
        ("size()", "expression-syntax", 8),
        ("__import__('os')", "expression-syntax", 8),
        ("width.__class__", "name-unknown", 8),
        ("1 + hight", "name-unknown", 12),
        ("1 / 0", "arithmetic", 8),
        ("2 % 0", "arithmetic", 8),
        ("0 ** -1", "arithmetic", 8),
        ("(-8) ** 0.5", "arithmetic", 8),
        ("act + 1", "arithmetic", 8),
        ("options + 1", "arithmetic", 8),
        ("sizes[3]", "arithmetic", 13),
        ("sizes['a']", "arithmetic", 13),
        ("1 < 'a'", "arithmetic", 8),
        ("min()", "arithmetic", 8),
        ("max([])", "arithmetic", 8),
        ("sum(1, 2)", "arithmetic", 8),
        ("len(1)", "arithmetic", 8),
        ("range(1.5)", "arithmetic", 8),
        ("'%s' % 1", "arithmetic", 8),
        ("size(1)", "arithmetic", 8),
        ("-act", "arithmetic", 8),
        ("2 ** 63", "arithmetic-too-large", 8),
        ("9 ** 9 ** 9", "arithmetic-too-large", 8),
        ("1e308 * 10", "arithmetic-too-large", 8),
        ("10.0 ** 400", "arithmetic-too-large", 8),
        ("2 ** 1024", "arithmetic-too-large", 8),
        ("4 ** 512 + 1", "arithmetic-too-large", 8),
        ("range(10 ** 9)", "arithmetic-too-large", 8),
        ("[0] * 10 ** 9", "arithmetic-too-large", 8),
        ("[range(9999)] * 9999", "arithmetic-too-large", 8),
        ("[range(9999), range(9999)]", "arithmetic-too-large", 8),
    ],
)
def test_what_has_no_value_is_refused_at_its_column(text: str, code: str, column: int) -> None:
    assert refused(text)[:2] == (code, column)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert refused("4 * widht")[2] == "did you mean `width`?"
    assert refused("True")[2] == "did you mean `true`?"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000,
        "-" * 5_000 + "1",
        "not " * 1_000 + "1",
        "+".join("1" * 2_000),
        "[" * 2_000 + "]" * 2_000,
        "2" + " ** 2" * 1_000,
        "1" + " if 1 else 1" * 300,
        "width" + "[0]" * 1_000,
        "9**" * 100 + "9",
        "1" + " < 1" * 1_000 + " @",
        " " * 100_000 + "1",
        "1" + " " * 100_000 + "+",
        "'" * 4_001,
    ],
)
def test_no_expression_is_too_deep_or_too_long_for_an_answer(text: str) -> None:
    started = time.process_time()
    refused(text)
    assert time.process_time() - started < 2


# --- Scalars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$width", 32),
        ("$(width)", 32),
        ("$(4 * width)", 128),
        ("$sizes", (3, 5, 7)),
        ("$options", {"a": 1}),
        ("$flag", True),
        ("$$", "$"),
        ("5$$", "5$"),
        ("$$width", "$width"),
        ("no dollar", "no dollar"),
        ("a$(width)b", "a32b"),
        ("$act-$width", "ReLU-32"),
        ("$act.csv", "ReLU.csv"),
        ("a$width.b", "a32.b"),
        ("down.$(3 - 1).skip", "down.2.skip"),
        ("$(rate)x", "0.5x"),
        ("$flag!", "true!"),
        ("$(none).", "none."),
        ("$width%", "32%"),
        ("$(width)-1", "32-1"),
        ("$(')')", ")"),
        ("$width x $width", "32 x 32"),
    ],
)
def test_a_whole_scalar_keeps_its_type_and_a_part_becomes_text(text: str, expected: object) -> None:
    found = put(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "code", "column", "hint"),
    [
        ("$width-1", "dollar-form", 8, "write `$(width - 1)`"),
        ("2 * $width", "dollar-form", 8, "write `$(2 * width)`"),
        ("$width//2", "dollar-form", 8, "write `$(width // 2)`"),
        ("$width * $rate", "dollar-form", 8, "write `$(width * rate)`"),
        ("a ${width}", "brace-dollar", 10, "write `$(width)`"),
        ("5 $", "dollar-alone", 10, "`$$` writes a dollar"),
        ("$5", "dollar-alone", 8, "`$$` writes a dollar"),
        ("$widht", "name-unknown", 9, "did you mean `width`?"),
        ("a.$(1 + widht)", "name-unknown", 16, "did you mean `width`?"),
        ("$(size(1) + widht)", "name-unknown", 20, "did you mean `width`?"),
    ],
)
def test_a_dollar_that_means_nothing_is_refused(text: str, code: str, column: int, hint: str) -> None:
    assert refused(text, put) == (code, column, hint)


def test_an_open_parenthesis_and_a_list_inside_a_word_are_refused() -> None:
    assert refused("a $(max(1, 2", put)[:2] == ("parenthesis-open", 10)
    assert refused("a$sizes", put)[0] == "arithmetic"


def test_columns_are_exact_inside_quotes() -> None:
    place = Place("a.yaml", 3, 8, '  key: "$(1 + widht)"')
    with pytest.raises(SpecError) as caught:
        substitute("$(1 + widht)", place, NAMES, ())
    found = caught.value.problems[0].place
    assert found is not None
    assert found.text[found.column - 1 :].startswith("widht")


# --- What only the data or the network knows


def test_a_formula_holds_what_is_known_and_waits_for_the_rest() -> None:
    formula = put("$(max(classes, width // 2))")
    assert isinstance(formula, Formula)
    assert formula.free_names() == {"classes"}
    assert formula.text == "$(max(classes, width // 2))"
    assert formula.evaluate({"classes": 10}) == 16
    assert formula.evaluate({"classes": 100, "width": 1}) == 100


def test_a_dotted_name_waits_for_the_target_it_names() -> None:
    formula = put("$kind.classes")
    assert isinstance(formula, Formula)
    assert formula.evaluate({"kind.classes": 3}) == 3


def test_size_is_read_from_what_flows_in() -> None:
    sizes = {None: (2, 8, 4), "skip": (2, 16)}

    def size(dimension: int, name: str | None = None) -> int:
        return sizes[name][dimension]

    for text, expected in (("$(size(1) * width)", 256), ("$(size(skip, 1))", 16), ("$(size(-1))", 4)):
        formula = put(text)
        assert isinstance(formula, Formula)
        assert formula.evaluate({}, size) == expected


def test_an_unknown_name_is_refused_before_the_data_is_read() -> None:
    assert refused("$(classes + widht)", put)[0] == "name-unknown"


def test_a_formula_is_refused_at_its_own_place() -> None:
    formula = put("$(width // classes)")
    assert isinstance(formula, Formula)
    with pytest.raises(SpecError) as caught:
        formula.evaluate({"classes": 0})
    place = caught.value.problems[0].place
    assert place is not None and (place.line, place.column) == (3, 10)


# --- Python as the judge: an expression and its value are made side by side

Judged = tuple[str, Callable[[], Any]]
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _binary(sign: str, left: Judged, right: Judged) -> Judged:
    return f"({left[0]}) {sign} ({right[0]})", lambda: _small(
        BINARY[sign](left[1](), _exponent(sign, right[1]()))
    )


def _exponent(sign: str, number: Any) -> Any:
    # Python itself would compute 9 ** 9 ** 9 until the memory is full.
    assume(sign != "**" or abs(number) <= 64)
    return number


def _small(result: Any) -> Any:
    if isinstance(result, complex):
        raise ValueError
    if isinstance(result, int) and not -(2**63) <= result < 2**63:
        raise OverflowError
    if isinstance(result, float) and not math.isfinite(result):
        raise OverflowError
    return result


def _choice(condition: Judged, first: Judged, second: Judged) -> Judged:
    text = f"({first[0]}) if ({condition[0]}) else ({second[0]})"
    return text, lambda: first[1]() if condition[1]() else second[1]()


def _logic(word: str, left: Judged, right: Judged) -> Judged:
    text = f"({left[0]}) {word} ({right[0]})"
    return text, lambda: (left[1]() and right[1]()) if word == "and" else (left[1]() or right[1]())


def _call(name: str, parts: list[Judged]) -> Judged:
    functions: dict[str, Callable[[list[Any]], Any]] = {"min": min, "max": max, "sum": sum, "len": len}
    text = f"{name}([{', '.join(part[0] for part in parts)}])"
    return text, lambda: _small(functions[name]([part[1]() for part in parts]))


def _index(parts: list[Judged], at: int) -> Judged:
    text = f"[{', '.join(part[0] for part in parts)}][{at}]"
    return text, lambda: [part[1]() for part in parts][at]


def _leaf(number: float) -> Judged:
    return repr(number), lambda: number


LEAVES = st.one_of(
    st.integers(0, 20).map(_leaf),
    st.floats(0, 1e6, allow_nan=False).map(_leaf),
    st.sampled_from(
        [("width", lambda: 32), ("rate", lambda: 0.5), ("flag", lambda: True), ("false", lambda: False)]
    ),
)
EXPRESSIONS: st.SearchStrategy[Judged] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(_binary, st.sampled_from(sorted(BINARY)), inner, inner),
        st.builds(_logic, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(_choice, inner, inner, inner),
        inner.map(lambda part: (f"-({part[0]})", lambda: -part[1]())),
        inner.map(lambda part: (f"not ({part[0]})", lambda: not part[1]())),
        st.builds(_call, st.sampled_from(["min", "max", "sum", "len"]), st.lists(inner, max_size=3)),
        st.builds(_index, st.lists(inner, min_size=1, max_size=3), st.integers(-4, 3)),
    ),
    max_leaves=12,
)


@settings(derandomize=True, deadline=None, max_examples=min(max(FUZZED // 4, 200), 20_000))
@given(EXPRESSIONS)
def test_random_expressions_agree_with_python(judged: Judged) -> None:
    text, expected = judged
    try:
        right = expected()
    except (ArithmeticError, ValueError, TypeError, IndexError):
        with pytest.raises(SpecError):
            value(text)
        return
    found = value(text)
    assert (found, type(found)) == (right, type(right))


def test_random_words_are_read_or_refused() -> None:
    draw = random.Random(0)
    words = "1 2.5 1e9 width sizes act classes size( min( range( len( ( ) [ ] , : + - * / // % ** <".split()
    words += [
        "==",
        "and",
        "or",
        "not",
        "if",
        "else",
        "'a'",
        "true",
        "none",
        ".",
        "$",
        "$(",
        "$width",
        "$$",
        "{",
        "9" * 50,
        "@",
        "é",
        "\0",
        " ",
    ]
    for number in range(FUZZED):
        text = (
            draw.choice(["", "$(", "a $("])
            + " ".join(draw.choices(words, k=draw.randint(1, 25)))
            + draw.choice(["", ")"])
        )
        started = time.process_time()
        try:
            found = put(text)
            if isinstance(found, Formula):
                found.evaluate({"classes": 3}, lambda dimension, name=None: 7)
        except NncliError as error:
            assert isinstance(error, SpecError), text
            assert all(message_of(problem) for problem in error.problems), text
        assert time.process_time() - started < 2, f"{number} is slow: {text!r}"
