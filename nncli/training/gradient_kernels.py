"""The engine behind `backward`, and kernels over all tensors of a network at once, by private torch names.

Each is used only where it works as it is called here; elsewhere what torch offers in public does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, final

import torch
from torch import Tensor, nn


@cache
def _engine() -> Callable[..., Any] | None:
    """Finds the engine behind `Tensor.backward`, if it works as it is called here."""
    engine: Any = getattr(getattr(torch.autograd, "Variable", None), "_execution_engine", None)
    run: Callable[..., Any] | None = getattr(engine, "run_backward", None)
    if run is None:
        return None
    weight = torch.tensor(3.0, requires_grad=True)
    try:
        run(
            (weight * weight,),
            (torch.ones(()),),
            False,
            False,
            (),
            allow_unreachable=True,
            accumulate_grad=True,
        )
    except (TypeError, RuntimeError):
        return None
    return run if weight.grad is not None and weight.grad.item() == 6.0 else None


@cache
def _one(kind: torch.dtype, device: torch.device) -> Tensor:
    return torch.ones((), dtype=kind, device=device)


def backward(loss: Tensor, inputs: Sequence[Tensor] | None = None) -> None:
    """Works out the gradients of a loss without axes, as `loss.backward(inputs=inputs)` does.

    What torch looks at before it calls its engine costs a sixth of the step of a tiny network.
    """
    run = _engine()
    if run is None or loss.ndim:
        loss.backward(inputs=inputs)  # type: ignore[no-untyped-call]
        return
    one = _one(loss.dtype, loss.device)
    # No graph is kept, none is made; what cannot be reached is left out.
    run((loss,), (one,), False, False, tuple(inputs or ()), True, accumulate_grad=True)


def norms(tensors: Sequence[Tensor]) -> Tensor:
    """Works out the norms of tensors together, (tensors,); nothing waits for the device."""
    return torch.stack(torch._foreach_norm(list(tensors)))


_CHECK: Final = "(Tensor(a!)[] self, Tensor(b!) found_inf, Tensor inv_scale) -> ()"


@cache
def _finite_check() -> Callable[..., None] | None:
    """Finds the kernel by which torch's GradScaler looks through gradients, which multiplies them too."""
    name = "_amp_foreach_non_finite_check_and_unscale_"
    found = getattr(torch.ops.aten, name, None)
    if found is None or str(found.default._schema) != f"aten::{name}{_CHECK}":
        return None
    kernel: Callable[..., None] = getattr(torch, name)
    return kernel


@final
class FiniteCheck:
    """Tells whether all gradients of a module are finite; the answer waits for their device."""

    def __init__(self, module: nn.Module) -> None:
        self._weights = list(module.parameters())
        first = self._weights[0]
        is_plain = all(each.dtype == torch.float32 and each.device == first.device for each in self._weights)
        is_plain = is_plain and not any(getattr(part, "sparse", False) for part in module.modules())
        self._kernel = _finite_check() if is_plain else None
        self._one = _one(torch.float32, first.device)
        self._found = torch.zeros((), device=first.device)

    def __call__(self) -> bool:
        """Looks at the gradients of now."""
        gradients = [gradient for each in self._weights if (gradient := each.grad) is not None]
        if self._kernel is None:
            return _are_finite([each for each in gradients if not each.is_sparse])
        if not gradients:
            return True
        self._kernel(gradients, self._found, self._one)
        if self._found.item() == 0:
            return True
        self._found.zero_()
        return False


def _are_finite(tensors: Sequence[Tensor]) -> bool:
    if not tensors:
        return True
    # The largest numbers, which are NaN where one is; a sum could overflow.
    largest = [each.float() for each in torch._foreach_norm(list(tensors), math.inf)]
    return bool(torch.stack(largest).isfinite().all())


def subtract(tensors: Sequence[Tensor], others: Sequence[Tensor]) -> None:
    """Takes tensors away from others of their shapes, in place of these."""
    torch._foreach_sub_(list(tensors), list(others))


def overflow_of(scaler: Any, optimizer: Any) -> Tensor:
    """Tells of a GradScaler, between its step and its update, whether that was left out: 1.0 or 0.0."""
    found: Tensor = sum(scaler._per_optimizer_states[id(optimizer)]["found_inf_per_device"].values())
    return found


def copy_to(tensors: list[Tensor], others: list[Tensor]) -> None:
    """Makes the numbers of tensors those of others of their shapes."""
    torch._foreach_copy_(tensors, others)
