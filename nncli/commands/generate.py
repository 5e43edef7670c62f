"""`nncli generate`: rows or texts that a trained network makes by itself, by a recipe of `predict:`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from nncli.answers.images import as_columns, as_pixels, is_picture
from nncli.answers.recipes import RecipeAnswers
from nncli.augmentation.contact_sheets import contact_sheet
from nncli.commands.choosing_recipes import chosen_recipe
from nncli.commands.output_files import check_output
from nncli.commands.writing_texts import TEXT_SUFFIX, Wanted, write_texts
from nncli.counted import counted
from nncli.device import resolve_device, set_precision, set_threads
from nncli.errors import Exit
from nncli.generation.text_columns import TextRecipe
from nncli.messages.catalogue import failure
from nncli.models.opened import Opened, compiled_recipes, found_text_recipes, open_weights
from nncli.objectives.recipes import CompiledRecipe, run_recipe
from nncli.preparing.own_code import load_code
from nncli.runs.atomic import atomic_stream
from nncli.runs.tensors import Packed
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

_ROWS: Final = 16
_COLUMNS: Final = 8
_SUFFIXES: Final = (".png", ".npz", ".safetensors", ".csv")


@dataclass(frozen=True)
class GenerateOptions:
    """What `nncli generate` was asked to do; images are named after their recipe where `output` is None.

    Without a `count` there are 16 rows, or one text. `text` has the options of texts that were given.
    """

    run: Path
    recipe: str | None = None
    count: int | None = None
    seed: int = 0
    text: Mapping[str, object] = field(default_factory=dict)
    json: bool = False
    output: Path | None = None
    overwrite: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def generate(options: GenerateOptions, streams: Streams) -> int:
    """Makes rows and writes them into one file, images as a sheet, all else as tensors; or writes texts.

    Raises UsageError: `recipe-none`, `recipe-unknown`, `recipe-not-chosen`, `recipe-reads-rows`,
    `generate-format`, `generate-option`, those of `write_texts`, and what opening and writing raise.
    """
    if options.output is not None:
        _check_suffix(options.output, (*_SUFFIXES, TEXT_SUFFIX))
        check_output(options.output, overwrite=options.overwrite)
    set_threads(options.threads)
    device = resolve_device(options.device)
    opened = open_weights(options.run, load_code(options.code))
    recipes: dict[str, CompiledRecipe | TextRecipe] = {**compiled_recipes(opened)}
    recipe = chosen_recipe({**recipes, **found_text_recipes(opened)}, options.recipe, options.run)
    if recipe.inputs:
        name, reads = recipe.spec.name, list(recipe.inputs)
        raise failure("recipe-reads-rows", name=name, inputs=reads, run=str(options.run))
    if isinstance(recipe, TextRecipe):
        wanted = Wanted(options.text, options.count or 1, options.seed, options.output, options.json)
        return write_texts(opened, recipe, wanted, device, streams)
    return _make_rows(opened, recipe, options, device, streams)


def _make_rows(
    opened: Opened, recipe: CompiledRecipe, options: GenerateOptions, device: torch.device, streams: Streams
) -> int:
    given = [f"--{name.replace('_', '-')}" for name in options.text] + ["--json"] * options.json
    if given:
        raise failure("generate-option", options=given, name=recipe.spec.name)
    count = options.count or _ROWS
    if options.output is not None:
        _check_suffix(options.output, _SUFFIXES)
    with waiting(streams, "generating"):
        made = _made(opened, recipe, (count, options.seed), device)
    pictures = {name: each for name, each in made.items() if is_picture(each)}
    ending = ".png" if len(pictures) == len(made) == 1 else ".npz"
    output = options.output or Path(f"{recipe.spec.name}{ending}")
    if options.output is None:
        check_output(output, overwrite=options.overwrite)
    content = _content(output, made, pictures, opened)
    with atomic_stream(output) as file:
        file.write(content)
    streams.say(f"{counted(count, 'row')} of {', '.join(made)} written to {output}")
    return Exit.DONE


def _made(
    opened: Opened, recipe: CompiledRecipe, counted_from: tuple[int, int], device: torch.device
) -> dict[str, Tensor]:
    """Runs the recipe in pieces; each has a seed of its own, so that more rows begin with the same ones.

    `counted_from` has the number of rows, and the seed.
    """
    count, seed = counted_from
    if opened.spec.training is not None:
        set_precision(opened.spec.training.precision, device)
    for network in opened.networks.values():
        network.module.to(device).eval()
    recipe.to(device)
    pieces: list[dict[str, Tensor]] = []
    for first in range(0, count, recipe.rows_at_once):
        rows = torch.zeros(recipe.rows_at_once, device=device)
        pieces.append(run_recipe(recipe, {}, rows, seed + first))
    return {name: torch.cat([piece[name] for piece in pieces])[:count].cpu() for name in pieces[0]}


def _check_suffix(output: Path, known: tuple[str, ...]) -> None:
    if output.suffix.lower() not in known:
        raise failure("generate-format", file=str(output), known=list(known))


def _content(
    output: Path, made: Mapping[str, Tensor], pictures: Mapping[str, Tensor], opened: Opened
) -> bytes:
    suffix = output.suffix.lower()
    if suffix == ".safetensors":
        return b"".join(Packed(made))
    if suffix == ".csv":
        return _table(made, opened)
    stream = io.BytesIO()
    if suffix == ".npz":
        arrays = {name: each.numpy() for name, each in made.items()}
        np.savez_compressed(stream, allow_pickle=False, **arrays)
        return stream.getvalue()
    if not pictures:
        raise failure("generate-format", file=str(output), known=[".npz", ".safetensors"])
    from PIL import Image

    name, values = next(iter(pictures.items()))
    sheet = contact_sheet(as_pixels(name, values, opened.encoders), _COLUMNS)
    Image.fromarray(sheet.numpy()).save(stream, "PNG")
    return stream.getvalue()


def _table(made: Mapping[str, Tensor], opened: Opened) -> bytes:
    """Writes a table: of images that are called like pixels of the data, the columns of these pixels."""
    columns: dict[str, list[Any]] = {}
    for name, values in made.items():
        pixels = as_columns(name, values, opened.encoders) if is_picture(values) else {}
        columns |= pixels or RecipeAnswers({name: values}).columns()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()
