from __future__ import annotations

import os
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nncli.errors import NncliError, Place, SpecError
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.arithmetic import Formula, substitute
from nncli.spec.expressions import (
    Choice,
    Comparison,
    FunctionCall,
    Keyword,
    ListOf,
    Literal,
    Name,
    Operation,
    Rest,
    Slice,
    Subscript,
)
from nncli.spec.functions import FUNCTIONS
from nncli.spec.items import Constant
from nncli.spec.tensor_expressions import Computation
from nncli.spec.tensor_parsing import TRAINING_FUNCTIONS, parse_computation

FUZZED = int(os.environ.get("NNCLI_TORTURE", "1000"))
NAMES: dict[str, Constant] = {
    "width": 32, "flag": True, "i": 2, "mode": "nearest", "sizes": (3, 5), "name": "skip"
}  # fmt: skip
# What an expression starts behind: columns of the text are columns of the line less these.
BEFORE = 7


def parsed(text: str, also: tuple[str, ...] = ()) -> Computation:
    place = Place("a.yaml", 3, BEFORE + 1, " " * BEFORE + text)
    return parse_computation(
        text, place, lambda part, at: substitute(part, at, NAMES, ("classes",)), also, NAMES
    )


def refused(text: str, also: tuple[str, ...] = ()) -> tuple[str, int, str, str]:
    with pytest.raises(SpecError) as caught:
        parsed(text, also)
    problem = caught.value.problems[0]
    assert problem.place is not None and problem.place.line == 3
    return problem.code, problem.place.column - BEFORE, message_of(problem), hint_of(problem)


# --- What can be written


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("x * sigmoid(1.702 * x)", ("x",)),
        ("cat([expand(cls, batch, -1, -1), x], 1)", ("cls", "x")),
        ("x[:, 0]", ("x",)),
        ("alpha_bar[t][:, None, None, None]", ("alpha_bar", "t")),
        ("log_softmax(logits / $width, dim=1)", ("logits",)),
        ("lerp(image, fake, rand(batch, 1, 1, 1))", ("image", "fake")),
        ("mu + exp(logvar / 2) * randn_like(mu)", ("mu", "logvar")),
        ("(arange(2 * batch) + batch) % (2 * batch)", ()),
        ("down.$(3 - i).skip + layers.*.*.skip", ("down.1.skip", "layers.*.*.skip")),
        ("down.$i.$name", ("down.2.skip",)),
        ("lstm.state", ("lstm.state",)),
        ("a if $flag else b", ("a", "b")),
        ("left - seen", ("left", "seen")),
        ("amax(kind * bump, 1)", ("kind", "bump")),
    ],
)
def test_expressions_of_the_language_name_their_values(text: str, paths: tuple[str, ...]) -> None:
    assert parsed(text).paths() == paths


def test_the_tree_keeps_every_part_with_its_column() -> None:
    tree = parsed("pad(x, [1, $i], mode='a') @ y").expression
    call = FunctionCall(
        "pad",
        (Name("x", 12), ListOf((Literal(1, 16), Literal(2, 19)), 15)),
        8,
        (Keyword("mode", Literal("a", 29), 24),),
    )
    assert tree == Operation("@", (call, Name("y", 36)), 8)


def test_indices_may_be_numbers_slices_none_and_the_rest() -> None:
    tree = parsed("x[..., 1:, ::2, None, -1]").expression
    assert isinstance(tree, Subscript)
    rest, from_one, stepped, new, last = tree.parts
    assert rest == Rest(10)
    assert from_one == Slice(Literal(1, 15), None, None, 15)
    assert stepped == Slice(None, None, Literal(2, 21), 19)
    assert new == Literal(None, 24)
    assert last == Operation("-", (Literal(1, 31),), 30)


def test_signs_bind_as_in_python() -> None:
    tree = parsed("-a ** 2 @ b + c < d").expression
    assert isinstance(tree, Comparison) and isinstance(tree.operands[0], Operation)
    plus = tree.operands[0]
    assert plus.sign == "+" and isinstance(plus.operands[0], Operation) and plus.operands[0].sign == "@"


