"""The tensors of a plan read from their files, one at a time, and put into a network in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from nncli.errors import Problem
from nncli.messages.catalogue import failure, failures
from nncli.pretrained.planning import WeightsPlan
from nncli.pretrained.stored import StoredTensor, StoredWeights
from nncli.pretrained.transforms import Piece
from nncli.runs.tensors import is_finite

_FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})
_EXACT: Final = {
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
    torch.complex64: "C64",
}


def load_weights(plan: WeightsPlan, stored: StoredWeights, tensors: Mapping[str, Tensor]) -> None:
    """Copies what is planned into tensors of a network, which may lie on any device.

    `tensors` holds parameters and buffers by the names that were planned with. Floating point numbers of
    any width become those of the tensor; whole numbers and truth values have to be of its type.
    Raises WeightsError as `check_weights`. Types are checked before anything is changed.
    """
    with torch.no_grad():
        for target, value in _values(plan, stored, tensors):
            # A file may write [1, 197, 768] for [197, 768].
            tensors[target].copy_(value.reshape(tensors[target].shape))


def check_weights(plan: WeightsPlan, stored: StoredWeights, tensors: Mapping[str, Tensor]) -> None:
    """Reads what is planned, one tensor at a time, and changes nothing.

    Raises WeightsError as `plan.warnings`, and `pretrained-type`, `pretrained-not-finite`,
    `pretrained-damaged`.
    """
    for _ in _values(plan, stored, tensors):
        pass


def _values(
    plan: WeightsPlan, stored: StoredWeights, tensors: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Walks the tensors of a plan, read and found to be finite, in the type of those that they are for."""
    plan.warnings()
    place = plan.spec.place
    _check_types(plan, stored, tensors)
    with ExitStack() as stack:
        opened: dict[Path, Any] = {}
        for target, pieces in plan.tensors.items():
            parts = []
            for piece in pieces:
                path = stored.tensors[piece.source].file
                try:
                    if path not in opened:
                        opened[path] = stack.enter_context(safe_open(path, framework="pt"))
                    part = _read(opened[path], piece).to(tensors[target].dtype)
                except (SafetensorError, OSError) as error:
                    raise failure("pretrained-damaged", place, file=path, reason=str(error)) from error
                if not is_finite(part):
                    facts = {"file": plan.spec.file, "tensor": piece.source}
                    raise failures([Problem("pretrained-not-finite", place, facts=facts)])
                parts.append(part)
            yield target, torch.cat(parts) if len(parts) > 1 else parts[0]


def _check_types(plan: WeightsPlan, stored: StoredWeights, tensors: Mapping[str, Tensor]) -> None:
    for target, pieces in plan.tensors.items():
        for piece in pieces:
            held = stored.tensors[piece.source]
            if not _fits(held, tensors[target]):
                facts = {"file": held.file, "tensor": piece.source, "type": held.dtype, "name": target}
                facts["wanted"] = str(tensors[target].dtype).removeprefix("torch.")
                raise failures([Problem("pretrained-type", plan.spec.place, facts=facts)])


def _fits(held: StoredTensor, tensor: Tensor) -> bool:
    if tensor.is_floating_point():
        return held.dtype in _FLOATS
    return _EXACT.get(tensor.dtype) == held.dtype


def _read(file: Any, piece: Piece) -> Tensor:
    """Reads the rows of one piece; of a transposed tensor these are columns in the file."""
    if not piece.shape:
        return _tensor(file.get_tensor(piece.source))
    stored = file.get_slice(piece.source)
    end = piece.begin + piece.shape[0]
    if piece.is_transposed:
        return _tensor(stored[:, piece.begin : end]).t()
    return _tensor(stored[piece.begin : end])


def _tensor(value: object) -> Tensor:
    assert isinstance(value, Tensor)
    return value
