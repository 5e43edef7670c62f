from __future__ import annotations

import os
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx

from nncli.errors import SpecError
from nncli.network.functions.expressions import compute, computed
from nncli.network.graph.values import Count, Value
from tests.network.flowing import Flow, parsed, told

FUZZED = int(os.environ.get("NNCLI_TORTURE", "300"))
SEEDED = torch.Generator().manual_seed(0)
X, Y = (torch.randn(2, 4, 3, generator=SEEDED) for _ in range(2))
W = torch.randn(3, 5, generator=SEEDED)
T = torch.tensor([1, 3])
CLS = torch.randn(1, 1, 3, generator=SEEDED)


def flow(**more: torch.Tensor) -> Flow:
    made = Flow(x=X, y=Y, w=W, t=T, cls=CLS, **more)
    made.values["layers.*.skip"] = (made.one("x"), made.one("y"))
    return made


def lowered(text: str, made: Flow | None = None) -> Any:
    """Returns what the graph of an expression gives."""
    made = made or flow()
    return made.ran(compute(parsed(text), made))


def refused(text: str) -> tuple[str, int, str]:
    with pytest.raises(SpecError) as caught:
        compute(parsed(text), flow())
    return told(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x * sigmoid(1.702 * x)", X * torch.sigmoid(1.702 * X)),
        ("cat([expand(cls, batch, -1, -1), x], 1)", torch.cat((CLS.expand(2, -1, -1), X), 1)),
        ("x[:, 0]", X[:, 0]),
        ("x[..., None, 1:]", X[..., None, 1:]),
        ("x[:, ::2]", X[:, ::2]),
        ("x[:, t]", X[:, T]),
        ("x[:, [0, 2]]", X[:, [0, 2]]),
        ("t[:, None, None] * x", T[:, None, None] * X),
        ("x @ w", X @ W),
        ("-x ** 2", -(X**2)),
        ("+x", X),
        ("x // 0.3 + x % 0.3", X // 0.3 + X % 0.3),
        ("2 ** x", 2**X),
        ("x * sqrt(16)", X * 4),
        ("x * exp(-log(2))", X * 0.5),
        ("x[:, floor(1.5)]", X[:, 1]),
        ("1 - x", 1 - X),
        ("0 < x < 1", (X > 0) & (X < 1)),
        ("float(x != y)", (X != Y).float()),
        ("0 < 1 < x", X > 1),
        ("x if $flag else y", X),
        ("x if $width > 4 else y", Y),
        ("x if 1 > 2 else y if $off else x * 2", X * 2),
        ("x * $width", X * 3),
        ("x * $(2 * size(1))", X * 82),
        ("sum(x, $pair)", X.sum((1, 2))),
        ("interpolate(x, scale_factor=2.0, mode=$mode)", F.interpolate(X, scale_factor=2.0)),
        ("stack(layers.*.skip, 1)", torch.stack((X, Y), 1)),
        ("cat([layers.*.skip, x], dim=-1)", torch.cat((X, Y, X), -1)),
        ("layers.*.skip[1]", Y),
        ("chunk(x, 3, dim=-1)[2]", X.chunk(3, -1)[2]),
        ("max(x, 1)[0]", X.max(1).values),
        ("min(1, x)", X.clamp(max=1)),
        ("max(0, x)", X.clamp(min=0)),
        ("reshape(x, batch, -1)", X.reshape(2, -1)),
        ("(arange(2 * batch) + batch) % (2 * batch)", torch.tensor([2, 3, 0, 1])),
        ("arange(-(0 - batch))", torch.arange(2)),
        ("full([batch, 2], 1.5)", torch.full((2, 2), 1.5)),
        ("x / batch", X / 2),
        ("eye(3)[None]", torch.eye(3)[None]),
        ("where(x > 0, x, 0)", torch.where(X > 0, X, 0.0)),
        ("one_hot(t, 5)", F.one_hot(T, 5)),
        ("softmax(x, dim=-1)", X.softmax(-1)),
        ("masked_fill(x, x > 0, -1000000000)", X.masked_fill(X > 0, -1e9)),
        ("einsum('bij,bkj->bik', x, y)", X @ Y.mT),
        ("linear(x, permute(w, 1, 0))", X @ W),
        ("logical_not(x > 0)", X <= 0),
    ],
)
def test_an_expression_gives_what_torch_gives(text: str, expected: torch.Tensor) -> None:
    result = lowered(text)
    assert result.dtype == expected.dtype and torch.allclose(result, expected, equal_nan=True)


