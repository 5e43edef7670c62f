"""`nncli predict`: raw rows in, one row out per row in, in order."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nncli.commands.output_files import check_output
from nncli.data.rows import read_rows
from nncli.device import resolve_device, set_threads
from nncli.errors import Exit
from nncli.forecasts import Forecasts
from nncli.messages.catalogue import failure, nearest
from nncli.model import Model, open_model
from nncli.outputs import Answers
from nncli.own_code import load_code
from nncli.runs.atomic import write_atomic
from nncli.sources.tables import Table, counted
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

Format = Literal["csv", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True)
class PredictOptions:
    """What `nncli predict` was asked to do; `file` and `output` are None for stdin and stdout."""

    run: Path
    file: Path | None
    output: Path | None = None
    format: Format | None = None
    keep: tuple[str, ...] = ()
    keep_all: bool = False
    overwrite: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def predict(options: PredictOptions, streams: Streams) -> int:
    """Writes predictions to a file, whole or not at all, or to stdout."""
    form = _format(options)
    if options.output:
        check_output(options.output, overwrite=options.overwrite)
    set_threads(options.threads)
    model = open_model(options.run, resolve_device(options.device), load_code(options.code))
    with waiting(streams, "predicting"):
        table = read_rows(options.file, model.encoders, with_targets=False)
        kept = _kept(options, table, model)
        answers = model.answers(table)
    if form == "parquet":
        content = _parquet(kept, answers)
    else:
        lines = _csv(kept, answers) if form == "csv" else _json_lines(kept, answers)
        if options.output is None:
            for line in lines:
                streams.data(line)
            return Exit.DONE
        content = "".join(lines).encode()
    assert options.output is not None
    write_atomic(options.output, content)
    streams.say(f"{counted(answers.rows, 'row')} predicted, written to {options.output}")
    return Exit.DONE


def _format(options: PredictOptions) -> Format:
    suffix = options.output.suffix.lower() if options.output else ""
    form = options.format or SUFFIXES.get(suffix, "csv")
    if form == "parquet" and options.output is None:
        raise failure("parquet-to-stdout")
    return form


def _kept(options: PredictOptions, table: Table, model: Model) -> dict[str, list[str | None]]:
    """Takes the columns of the input that go along, as they were written."""
    if (options.keep or options.keep_all) and model.encoders.timeline is not None:
        raise failure("keep-forecast")
    names = list(table.columns) if options.keep_all else list(dict.fromkeys(options.keep))
    kept = {}
    for name in names:
        if name not in table.columns:
            near = nearest(name, table.columns)
            raise failure("keep-unknown", column=name, nearest=near, known=list(table.columns))
        # A target that is kept stands beside its prediction.
        label = f"{name}.given" if name in model.encoders.targets() else name
        kept[label] = table.raw(name).to_list()
    return kept


def _csv(kept: dict[str, list[str | None]], answers: Answers | Forecasts) -> Iterator[str]:
    columns: dict[str, Sequence[Any]] = {**kept, **answers.columns()}
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if cell is None else cell for cell in row])
        if line.tell() > 2**16:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()


def _json_lines(kept: dict[str, list[str | None]], answers: Answers | Forecasts) -> Iterator[str]:
    for number, document in enumerate(answers.documents()):
        along = {name: column[number] for name, column in kept.items()}
        yield json.dumps({**along, **document}, ensure_ascii=False) + "\n"


def _parquet(kept: dict[str, list[str | None]], answers: Answers | Forecasts) -> bytes:
    import polars

    content = io.BytesIO()
    polars.DataFrame({**kept, **answers.columns()}).write_parquet(content)
    return content.getvalue()
