"""Which column a network writes: a text that flows in, and is predicted one token ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from nncli.columns.encoders import Encoders
from nncli.columns.texts import TextEncoder
from nncli.columns.tokenizing import SPECIAL, Tokenizer
from nncli.errors import Place, Problem
from nncli.messages.catalogue import failures
from nncli.network.compiled import CompiledNetwork
from nncli.spec.spec import Spec
from nncli.spec.text_recipes import TextOptions, TextRecipeSpec


@dataclass(frozen=True)
class TextRecipe:
    """A way in which a network writes text, ready to run.

    `written` is the input that grows token by token, `target` the same text one token ahead. `inputs` are
    the other columns that the network takes: a recipe that goes on from a prompt has none.
    """

    spec: TextRecipeSpec
    network: CompiledNetwork
    written: TextEncoder
    target: TextEncoder
    inputs: tuple[str, ...]

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of the text."""
        return self.written.tokenizer

    @property
    def moving(self) -> str:
        """The name of the input that grows."""
        return self.written.column.name

    @property
    def before(self) -> list[int]:
        """The tokens that stand before the first one of a text."""
        shown = self.tokenizer.begin if self.tokenizer.begin is not None else self.tokenizer.padding
        first = [shown] * self.written.layout.shift
        return [*first, self.tokenizer.begin] if self.written.begin and self.tokenizer.begin else first

    @property
    def end(self) -> int | None:
        """The token that ends a text; None where training has seen none."""
        end = self.tokenizer.end
        if end is None or self.target.end or self.written.end:
            return end
        # That of a fitted tokenizer is in no text unless a column says so.
        return None if self.tokenizer.shown(end) in SPECIAL else end

    @property
    def silent(self) -> list[int]:
        """The tokens that are never written: they stand for no text."""
        tokenizer = self.tokenizer
        special = {tokenizer.padding, tokenizer.unknown, tokenizer.begin, tokenizer.end} - {None, self.end}
        return sorted(each for each in special if each is not None)


def text_recipes(
    spec: Spec, networks: Mapping[str, CompiledNetwork], encoders: Encoders
) -> dict[str, TextRecipe]:
    """Finds what writes text among networks, for each recipe; a spec without recipes has one where it can.

    Raises SpecError `text-recipe-network` where no network does.
    """
    found = list(_writers(networks, encoders))
    if found and not spec.recipes and not spec.text_recipes:
        network, written, target, inputs = found[0]
        kind: Literal["generate", "decode"] = "decode" if inputs else "generate"
        own = TextRecipeSpec(kind, kind, TextOptions(), Place("", 1, 1), f"predict.{kind}")
        return {kind: TextRecipe(own, network, written, target, inputs)}
    made: dict[str, TextRecipe] = {}
    problems = []
    for name, recipe in spec.text_recipes.items():
        fitting = [each for each in found if bool(each[3]) == (recipe.kind == "decode")]
        if fitting:
            network, written, target, inputs = fitting[0]
            made[name] = TextRecipe(recipe, network, written, target, inputs)
        else:
            problems.append(Problem("text-recipe-network", recipe.place, recipe.path, {"kind": recipe.kind}))
    if problems:
        raise failures(problems)
    return made


def _writers(
    networks: Mapping[str, CompiledNetwork], encoders: Encoders
) -> Iterator[tuple[CompiledNetwork, TextEncoder, TextEncoder, tuple[str, ...]]]:
    """Finds networks whose output scores the next token at each step of a text that flows in."""
    inputs = {each.column.name: each for each in encoders.input_encoders if isinstance(each, TextEncoder)}
    targets = [each for each in encoders.target_encoders if isinstance(each, TextEncoder)]
    for network in networks.values():
        stated = network.stated_inputs()
        if not stated.keys() <= {each.column.name for each in encoders.input_encoders}:
            continue
        for written in (inputs[name] for name in stated if name in inputs):
            for target in targets:
                shape = (written.layout.length, written.tokenizer.size)
                if _follows(written, target) and network.output_shape == shape:
                    others = tuple(name for name in stated if name != written.column.name)
                    yield network, written, target, others


def _follows(written: TextEncoder, target: TextEncoder) -> bool:
    """Tells whether a target is the text of an input, one token ahead."""
    ahead = written.layout.shift - target.layout.shift
    is_same = written.column.header == target.column.header and written.tokenizer == target.tokenizer
    return is_same and written.begin == target.begin and ahead == 1 and written.layout.shift in (0, 1)
