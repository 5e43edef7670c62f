"""What a network answers beside what is true: confusion and calibration of classes, errors of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from nncli.reports.facts import Bin, ClassAnswers, Measured, NumberAnswers
from nncli.reports.inks import LIGHT, SERIES, Plot, file_name, said

_WRITTEN: Final = 20
"""Up to this many classes the counts stand in their cells."""
_BINS: Final = 30


def answer_plots(measured: Measured) -> Iterator[Plot]:
    """Gives the plots of each target: of classes two, of numbers two."""
    for classes in measured.classes:
        yield _confusion(classes)
        if classes.bins:
            yield _calibration(classes)
    for numbers in measured.numbers:
        if numbers.pairs:
            yield _against_true(numbers)
            yield _errors(numbers)


def expected_error(bins: Sequence[Bin]) -> float:
    """Gives the mean gap between how sure answers are and how often they are right, weighted by rows."""
    rows = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.confidence - each.right) for each in bins) / rows if rows else math.nan


def _confusion(answers: ClassAnswers) -> Plot:
    count = len(answers.classes)
    right = sum(answers.counts[at][at] for at in range(count))
    words = f"{right} of {sum(map(sum, answers.counts))} rows of {count} classes are on the diagonal"
    side = min(640, max(380, 150 + 27 * count))

    def draw(canvas: Any) -> None:
        from matplotlib.colors import to_rgb

        axes = canvas.subplots()
        blue, orange = to_rgb(SERIES[0]), to_rgb(SERIES[1])
        cells = [
            [
                (*(blue if true == said_ else orange), _strength(answers.counts[true], said_))
                for said_ in range(count)
            ]
            for true in range(count)
        ]
        axes.imshow(cells, interpolation="nearest", aspect="equal")
        axes.grid(visible=False)
        names = [said(name, 14) for name in answers.classes]
        turned = max(map(len, names)) > 3 and count > 4
        axes.set_xticks(range(count), names, rotation=90 if turned else 0)
        axes.set_yticks(range(count), names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        for true in range(count if count <= _WRITTEN else 0):
            for predicted in range(count):
                if rows := answers.counts[true][predicted]:
                    axes.text(predicted, true, str(rows), ha="center", va="center", fontsize=8)

    return Plot(
        f"confusion-{file_name(answers.target)}",
        f"{said(answers.target)}: confusion",
        words,
        (side, side - 40),
        draw,
    )


def _strength(row: Sequence[int], at: int) -> float:
    """Tells how strongly a cell is coloured: its share of the rows of one true class; few are still seen."""
    total = sum(row)
    return 0.12 + 0.6 * row[at] / total if total and row[at] else 0.0


def _calibration(answers: ClassAnswers) -> Plot:
    error = expected_error(answers.bins)
    words = f"how often answers are right beside how sure they are; expected calibration error {error:.3f}"

    def draw(canvas: Any) -> None:
        above, below = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.plot([0, 1], [0, 1], color=LIGHT["faint"], linewidth=0.9, linestyle=(0, (1, 2)))
        sure, right = [each.confidence for each in answers.bins], [each.right for each in answers.bins]
        above.vlines(sure, sure, right, color=SERIES[1], linewidth=2.5, alpha=0.45)
        above.plot(sure, right, "o-", color=SERIES[0], markersize=5)
        above.set_ylim(-0.03, 1.03)
        above.set_ylabel("share that is right")
        above.text(
            0.02, 0.95, f"calibration error {error:.3f}", va="top", transform=above.transAxes, fontsize=8.5
        )
        below.bar(sure, [each.rows for each in answers.bins], width=0.05, color=LIGHT["faint"], alpha=0.6)
        below.set_ylabel("rows")
        below.set_xlabel("how sure")
        below.set_xlim(0, 1.03)

    return Plot(
        f"calibration-{file_name(answers.target)}",
        f"{said(answers.target)}: calibration",
        words,
        (460, 400),
        draw,
    )


def _against_true(answers: NumberAnswers) -> Plot:
    words = f"predictions beside {len(answers.pairs)} true values; on the line both are the same"

    def draw(canvas: Any) -> None:
        axes = canvas.subplots()
        true, predicted = zip(*answers.pairs, strict=True)
        ends = (min(*true, *predicted), max(*true, *predicted))
        axes.plot(ends, ends, color=LIGHT["faint"], linewidth=0.9, linestyle=(0, (1, 2)))
        axes.plot(true, predicted, "o", color=SERIES[0], markersize=4, alpha=0.55, markeredgewidth=0)
        axes.set_xlabel(_unit("true", answers))
        axes.set_ylabel(_unit("predicted", answers))

    return Plot(
        f"predicted-{file_name(answers.target)}",
        f"{said(answers.target)}: predicted against true",
        words,
        (460, 380),
        draw,
    )


def _errors(answers: NumberAnswers) -> Plot:
    errors = [predicted - true for true, predicted in answers.pairs]
    mean = sum(errors) / len(errors)
    words = f"errors, predicted less true, around a mean of {mean:.4g}"

    def draw(canvas: Any) -> None:
        above, below = canvas.subplots(2, 1)
        above.hist(errors, bins=min(_BINS, max(5, len(errors) // 4)), color=SERIES[0], alpha=0.75)
        above.axvline(0, color=LIGHT["ink"], linewidth=0.9)
        above.axvline(mean, color=SERIES[1], linewidth=1.4, linestyle=(0, (3, 2)))
        above.set_xlabel(_unit("predicted − true", answers))
        above.set_ylabel("rows")
        below.plot(
            [true for true, _ in answers.pairs],
            errors,
            "o",
            color=SERIES[0],
            markersize=3,
            alpha=0.5,
            markeredgewidth=0,
        )
        below.axhline(0, color=LIGHT["ink"], linewidth=0.9)
        below.set_xlabel(_unit("true", answers))
        below.set_ylabel("error")

    return Plot(
        f"errors-{file_name(answers.target)}", f"{said(answers.target)}: errors", words, (460, 380), draw
    )


def _unit(word: str, answers: NumberAnswers) -> str:
    return f"{word} ({said(answers.unit)})" if answers.unit else word
