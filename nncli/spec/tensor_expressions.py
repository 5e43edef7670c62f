"""A tensor expression as a file gives it: its tree, its text and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nncli.errors import Place
from nncli.spec.expressions import Expression, Name, walked

# The name under which an expression reads how many rows a batch has.
BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Computation:
    """An expression over the values of a network, such as `x * sigmoid(1.702 * x)`.

    In its tree a Name is the path of a value, and what `$name` stands for is a Literal, a Formula
    where it waits for sizes. `place` is that of its first character. `constants` are bare names that
    are also constants: where no value has such a name, `$` was forgotten.
    """

    expression: Expression
    text: str
    place: Place
    constants: frozenset[str] = frozenset()

    def paths(self) -> tuple[str, ...]:
        """Names every value that is read, each once, in the order of the text; `batch` left out."""
        found = (part.name for part in walked(self.expression) if isinstance(part, Name))
        return tuple(path for path in dict.fromkeys(found) if path != BATCH)

    def at(self, column: int) -> Place:
        """Where a part of the expression stands."""
        return replace(self.place, column=column)
