"""Export to a .pt2 file: a program of torch.export that takes any number of rows"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import torch
from torch.export import Dim, ExportedProgram

from nncli.errors import NncliError
from nncli.exports.subject import Subject, results
from nncli.exports.verification import Batches, sample_rows
from nncli.messages.catalogue import failure
from nncli.network.parametrized import with_plain_weights
from nncli.runs.atomic import write_new


def write_pt2(subject: Subject, path: Path) -> None:
    """Writes the program; the metadata are its extra files.

    Raises WeightsError `export-refused` in torch's words.
    """
    buffer = BytesIO()
    program = traced(subject, "pt2")
    with quiet():
        torch.export.save(program, buffer, extra_files=dict(subject.metadata))
    write_new(path, buffer.getvalue())


def run_pt2(subject: Subject, path: Path, batches: Batches) -> Batches:
    """Runs rows through the program that was just written."""
    with quiet(), torch.no_grad():
        module = torch.export.load(str(path)).module()
        return [results(module(*inputs)) for inputs in batches]


def traced(subject: Subject, form: str) -> ExportedProgram:
    """Traces a network with two rows, for any number of them; norms of weights are worked out before.

    Raises WeightsError `export-refused` in torch's words.
    """
    rows = tuple(sample_rows(subject, 2))
    any_rows = tuple({0: Dim("batch")} for _ in rows)
    module = with_plain_weights(subject.network.module)
    try:
        with quiet():
            program = torch.export.export(module, rows, dynamic_shapes=any_rows)
    # Whatever torch raises here comes of what the network is made of.
    except Exception as error:
        raise refused(form, error) from error
    for part in program.graph_module.modules():
        for node in part.graph.nodes if isinstance(part, torch.fx.GraphModule) else ():
            # It names files of this machine.
            node.meta.pop("stack_trace", None)
    return program


def refused(form: str, error: BaseException) -> NncliError:
    """Says in the exporter's words why a network cannot be written in a format: those of the first cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip(" -")]
    # That one only says what the next one explains.
    told = lines[1:] if len(lines) > 1 and lines[0].startswith("Constraints violated") else lines
    return failure("export-refused", format=form, reason=(told or [type(error).__name__])[0][:300])


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps to itself what exporters log and warn of, which no user of nncli can act on."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
