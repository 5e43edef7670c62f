"""Products of Linear by oneDNN where that is quicker; like kernels.py, it touches private torch names.

On processors of AMD, the library behind torch's float32 products does not use all that they can; oneDNN,
which torch carries for convolutions, does. Both add up in float32, in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MethodType
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

# Numbers that flow in, and that flow out: `(256, 10)` is Linear(256, 10).
Size: TypeAlias = tuple[int, int]
_SCHEMA: Final = (
    "mkldnn::_linear_pointwise(Tensor X, Tensor W, Tensor? B, str attr, Scalar?[] scalars, "
    "str? algorithm) -> Tensor Y"
)


@dataclass(frozen=True, slots=True)
class Products:
    """Which products of a Linear go through oneDNN: of the output, and of the gradients on the way back."""

    output: bool = False
    inputs: bool = False
    weights: bool = False


@cache
def onednn_product() -> Callable[..., Tensor] | None:
    """Finds oneDNN's product, x wᵀ + b, if torch has it as it is called here."""
    try:
        operator: Any = torch.ops.mkldnn._linear_pointwise
        if str(operator.default._schema) != _SCHEMA:
            return None
        found = operator(torch.ones(2, 3), torch.ones(1, 3), None, "none", [], "")
    except (AttributeError, RuntimeError):
        return None
    kernel: Callable[..., Tensor] = operator.default
    return kernel if found.tolist() == [[3.0], [3.0]] else None


def _product(by_onednn: bool, rows: Tensor, columns: Tensor, bias: Tensor | None = None) -> Tensor:
    kernel = onednn_product() if by_onednn else None
    if kernel is None:
        return functional.linear(rows, columns, bias)
    return kernel(rows, columns, bias, "none", [], "")


class _Linear(torch.autograd.Function):
    """Linear with its products where they are quickest."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, products: Products) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.products, ctx.has_bias = products, bias is not None
        return _product(products.output, x, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        products: Products = ctx.products
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = _product(products.inputs, gradient, weight.t())
        rows = gradient.reshape(-1, gradient.shape[-1])
        if ctx.needs_input_grad[1]:
            of_weight = _product(products.weights, rows.t(), x.reshape(-1, x.shape[-1]).t())
        if ctx.has_bias and ctx.needs_input_grad[2]:
            of_bias = rows.sum(0)
        return of_x, of_weight, of_bias, None


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, products: Products) -> Tensor:
    """Computes x wᵀ + b as torch.nn.functional.linear does, gradients too; all float32, on the CPU."""
    result: Tensor = _Linear.apply(x, weight, bias, products)  # type: ignore[no-untyped-call]
    return result


def linear_layers(modules: Iterable[nn.Module]) -> Iterator[nn.Linear]:
    """Walks over the layers whose products can be chosen: nn.Linear itself, in float32, on the CPU."""
    seen = {id(part): part for module in modules for part in module.modules()}
    for part in seen.values():
        # Not a class above it, such as one whose weight is worked out anew in each step.
        if not isinstance(part, nn.Linear) or type(part) is not nn.Linear:
            continue
        if part.weight.dtype == torch.float32 and part.weight.device.type == "cpu":
            yield part


@contextmanager
def products_by(modules: Iterable[nn.Module], chosen: Mapping[Size, Products]) -> Iterator[None]:
    """Computes Linear layers, while training, by the products that are chosen for their size.

    In eval mode they stay torch's own, so that figures are those that other commands work out.
    """
    changed = []
    for layer in linear_layers(modules):
        products = chosen.get((layer.in_features, layer.out_features))
        if products is not None:
            layer.__dict__["forward"] = MethodType(_forward_by(products), layer)
            changed.append(layer)
    try:
        yield
    finally:
        for layer in changed:
            del layer.__dict__["forward"]


def _forward_by(products: Products) -> Callable[[nn.Linear, Tensor], Tensor]:
    def forward(layer: nn.Linear, x: Tensor) -> Tensor:
        if layer.training and torch.is_grad_enabled() and x.ndim > 1:
            return linear(x, layer.weight, layer.bias, products)
        return functional.linear(x, layer.weight, layer.bias)

    return forward
