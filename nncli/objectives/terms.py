"""One term of a loss as a module: a prediction and a target in, one number out."""

from __future__ import annotations

from typing import Final, final

import torch
from torch import Tensor, nn

from nncli.columns.targets import TargetSpec
from nncli.objectives.losses import Form

# A value that says how far something is off, before it is brought to one number.
_SUMS: Final = "sum"


@final
class LossBetween(nn.Module):
    """A loss of torch.nn between two values, over what `where` lets count.

    `each` is the same loss before it is brought to one number. A target of the data is brought into the
    `form` of the loss, a written number into the shape of the prediction. Where `classes_last` the
    prediction has its classes on the last axis.
    """

    def __init__(
        self,
        function: nn.Module,
        each: nn.Module | None,
        form: Form,
        target: TargetSpec | float | None,
        *,
        classes_last: bool = False,
    ) -> None:
        super().__init__()
        self.function = function
        self.each = each
        self._form = form
        self._target = target
        self._classes_last = classes_last
        self._sums = getattr(function, "reduction", "mean") == _SUMS

    def forward(
        self, prediction: Tensor, target: Tensor | None = None, where: Tensor | None = None
    ) -> Tensor:
        """Computes the term; shapes (N, …) as the loss takes them, `where` bool over the first axes."""
        wanted = self.arranged(prediction, target)
        if self._classes_last:
            prediction = prediction.movedim(-1, 1)
        if where is None:
            value: Tensor = self.function(prediction, wanted)
            return value
        assert self.each is not None
        each: Tensor = self.each(prediction, wanted)
        return mean_where(each, where, sums=self._sums)

    def arranged(self, prediction: Tensor, target: Tensor | None) -> Tensor:
        """Brings a target into the form of the loss."""
        if target is None:
            return torch.full_like(prediction, self._target)  # type: ignore[arg-type]
        spec = self._target
        if not isinstance(spec, TargetSpec) or self._form == "index":
            return target
        if spec.type == "category":
            return nn.functional.one_hot(target, len(spec.classes)).to(prediction.dtype)
        if spec.type == "binary":
            column = target.to(prediction.dtype).reshape(-1, 1)
            return 2 * column - 1 if self._form == "sign" else column
        return target.to(prediction.dtype)


@final
class MeanWhere(nn.Module):
    """The mean of an expression over what counts; without `where` over all of it."""

    def forward(self, values: Tensor, where: Tensor | None = None) -> Tensor:
        """Brings values (N, …) to one number."""
        return values.mean() if where is None else mean_where(values, where, sums=False)


def mean_where(values: Tensor, where: Tensor, *, sums: bool) -> Tensor:
    """Takes the mean, or the sum, of the values (N, …) where `where` (its first axes) is true."""
    if where.ndim < values.ndim:
        where = where.reshape(*where.shape, *[1] * (values.ndim - where.ndim))
    mask = where.expand_as(values)
    total = torch.where(mask, values, 0.0).sum()
    return total if sums else total / mask.sum().clamp(min=1)


def gradient(value: Tensor, of: Tensor) -> Tensor:
    """Works out d(sum of value) / d(of), which a loss may hold: it has a gradient itself."""
    with torch.enable_grad():
        (found,) = torch.autograd.grad(value.sum(), of, create_graph=True)
    return found


def followed(value: Tensor) -> Tensor:
    """Makes a value one that gradients can be taken of."""
    return value if value.requires_grad else value.detach().requires_grad_()
