from __future__ import annotations

import pytest
import torch

from nncli.runs.tensors import is_finite, packed, unpacked


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


def test_no_tensors_are_fine() -> None:
    assert unpacked(packed({})) == {}


def test_other_bytes_are_a_value_error() -> None:
    for content in (b"", b"PK\x03\x04", packed({"t": torch.ones(3)})[:-1]):
        with pytest.raises(ValueError, match=r"."):
            unpacked(content)


def test_only_numbers_with_a_fraction_can_be_infinite() -> None:
    assert is_finite(torch.tensor([1, 2]))
    assert is_finite(torch.tensor([]))
    assert is_finite(torch.tensor([1.0], dtype=torch.bfloat16))
    assert not is_finite(torch.tensor([1.0, torch.nan]))
    assert not is_finite(torch.tensor([complex(0, torch.inf)]))