def test_a_constant_is_a_literal_of_its_value() -> None:
    assert parsed("full([2], $sizes)").expression == FunctionCall(
        "full", (ListOf((Literal(2, 14),), 13), Literal((3, 5), 18)), 8
    )
    assert parsed("x * $(width // 4)").expression == Operation("*", (Name("x", 8), Literal(8, 12)), 8)


@pytest.mark.parametrize(
    ("text", "value"), [("$(2 * classes)", 14), ("$classes", 7), ("$(width * size(1))", 160)]
)
def test_what_waits_for_sizes_is_a_formula(text: str, value: int) -> None:
    tree = parsed(f"x * {text}").expression
    assert isinstance(tree, Operation)
    literal = tree.operands[1]
    assert isinstance(literal, Literal) and isinstance(literal.value, Formula)
    assert literal.value.evaluate({"classes": 7}, lambda dimension: 4 + dimension) == value


def test_python_and_yaml_words_mean_the_same() -> None:
    assert parsed("f(True, none, False)", ("f",)).expression == FunctionCall(
        "f", (Literal(True, 10), Literal(None, 16), Literal(False, 22)), 8
    )


def test_networks_can_be_called_and_hide_functions() -> None:
    assert parsed("generator(randn(batch, 100))", ("generator",)).paths() == ()
    assert parsed("grad(critic(mix), mix)", (*TRAINING_FUNCTIONS, "critic")).paths() == ("mix",)


def test_a_choice_between_words_is_an_argument() -> None:
    tree = parsed("interpolate(x, mode='bilinear' if $flag else 'nearest')").expression
    assert isinstance(tree, FunctionCall) and isinstance(tree.keywords[0].value, Choice)


def test_bare_names_that_are_constants_are_remembered() -> None:
    assert parsed("width * x + layers.0 + batch").constants == {"width"}


# --- Mistakes


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("", "expression-syntax", 1, "ends too early"),
        ("x + ", "expression-syntax", 5, "ends too early"),
        ("x.view(2)", "expression-syntax", 1, "write `view(x, 2)`"),
        ("a.b.relu()", "expression-syntax", 1, "write `relu(a.b)`"),
        ("torch.relu(x)", "expression-syntax", 1, "write `relu(x)`"),
        ("relu(x)[0].view(1)", "expression-syntax", 11, "behind a dot"),
        ("x.foo(2)", "expression-syntax", 1, "not behind a dot"),
        ("relu2(x)", "function-unknown", 1, "did you mean `relu`?"),
        ("1 + generater(x)", "function-unknown", 5, "no function `generater`"),
        ("grad(y, x)", "function-unknown", 1, "in `training:`"),
        ("y = 3 * x", "expression-syntax", 3, "`=` does not belong here"),
        ("softmax(x, dim: 1)", "expression-syntax", 15, "write `dim=…`"),
        ("pad(mode='a', x)", "expression-syntax", 15, "by position stands behind"),
        ("pad(x, a=1, a=2)", "expression-syntax", 13, "`a` stands twice"),
        ("pad(x, 1=2)", "expression-syntax", 8, "before `=`"),
        ("pad(x, a.b=2)", "expression-syntax", 8, "before `=`"),
        ("x and y", "expression-syntax", 3, "write `logical_and(a, b)`"),
        ("x or y", "expression-syntax", 3, "`$(a or b)`"),
        ("not x", "expression-syntax", 1, "write `logical_not(a)`"),
        ("x & y", "expression-syntax", 3, "write `logical_and(a, b)`"),
        ("~x", "expression-syntax", 1, "write `logical_not(a)`"),
        ("x ^ 2", "expression-syntax", 3, "write `a ** b`"),
        ("${width} * x", "brace-dollar", 1, "write `$(width)`"),
        ("$kind.classes", "expression-syntax", 6, "write `$(kind.classes)`"),
        ("x * $(2 * width", "parenthesis-open", 5, "not closed"),
        ("x * $wdith", "name-unknown", 6, "did you mean `width`?"),
        ("x * $(2 * wdith)", "name-unknown", 11, "did you mean `width`?"),
        ("x * $(2 *)", "expression-syntax", 10, "ends too early"),
        ("x * $(1 / 0)", "arithmetic", 7, "divides by zero"),
        ("$", "expression-syntax", 1, "`$` does not belong here"),
        ("x * 'word'", "expression-syntax", 5, "only as an argument"),
        ("['a']", "expression-syntax", 2, "only as an argument"),
        ("x * $mode", "expression-syntax", 5, "only as an argument"),
        ("a if x > 0 else b", "expression-syntax", 6, "write `where(condition, a, b)`"),
        ("a if $flag", "expression-syntax", 11, "expected `else`"),
        ("x[]", "expression-syntax", 2, "index is missing"),
        ("x[1", "expression-syntax", 4, "expected `,`"),
        ("x[1:2:3:4]", "expression-syntax", 8, "expected `,`"),
        ("relu(x", "expression-syntax", 7, "expected `,`"),
        ("x y", "expression-syntax", 3, "`y` does not belong here"),
        ("x ... y", "expression-syntax", 3, "`...` does not belong here"),
        ("lambda: x", "expression-syntax", 1, "`lambda`"),
        ("[a for a in b]", "expression-syntax", 4, "found `for`"),
        ("down.$mode.$(0.5)", "expression-syntax", 12, "a step of a path"),
        ("down.$classes", "formula-in-word", 6, "let the expression stand alone"),
        ("x; y", "expression-syntax", 2, "`;`"),
        ("1e999 * x", "expression-syntax", 1, "too large"),
        ("x(1)", "function-unknown", 1, "no function `x`"),
        ("__import__('os')", "function-unknown", 1, "no function `__import__`"),
    ],
)
def test_a_mistake_is_told_at_its_column(text: str, code: str, column: int, words: str) -> None:
    found_code, found_column, message, hint = refused(text)
    assert (found_code, found_column) == (code, column)
    assert words in f"{message}; {hint}"


