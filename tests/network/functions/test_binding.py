from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from nncli.errors import SpecError
from nncli.network.calls.arguments import EMPTY_SCOPE
from nncli.network.functions.binding import Arguments, bind_function
from nncli.network.functions.calls import Called, call_item
from nncli.network.functions.signatures import function_named, overloads_of, tensor_names
from nncli.network.graph.values import Value
from nncli.spec.functions import FUNCTIONS
from nncli.spec.items import Call, Constant
from tests.network.flowing import PLACE, Flow, call, spot_of, told

X = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0))
Y = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(1))


def run(item: Call, *flow: torch.Tensor, **named: torch.Tensor) -> tuple[Called, Any]:
    """Runs an item; returns what is known of its result, and what its graph gives."""
    inputs = {f"v{number}": tensor for number, tensor in enumerate(flow)}
    tape = Flow(**inputs, **named)
    values = [tape.one(name) for name in inputs]
    called = call_item(
        item, values, {name: tape.one(name) for name in named}, (tape.tape, EMPTY_SCOPE), spot_of(item)
    )
    return called, tape.ran(called.result)


def refused(item: Call, *flow: torch.Tensor, **named: torch.Tensor) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        run(item, *flow, **named)
    code, _, words = told(caught.value)
    return code, words


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_torch_says_what_every_function_takes(name: str) -> None:
    overloads = overloads_of(name)
    assert overloads and callable(function_named(name))
    names = {parameter.name for overload in overloads for parameter in overload.parameters}
    assert names.isdisjoint({"out", "inplace", "dtype", "device", "generator", "self"})


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (call("permute", 0, 2, 1), X.permute(0, 2, 1)),
        (call("permute", (0, 2, 1)), X.permute(0, 2, 1)),
        (call("mean", 1, 2), X.mean((1, 2))),
        (call("mean", (1, 2)), X.mean((1, 2))),
        (call("mean", 1, True), X.mean(1, keepdim=True)),
        (call("mean", dim=1, keepdim=True), X.mean(1, keepdim=True)),
        (call("mean"), X.mean()),
        (call("sum", 2), X.sum(2)),
        (call("reshape", -1, 24), X.reshape(-1, 24)),
        (call("reshape", 48), X.reshape(48)),
        (call("flatten", 1), X.flatten(1)),
        (call("unflatten", 2, (2, 3)), X.unflatten(2, (2, 3))),
        (call("softmax", dim=1), X.softmax(1)),
        (call("roll", 1, 2), X.roll(1, 2)),
        (call("amax", 1, 2), X.amax((1, 2))),
        (call("squeeze", 1), X),
        (call("transpose", 1, 2), X.transpose(1, 2)),
        (call("expand", -1, -1, 6), X),
        (call("pow", 2), X**2),
        (call("clamp", min=0), X.clamp(min=0)),
        (call("leaky_relu", 0.1), F.leaky_relu(X, 0.1)),
        (call("gelu", approximate="tanh"), F.gelu(X, approximate="tanh")),
        (call("logsigmoid"), F.logsigmoid(X)),
        (call("float"), X),
        (call("interpolate", size=12), F.interpolate(X, size=12)),
        (call("interpolate", scale_factor=2, mode="linear"), F.interpolate(X, scale_factor=2, mode="linear")),
        (call("pad", (1, 1)), F.pad(X, (1, 1))),
        (call("pad", 1, 1), F.pad(X, (1, 1))),
        (call("max_pool1d", 2), F.max_pool1d(X, 2)),
        (call("adaptive_avg_pool1d", 3), F.adaptive_avg_pool1d(X, 3)),
        (call("normalize", dim=2), F.normalize(X, dim=2)),
        (call("layer_norm", (6,)), F.layer_norm(X, (6,))),
        (call("norm", dim=-1), X.norm(dim=-1)),
        (call("std", 1), X.std(1)),
        (call("where", 0.0), None),
        (call("flip", 1), X.flip(1)),
        (call("glu"), None),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_an_item_gives_what_torch_gives(item: Call, expected: torch.Tensor | None) -> None:
    if item.name == "where":
        _, result = run(item, X > 0, X)
        expected = torch.where(X > 0, X, 0.0)
    elif item.name == "glu":
        _, result = run(call("glu", dim=-1), X)
        expected = F.glu(X, dim=-1)
    else:
        _, result = run(item, X)
    assert expected is not None and torch.equal(result, expected)


