"""The rows on which a network does worst, with their image, cells or text."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor

from nncli.answers.outputs import Answers
from nncli.columns.texts import TextEncoder
from nncli.data.dataset import Part
from nncli.inspection.pictures import image_inputs, pixels_of
from nncli.models.model import Model
from nncli.objectives.objectives import Output, Prediction
from nncli.reports.facts import Sample
from nncli.terminal.figures import short
from nncli.training.held import HeldPart
from nncli.training.prediction import evaluating, predict, row_batches

MOST_LOOKED: Final = 2000
SHOWN: Final = 12
_LETTERS: Final = 400
_MOST_PIXELS: Final = 256
"""Images with a longer side are shown with every second pixel, or fewer."""
Cells: TypeAlias = Callable[[list[int]], list[Mapping[str, str]]]
"""Gives the raw cells of samples by their numbers in the part; nothing where there are none to show."""


def worst_samples(model: Model, part: Part, cells: Cells) -> tuple[Sample, ...]:
    """Takes the rows of the highest loss, worst first, of an even draw of the part."""
    if not part.rows:
        return ()
    drawn = torch.arange(0, part.rows, max(1, math.ceil(part.rows / MOST_LOOKED)))
    losses = _losses(model, _rows(part, drawn))
    order = torch.nan_to_num(losses, nan=math.inf).argsort(descending=True, stable=True)[:SHOWN]
    chosen = _rows(part, drawn[order])
    answers, truths = _words(model, chosen)
    sure = _sure(answers)
    said, true = answers.values(), truths.values()
    rows = cells(drawn[order].tolist()) or [{}] * len(order)
    texts, images = _texts(model, chosen), _images(model, chosen)
    return tuple(
        Sample(
            loss=float(losses[order[at]]),
            truths={name: _shown(values[at]) for name, values in true.items()},
            answers={name: _shown(values[at]) for name, values in said.items()},
            sure={name: shares[at] for name, shares in sure.items()},
            cells=dict(rows[at]) or {name: each[at] for name, each in texts.items()},
            images={name: each[at] for name, each in images.items()},
        )
        for at in range(len(order))
    )


def _rows(part: Part, rows: Tensor) -> Part:
    return replace(part, index=part.index[rows])


def _losses(model: Model, part: Part) -> Tensor:
    """Computes the loss of every row by itself, float64 (rows,); outputs may be large, so in batches."""
    objective = model.judge.objective
    held = HeldPart(part, list(model.network.inputs), objective, model.device)
    losses = []
    with evaluating(model.module):
        for rows in row_batches(held, model.training.batch_size):
            output = model.module(*held.inputs(rows))
            for place in range(len(rows)):
                truth = held.truth(rows[place : place + 1])
                losses.append(objective.mean_loss(_row(output, place), truth).reshape(()))
    return torch.stack(losses).double().cpu()


def _row(output: Output, row: int) -> Output:
    if isinstance(output, tuple):
        return tuple(each[row : row + 1] for each in output)
    return output[row : row + 1]


def _words(model: Model, part: Part) -> tuple[Answers, Answers]:
    """Gives what is said of some rows and what is true, both in words and units."""
    objective, encoders = model.judge.objective, model.encoders
    held = HeldPart(part, list(model.network.inputs), objective, model.device)
    said = objective.predictions(predict(model.module, held, model.training.batch_size))
    masks = part.masks_of(encoders)
    true = {name: Prediction(_like(part.target(name), said[name].value)) for name in said}
    return Answers(objective, encoders, said, masks), Answers(objective, encoders, true, masks)


def _like(truth: Tensor, said: Tensor) -> Tensor:
    truth = truth.reshape(said.shape) if truth.numel() == said.numel() else truth
    return truth if said.is_floating_point() else truth.long()


def _sure(answers: Answers) -> dict[str, list[float]]:
    """Gives the probability of what is said, of targets with one class for each row."""
    found = {}
    for name, each in answers.predictions.items():
        if (
            each.scores is not None
            and each.are_probabilities
            and each.value.ndim == 1
            and each.scores.ndim == 2
        ):
            shares = each.scores.double().cpu().gather(1, each.value.cpu().long()[:, None])
            found[name] = shares.squeeze(1).tolist()
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items() if count)
    if isinstance(value, (list, tuple)):
        return cut(", ".join(_shown(each) for each in value)) or "none"
    return cut(short(value) if isinstance(value, float) or value is None else str(value))


def cut(text: str) -> str:
    """Shortens a text that would fill the page."""
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]}…"


def _texts(model: Model, part: Part) -> dict[str, list[str]]:
    """Reads texts back from tokens, for those that lie in no cell."""
    found = {}
    for encoder in model.encoders.input_encoders:
        if isinstance(encoder, TextEncoder):
            taken = part.columns.inputs[encoder.column.name].take(part.index)
            found[encoder.column.name] = list(map(cut, encoder.words(taken.values, taken.mask)))
    return found


def _images(model: Model, part: Part) -> dict[str, list[bytes]]:
    rows = torch.arange(part.rows)
    return {
        encoder.column.name: list(_as_png(pixels_of(part, encoder, rows)))
        for encoder in image_inputs(model.encoders)
    }


def _as_png(images: Tensor) -> Iterator[bytes]:
    """Writes images, uint8 (N, channels, height, width), each as the bytes of a PNG."""
    from PIL import Image

    step = max(1, math.ceil(max(images.shape[2:]) / _MOST_PIXELS))
    for image in images[:, :, ::step, ::step].cpu():
        # Channels that no picture has, such as those of satellites, leave the first one to look at.
        shown = image if image.shape[0] in (1, 3, 4) else image[:1]
        pixels = shown.permute(1, 2, 0).squeeze(2) if shown.shape[0] == 1 else shown.permute(1, 2, 0)
        stream = io.BytesIO()
        Image.fromarray(pixels.contiguous().numpy()).save(stream, "PNG")
        yield stream.getvalue()