@pytest.mark.parametrize(
    "text",
    ["(" * 3000 + "x", "-" * 4000 + "x", "x" + "[0]" * 1000, "relu(" * 700, "1" + "+1" * 2000, "x" * 5000,
     "x." + ".".join("a" * 2000), "[" * 2000, "$(" * 1500, "x ** " * 700 + "x", "a if 1 else " * 300 + "x"],
)  # fmt: skip
def test_large_expressions_are_answered_at_once(text: str) -> None:
    started = time.process_time()
    try:
        parsed(text)
    except NncliError as error:
        assert [message_of(problem) for problem in error.problems]
    assert time.process_time() - started < 2


PIECES = st.sampled_from(
    [*"()[]{},:=.+-*/%@<>!&|~$'\" \n", "**", "//", "==", "...", "x", "x.y.*", "batch", "$i", "$(",
     "$(i + 1)", "None", "if", "else", "and", "not", "relu(", "cat([", "dim=", "1", "1e9", "softmax", "é",
     "\x00", "size(1)"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
@example("x" + "\t")
@settings(max_examples=FUZZED, deadline=None)
def test_any_text_is_parsed_or_refused_at_a_column_of_it(text: str) -> None:
    try:
        made = parsed(text)
    except NncliError as error:
        for problem in error.problems:
            assert message_of(problem)
            assert problem.place is not None and 1 <= problem.place.column - BEFORE <= len(text) + 1
    else:
        assert made.text == text
        assert all(path for path in made.paths())


@given(st.text(max_size=60))
@settings(max_examples=FUZZED // 2, deadline=None)
def test_random_characters_are_answered_at_once(text: str) -> None:
    # In one of two tries Python may be clearing up.
    assert min(_seconds_to_answer(text), _seconds_to_answer(text)) < 0.1


def _seconds_to_answer(text: str) -> float:
    started = time.process_time()
    try:
        parsed(text)
    except NncliError as error:
        assert error.problems
    return time.process_time() - started


def test_every_function_can_be_called() -> None:
    for name in FUNCTIONS:
        assert isinstance(parsed(f"{name}(x)").expression, FunctionCall)
