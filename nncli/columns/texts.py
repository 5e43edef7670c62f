"""Text columns: each cell a row of tokens, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from nncli.columns.categories import as_text, constant_of, read_texts
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.sequences import Layout, layout_of, refuse_steps, sequence_mistakes
from nncli.columns.targets import TargetSpec
from nncli.columns.tokenizer_fitting import DEFAULT, TokenizerPlan, fit_tokenizer, planned
from nncli.columns.tokenizing import Tokenizer, Tokens
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Ragged, Stored

READY: Final = "ready"
"""The key of a tokenizer in `tokenizer:` that needs no fitting: another column's, or that of a file."""
_STAND_IN_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class TextEncoder(Encoder):
    """A text as tokens: lower case first where `lowercase`, a token of its own at begin and end.

    `missing` is the text that an empty cell counts as; None refuses it. A cut text keeps `begin` and `end`.
    Where `is_stretched`, a sample is not a cell but a stretch of the text.
    """

    column: Column
    tokenizer: Tokenizer
    layout: Layout
    lowercase: bool = False
    begin: bool = False
    end: bool = False
    missing: str | None = None
    is_stretched: bool = False
    type: Literal["text"] = "text"

    def __post_init__(self) -> None:
        wanted = [self.tokenizer.begin] * self.begin + [self.tokenizer.end] * self.end
        if None in wanted or len(wanted) >= self.layout.length:
            raise ValueError("a text has no room, or no token, for its begin and end")

    def input(self) -> InputSpec:
        """Describes the column as an input: an index at each step."""
        has_mask = not self.is_stretched
        return InputSpec((self.layout.length,), "index", self.tokenizer.size, has_mask)

    def target(self) -> TargetSpec:
        """Describes the column as a target: a class at each step, which is a token."""
        return TargetSpec(
            self.column.name,
            "category",
            _token_names(self.tokenizer),
            (self.layout.length,),
            has_mask=not self.is_stretched,
        )

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Ragged:
        """Encodes cells to tokens, of which a stretch is never cut.

        Refuses `text-unknown`, `sequence-empty`, `sequence-long`, `stretch-long`.
        """
        cells = read_texts(table, self.column, self.missing, refusals).to_list()
        rows = self.tokens(cells, refusals)
        # An empty cell was refused as such.
        counts = np.array(
            [1 if cell is None else len(r) for cell, r in zip(cells, rows, strict=True)], np.int64
        )
        refuse_steps(self.column, counts + self._added, self.layout, refusals)
        if self.is_stretched:
            long = np.flatnonzero(counts > self.layout.length)
            refusals.add("stretch-long", self.column, long, length=self.layout.length)
        tokenizer, most = self.tokenizer, self.layout.length - self._added
        first = [tokenizer.begin] if self.begin else []
        last = [tokenizer.end] if self.end else []
        if self._added:
            around = (np.array(first, np.int32), np.array(last, np.int32))
            rows = [np.concatenate([around[0], self.layout.cut(row, most), around[1]]) for row in rows]
        else:
            rows = [self.layout.cut(row, most) for row in rows]
        return self.layout.laid_out(rows, tokenizer.padding, self._before, tokenizer.size - 1)

    def tokens(self, cells: Sequence[str | None], refusals: Refusals) -> list[Tokens]:
        """Tokenises cells as they are, without begin and end. Refuses `text-unknown`."""
        texts = [self.spelt(cell or "") for cell in cells]
        try:
            return self.tokenizer.encode(texts)
        except ValueError as error:
            bad = [at for at, text in enumerate(texts) if not _can_encode(self.tokenizer, text)]
            refusals.add("text-unknown", self.column, np.array(bad, np.int64), reason=str(error))
            return [np.zeros(1, np.int32)] * len(texts)

    def spelt(self, text: str) -> str:
        """Gives a text as it is tokenised."""
        return text.lower() if self.lowercase else text

    def counts(self) -> Mapping[str, int]:
        """Names the tokens of the vocabulary, and the steps."""
        size = self.tokenizer.size
        return {"vocabulary" if self.column.role == "input" else "classes": size, "steps": self.layout.length}

    def stated(self) -> Mapping[str, object]:
        """Names the column and the most steps."""
        return {"column": self.column.header, "length": self.layout.length}

    def lent(self) -> Mapping[str, object]:
        """Gives the tokenizer to a column that shares the vocabulary."""
        return {"tokenizer": {READY: asdict(self.tokenizer)}}

    def words(self, values: Tensor, mask: Tensor | None = None) -> list[str]:
        """Gives the texts of predicted tokens, int64 (N, steps); a text ends before its first end token."""
        return [
            self.tokenizer.decode(_until(row[row_mask].tolist(), self.tokenizer.end if self.end else None))
            for row, row_mask in zip(values, values >= 0 if mask is None else mask, strict=True)
        ]

    @property
    def _added(self) -> int:
        return self.begin + self.end

    @property
    def _before(self) -> int:
        """The token that stands where a shifted text has no step before."""
        tokenizer = self.tokenizer
        return tokenizer.padding if tokenizer.begin is None else tokenizer.begin


