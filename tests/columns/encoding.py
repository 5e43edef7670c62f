"""Encoders put to work in tests: what comes out, and what was refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from nncli.columns.encoders import Encoders
from nncli.columns.kind import Encoder
from nncli.columns.kinds import kind_of
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.schema import ColumnSpec


def encoded(encoder: Encoder, table: Table, *, new: bool = False) -> tuple[Tensor, list[Problem]]:
    """Encodes all rows; of `new` ones what training did not see is only warned of."""
    refusals = Refusals()
    column = encoder.encode(table, refusals, np.ones(len(table), np.bool_) if new else None)
    return column.tensors()["values"], refusals.problems(table)


def fitted(column: Column, table: Table, warnings: list[Problem] | None = None, **declared: Any) -> Any:
    """Fits an encoder to a table, as its declaration says."""
    spec = ColumnSpec.model_validate(declared)
    return kind_of(spec).fit(column, spec, table, [] if warnings is None else warnings)


def all_tensors(encoders: Encoders, table: Table) -> dict[str, Tensor]:
    """Encodes inputs and targets of all rows."""
    columns = encoders.encode_inputs(table, Refusals()) | encoders.encode_targets(table, Refusals())
    return {name: column.tensors()["values"] for name, column in columns.items()}
