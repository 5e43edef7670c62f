"""What a report is of: everything that its page and its plots show, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nncli.diagnosis.history import LastStep, Steps
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.verdicts import Verdicts
from nncli.inspection.figures import Figures


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure of a part over epochs: points (epoch, value), None where it was undefined or not finite."""

    figure: str
    part: str
    points: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True, slots=True)
class Best:
    """The epoch at which a figure was best: the one that chose the weights, else the loss of training."""

    epoch: int
    watch: str
    value: float


@dataclass(frozen=True)
class Course:
    """How a run went. `rates` are curves of learning rates, by update where there are several.
    `last_steps` are
    those before a number was not finite.

    Units: `seconds` of all epochs together, None where nothing says.
    """

    epochs: int
    steps: int
    curves: tuple[Curve, ...]
    rates: tuple[Curve, ...]
    best: Best | None
    statistics: tuple[Steps, ...]
    seconds: float | None
    started: datetime | None
    last_steps: tuple[LastStep, ...] = ()


@dataclass(frozen=True)
class Head:
    """What a run is: its folder as typed, its name, and how it ended."""

    folder: str
    name: str
    state: str
    description: str
    seed: int
    device: str
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of about one confidence: how many, its mean, and the share of them that are right."""

    rows: int
    confidence: float
    right: float


@dataclass(frozen=True)
class ClassAnswers:
    """Answers about a target with classes: `counts` by true class and predicted class."""

    target: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True)
class NumberAnswers:
    """Answers about a target that is a number, in its own unit: pairs (true, predicted)."""

    target: str
    unit: str | None
    pairs: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Sample:
    """A row with its loss: what is true and what was said, as words by target, and what flowed in.

    `sure` is the probability of what was said, where there is one; `images` are PNG files by input.
    """

    loss: float
    truths: Mapping[str, str]
    answers: Mapping[str, str]
    sure: Mapping[str, float]
    cells: Mapping[str, str]
    images: Mapping[str, bytes]


@dataclass(frozen=True)
class Measured:
    """What trained weights reach on a part, and the rows on which they do worst of all `looked` at."""

    part: str
    rows: int
    figures: Mapping[str, float | None]
    classes: tuple[ClassAnswers, ...]
    numbers: tuple[NumberAnswers, ...]
    samples: tuple[Sample, ...]
    looked: int


@dataclass(frozen=True)
class DataFacts:
    """What the data of a run are: rows by part, and the figures of each column."""

    rows: Mapping[str, int]
    columns: tuple[Figures, ...]


@dataclass(frozen=True)
class RunFacts:
    """A run, whole. What could not be found out is None; `missing` says why, by the name of its section."""

    head: Head
    course: Course
    spec: str
    resolved: str
    sets: tuple[str, ...]
    environment: Mapping[str, Any]
    measured: Measured | None = None
    probe: Probe | None = None
    verdicts: Verdicts | None = None
    data: DataFacts | None = None
    graph: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)
