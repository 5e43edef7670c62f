"""A network to a file of one format, verified before it is in place: the one door of this folder"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from nncli.exports.onnx_file import run_onnx, write_onnx
from nncli.exports.pt2_file import run_pt2, write_pt2
from nncli.exports.python_file import run_python, write_python
from nncli.exports.safetensors_file import run_safetensors, write_safetensors
from nncli.exports.subject import Subject
from nncli.exports.verification import Batches, verify
from nncli.messages.catalogue import failure
from nncli.runs.atomic import PARTIAL, disk_errors, read_regular, write_atomic

Format: TypeAlias = Literal["safetensors", "python", "pt2", "onnx"]
ENDINGS: Final[Mapping[Format, str]] = {
    "safetensors": ".safetensors",
    "python": ".py",
    "pt2": ".pt2",
    "onnx": ".onnx",
}
HOLDS_SEVERAL: Final[frozenset[Format]] = frozenset({"safetensors"})
"""The formats that hold several networks; all others hold one."""

_WRITE: Final[Mapping[Format, Callable[[Subject, Path], None]]] = {
    "safetensors": write_safetensors,
    "python": write_python,
    "pt2": write_pt2,
    "onnx": write_onnx,
}
_RUN: Final[Mapping[Format, Callable[[Subject, Path, Batches], Batches]]] = {
    "safetensors": run_safetensors,
    "python": run_python,
    "pt2": run_pt2,
    "onnx": run_onnx,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; `difference` is the largest one to the network, as a share of its largest output."""

    format: Format
    file: Path
    size_bytes: int
    difference: float


def format_of(output: Path, asked: Format | None) -> Format:
    """Reads the format off the ending of a name, which `asked` must agree with.

    Raises UsageError `export-ending` and `export-ending-unknown`.
    """
    found = next((form for form, ending in ENDINGS.items() if output.suffix.lower() == ending), None)
    if asked is None and found is None:
        raise failure("export-ending-unknown", file=str(output), known=list(ENDINGS.values()))
    if asked is not None and found != asked:
        better = output.with_suffix(ENDINGS[asked]) if found else Path(f"{output}{ENDINGS[asked]}")
        raise failure(
            "export-ending", file=str(output), format=asked, ending=ENDINGS[asked], better=str(better)
        )
    return next(form for form in get_args(Format) if form == found)


def export(subject: Subject, form: Format, output: Path) -> Exported:
    """Writes a file aside, runs it beside the network, and puts it in place where both agree.

    Raises WeightsError `export-differs` and `export-refused`, what the formats raise, and
    ResourceError as `write_atomic`; then there is no file, or the one that was there before.
    """
    with disk_errors(output):
        aside = tempfile.TemporaryDirectory(prefix=f".{output.name}.", suffix=PARTIAL, dir=output.parent)
    with aside as folder:
        path = Path(folder) / f"network{ENDINGS[form]}"
        with disk_errors(output):
            _WRITE[form](subject, path)
            difference = max(verify(part, form, partial(_RUN[form], part, path)) for part in subject.parts())
        content = read_regular(path)
        write_atomic(output, content)
    return Exported(form, output, len(content), difference)
