"""What the tests of runs share: a way to expect a refusal, and small tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import torch
from torch import Tensor

from nncli.errors import NncliError
from nncli.messages.catalogue import CATALOGUE, hint_of, message_of

Refused = Callable[[str], AbstractContextManager[None]]


@contextmanager
def _refused(code: str) -> Iterator[None]:
    with pytest.raises(NncliError) as caught:
        yield
    problem = caught.value.problems[0]
    assert problem.code == code
    assert type(caught.value) is CATALOGUE[code].error
    assert message_of(problem)
    hint_of(problem)


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Expects a refusal with a code, of the class that the catalogue says, whose words all fill."""
    return _refused


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "conv2d.weight": torch.randn(2, 1, 3, 3, generator=generator),
        "conv2d.bias": torch.randn(2, generator=generator),
        "batchnorm2d.num_batches_tracked": torch.tensor(7),
    }