def test_another_batch_has_other_rows() -> None:
    made = flow()
    result = compute(parsed("cat([expand(cls, batch, -1, -1), x], 1) + zeros(batch, 1, 1)"), made)
    assert made.ran(result, x=torch.ones(5, 4, 3)).shape == (5, 5, 3)


def test_several_results_are_a_tuple() -> None:
    first, second = lowered("chunk(y, 2, 1)")
    assert torch.equal(torch.cat((first, second), 1), Y)


def test_new_tensors_are_made_where_the_others_are() -> None:
    made = flow()
    result = compute(parsed("x + zeros(batch, 1, 1)"), made)
    made.tape.graph.output(result.node)  # type: ignore[union-attr]
    module = fx.GraphModule(made.tape.root, made.tape.graph)
    assert module(*(tensor.to("meta") for tensor in made.tensors.values())).is_meta


def test_arithmetic_on_constants_leaves_no_node() -> None:
    made = flow()
    before = len(made.tape.graph.nodes)
    compute(parsed("x * (2 * 3 - $width ** 2)"), made)
    assert len(made.tape.graph.nodes) == before + 1
    node = list(made.tape.graph.nodes)[-1]
    assert node.args[1] == -3


def test_the_branch_that_is_not_taken_is_not_recorded() -> None:
    made = flow()
    compute(parsed("x if $flag else relu(y)"), made)
    assert [node.op for node in made.tape.graph.nodes] == ["placeholder"] * 5


@pytest.mark.parametrize(("text", "value"), [("1 + 2 * $width", 7), ("min(1, 3 / 6)", 0.5), ("none", None)])
def test_a_weight_may_be_a_constant(text: str, value: object) -> None:
    assert computed(parsed(text), flow()) == value


def test_a_count_stays_a_count() -> None:
    count = computed(parsed("2 * batch - 1"), flow())
    assert isinstance(count, Count) and count.number == 3


def test_networks_are_called_through_the_environment() -> None:
    made = Flow(callables=("relu",), x=X)
    result = compute(parsed("relu(x)", ("relu",)), made)
    assert torch.equal(made.ran(result), -X)


