"""Muon for matrices and AdamW for all other weights, as one optimiser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, final

import torch
from torch import nn

from nncli.network.parametrized import parametrized
from nncli.training.kernels import Optimizer, defaults_of, fused_optimizer

# What AdamW takes over from Muon; all else has AdamW's defaults.
_SHARED: Final = ("lr", "weight_decay")


@final
class MuonWithAdamW:
    """Two optimisers over one state; their groups stand one behind the other, those of Muon first."""

    def __init__(self, muon: torch.optim.Optimizer, other: Optimizer | None) -> None:
        self._parts: list[Optimizer] = [muon] if other is None else [muon, other]
        self.param_groups = [group for part in self._parts for group in part.param_groups]
        self.state = muon.state
        for part in self._parts:
            part.state = muon.state

    def step(self) -> None:
        """Updates every parameter that has a gradient."""
        for part in self._parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients, or sets them to zero."""
        for part in self._parts:
            part.zero_grad(set_to_none)


def _no_matrices(module: nn.Module) -> Iterator[nn.Parameter]:
    """Walks what has two dimensions and is no matrix: tables of embeddings, and lengths of normed weights."""
    normed = list(parametrized(module))
    yield from (weight for each in normed for weight in each.originals.values() if weight.shape[-1:] == (1,))
    for layer in module.modules():
        if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
            yield from layer.parameters()


def muon_with_adamw(
    module: nn.Module, groups: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]
) -> MuonWithAdamW:
    """Makes Muon for the matrices of some groups, and AdamW with its rate and decay for the rest of them.

    The table of an embedding is no matrix that something is multiplied with. Raises ValueError where there
    is no matrix.
    """
    tables = set(_no_matrices(module))
    settings = {**defaults_of(torch.optim.Muon), **arguments}
    matrices: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for group in groups:
        own = [p for p in group["params"] if p.ndim == 2 and p not in tables]
        left = [p for p in group["params"] if p.ndim != 2 or p in tables]
        shared = {name: group.get(name, settings[name]) for name in _SHARED}
        matrices += [{**group, "params": own}] if own else []
        others += [{"params": left, **shared}] if left else []
    if not matrices:
        raise ValueError("it is for matrices, and the network has none")
    muon = torch.optim.Muon(matrices, **arguments)
    return MuonWithAdamW(muon, fused_optimizer(torch.optim.AdamW, others, {}) if others else None)