def stretched_columns(encoders: Sequence[TextEncoder], tokens: Tokens | Tensor) -> dict[str, Stored]:
    """Makes the columns `inputs.NAME` and `targets.NAME` of stretches of tokens, which all of them share."""
    import torch

    from nncli.columns.stored import Windows

    values = tokens if isinstance(tokens, torch.Tensor) else torch.from_numpy(tokens)
    return {
        f"{each.column.role}s.{each.column.name}": Windows(values, -each.layout.shift, each.layout.length)
        for each in encoders
    }


@cache
def _token_names(tokenizer: Tokenizer) -> tuple[str, ...]:
    return tuple(tokenizer.shown(token) for token in range(tokenizer.size))


def _can_encode(tokenizer: Tokenizer, text: str) -> bool:
    try:
        tokenizer.encode([text])
    except ValueError:
        return False
    return True


def _until(tokens: list[int], end: int | None) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens


def tokenizer_of(declared: ColumnSpec, path: str) -> Tokenizer | TokenizerPlan | Problem:
    """Reads `tokenizer:`: one that is there, or the plan of one that is fitted."""
    if isinstance(declared.tokenizer, Mapping) and READY in declared.tokenizer:
        return Tokenizer(**declared.tokenizer[READY])
    return planned(DEFAULT if declared.tokenizer is None else declared.tokenizer, f"{path}.tokenizer")


def fit_text(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> TextEncoder | Problem:
    """Fits a tokenizer to the training rows: those of the column, and of all that share its vocabulary.

    `table` has the columns to learn from. Problems: `column-empty`, `tokenizer-special`.
    """
    missing = constant_of(declared)
    found = {
        header: read_texts(
            table, Column(header, header, column.role), missing, Refusals(), empty_allowed=True
        )
        for header in dict.fromkeys((column.header, *table.cells.schema))
    }
    own = found[column.header].drop_nulls().to_list()
    if not own:
        return Problem("column-empty", None, column.path, {"name": column.name, "column": column.header})
    plan = tokenizer_of(declared, column.path)
    if isinstance(plan, Problem):
        return plan
    if isinstance(plan, TokenizerPlan):
        learned = (text for texts in found.values() for text in texts.drop_nulls().to_list())
        plan = fit_tokenizer(plan, (text.lower() if declared.lowercase else text for text in learned))
    return _encoder(column, declared, plan, own)


def _encoder(
    column: Column, declared: ColumnSpec, tokenizer: Tokenizer, texts: Sequence[str]
) -> TextEncoder | Problem:
    for word, token in (("begin", tokenizer.begin), ("end", tokenizer.end)):
        if getattr(declared, word) and token is None:
            return Problem("tokenizer-special", None, f"{column.path}.{word}", {"word": word})
    spelt = [text.lower() if declared.lowercase else text for text in texts]
    counts = np.array([len(row) for row in tokenizer.encode(spelt)], dtype=np.int64)
    layout = layout_of(declared, counts + declared.begin + declared.end)
    options: dict[str, Any] = {word: getattr(declared, word) for word in ("lowercase", "begin", "end")}
    return TextEncoder(column, tokenizer, layout, missing=constant_of(declared), **options)


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    read_texts(table, column, constant_of(declared), refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> TextEncoder:
    tokenizer = tokenizer_of(declared, column.path)
    if not isinstance(tokenizer, Tokenizer):
        tokenizer = fit_tokenizer(TokenizerPlan("bytes"), ())
    steps = np.array([_STAND_IN_STEPS], np.int64)
    return TextEncoder(column, tokenizer, layout_of(declared, steps))


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    missing = declared.missing
    if column.role == "target" and missing != "error":
        yield Mistake("missing-target", "missing")
    elif missing != "error" and not isinstance(missing, Mapping):
        facts = {"type": declared.type, "received": as_text(missing), "example": "{constant: missing}"}
        yield Mistake("missing-fill", "missing", facts)
    yield from sequence_mistakes(declared, 1 + declared.begin + declared.end)
    plan = tokenizer_of(declared, "")
    if isinstance(plan, Problem):
        yield Mistake(plan.code, "tokenizer", plan.facts)


TEXT: Final = Kind(
    check=_check,
    fit=fit_text,
    stand_in=_stand_in,
    mistakes=_mistakes,
)
