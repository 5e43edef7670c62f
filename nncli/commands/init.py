"""`nncli init`: a commented spec for data of any kind, which trains as it stands."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nncli.commands.output_files import check_folder
from nncli.commands.templates import LOSSES, network_of
from nncli.data.builtin_sets import PREFIX, builtin_name
from nncli.data.guessing import Guess, guess_columns
from nncli.errors import Exit, printable
from nncli.messages.catalogue import failure
from nncli.runs.atomic import write_new
from nncli.spec.names import spec_name_from
from nncli.spec.schema import ColumnSpec
from nncli.spec.writing import as_flow, as_yaml
from nncli.terminal.streams import Streams

TRAINING: Final = """\
training:
  loss: {loss}
  optimizer: {{AdamW: {{lr: 3e-3}}}}
  epochs: {epochs}
  batch_size: 32
  stop_early: {{watch: validation.loss, patience: 10}}
"""


_REMARK: Final = "numbers are standardised, categories one-hot"
_REMARKS: Final = {
    "text": "texts become tokens",
    "image": "pixels are scaled by channel",
    "audio": "cut, or filled up with silence, to one length",
    "series": "the rows before the one that is predicted",
}


@dataclass(frozen=True)
class InitOptions:
    """What `nncli init` was asked to do."""

    source: str
    target: str | None = None
    output: Path | None = None


def init(options: InitOptions, streams: Streams) -> int:
    """Writes the spec, and says what was guessed and what to type next."""
    guess = guess_columns(options.source, options.target)
    stem = spec_name_from(_stem(options.source.removeprefix(PREFIX)))
    output = options.output or Path(f"{stem}.yaml")
    if output.exists():
        raise failure("spec-exists", file=str(output))
    check_folder(output)
    write_new(output, spec_text(spec_name_from(output.stem), options.source, guess, output.parent).encode())
    target = next(iter(guess.targets))
    streams.say(f"wrote {output}: {guess.task}, target `{printable(target)}` ({guess.chosen})")
    for column, reason in guess.left_out.items():
        streams.say(f"left out `{printable(column)}`: {reason}")
    streams.say(f"next: nncli train {output}")
    return Exit.DONE


def _stem(source: str) -> str:
    """Names a spec after its source: a file, a folder, or the folder of a glob."""
    path = Path(source)
    while glob.has_magic(path.name) and path.name:
        path = path.parent
    return path.name.partition(".")[0] or Path(source).absolute().parent.name


def spec_text(name: str, source: str, guess: Guess, folder: Path) -> str:
    """Writes the whole spec as text with comments."""
    network, epochs = network_of(guess)
    return "".join(
        (
            f"# A {guess.task} of {_comment(source)}, guessed by `nncli init`: change what is wrong.\n",
            as_yaml({"name": name}),
            _data(source, guess, folder),
            "network:\n" + network,
            TRAINING.format(loss=LOSSES[guess.task][0], epochs=epochs),
        )
    )


def _comment(text: str) -> str:
    return printable(text).replace("\n", " ")


def _data(source: str, guess: Guess, folder: Path) -> str:
    if builtin_name(source) is not None:
        return as_yaml({"data": source}).rstrip() + "                 # declares its inputs and targets\n"
    train = Path(os.path.relpath(source, folder)).as_posix()
    head: dict[str, Any] = {"train": train}
    if guess.delimiter is not None:
        head["delimiter"] = guess.delimiter
    if guess.encoding != "utf-8":
        head["encoding"] = guess.encoding
    if guess.nulls != ("",):
        head["nulls"] = list(guess.nulls)
    in_time = {"time": guess.time, "group": guess.group, "season": guess.season}
    head |= {key: value for key, value in in_time.items() if value is not None}
    lines = ["data:", *_indented(as_yaml(head))]
    types = [column.type for column in guess.inputs.values()]
    remark = next((said for kind, said in _REMARKS.items() if kind in types), _REMARK)
    lines += [f"  inputs:                          # {remark}"]
    for name, column in guess.inputs.items():
        lines += _indented(_column(name, column), 4)
    for header, reason in guess.left_out.items():
        lines.append(f"    # {_comment(header)}: left out, {_comment(reason)}")
    lines.append("  targets:")
    for name, column in guess.targets.items():
        lines += _indented(_column(name, column), 4)
    return "\n".join(lines) + "\n"


def _column(name: str, column: ColumnSpec) -> str:
    """Writes a column: its type alone where everything else is the default."""
    stated = column.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return f"{name}: {column.type if len(stated) == 1 else as_flow(stated)}"


def _indented(text: str, spaces: int = 2) -> Iterator[str]:
    return (" " * spaces + line for line in text.splitlines())
