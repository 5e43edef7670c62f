"""Export to one safetensors file that carries weights, spec and encoders"""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from nncli.exports.subject import Subject, results
from nncli.exports.verification import Batches
from nncli.network.compiled import together
from nncli.runs.weights_file import read_weights, write_weights


def write_safetensors(subject: Subject, path: Path) -> None:
    """Writes a weights file; with encoders, what it holds is enough for evaluate and predict."""
    write_weights(path, subject.tensors, subject.metadata)


def run_safetensors(subject: Subject, path: Path, batches: Batches) -> Batches:
    """Runs rows through the network with the weights of the file; one that is missing gives NaN."""
    # Several are copied as one, so that weights which they share stay shared.
    whole = copy.deepcopy(together(subject.networks))
    module = whole.get_submodule(subject.focus) if len(subject.networks) > 1 else whole
    with torch.no_grad():
        for weight in whole.parameters():
            weight.fill_(float("nan"))
        whole.load_state_dict(dict(read_weights(path).tensors), strict=False)
        return [results(module(*inputs)) for inputs in batches]
