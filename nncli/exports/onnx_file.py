"""Export to one ONNX file that takes any number of rows"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

import torch

from nncli.exports.fourier import with_convolved_stft
from nncli.exports.pt2_file import quiet, refused, traced
from nncli.exports.subject import Subject
from nncli.exports.verification import Batches
from nncli.messages.catalogue import failure
from nncli.runs.atomic import write_new

PACKAGES: Final = ("onnx", "onnxscript", "onnxruntime")
# Protocol buffers count their bytes in 32 bits, with a sign.
MOST_BYTES: Final = 2**31 - 1
_TRACE: Final = "pkg.torch.onnx.stack_trace"


def write_onnx(subject: Subject, path: Path) -> None:
    """Writes the file; the metadata are its metadata_props, inputs and outputs have the network's names.

    Raises UsageError `extra-missing`, WeightsError `export-refused` and `export-too-large`.
    """
    require_packages()
    size = sum(tensor.numel() * tensor.element_size() for tensor in subject.tensors.values())
    if size >= MOST_BYTES:
        raise failure("export-too-large", size_bytes=size, most_bytes=MOST_BYTES)
    write_new(path, _model(subject).SerializeToString())


def require_packages() -> None:
    """Refuses to begin without the extra `onnx`. Raises UsageError `extra-missing`."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise failure("extra-missing", extra="onnx", packages=missing)


def _model(subject: Subject) -> Any:
    import onnx

    program = with_convolved_stft(traced(subject, "onnx"))
    inputs, outputs = list(subject.network.inputs), list(subject.outputs())
    try:
        with quiet():
            written = torch.onnx.export(
                program,
                dynamo=True,
                input_names=inputs,
                output_names=outputs,
                # The rows are any number already; this gives them their name.
                dynamic_shapes=tuple({0: "batch"} for _ in inputs),
                external_data=False,
                verbose=False,
            )
        assert written is not None
        model = written.model_proto
        # Traces name files of this machine.
        for node in model.graph.node:
            kept = [entry for entry in node.metadata_props if entry.key != _TRACE]
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
        onnx.helper.set_model_props(model, dict(subject.metadata))
        onnx.checker.check_model(model)
    # Whatever the exporter raises here comes of what the network is made of.
    except Exception as error:
        raise refused("onnx", error) from error
    return model


def run_onnx(subject: Subject, path: Path, batches: Batches) -> Batches:
    """Runs rows through the file with onnxruntime, on the CPU."""
    import onnxruntime  # type: ignore[import-untyped]

    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = list(subject.network.inputs)
        return [
            [
                torch.as_tensor(each)
                for each in session.run(None, dict(zip(names, _arrays(inputs), strict=True)))
            ]
            for inputs in batches
        ]
    # The runtime has no class of errors of its own.
    except Exception as error:
        raise refused("onnx", error) from error


def _arrays(inputs: list[torch.Tensor]) -> list[Any]:
    return [tensor.numpy() for tensor in inputs]
