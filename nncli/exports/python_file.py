"""Export to a Python program, and its run in a process of its own that has no nncli"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from torch import Tensor

from nncli.exports.subject import Subject
from nncli.exports.verification import Batches
from nncli.messages.catalogue import failure
from nncli.printing.source import python_source
from nncli.runs.atomic import read_regular, write_new
from nncli.runs.tensors import Packed, unpacked

# Runs in a process of its own, to which nncli is not there.
_HARNESS: Final = """
import runpy, sys
import torch
from safetensors.torch import load_file, load_model, save_file
sys.modules["nncli"] = None
program, name, weights, rows, answers = sys.argv[1:]
network = runpy.run_path(program)[name]().eval()
load_model(network, weights)
batches, found = {}, {}
for key, tensor in sorted(load_file(rows).items()):
    batches.setdefault(key[:4], []).append(tensor)
with torch.no_grad():
    for key, inputs in batches.items():
        given = network(*inputs)
        for at, tensor in enumerate([given] if isinstance(given, torch.Tensor) else given):
            found[f"{key}.{at:04}"] = tensor.clone().contiguous()
save_file(found, answers)
"""


def write_python(subject: Subject, path: Path) -> None:
    """Writes the program; encoders and outputs go along as data."""
    documents = {
        name: subject.metadata[key]
        for name, key in (("OUTPUTS", "nncli.outputs"), ("ENCODERS", "nncli.encoders"))
        if key in subject.metadata
    }
    program = python_source(subject.name, subject.network, documents, subject.option)
    write_new(path, program.text.encode())


def run_python(subject: Subject, path: Path, batches: Batches) -> Batches:
    """Runs rows through the program in a process of its own, in which it loads the weights file.

    Raises WeightsError `export-refused` in the words of what it raised.
    """
    classes = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    with tempfile.TemporaryDirectory() as folder:
        weights, rows, answers = (Path(folder) / name for name in ("weights", "rows", "answers"))
        write_new(weights, Packed(subject.tensors))
        write_new(rows, Packed(_keyed(batches)))
        command = [sys.executable, "-I", "-c", _HARNESS, path, classes[-1], weights, rows, answers]
        done = subprocess.run(  # noqa: S603 - Python itself, on a program that was just written
            [str(word) for word in command], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise failure("export-refused", format="python", reason=last[0])
        return _batches(unpacked(read_regular(answers)))


def _keyed(batches: Batches) -> dict[str, Tensor]:
    return {
        f"{batch:04}.{at:04}": tensor
        for batch, inputs in enumerate(batches)
        for at, tensor in enumerate(inputs)
    }


def _batches(tensors: dict[str, Tensor]) -> Batches:
    found: dict[str, list[Tensor]] = {}
    for key in sorted(tensors):
        found.setdefault(key.partition(".")[0], []).append(tensors[key])
    return list(found.values())
