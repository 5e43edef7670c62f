"""`nncli predict`: raw rows in, one row out per row in, in order."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from nncli.answers.forecasts import Forecasts
from nncli.answers.outputs import Answers
from nncli.answers.recipes import RecipeAnswers, answers_of
from nncli.answers.texts import TextAnswers
from nncli.commands.choosing_recipes import chosen_recipe
from nncli.commands.mask_files import MaskFolders, check_mask_folders, writing_masks
from nncli.commands.output_files import check_output
from nncli.counted import counted
from nncli.data.rows import read_rows, rows_of_texts, stream_rows
from nncli.device import resolve_device, set_threads
from nncli.errors import Exit
from nncli.generation.text_columns import TextRecipe
from nncli.messages.catalogue import failure, nearest
from nncli.models.model import Model, answerer_of, trained_model
from nncli.models.opened import compiled_recipes, found_text_recipes, open_weights
from nncli.objectives.recipes import CompiledRecipe
from nncli.preparing.own_code import load_code
from nncli.runs.atomic import atomic_stream
from nncli.sources.streamed import Incoming
from nncli.sources.tables import Table
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

Format = Literal["csv", "jsonl", "parquet"]
Answer: TypeAlias = "Callable[[Table], Answers | Forecasts | RecipeAnswers | TextAnswers]"
PIECE_ROWS: Final = 2**16
"""How many rows of a table are predicted at a time."""
SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True)
class PredictOptions:
    """What `nncli predict` was asked to do; `file` and `output` are `-` and None for stdin and stdout.

    Each of `text` is a row, in place of a file.
    """

    run: Path
    file: Path | None
    text: tuple[str, ...] = ()
    output: Path | None = None
    format: Format | None = None
    keep: tuple[str, ...] = ()
    keep_all: bool = False
    recipe: str | None = None
    overwrite: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def predict(options: PredictOptions, streams: Streams) -> int:
    """Writes predictions to a file, whole or not at all, or to stdout as the rows come."""
    form = _format(options)
    if options.output:
        check_output(options.output, overwrite=options.overwrite)
        if options.format is None and options.output.suffix.lower() not in ("", *SUFFIXES):
            raise failure("predict-ending", file=str(options.output), known=list(SUFFIXES))
    set_threads(options.threads)
    model, answer = _opened(options)
    answered = _answered(options, model, answer, streams)
    if options.output is None:
        for line in _lines(form, answered):
            streams.data(line)
        return Exit.DONE
    check_mask_folders(options.output, model.encoders, overwrite=options.overwrite)
    rows = _Count()
    with atomic_stream(options.output) as file, writing_masks(options.output, model.encoders) as masks:
        found = _with_files(rows.of(answered), masks)
        if form == "parquet":
            file.write(_parquet(found))
        else:
            for line in _lines(form, found):
                file.write(line.encode())
    written = [str(options.output), *(f"{each.folder}/" for each in masks.folders.values())]
    streams.say(f"{counted(rows.total, 'row')} predicted, written to {' and '.join(written)}")
    return Exit.DONE


@dataclass(frozen=True)
class _Piece:
    """What the network says of some rows, the columns that go along, and files of masks by target."""

    kept: dict[str, list[str | None]]
    answers: Answers | Forecasts | RecipeAnswers | TextAnswers
    files: dict[str, list[str]] = field(default_factory=dict)

    def columns(self) -> dict[str, Sequence[Any]]:
        """Lists all that is written, by column."""
        return {**self.kept, **self.files, **self.answers.columns()}

    def documents(self) -> Iterator[dict[str, Any]]:
        """Makes one dict a row."""
        along = self.kept | self.files
        for number, document in enumerate(self.answers.documents()):
            yield {**{name: column[number] for name, column in along.items()}, **document}


@dataclass
class _Count:
    """Counts the rows that pass by."""

    total: int = 0

    def of(self, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
        for piece in pieces:
            self.total += piece.answers.rows
            yield piece


def _with_files(pieces: Iterator[_Piece], masks: MaskFolders) -> Iterator[_Piece]:
    """Writes the masks of rows as they come, and notes where they are."""
    for piece in pieces:
        answers = piece.answers
        yield replace(piece, files=masks.write(answers)) if isinstance(answers, Answers) else piece


def _opened(options: PredictOptions) -> tuple[Model, Answer]:
    """Opens what was trained, and the way in which it answers: as it was trained, or by a recipe."""
    device, code = resolve_device(options.device), load_code(options.code)
    opened = open_weights(options.run, code)
    texts = found_text_recipes(opened)
    writes = next((name for name, recipe in texts.items() if recipe.inputs), None)
    model = trained_model(opened, device)
    if options.recipe is None and writes is None:
        assert model.judge is not None
        return model, model.answers
    recipes: dict[str, CompiledRecipe | TextRecipe] = {**compiled_recipes(opened), **texts}
    recipe = chosen_recipe(recipes, options.recipe or writes, options.run)
    if not recipe.inputs:
        raise failure("recipe-makes-rows", name=recipe.spec.name, run=str(options.run))
    answerer = answerer_of(opened, device, recipe.spec.name) if isinstance(recipe, TextRecipe) else None
    if answerer is not None:
        return replace(model, _encoders=answerer.encoders), answerer.answers
    assert isinstance(recipe, CompiledRecipe)
    size = opened.spec.training.batch_size if opened.spec.training else 32
    recipe.to(device)
    return model, lambda table: answers_of(recipe, model.encoders, table, size, device)


def _answered(options: PredictOptions, model: Model, answer: Answer, streams: Streams) -> Iterator[_Piece]:
    """Predicts rows piece by piece; the first answer is waited for with a sign of life."""
    pieces = (_Piece(_kept(options, table, model), answer(table)) for table in _tables(options, model))
    with waiting(streams, "predicting"):
        first = next(pieces, None)
    if first is not None:
        yield first
        yield from pieces


def _tables(options: PredictOptions, model: Model) -> Iterator[Table]:
    encoders = model.encoders
    if options.text:
        yield rows_of_texts(options.text, encoders)
    elif options.file is None:
        raise failure("rows-missing")
    elif str(options.file) == "-":
        yield from stream_rows(cast(Incoming, sys.stdin.buffer), encoders)
    else:
        table = read_rows(options.file, encoders, with_targets=False)
        if encoders.timeline is not None:
            yield table
        else:
            yield from (rows for _, rows in table.slices(PIECE_ROWS))


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


def _lines(form: Format, pieces: Iterator[_Piece]) -> Iterator[str]:
    """Writes each piece as text, the header of CSV before the first."""
    for number, piece in enumerate(pieces):
        yield from _csv(piece, with_header=number == 0) if form == "csv" else _json_lines(piece)


def _csv(piece: _Piece, *, with_header: bool) -> Iterator[str]:
    columns = piece.columns()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_header:
        writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if cell is None else cell for cell in row])
        if text.tell() > 2**16:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _json_lines(piece: _Piece) -> Iterator[str]:
    for document in piece.documents():
        yield json.dumps(document, ensure_ascii=False) + "\n"


def _parquet(pieces: Iterator[_Piece]) -> bytes:
    import polars

    content = io.BytesIO()
    frames = [polars.DataFrame(piece.columns()) for piece in pieces]
    polars.concat(frames).write_parquet(content)
    return content.getvalue()
