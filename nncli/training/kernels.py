"""torch's fused optimiser kernels, called directly, by private torch names.

The constructor and the step of a class of torch.optim import torch._dynamo: 0.7 s and 70 MB before
the first step. The kernels below them do not. Each is used only where its schema is the one written
here; elsewhere torch.optim's own class does the same work with `fused=True`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, final

import torch
from torch import Tensor


class Optimizer(Protocol):
    """What a training step needs of an optimiser; every class of torch.optim has it."""

    param_groups: list[dict[str, Any]]
    # The tensors of every parameter, by the names that torch.optim gives them.
    state: Any

    def step(self) -> Any:
        """Updates every parameter that has a gradient."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients."""


_ADAM: Final = (
    "(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, "
    "Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, "
    "float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, "
    "Tensor? found_inf=None) -> ()"
)
_SGD: Final = (
    "(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, "
    "float weight_decay, float momentum, float lr, float dampening, bool nesterov, bool maximize, "
    "bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()"
)
SCHEMAS: Final[Mapping[str, tuple[str, str]]] = {
    "SGD": ("_fused_sgd_", _SGD),
    "Adam": ("_fused_adam_", _ADAM),
    "AdamW": ("_fused_adamw_", _ADAM),
}


def fused_optimizer(
    kind: type[torch.optim.Optimizer], groups: Sequence[dict[str, Any]], arguments: Mapping[str, object]
) -> Optimizer:
    """Makes SGD, Adam or AdamW on torch's fused kernel, equal to `kind(fused=True)` bit for bit.

    `groups` are as torch.optim takes them: `params`, and what is other for these than in `arguments`.
    """
    settings = {**defaults_of(kind), **arguments, "fused": True}
    kernel = _kernel(kind.__name__)
    # Adam with this flag is AdamW under another name; torch itself sorts that out.
    if kernel is None or any(each.get("decoupled_weight_decay") for each in (settings, *groups)):
        return kind(groups, **{**arguments, "fused": True})  # type: ignore[arg-type]
    whole = [{**settings, **group} for group in groups]
    return FusedSGD(whole, kernel) if kind is torch.optim.SGD else FusedAdam(whole, kernel)


def defaults_of(kind: type[torch.optim.Optimizer]) -> dict[str, Any]:
    """Reads torch's defaults of an optimiser's arguments."""
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.name != "params"}


def _kernel(name: str) -> Callable[..., None] | None:
    operator, schema = SCHEMAS[name]
    found = getattr(torch.ops.aten, operator, None)
    if found is None or str(found.default._schema) != f"aten::{operator}{schema}":
        return None
    kernel: Callable[..., None] = getattr(torch, operator)
    return kernel


class _Scaled:
    """What torch's GradScaler hands over to a kernel, so that no step waits to hear whether it is left out.

    It sets both before a step and deletes them after it.
    """

    grad_scale: Tensor | None = None
    found_inf: Tensor | None = None
    _step_supports_amp_scaling: Final = True


@final
class FusedAdam(_Scaled):
    """Adam or AdamW, whichever the kernel is, with the state of torch.optim's class."""

    def __init__(self, groups: list[dict[str, Any]], kernel: Callable[..., None]) -> None:
        self.param_groups = groups
        self.state: Any = {}
        self._kernel = kernel
        # How many parameters have a count of steps together, by its identity.
        self._sharers: dict[int, int] = {}

    def step(self) -> None:
        """Updates every parameter that has a gradient."""
        with torch.no_grad():
            for group in self.param_groups:
                self._step(group)

    def _step(self, group: dict[str, Any]) -> None:
        parameters = [p for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        amsgrad: bool = group["amsgrad"]
        states = [self.state.get(p) for p in parameters]
        if None in states:
            self._begin(parameters, amsgrad)
            states = [self.state[p] for p in parameters]
        steps = self._counted(states)
        self._kernel(
            parameters,
            [p.grad for p in parameters],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["max_exp_avg_sq"] for state in states] if amsgrad else [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=amsgrad,
            maximize=group["maximize"],
            grad_scale=self.grad_scale,
            found_inf=self.found_inf,
        )
        if self.found_inf is not None:
            # A step that was left out does not count.
            for step in {id(step): step for step in steps}.values():
                step.sub_(self.found_inf)

    def _begin(self, parameters: Sequence[Tensor], amsgrad: bool) -> None:
        """Makes the state of parameters that get their first gradient, with one count of steps together."""
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if amsgrad else 2]
        fresh = [p for p in parameters if p not in self.state]
        step = torch.zeros((), device=fresh[0].device)
        for parameter in fresh:
            self.state[parameter] = {name: torch.zeros_like(parameter) for name in names} | {"step": step}
        self._sharers[id(step)] = len(fresh)

    def _counted(self, states: Sequence[Any]) -> list[Tensor]:
        """Counts a step of each state; one count that all of them have is quicker than many."""
        steps = [state["step"] for state in states]
        first = steps[0]
        if self._sharers.get(id(first)) == len(steps) and all(step is first for step in steps):
            first.add_(1)
            return steps
        if self._sharers:
            # Some of those that began together have no gradient now: from here on each has its own count.
            for state in self.state.values():
                state["step"] = state["step"].clone()
            self._sharers.clear()
            steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        return steps

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients, or sets them to zero."""
        _zero_grad(self.param_groups, set_to_none)


@final
class FusedSGD(_Scaled):
    """SGD with the state of torch.optim's class."""

    def __init__(self, groups: list[dict[str, Any]], kernel: Callable[..., None]) -> None:
        self.param_groups = groups
        self.state: Any = {}
        self._kernel = kernel

    def step(self) -> None:
        """Updates every parameter that has a gradient."""
        with torch.no_grad():
            for group in self.param_groups:
                parameters = [p for p in group["params"] if p.grad is not None]
                if group["momentum"] == 0:
                    self._step(group, parameters, [], False)
                    continue
                # The first gradient of a parameter is its buffer: the kernel must be told.
                begun = [p for p in parameters if p in self.state]
                fresh = [p for p in parameters if p not in self.state]
                for parameter in fresh:
                    # A kernel that leaves the step out leaves the buffer as it is.
                    self.state[parameter] = {"momentum_buffer": torch.zeros_like(parameter)}
                self._step(group, begun, self._buffers(begun), False)
                self._step(group, fresh, self._buffers(fresh), True)

    def _buffers(self, parameters: Iterable[Tensor]) -> list[Tensor]:
        return [self.state[p]["momentum_buffer"] for p in parameters]

    def _step(
        self, group: dict[str, Any], parameters: list[Tensor], buffers: list[Tensor], first: bool
    ) -> None:
        if not parameters:
            return
        self._kernel(
            parameters,
            [p.grad for p in parameters],
            buffers,
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=first,
            grad_scale=self.grad_scale,
            found_inf=self.found_inf,
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients, or sets them to zero."""
        _zero_grad(self.param_groups, set_to_none)


def _zero_grad(groups: Iterable[Mapping[str, Any]], set_to_none: bool) -> None:
    for group in groups:
        for parameter in group["params"]:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()
