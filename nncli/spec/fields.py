"""What the sections of a spec are made of: their form, and values that are written in a way of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias, final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

MISSING_POLICIES: Final = ("error", "median", "mean", "flag", "keep")
"""What may be done with an empty cell, beside giving it a value."""


class Section(BaseModel):
    """A mapping of the file whose keys are all known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def section_in(annotation: Any) -> type[BaseModel] | None:
    """Finds the section that a field holds: alone, beside none, or behind names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (section_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((section for section in found if section is not None), None)


def _share(value: float) -> float:
    """Accepts a share below 1, or a number of rows."""
    if value < 0 or (value > 1 and value != int(value)):
        raise PydanticCustomError("share", "no share", {})
    return value


Share: TypeAlias = Annotated[float | int, AfterValidator(_share)]


@final
class AutoRows(int):
    """A batch size that is still to be found: as many rows as fit. Until then it counts as 32."""

    def __new__(cls) -> AutoRows:
        """Makes it; there is nothing to choose."""
        return super().__new__(cls, 32)


def _rows(value: object, read: ValidatorFunctionWrapHandler) -> object:
    return AutoRows() if value == "auto" else read(value)


def _seconds(value: object) -> object:
    """Reads `30s`, `5m`, `2h` or a number of seconds."""
    if isinstance(value, str):
        number, unit = value[:-1], value[-1:]
        if unit in ("s", "m", "h") and number.replace(".", "", 1).isdigit():
            return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
        raise PydanticCustomError("duration", "not a duration", {})
    return value


def _missing(value: object) -> object:
    """Accepts `error`, `median`, `mean`, `flag`, `keep`, and `{constant: VALUE}` as written."""
    if isinstance(value, Mapping) and set(value) == {"constant"}:
        return value
    if value in MISSING_POLICIES:
        return value
    raise PydanticCustomError("missing_policy", "not a policy", {})


BatchRows: TypeAlias = Annotated[int, Field(ge=1), WrapValidator(_rows)]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
MissingPolicy: TypeAlias = Annotated[Any, BeforeValidator(_missing)]
