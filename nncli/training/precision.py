"""Steps in float16: where they are possible."""

from __future__ import annotations

import torch

from nncli.messages.catalogue import failure
from nncli.spec.schema import TrainingSpec


def refuse_precision(training: TrainingSpec, device: torch.device) -> None:
    """Refuses float16 where the device or the optimiser cannot do it. Raises SpecError `precision-unfit`."""
    if training.precision != "fp16":
        return
    reason = ""
    if not multiplies_halves(device):
        reason = "this processor does not multiply float16 numbers"
    calls = [training.optimizer, *(each.optimizer for each in training.updates if each.optimizer)]
    if any(call.name == "LBFGS" for call in calls):
        reason = "LBFGS looks at each batch several times, and cannot leave out a step whose numbers overflow"
    if reason:
        raise failure("precision-unfit", training.optimizer.place, "training.precision", reason=reason)


def multiplies_halves(device: torch.device) -> bool:
    """Tells whether a device multiplies float16 numbers itself: GPUs do, few processors."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_fp16_supported", None)
    return device.type != "cpu" or (supported is not None and bool(supported()))
