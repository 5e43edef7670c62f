"""The state of an optimiser by the names of parameters, for checkpoints, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.training.kernels import Optimizer

# State that torch's fused kernels read as being of the weight's own size and type, without a look.
_LIKE_THE_WEIGHT: Final = frozenset({"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "sum"})
# Room of LBFGS that each of its steps fills anew.
_WORKED_OUT: Final = frozenset({"al"})


def state_tensors(optimizer: Optimizer, module: nn.Module) -> dict[str, Tensor]:
    """Names the tensors of an optimiser's state: `<parameter>/exp_avg`, of a list `<parameter>/d.0`."""
    named = {}
    for path, value in _values(optimizer, module):
        if isinstance(value, Tensor):
            named[path] = value
        elif isinstance(value, list):
            named |= {f"{path}.{number}": each for number, each in enumerate(value)}
    return named


def state_scalars(optimizer: Optimizer, module: nn.Module) -> dict[str, object]:
    """Lists what is no tensor: the settings of every group, and numbers kept per parameter.

    `lists` has the length of every list of tensors.
    """
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    values = list(_values(optimizer, module))
    numbers = {path: value for path, value in values if not isinstance(value, (Tensor, list))}
    lists = {path: len(value) for path, value in values if isinstance(value, list)}
    return {"groups": groups, "numbers": numbers, **({"lists": lists} if lists else {})}


def load_state(
    optimizer: Optimizer, module: nn.Module, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]
) -> None:
    """Puts back what `state_tensors` and `state_scalars` gave, after JSON or not.

    Raises WeightsError `checkpoint-differs` for a tensor that would make a kernel read past its end.
    """
    parameters = dict(module.named_parameters())
    on_device = set()
    for group, settings in zip(optimizer.param_groups, scalars["groups"], strict=True):
        group.update({key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()})
        if group.get("fused") or group.get("capturable"):
            on_device.update(group["params"])
    lists = {path: [tensors[f"{path}.{i}"] for i in range(n)] for path, n in scalars.get("lists", {}).items()}
    items = {f"{path}.{i}" for path, listed in lists.items() for i in range(len(listed))}
    single = {path: tensor for path, tensor in tensors.items() if path not in items}
    for parameter in parameters.values():
        optimizer.state.pop(parameter, None)
    for path, value in {**single, **lists, **scalars["numbers"]}.items():
        name, _, key = path.rpartition("/")
        parameter = parameters[name]
        # torch keeps the count of steps on the CPU, except where a kernel reads it.
        stays = key == "step" and parameter not in on_device
        device = torch.device("cpu") if stays else parameter.device
        if isinstance(value, Tensor):
            _refuse_other_size(path, key, value, parameter)
        is_like = isinstance(value, Tensor) and value.shape == parameter.shape
        found = laid_out_like(parameter, value) if is_like else _copied(value, device)
        optimizer.state.setdefault(parameter, {})[key] = found


def laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """Copies what is of the size of a weight, with its numbers in memory as the weight has them.

    torch's fused kernels go through both side by side.
    """
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value.detach())


def _copied(value: object, device: torch.device) -> object:
    if isinstance(value, list):
        return [_copied(item, device) for item in value]
    return value.to(device, copy=True) if isinstance(value, Tensor) else value


def _refuse_other_size(path: str, key: str, value: Tensor, parameter: nn.Parameter) -> None:
    alike = value.shape == parameter.shape and value.dtype == parameter.dtype
    if key in _LIKE_THE_WEIGHT and not alike:
        found, wanted = (f"{list(each.shape)} {each.dtype}" for each in (value, parameter))
        raise failure("checkpoint-differs", differing=[f"{path} is {found}, not {wanted}"])


def _values(optimizer: Optimizer, module: nn.Module) -> Iterator[tuple[str, object]]:
    """Walks over all that is kept, by path; a parameter without a gradient so far has nothing."""
    for name, parameter in module.named_parameters():
        for key, value in (optimizer.state.get(parameter) or {}).items():
            if key not in _WORKED_OUT:
                yield f"{name}/{key}", value