@pytest.mark.parametrize(
    ("item", "flow", "expected"),
    [
        (call("cat", dim=1), (X, Y, X), torch.cat((X, Y, X), 1)),
        (call("cat", 2), (X, Y), torch.cat((X, Y), 2)),
        (call("stack", dim=1), (X, Y), torch.stack((X, Y), 1)),
        (call("add"), (X, Y), X + Y),
        (call("add"), (X, Y, X), X + Y + X),
        (call("mul"), (X, Y, X, Y), X * Y * X * Y),
        (call("add", 1), (X,), X + 1),
        (call("add", alpha=2), (X, Y), X + 2 * Y),
        (call("lerp", 0.5), (X, Y), torch.lerp(X, Y, 0.5)),
        (call("matmul"), (X, Y.mT), X @ Y.mT),
        (call("einsum", "bij,bkj->bik"), (X, Y), X @ Y.mT),
        (call("maximum"), (X, Y, -X), torch.maximum(torch.maximum(X, Y), -X)),
        (call("cosine_similarity", dim=-1), (X, Y), F.cosine_similarity(X, Y, dim=-1)),
        (call("mse_loss", reduction="none"), (X, Y), (X - Y) ** 2),
        (call("conv1d", padding=1), (X, torch.ones(3, 4, 3)), F.conv1d(X, torch.ones(3, 4, 3), padding=1)),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_what_flows_in_fills_the_parameters_for_tensors(
    item: Call, flow: tuple[torch.Tensor, ...], expected: torch.Tensor
) -> None:
    assert torch.allclose(run(item, *flow)[1], expected)


def test_what_flows_in_by_name_fills_the_parameter_of_that_name() -> None:
    item = call("lerp", 0.25)
    tape = Flow(a=X, b=Y)
    named = {"end": tape.one("a"), "input": tape.one("b")}
    result = call_item(item, (), named, (tape.tape, EMPTY_SCOPE), spot_of(item)).result
    assert torch.equal(tape.ran(result), torch.lerp(Y, X, 0.25))


@pytest.mark.parametrize(
    ("item", "names", "expected"),
    [
        (call("max", 1), ("values", "indices"), X.max(1)),
        (call("topk", 2), ("values", "indices"), X.topk(2)),
        (call("sort"), ("values", "indices"), X.sort()),
        (call("chunk", 2, dim=-1), (), X.chunk(2, -1)),
        (call("chunk", 2, -1), (), X.chunk(2, -1)),
        (call("split", (1, 3), dim=1), (), X.split((1, 3), 1)),
        (call("unbind", dim=1), (), X.unbind(1)),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_several_results_come_with_their_names(
    item: Call, names: tuple[str, ...], expected: tuple[torch.Tensor, ...]
) -> None:
    called, results = run(item, X)
    assert called.names == names
    assert len(results) == len(expected)
    assert all(torch.equal(one, other) for one, other in zip(results, expected, strict=True))


@pytest.mark.parametrize(
    ("item", "code", "words"),
    [
        (call("cat"), "axis-missing", "write `cat: {dim: 1}`"),
        (call("stack"), "axis-missing", "stack needs dim"),
        (call("chunk", 2), "axis-missing", "axis 0"),
        (call("unbind"), "axis-missing", "unbind"),
        (call("flatten"), "axis-missing", "write `flatten: {start_dim: 1}`"),
        (call("softmax"), "argument-missing", "softmax needs dim; its arguments: softmax(input, dim)"),
        (call("log_softmax"), "argument-missing", "needs dim"),
        (call("mean", axis=1), "argument-unknown", "did you mean `dim`?"),
        (call("mean", 1, keepdims=True), "argument-unknown", "did you mean `keepdim`?"),
        (call("relu", inplace=True), "argument-unknown", "no argument `inplace`"),
        (call("cat", dim=1, out=1), "argument-unknown", "no argument `out`"),
        (call("mean", "one"), "argument-type", "dim of mean is `one`, but must be"),
        (call("softmax", dim=1.5), "argument-type", "must be a whole number"),
        (call("relu", 1), "too-many-arguments", "relu takes at most 0 positions, 1 are given"),
        (call("softmax", 1, dim=1), "argument-repeated", "gets dim twice"),
        (call("add"), "argument-missing", "add needs other"),
        (call("zeros", 2), "inputs-count", "zeros takes 0 values, but 1 flow in"),
        (call("reshape", 5, 5), "call-refused", "reshape does not fit v0 [batch, 4, 6]"),
        (call("permute", 0, 1), "call-refused", "permute does not fit"),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_a_call_that_does_not_fit_is_told(item: Call, code: str, words: str) -> None:
    found, said = refused(item, X)
    assert found == code
    assert words in said


def test_more_values_than_parameters_are_told() -> None:
    assert refused(call("relu"), X, Y) == ("inputs-count", "relu takes 1 value, but 2 flow in; ")


def test_a_name_of_no_parameter_is_told() -> None:
    code, said = refused(call("relu"), inpt=X)
    assert code == "argument-unknown" and "did you mean `input`?" in said


def test_tensors_have_torchs_names() -> None:
    assert [tensor_names(name) for name in ("sub", "lerp", "zeros")] == [
        ("input", "other"),
        ("input", "end", "weight"),
        (),
    ]


def test_keywords_stay_keywords_and_positions_positions() -> None:
    tape = Flow(x=X)
    bound = bind_function("mean", Arguments(flow=(tape.one("x"),), keywords={}), PLACE, "")
    assert (len(bound.arguments), bound.keywords) == (1, {})
    item = call("mean", 1, keepdim=True)
    call_item(item, [tape.one("x")], {}, (tape.tape, EMPTY_SCOPE), spot_of(item))
    node = list(tape.tape.graph.nodes)[-1]
    assert node.args[1:] == (1,) and node.kwargs == {"keepdim": True}


@pytest.mark.parametrize("value", [float("nan"), 2**70, True, (), ((1,),), {"a": 1}, "word", None])
def test_odd_constants_are_refused_or_taken_but_never_break(value: Constant) -> None:
    for name in sorted(FUNCTIONS):
        try:
            called, _ = run(call(name, value), X)
            assert isinstance(called.result, (Value, tuple))
        except SpecError as error:
            assert error.problems