# --- Mistakes


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("x + w", "call-refused", 1, "x [batch, 4, 3], w"),
        ("x * (y @ x)", "call-refused", 6, "@ does not fit"),
        ("x[:, 9]", "call-refused", 2, "index 9 is out of bounds for dimension 1 with size 4"),
        (
            "2 * relu(reshape(x, 7))",
            "call-refused",
            10,
            "reshape does not fit x [batch, 4, 3]",
        ),
        ("y + xx", "value-unknown", 5, "nothing above is called `xx`"),
        ("width * x", "dollar-missing", 1, "write `$width`"),
        ("max(x, 1) + 1", "value-several", 1, "max is 2 values, and one is needed; pick one"),
        ("1 + layers.*.skip", "value-several", 5, "x is 2 values"),
        ("chunk(x, 3, dim=-1)[3]", "index-outside", 20, "index 3 is outside: there are 3"),
        ("x[x > 0]", "index-mask", 3, "write `where(mask, x, 0)`"),
        ("x[:, y]", "index-kind", 6, "received y"),
        ("x[0.5]", "index-kind", 3, "received 0.5"),
        ("x[:0.5]", "index-kind", 4, "no whole number"),
        ("x + none", "operand-kind", 5, "none is no value"),
        ("x + [1, 2]", "value-several", 5, "the list is 2 values"),
        ("2[0] * x", "operand-kind", 1, "2 is no value"),
        ("2 * 3", "expression-result", 1, "`2 * 3` is no tensor"),
        ("batch", "expression-result", 1, "no tensor"),
        ("x * (batch / 2)", "count-arithmetic", 6, "`/` does not work"),
        ("batch // 0 * x", "count-arithmetic", 1, "`//`"),
        ("x * (1 / 0)", "arithmetic", 6, "divides by zero"),
        ("x * (2 @ 3)", "operand-kind", 6, "2 is no value"),
        ("cat([x, y])", "axis-missing", 1, "`cat(…, dim=1)`"),
        ("x + softmax(y)", "argument-missing", 5, "needs dim"),
        ("mean(x, keepdims=true)", "argument-unknown", 9, "did you mean `keepdim`?"),
        ("maximum(x, 0)", "argument-type", 12, "other of maximum is 0"),
        ("relu(layers.*.skip)", "argument-type", 6, "must be a value of the network"),
        ("relu()", "argument-missing", 1, "relu needs input"),
        ("one_hot(x, 5)", "call-refused", 1, "one_hot does not fit"),
        ("x + zeros(1000000, 1000000, 1000)", "result-too-large", 5, "are free"),
    ],
)
def test_a_mistake_is_told_at_the_column_of_its_part(text: str, code: str, column: int, words: str) -> None:
    if code == "result-too-large":
        from nncli.errors import ResourceError

        with pytest.raises(ResourceError) as caught:
            compute(parsed(text), flow())
        found = told(caught.value)
    else:
        found = refused(text)
    assert found[:2] == (code, column)
    assert words in found[2]


# --- Against Python's own reading of the same text

UNARY = ("relu", "sigmoid", "tanh", "exp", "abs", "neg", "cos")
PYTHON = {
    name: getattr(torch, name) for name in (*UNARY, "maximum", "mean", "softmax", "permute", "cat", "where")
}


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
        st.tuples(st.sampled_from(UNARY), inner).map(lambda t: f"{t[0]}({t[1]} + 0 * x)"),
        st.tuples(inner, inner).map(lambda t: f"maximum({t[0]} + 0 * x, {t[1]} + 0 * y)"),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"mean({t} + 0 * x, 1, keepdim=True)"),
        inner.map(lambda t: f"softmax({t} + 0 * x, dim=-1)"),
        inner.map(lambda t: f"({t} + 0 * x)[:, :, 1:2]"),
        inner.map(lambda t: f"cat([{t} + 0 * x, y], dim=1)[:, 2:6]"),
        st.tuples(inner, inner).map(lambda t: f"where({t[0]} < x, {t[1]} + 0 * y, x)"),
        st.tuples(inner, inner, st.booleans()).map(lambda t: f"({t[0]} if {t[2]} else {t[1]})"),
    )


EXPRESSIONS = st.recursive(st.sampled_from(["x", "y", "2", "0.5", "x[:, :1]", "1e-3"]), _grown, max_leaves=8)


@given(EXPRESSIONS)
@settings(max_examples=FUZZED, deadline=None)
def test_an_expression_means_what_python_reads(text: str) -> None:
    text = f"{text} + 0 * x"
    try:
        expected = eval(text, {"__builtins__": {}, **PYTHON, "x": X, "y": Y})
    except ZeroDivisionError:
        return
    made = flow()
    try:
        result = compute(parsed(text), made)
    except SpecError as error:
        assert told(error)[0] in ("arithmetic-too-large", "arithmetic", "expression-syntax")
        return
    assert isinstance(result, Value)
    assert torch.allclose(made.ran(result), expected, equal_nan=True)
