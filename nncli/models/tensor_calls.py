"""A network called on tensors, by position or by name: what is given checked, what comes back named"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest
from nncli.network.compiled import CompiledNetwork
from nncli.spec.network_spec import InputSpec


def example_call(network: CompiledNetwork) -> str:
    """Writes how a network is called: `image=tensor, mask=tensor`."""
    return ", ".join(f"{name}=tensor" for name in network.stated_inputs())


def call_on_tensors(
    network: CompiledNetwork,
    module: nn.Module,
    device: torch.device,
    positions: Sequence[Tensor],
    named: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Runs tensors through a module without gradients; see `Model.__call__`."""
    given = _by_name(network, positions, named)
    rows: list[Tensor] = []
    for name, wanted in network.inputs.items():
        if name in given:
            rows.append(_checked(name, wanted, given[name]).to(device))
        else:
            # Only a mask may be left out; it stands behind what it belongs to.
            owner, whole = rows[-1], network.inputs[name.removesuffix(".mask")]
            steps = owner.shape[-1] if whole.type == "audio" else owner.shape[1]
            rows.append(torch.ones((len(owner), steps), dtype=torch.bool, device=device))
    try:
        with torch.no_grad():
            results = module(*rows)
    except (RuntimeError, ValueError, IndexError) as error:
        pairs = zip(network.inputs.items(), rows, strict=True)
        for (name, wanted), tensor in pairs:
            if tuple(tensor.shape[1:]) != wanted.shape or len(tensor) != len(rows[0]):
                raise _other_shape(name, wanted, tensor) from error
        raise
    results = [results] if isinstance(results, Tensor) else results
    return dict(zip(network.outputs, results, strict=True))


def _by_name(
    network: CompiledNetwork, positions: Sequence[Tensor], named: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    inputs = list(network.stated_inputs())
    known = {name.replace(".mask", "_mask"): name for name in network.inputs}
    known.update(zip(inputs, inputs, strict=True))
    if len(positions) > len(inputs):
        mask = next((each for each in known if each not in inputs), "")
        raise failure("tensor-extra", given=len(positions), inputs=inputs, mask=mask)
    given = dict(zip(inputs, positions, strict=False))
    for name, tensor in named.items():
        if name not in known:
            raise failure("tensor-unknown", name=name, nearest=nearest(name, known), known=list(known))
        if known[name] in given:
            raise failure("tensor-twice", name=name)
        given[known[name]] = tensor
    lone_masks = [name for name in network.inputs if name.removesuffix(".mask") not in network.inputs]
    missing = [name for name in (*inputs, *lone_masks) if name not in given]
    if missing:
        raise failure("tensor-missing", missing=missing, example=example_call(network))
    return given


def _checked(name: str, wanted: InputSpec, given: Tensor) -> Tensor:
    """Makes a tensor of the type that a network takes; numbers of another precision become float32."""
    try:
        tensor = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise failure("tensor-type", name=name, wanted="a tensor", given=type(given).__name__) from error
    if tensor.dim() != len(wanted.shape) + 1:
        raise _other_shape(name, wanted, tensor)
    is_whole = not (tensor.is_floating_point() or tensor.is_complex())
    kind, allowed = {
        "mask": ("truths", tensor.dtype == torch.bool),
        "index": ("whole numbers", is_whole),
        "category": ("whole numbers", is_whole),
    }.get(wanted.type, ("numbers", not tensor.is_complex()))
    if not allowed:
        raise failure("tensor-type", name=name, wanted=kind, given=str(tensor.dtype))
    if kind == "whole numbers":
        _require_range(name, wanted, tensor)
        return tensor.long()
    return tensor if kind == "truths" else tensor.float()


def _require_range(name: str, wanted: InputSpec, tensor: Tensor) -> None:
    if wanted.vocabulary is None or not tensor.numel():
        return
    lowest, highest = int(tensor.min()), int(tensor.max())
    if lowest < 0 or highest >= wanted.vocabulary:
        found = lowest if lowest < 0 else highest
        raise failure("tensor-index", name=name, most=wanted.vocabulary - 1, given=found)


def _other_shape(name: str, wanted: InputSpec, tensor: Tensor) -> NncliError:
    sizes = ["rows", *map(str, wanted.shape)]
    return failure("tensor-shape", name=name, wanted=", ".join(sizes), given=str(list(tensor.shape)))
