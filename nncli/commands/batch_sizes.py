"""`batch_size: auto`: as many rows as fit into memory, found before a run and recorded in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import torch

from nncli.counted import counted
from nncli.errors import ResourceError
from nncli.messages.catalogue import failure
from nncli.network.graph.sizing import free_bytes, readable_bytes
from nncli.preparing.prepared import Prepared
from nncli.spec.fields import AutoRows
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.terminal.streams import Streams
from nncli.training.updating import kept_per_weight

_SHARE: Final = 0.5
"""Of the memory that is free: what is measured leaves out what torch's kernels take meanwhile."""
_LEAST_STEPS: Final = 16
"""An epoch keeps so many steps, however many rows would fit: a network learns by steps."""
_FEW: Final = 32
"""So many rows are never too many for that."""


def with_batch_size(
    spec: Spec,
    recorded: int | None,
    device: torch.device,
    prepare: Callable[[Spec], Prepared],
    streams: Streams,
) -> Prepared:
    """Prepares a spec; where its batch size is open, with as many rows as a run `recorded`, or as fit.

    Raises ResourceError `batch-too-large` where not even one row fits, and what `prepare` raises.
    """
    if spec.training is None or not isinstance(spec.training.batch_size, AutoRows):
        return prepare(spec)
    if recorded is not None:
        return prepare(_stated(spec, recorded))
    provisional = prepare(spec)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_bytes()
    size = batch_that_fits(provisional, spec.training, int(free * _SHARE))
    rows, memory = counted(size, "row"), readable_bytes(free)
    streams.say(f"batch_size: auto is {rows} on this machine, with {memory} free")
    return prepare(_stated(spec, size))


def batch_that_fits(prepared: Prepared, training: TrainingSpec, limit_bytes: int) -> int:
    """Finds the largest power of two that trains within a limit and leaves an epoch enough steps.

    `training` says what is kept of every weight. Raises ResourceError: `batch-too-large`.
    """
    # Most runs state their batch size, and start without what works out memory.
    from nncli.network.summary.summary import Wanted, summarise

    assert prepared.data is not None
    wanted = Wanted(1, kept_per_weight(training), limit_bytes // len(prepared.networks))
    costs = [summarise(name, network, wanted).cost for name, network in prepared.networks.items()]
    fits = [each.largest_training_batch for each in costs if each is not None]
    most = min((each for each in fits if each is not None), default=_FEW)
    if most < 1:
        raise _too_large(limit_bytes)
    most = min(most, max(_FEW, prepared.data.parts["train"].rows // _LEAST_STEPS))
    return int(2 ** (most.bit_length() - 1))


def _too_large(limit_bytes: int) -> ResourceError:
    found = failure("batch-too-large", limit=readable_bytes(limit_bytes))
    assert isinstance(found, ResourceError)
    return found


def _stated(spec: Spec, rows: int) -> Spec:
    assert spec.training is not None
    return replace(spec, training=spec.training.model_copy(update={"batch_size": rows}))
