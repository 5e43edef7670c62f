"""Export to one safetensors file that carries weights, spec and encoders"""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from nncli.exports.subject import Subject, results
from nncli.exports.verification import Batches
from nncli.runs.weights_file import read_weights, write_weights


def write_safetensors(subject: Subject, path: Path) -> None:
    """Writes a weights file; with encoders, what it holds is enough for evaluate and predict."""
    write_weights(path, subject.tensors, subject.metadata)


def run_safetensors(subject: Subject, path: Path, batches: Batches) -> Batches:
    """Runs rows through the network with the weights of the file; one that is missing gives NaN."""
    module = copy.deepcopy(subject.network.module)
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(float("nan"))
        module.load_state_dict(dict(read_weights(path).tensors), strict=False)
        return [results(module(*inputs)) for inputs in batches]
