"""Every shipped architecture is traced whole by torch.compile, and exported for any number of rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.specs.architectures import NAMES, rows, small

# Two that only repeat what the others show, slowly; bench/architectures.py traces them all.
TRACED = [name for name in NAMES if name not in ("inception", "resnet-50")]
RECURRENT = ("gru-classifier", "lstm-classifier")
Call = Callable[..., Tensor | tuple[Tensor, ...]]


def results(call: Call, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Calls with the same noise each time."""
    torch.manual_seed(0)
    with torch.no_grad():
        found = call(*inputs)
    return found if isinstance(found, tuple) else (found,)


def assert_same(mine: tuple[Tensor, ...], theirs: tuple[Tensor, ...]) -> None:
    assert [one.shape for one in mine] == [one.shape for one in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert one.is_meta or torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", TRACED)
def test_torch_compile_finds_no_break(name: str) -> None:
    torch._dynamo.reset()
    # torch traces recurrent layers only when it is told to.
    with torch._dynamo.config.patch(allow_rnn=name in RECURRENT):
        for network in small(name).values():
            inputs = rows(network, 2)
            module = network.module.eval()
            whole = torch.compile(module, fullgraph=True, backend="eager")
            assert_same(results(whole, inputs), results(module, inputs))


@pytest.mark.parametrize("name", TRACED)
def test_torch_export_takes_any_number_of_rows(name: str) -> None:
    for network in small(name).values():
        inputs = rows(network, 2)
        module = network.module.eval()
        batch = tuple({0: torch.export.Dim("batch", min=1, max=512)} for _ in inputs)
        exported = torch.export.export(module, inputs, dynamic_shapes=batch).module()
        for count in (1, 2, 5):
            inputs = rows(network, count)
            assert_same(results(exported, inputs), results(module, inputs))
