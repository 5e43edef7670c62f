"""The state of an optimiser by the names of parameters, for checkpoints, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.training.kernels import Optimizer

# State that torch's fused kernels read as being of the weight's own size and type, without a look.
_LIKE_THE_WEIGHT: Final = frozenset({"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "sum"})


def state_tensors(optimizer: Optimizer, module: nn.Module) -> dict[str, Tensor]:
    """Names the tensors of an optimiser's state: `<parameter>/exp_avg`."""
    return {
        f"{name}/{key}": value
        for name, state in _states(optimizer, module).items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


def state_scalars(optimizer: Optimizer, module: nn.Module) -> dict[str, object]:
    """Lists what is no tensor: the settings of every group, and numbers kept per parameter."""
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    numbers = {
        f"{name}/{key}": value
        for name, state in _states(optimizer, module).items()
        for key, value in state.items()
        if not isinstance(value, Tensor)
    }
    return {"groups": groups, "numbers": numbers}


def load_state(
    optimizer: Optimizer, module: nn.Module, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]
) -> None:
    """Puts back what `state_tensors` and `state_scalars` gave, after JSON or not.

    Raises WeightsError `checkpoint-differs` for a tensor that would make a kernel read past its end.
    """
    parameters = dict(module.named_parameters())
    for group, settings in zip(optimizer.param_groups, scalars["groups"], strict=True):
        group.update({key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()})
    on_device = any(optimizer.param_groups[0].get(key) for key in ("fused", "capturable"))
    values = {**tensors, **scalars["numbers"]}
    for parameter in parameters.values():
        optimizer.state.pop(parameter, None)
    for path, value in values.items():
        name, _, key = path.rpartition("/")
        parameter = parameters[name]
        if isinstance(value, Tensor):
            _refuse_other_size(path, key, value, parameter)
            # torch keeps the count of steps on the CPU, except where a kernel reads it.
            stays = key == "step" and not on_device
            value = value.to("cpu" if stays else parameter.device, copy=True)
        optimizer.state.setdefault(parameter, {})[key] = value


def _refuse_other_size(path: str, key: str, value: Tensor, parameter: nn.Parameter) -> None:
    alike = value.shape == parameter.shape and value.dtype == parameter.dtype
    if key in _LIKE_THE_WEIGHT and not alike:
        found, wanted = (f"{list(each.shape)} {each.dtype}" for each in (value, parameter))
        raise failure("checkpoint-differs", differing=[f"{path} is {found}, not {wanted}"])


def _states(optimizer: Optimizer, module: nn.Module) -> dict[str, Mapping[str, object]]:
    """Pairs names with states; a parameter without a gradient so far has none."""
    named = ((name, optimizer.state.get(parameter)) for name, parameter in module.named_parameters())
    return {name: state for name, state in named if state}
