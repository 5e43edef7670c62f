"""Texts of `nncli generate`: a prompt to a text that goes on from it, shown as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from nncli.counted import counted
from nncli.device import set_precision
from nncli.errors import Exit, Problem
from nncli.generation.next_token import Choice
from nncli.generation.step_by_step import Sequential, Steps, steps_of
from nncli.generation.text_columns import TextRecipe
from nncli.generation.writing import Unfolding, Writer
from nncli.messages.catalogue import failure
from nncli.models.opened import Opened
from nncli.runs.atomic import atomic_stream
from nncli.spec.text_recipes import TextOptions, needed_of
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

TEXT_SUFFIX: Final = ".txt"
_LENGTH: Final = 300
# So many texts are written side by side, the same on every machine.
_AT_ONCE: Final = 64
_LINE: Final = "\n"


@dataclass(frozen=True)
class Wanted:
    """What was asked of texts: `options` are those of the recipe that were given anew, by name."""

    options: Mapping[str, object]
    count: int
    seed: int
    output: Path | None
    is_json: bool


def write_texts(
    opened: Opened, recipe: TextRecipe, wanted: Wanted, device: torch.device, streams: Streams
) -> int:
    """Writes texts to stdout or into a file; one alone is shown token by token.

    Raises UsageError: `text-option-given`, `prompt-missing`, `prompt-refused`, `generate-format`.
    """
    if wanted.output is not None and (wanted.output.suffix.lower() != TEXT_SUFFIX or wanted.is_json):
        raise failure("generate-format", file=str(wanted.output), known=[TEXT_SUFFIX])
    options = _options(recipe.spec.options, wanted.options)
    start = _start(recipe, options.prompt, streams)
    with waiting(streams, "opening the network"):
        steps = _steps(opened, recipe, device)
    is_shown = wanted.output is None and not wanted.is_json and wanted.count == 1
    if is_shown:
        streams.data(options.prompt)
    found: list[_Texts] = []
    has_slid = False
    for first in range(0, wanted.count, _AT_ONCE):
        choice = Choice(options, tuple(recipe.silent), wanted.seed, first)
        writer = Writer(steps, choice, recipe.end)
        found.append(_Texts(recipe, start, options.prompt, min(_AT_ONCE, wanted.count - first)))
        for new in found[-1].grow(writer, options.length or _LENGTH, device):
            if is_shown and new[0]:
                streams.data(new[0])
        has_slid |= writer.has_slid
    if is_shown:
        streams.data(_LINE)
    if has_slid and steps.window is not None:
        kept = max(steps.window // 2, 1)
        streams.say(
            f"note: the network reads {counted(steps.window, 'token')} at once; "
            f"each time that they are full it goes on from the last {kept}"
        )
    if wanted.is_json:
        figures = {"recipe": recipe.spec.name, "prompt": options.prompt, "seed": wanted.seed}
        state = {"window": steps.window, "slid": has_slid, "cached": steps.keeps}
        streams.document(
            {
                "version": 1,
                **figures,
                **state,
                "texts": [each for texts in found for each in texts.documents()],
            }
        )
    elif wanted.output is not None:
        with atomic_stream(wanted.output) as file:
            file.write(_whole(found).encode())
        streams.say(f"{counted(wanted.count, 'text')} written to {wanted.output}")
    elif not is_shown:
        streams.data(_whole(found))
    return Exit.DONE


class _Texts:
    """Texts side by side, as they grow."""

    def __init__(self, recipe: TextRecipe, start: list[int], prompt: str, count: int) -> None:
        self._start = start
        self._count = count
        self._end = recipe.end
        self._unfolding = [Unfolding(recipe.tokenizer, list(start)) for _ in range(count)]
        self.texts = [prompt] * count
        self._ended = [False] * count

    def grow(self, writer: Writer, length: int, device: torch.device) -> Iterator[list[str]]:
        """Gives what comes to each text, token by token."""
        for tokens in writer.write(self._start, self._count, length, device):
            yield self._added(tokens.tolist())
        yield self._grown([each.finish() for each in self._unfolding])

    def _added(self, tokens: list[int]) -> list[str]:
        pairs = zip(self._unfolding, tokens, strict=True)
        self._ended = [token < 0 for token in tokens]
        return self._grown([each.add(token) if token >= 0 else "" for each, token in pairs])

    def _grown(self, new: list[str]) -> list[str]:
        self.texts = [text + each for text, each in zip(self.texts, new, strict=True)]
        return new

    def documents(self) -> list[dict[str, Any]]:
        """Makes one dict a text, which begins with the prompt; `ended` where the network ended it."""
        counts = [len(each.tokens) - len(self._start) for each in self._unfolding]
        every = zip(self.texts, counts, self._ended, strict=True)
        return [{"text": text, "tokens": count, "ended": ended} for text, count, ended in every]


def _whole(found: list[_Texts]) -> str:
    """Puts all texts behind one another; several have a line above each."""
    texts = [text for each in found for text in each.texts]
    if len(texts) == 1:
        return texts[0] + _LINE
    return "".join(f"--- {number} of {len(texts)} ---\n{text}\n" for number, text in enumerate(texts, 1))


def _options(options: TextOptions, given: Mapping[str, object]) -> TextOptions:
    for name, value in given.items():
        if needed := needed_of(name, value):
            option = f"--{name.replace('_', '-')}"
            raise failure("text-option-given", option=option, needed=needed, received=str(value))
    return replace(options, **given)  # type: ignore[arg-type]


def _start(recipe: TextRecipe, prompt: str, streams: Streams) -> list[int]:
    """Makes tokens of the prompt. Warning `prompt-unknown`: what the tokenizer does not know."""
    tokenizer, spelt = recipe.tokenizer, recipe.written.spelt(prompt)
    try:
        (tokens,) = tokenizer.encode([spelt])
        if not len(tokens) and not recipe.before:
            (tokens,) = tokenizer.encode([_LINE])
            if not len(tokens) or tokenizer.unknown in tokens:
                raise failure("prompt-missing")
    except ValueError as error:
        raise failure("prompt-refused", reason=str(error)) from None
    if tokenizer.unknown in tokens:
        pieces = spelt.split() if tokenizer.takes_words else list(spelt)
        parts = [part for part in dict.fromkeys(pieces) if tokenizer.unknown in tokenizer.encode([part])[0]]
        show_problem(streams, Problem("prompt-unknown", facts={"parts": parts}, severity="warning"))
    return [*recipe.before, *tokens.tolist()]


def _steps(opened: Opened, recipe: TextRecipe, device: torch.device) -> Steps:
    if opened.spec.training is not None:
        set_precision(opened.spec.training.precision, device)
    recipe.network.module.to(device).eval()
    return steps_of(Sequential(recipe.network, recipe.moving, {}))
