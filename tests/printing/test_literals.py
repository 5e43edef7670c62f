from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from nncli.printing.literals import Code, call, callable_name, is_method, literal, subscript, tensor_literal


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        1e-5,
        -0.0,
        "same",
        'a"b',
        "'",
        "\u202e\n",
        (1,),
        (),
        (1, (2.5, None)),
        [1],
        {"a": [True]},
    ],
    ids=repr,
)
def test_a_literal_reads_back_as_its_value(value: object) -> None:
    assert repr(eval(literal(value).line())) == repr(value)


def test_other_values_have_names() -> None:
    assert literal(float("-inf")).line() == 'float("-inf")'
    assert literal(torch.float16).line() == "torch.float16"
    assert literal(nn.ReLU).line() == "nn.ReLU"
    assert literal(functional.relu).line() == "F.relu"
    assert callable_name(torch.cat) == "torch.cat"
    assert callable_name(torch.linalg.vector_norm) == "torch.linalg.vector_norm"
    assert callable_name(torch.fft.rfft) == "torch.fft.rfft"
    assert is_method(torch.Tensor.expand)
    assert not is_method(torch.cat)
    with pytest.raises(TypeError):
        literal(object())


def test_subscripts_are_written_as_people_write_them() -> None:
    x = Code("x")
    indices = [0, -1, (slice(None), -1, slice(1, None)), (Ellipsis, None), slice(None, None, 2), (0,)]
    written = [subscript(x, index, lambda value: None).line() for index in indices]
    assert written == ["x[0]", "x[-1]", "x[:, -1, 1:]", "x[..., None]", "x[::2]", "x[0,]"]
    assert subscript(Code("a + b", is_atom=False), 0, lambda value: None).line() == "(a + b)[0]"


def test_long_calls_break_as_formatters_break_them() -> None:
    inner = call("f", (literal(1000000), literal(2000000)), {"name": literal("text")})
    assert call("g", (inner,), {"x": literal(1)}).lines(30) == [
        "g(",
        "    f(",
        "        1000000,",
        "        2000000,",
        '        name="text",',
        "    ),",
        "    x=1,",
        ")",
    ]
    loop = Code("nn.ModuleList(", (inner,), ")", tail=" for _ in range(3)")
    assert loop.lines(60) == [
        "nn.ModuleList(",
        '    f(1000000, 2000000, name="text")',
        "    for _ in range(3)",
        ")",
    ]


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(0.1),
        torch.linspace(0.1, 1, 7),
        torch.rand(2, 3, generator=torch.Generator().manual_seed(0)),
        torch.full((2, 2), -torch.inf),
        torch.tensor([1.0, float("nan")]),
        torch.arange(9),
        torch.tensor([[True, False]]),
        torch.tensor([0.1, 2.0], dtype=torch.float64),
    ],
    ids=str,
)
def test_the_bits_of_a_tensor_come_back(tensor: torch.Tensor) -> None:
    back = eval(tensor_literal(tensor).line(), {"torch": torch, "float": float})
    assert back.dtype == tensor.dtype
    assert back.shape == tensor.shape
    assert torch.equal(back.nan_to_num(7), tensor.nan_to_num(7))
