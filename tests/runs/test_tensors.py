from __future__ import annotations

import pytest
import safetensors.torch
import torch
from torch import Tensor

from nncli.runs.tensors import Packed, is_finite, unpacked


def packed(tensors: dict[str, Tensor]) -> bytes:
    whole = b"".join(Packed(tensors))
    assert len(whole) == len(Packed(tensors))
    return whole


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool],
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_every_bit_comes_back(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.randint(0, 2, shape).to(dtype)
    back = unpacked(packed({"t": tensor}))["t"]
    assert back.dtype is dtype
    assert back.shape == tensor.shape
    assert torch.equal(back, tensor)


def test_views_parameters_and_shared_tensors_are_packed() -> None:
    table = torch.arange(6.0).reshape(2, 3)
    parameter = torch.nn.Parameter(table.clone())
    given = {"t": table.T, "row": table[0], "again": table, "wide": table[:, :1].expand(2, 4), "p": parameter}
    back = unpacked(packed(given))
    assert all(torch.equal(back[name], tensor) for name, tensor in given.items())


def test_the_bytes_are_those_of_the_library_that_the_format_comes_from() -> None:
    dtypes = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
    dtypes += [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64]
    names = [f"{name}.{size}" for name in "ba" for size in range(len(dtypes))]
    tensors = {name: torch.ones(len(name)).to(each) for name, each in zip(names, dtypes * 2, strict=True)}
    assert packed(tensors) == safetensors.torch.save(tensors)
    assert packed({}) == safetensors.torch.save({})
    back = safetensors.torch.load(packed({"t": torch.arange(3)}))
    assert torch.equal(back["t"], torch.arange(3))


def test_a_tensor_on_the_cpu_is_not_copied() -> None:
    tensor = torch.zeros(4)
    piece = Packed({"t": tensor}).piece("t")
    tensor += 1
    assert bytes(piece) == b"\x00\x00\x80?" * 4


def test_no_tensors_are_fine() -> None:
    assert unpacked(packed({})) == {}


def test_other_bytes_are_a_value_error() -> None:
    whole = packed({"t": torch.ones(3), "u": torch.ones(2)})
    wrong = [(b"F32", b"F99"), (b"[3]", b"[4]"), (b"[0,12]", b"[4,16]"), (b'"u"', b'"\xff"')]
    wrong += [(b"[2]", b"[-]"), (b"[0,12]", b"[0,1.]")]
    for content in (b"", b"PK\x03\x04", whole[:-1], whole + b"x", *(whole.replace(*pair) for pair in wrong)):
        with pytest.raises(ValueError, match=r"."):
            unpacked(content)


def test_only_numbers_with_a_fraction_can_be_infinite() -> None:
    assert is_finite(torch.tensor([1, 2]))
    assert is_finite(torch.tensor([]))
    assert is_finite(torch.tensor([1.0], dtype=torch.bfloat16))
    assert not is_finite(torch.tensor([1.0, torch.nan]))
    assert not is_finite(torch.tensor([complex(0, torch.inf)]))
