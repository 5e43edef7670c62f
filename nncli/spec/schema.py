"""The typed, frozen sections of a spec, with the words that explain each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, model_validator
from pydantic_core import PydanticCustomError

from nncli.spec.items import Call

Fraction: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
ColumnType: TypeAlias = Literal["number", "category", "binary", "image"]


class Section(BaseModel):
    """A mapping of the file whose keys are all known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def section_in(annotation: Any) -> type[BaseModel] | None:
    """Finds the section that a field holds: alone, beside none, or behind names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (section_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((section for section in found if section is not None), None)


def _seconds(value: object) -> object:
    """Reads `30s`, `5m`, `2h` or a number of seconds."""
    if isinstance(value, str):
        number, unit = value[:-1], value[-1:]
        if unit in ("s", "m", "h") and number.replace(".", "", 1).isdigit():
            return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
        raise PydanticCustomError("duration", "not a duration", {})
    return value


def _missing(value: object) -> object:
    """Accepts `error`, `median`, `mean`, and `{constant: VALUE}` as written."""
    if isinstance(value, Mapping) and set(value) == {"constant"}:
        return value
    if value in ("error", "median", "mean"):
        return value
    raise PydanticCustomError("missing_policy", "not a policy", {})


Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
MissingPolicy: TypeAlias = Annotated[Any, BeforeValidator(_missing)]


class ColumnSpec(Section):
    """How a column of the data becomes a tensor. Short form: `age: number`."""

    type: ColumnType = Field(description="what the column holds: number, category, binary or image")
    column: str | None = Field(default=None, description="the column's name in the file; default: the key")
    columns: str | tuple[str, ...] | None = Field(
        default=None, description="the pixel columns of an image: a glob such as pixel_*, or a list"
    )
    shape: tuple[int, ...] | None = Field(
        default=None, description="the shape of an image: [channels, height, width]"
    )
    missing: MissingPolicy = Field(
        default="error", description="what to do with an empty cell: error, median, mean or {constant: VALUE}"
    )
    scale: Literal["standard", "none"] = Field(
        default="standard", description="numbers and images: standard (mean 0, deviation 1) or none"
    )
    classes: tuple[str | int | float | bool, ...] | None = Field(
        default=None, description="the classes in order; default: those of the training part, sorted"
    )
    positive: str | int | float | bool | None = Field(
        default=None, description="binary: the value that counts as 1; default: 1, true, yes or the later one"
    )


class SplitSpec(Section):
    """How rows are divided into training, validation and test parts."""

    validation: Fraction = Field(default=0.15, description="share of the rows for validation")
    test: Fraction = Field(default=0.15, description="share of the rows for the test")
    stratify: str | None = Field(
        default=None, description="the column whose shares are kept in every part; none switches it off"
    )
    seed: int = Field(default=0, ge=0, description="draws the split; --seed does not touch it")

    @model_validator(mode="after")
    def _leaves_rows_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise PydanticCustomError("split_sum", "nothing is left", {})
        return self


class DataSpec(Section):
    """What flows in, and what it is compared with. Short form: `data: builtin:digits`."""

    train: str = Field(description="a .csv, .tsv, .parquet or .jsonl file, or builtin:NAME")
    validation: str | None = Field(default=None, description="a file of its own for validation")
    test: str | None = Field(default=None, description="a file of its own for the test")
    split: SplitSpec = Field(default_factory=SplitSpec, description="how the rows are divided")
    inputs: Mapping[str, ColumnSpec] = Field(default_factory=dict, description="the columns that flow in")
    targets: Mapping[str, ColumnSpec] = Field(
        default_factory=dict, description="the columns that are predicted"
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, description="between fields")
    encoding: str = Field(default="utf-8", description="the text encoding of a CSV file")
    nulls: tuple[str, ...] = Field(default=("",), description="the texts that mean an empty cell")


class LossTerm(Section):
    """One loss: a class of torch.nn, the target it is compared with, and its weight."""

    loss: InstanceOf[Call] = Field(description="a loss class of torch.nn with its arguments")
    target: str | None = Field(default=None, description="the target; default: all of them")
    weight: float = Field(default=1.0, description="what the term is multiplied with")


class StopEarly(Section):
    """When to stop before the last epoch."""

    watch: str = Field(default="validation.loss", description="the figure to watch")
    patience: int = Field(default=5, ge=1, description="epochs without a better figure before stopping")


class TrainingSpec(Section):
    """How the network learns."""

    loss: tuple[LossTerm, ...] = Field(description="what is made small: a loss class of torch.nn")
    optimizer: InstanceOf[Call] = Field(description="an optimiser class of torch.optim")
    epochs: int | None = Field(default=None, ge=1, description="how often all training rows are seen")
    steps: int | None = Field(
        default=None, ge=1, description="how many batches are trained on, instead of epochs"
    )
    batch_size: int = Field(default=32, ge=1, description="rows per step")
    precision: Literal["auto", "float32"] = Field(
        default="auto", description="auto: float32 on CPU, TF32 matmuls on CUDA; float32: IEEE everywhere"
    )
    clip_gradients: float | None = Field(default=None, gt=0, description="the largest norm of all gradients")
    stop_early: StopEarly | None = Field(default=None, description="when to stop before the last epoch")
    keep_best: str | None = Field(
        default=None, description="the figure that chooses the weights to keep; default: validation.loss"
    )
    checkpoint_every: Seconds = Field(default=30.0, description="time between checkpoints, such as 30s")
    metrics: tuple[InstanceOf[Call], ...] | None = Field(
        default=None, description="accuracy, f1, precision, recall, auroc, mae, rmse, r2"
    )
    seed: int = Field(default=0, ge=0, description="draws initial weights, order of rows and dropout")
