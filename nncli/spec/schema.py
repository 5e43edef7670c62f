"""The typed, frozen sections of a spec, with the words that explain each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, InstanceOf, model_validator
from pydantic_core import PydanticCustomError

from nncli.spec.fields import BatchRows, MissingPolicy, Seconds, Section, Share
from nncli.spec.guards import ClipGradients, OnNonFinite, StopEarly
from nncli.spec.items import Call
from nncli.spec.optimising import AverageSpec, GroupSpec, RegulariseSpec, StageSpec
from nncli.spec.phases import PhaseSpec
from nncli.spec.updates import UpdateSpec
from nncli.spec.weights import PatternAt

ColumnType: TypeAlias = Literal[
    "number",
    "category",
    "binary",
    "set",
    "date",
    "vector",
    "text",
    "tokens",
    "image",
    "mask",
    "audio",
    "series",
]


class ColumnSpec(Section):
    """How a column of the data becomes a tensor. Short form: `age: number`."""

    type: ColumnType = Field(
        description="what the column holds: number, binary, category, set, date, vector, text, tokens, "
        "image, mask, audio or series"
    )
    column: str | None = Field(default=None, description="the column's name in the file; default: the key")
    columns: str | tuple[str, ...] | None = Field(
        default=None, description="the pixel columns of an image: a glob such as pixel_*, or a list"
    )
    shape: tuple[int, ...] | None = Field(
        default=None, description="the shape of an image: [channels, height, width]"
    )
    missing: MissingPolicy = Field(
        default="error",
        description="what to do with an empty cell: error, median, mean, {constant: VALUE}, flag (the "
        "mean, and a second number that is 1 where the cell is empty) or keep (leave a mask)",
    )
    scale: Literal["standard", "minmax", "quantile", "none"] = Field(
        default="standard",
        description="numbers and pixels: standard (mean 0, deviation 1), minmax (0 to 1), quantile (normal "
        "by rank) or none",
    )
    log: bool = Field(default=False, description="numbers: log(1 + value) before they are scaled")
    unit: str | None = Field(default=None, description="the unit of a target, shown beside predictions")
    classes: tuple[str | int | float | bool, ...] | None = Field(
        default=None, description="the classes in order; default: those of the training part, sorted"
    )
    positive: str | int | float | bool | None = Field(
        default=None, description="binary: the value that counts as 1; default: 1, true, yes or the later one"
    )
    rare: int | None = Field(
        default=None, ge=2, description="classes in fewer training rows than this count as unknown"
    )
    unknown: Literal["error", "keep"] = Field(
        default="error",
        description="a class that training did not see: error, or keep (the index after the last class)",
    )
    separator: str | None = Field(
        default=None, min_length=1, description="between the values of one cell: of a set, vector or series"
    )
    format: str | None = Field(
        default=None, description="how a date is written, such as %d.%m.%Y; default: ISO 8601"
    )
    parts: tuple[str, ...] | None = Field(
        default=None, description="what is taken from a date: year, month, day, weekday, hour, minute …"
    )
    size: tuple[int, int] | int | None = Field(
        default=None, description="the [height, width] to which images and masks are brought, or both at once"
    )
    channels: int | None = Field(
        default=None, ge=1, le=4, description="of an image: 1 grey, 3 colour, 4 with alpha; of sound: 1 or 2"
    )
    resize: Literal["stretch", "crop", "pad"] = Field(
        default="stretch", description="how an image of another shape comes to `size`"
    )
    augment: tuple[str | Mapping[str, Any], ...] = Field(
        default=(), description="what is drawn anew in every epoch, in training only"
    )
    views: tuple[str, ...] | None = Field(
        default=None, description="names under which a column flows in, each augmented by itself"
    )
    image: str | None = Field(
        default=None, description="of a mask: the image whose size and augmentation it shares"
    )
    tokenizer: str | Mapping[str, Any] | None = Field(
        default=None,
        description="characters, bytes, words, {BPE: {vocab_size: 8000}}, WordPiece, Unigram, or a "
        "tokenizer.json",
    )
    length: int | float | str | None = Field(
        default=None, description="the most steps of a text or series; of sound a time such as 1.5s"
    )
    truncate: Literal["end", "start", "error"] = Field(
        default="end", description="where what is longer than `length` is cut"
    )
    pad: Literal["end", "start"] = Field(default="end", description="where shorter texts are filled up")
    lowercase: bool = Field(default=False, description="whether text is read as lower case")
    begin: bool = Field(default=False, description="whether a text starts with a token of its own")
    end: bool = Field(default=False, description="whether a text ends with a token of its own")
    vocabulary: str | None = Field(
        default=None, description="the column whose vocabulary or classes are used: they are fitted together"
    )
    rate: int | None = Field(
        default=None, ge=1, description="sound: samples per second; others are resampled"
    )
    window: tuple[int, int] | None = Field(
        default=None,
        description="the rows around a row, [-24, 0] for the last 24 and [0, 12] for the next 12",
    )
    shift: int = Field(
        default=0, description="-1 takes the value of the next step, 1 that of the step before"
    )


class SplitSpec(Section):
    """How rows are divided into training, validation and test parts."""

    validation: Share = Field(
        default=0.15, description="rows for validation: a share of them, or from 1 on their number"
    )
    test: Share = Field(default=0.15, description="rows for the test: a share, or from 1 on their number")
    stratify: str | None = Field(
        default=None, description="the column whose shares are kept in every part; none switches it off"
    )
    group: str | None = Field(
        default=None, description="the column whose equal values stay together in one part"
    )
    time: str | None = Field(
        default=None, description="the column in whose order parts follow: training first, the test last"
    )
    folds: int | None = Field(default=None, ge=2, description="parts of which each is the test part once")
    fold: int | None = Field(
        default=None, ge=1, description="which of the folds is the test part; default: 1"
    )
    seed: int = Field(default=0, ge=0, description="draws the split; --seed does not touch it")

    @model_validator(mode="after")
    def _leaves_rows_to_train_on(self) -> Self:
        shares = [share for share in (self.validation, self.test) if share < 1]
        if sum(shares) >= 1:
            raise PydanticCustomError("split_sum", "nothing is left", {})
        if sum(each not in (None, "none") for each in (self.stratify, self.group, self.time)) > 1:
            raise PydanticCustomError("split_keys", "one at most", {})
        if self.fold is not None and (self.folds is None or self.fold > self.folds):
            raise PydanticCustomError("split_fold", "no such fold", {})
        return self


class DataSpec(Section):
    """What flows in, and what it is compared with. Short form: `data: builtin:digits`."""

    train: str = Field(
        description="a file of rows, arrays or text, a folder, a glob such as logs/*.csv, or builtin:NAME"
    )
    validation: str | None = Field(default=None, description="a file of its own for validation")
    test: str | None = Field(default=None, description="a file of its own for the test")
    split: SplitSpec = Field(default_factory=SplitSpec, description="how the rows are divided")
    inputs: Mapping[str, ColumnSpec] = Field(default_factory=dict, description="the columns that flow in")
    targets: Mapping[str, ColumnSpec] = Field(
        default_factory=dict, description="the columns that are predicted"
    )
    time: str | None = Field(
        default=None, description="the column that puts rows in order; default: the order of the file"
    )
    group: str | None = Field(
        default=None, description="the column that tells several series of one file apart"
    )
    stride: int | None = Field(
        default=None,
        ge=1,
        description="rows or tokens from one window to the next; default: 1, of texts one window",
    )
    season: int | None = Field(
        default=None,
        ge=1,
        description="steps after which a series repeats itself, for the baseline beside the metrics",
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, description="between fields")
    encoding: str = Field(default="utf-8", description="the text encoding of a CSV file")
    nulls: tuple[str, ...] = Field(default=("",), description="the texts that mean an empty cell")


class LossTerm(Section):
    """One loss: a class of torch.nn, the target it is compared with, and its weight."""

    loss: InstanceOf[Call] = Field(description="a loss class of torch.nn with its arguments")
    target: str | None = Field(default=None, description="the target; default: all of them")
    weight: float = Field(default=1.0, description="what the term is multiplied with")


class TrainingSpec(Section):
    """How the network learns."""

    loss: tuple[LossTerm, ...] = Field(description="what is made small: a loss class of torch.nn")
    updates: tuple[InstanceOf[UpdateSpec], ...] = Field(
        default=(), description="the changes of one step, in order: of which networks, by which loss"
    )
    compute: Mapping[str, str] | None = Field(
        default=None, description="values that the loss reads, by tensor expressions over inputs and outputs"
    )
    optimizer: InstanceOf[Call] = Field(description="an optimiser class of torch.optim")
    groups: tuple[InstanceOf[GroupSpec], ...] = Field(
        default=(), description="weights for which arguments of the optimiser are other, by their names"
    )
    schedule: tuple[InstanceOf[StageSpec], ...] = Field(
        default=(), description="how the learning rate moves: a class of torch.optim.lr_scheduler, or several"
    )
    epochs: int | None = Field(default=None, ge=1, description="how often all training rows are seen")
    steps: int | None = Field(
        default=None, ge=1, description="how many batches are trained on, instead of epochs"
    )
    minutes: float | None = Field(
        default=None, gt=0, description="how long to train, instead of epochs; validation counts"
    )
    phases: tuple[PhaseSpec, ...] = Field(
        default=(), description="parts of the run, one after the other, each with an optimiser made anew"
    )
    freeze: tuple[InstanceOf[PatternAt], ...] = Field(
        default=(), description="weights that do not learn, by their names"
    )
    batch_size: BatchRows = Field(default=32, description="rows per step; auto: as many as fit into memory")
    precision: Literal["auto", "float32", "bf16", "fp16"] = Field(
        default="auto",
        description="auto: float32 on CPU, TF32 matmuls on CUDA; float32: IEEE everywhere; bf16: steps in "
        "bfloat16 where that is safe, weights and figures in float32; fp16: in float16, on GPUs",
    )
    choices: Literal["measured", "fixed"] = Field(
        default="measured",
        description="measured: the kernels and threads that are quickest on this machine; fixed: threads as "
        "given, torch's own kernels",
    )
    compile: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="on: the network goes through torch.compile; auto: on CUDA, where that pays for itself",
    )
    accumulate: int = Field(default=1, ge=1, description="batches whose gradients make one update")
    clip_gradients: ClipGradients | None = Field(
        default=None, description="the largest norm of all gradients, or the largest value of any"
    )
    regularise: InstanceOf[RegulariseSpec] | None = Field(
        default=None, description="what is added to the loss for weights that are not zero"
    )
    average: InstanceOf[AverageSpec] | None = Field(
        default=None, description="averages weights over the run: these are evaluated and kept"
    )
    on_non_finite: OnNonFinite | None = Field(
        default=None, description="what is done where a loss or a gradient is not finite; default: stop"
    )
    stop_early: StopEarly | None = Field(default=None, description="when to stop before the last epoch")
    keep_best: str | None = Field(
        default=None, description="the figure that chooses the weights to keep; default: validation.loss"
    )
    keep: int = Field(default=2, ge=2, description="how many checkpoints are kept, the newest ones")
    checkpoint_every: Seconds = Field(
        default=30.0, description="time between checkpoints, such as 30s; 0s: one at the end of every epoch"
    )
    metrics: tuple[InstanceOf[Call], ...] | None = Field(
        default=None,
        description="accuracy, balanced_accuracy, f1, precision, recall, auroc, average_precision, mcc, "
        "kappa, iou; of numbers mae, rmse, r2, mape, smape",
    )
    class_weights: Literal["balanced"] | Mapping[str, float] | None = Field(
        default=None, description="how much each class of the target counts: balanced, or {class: weight}"
    )
    sampling: Literal["balanced"] | None = Field(
        default=None, description="balanced: an epoch draws rows again and again, every class as often"
    )
    seed: int = Field(default=0, ge=0, description="draws initial weights, order of rows and dropout")

    def in_phases(self) -> tuple[TrainingSpec, ...]:
        """Gives what holds in each phase, with its epochs; without phases, this alone."""
        found = []
        for phase in self.phases:
            own = {name: getattr(phase, name) for name in phase.model_fields_set if name != "freeze"}
            own |= {"freeze": (*self.freeze, *phase.freeze), "phases": ()}
            found.append(self.model_copy(update=own))
        return tuple(found) or (self,)
