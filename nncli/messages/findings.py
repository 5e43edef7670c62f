"""Words for what `nncli data` finds in rows; each code is `finding-` and the name that `--fail-on` takes."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError
from nncli.messages.words import Words

TABLE: Final = {
    "finding-leakage": Words(
        DataError,
        "{count} of {rows} of {part} ({share}) have the same inputs as a row of {other}",
        ("leave the copies out, or keep what belongs together in one part by `split: {{group: COLUMN}}`",),
        "A network remembers the rows that it was trained on, so that figures of rows that it has seen are "
        "too good. Rows are compared by their inputs, files by their bytes. Where columns have few "
        "values, rows agree by chance: this is told only where more do than that would explain.",
    ),
    "finding-duplicates": Words(
        DataError,
        "{count} of {rows} of {part} ({share}) come again, inputs and targets",
        ("a row that stands twice counts twice: leave the copies out unless that is meant",),
        "Rows of one part are compared by all inputs and targets.",
    ),
    "finding-noise": Words(
        DataError,
        "{count} of {rows} ({share}) have the inputs of another row, but another target",
        ("look at these rows: a label may be wrong, or an input that tells them apart is missing",),
        "No network can be right about both rows. Only targets with classes are compared.",
    ),
    "finding-giveaway": Words(
        DataError,
        "`{column}` gives `{target}` away: {how}",
        ("leave `{column}` out unless it is known before `{target}` is",),
        "A column that is written down together with the target, such as a result, an identifier of a class, "
        "or the target in another unit, makes a network that is of no use for new rows.",
    ),
    "finding-imbalance": Words(
        DataError,
        "classes of `{column}` are uneven: `{most}` has {most_rows}, `{least}` {least_rows}, {ratio} to 1",
        ("below `training:`, `class_weights: balanced` makes classes count alike",),
        "From 10 to 1 on accuracy says little: it is high where only the frequent class is ever predicted. "
        "`metrics: [balanced_accuracy, f1]` show more; `class_weights: balanced` or `sampling: balanced` "
        "make all classes count alike.",
    ),
    "finding-rare": Words(
        DataError,
        "{of} of `{column}` have fewer than {least} training rows: {classes}",
        ("gather more rows of them, join them with others, or leave them out",),
        "A class with a handful of rows can be learnt by heart, but hardly learnt.",
    ),
    "finding-constant": Words(
        DataError,
        "`{column}` is {value} in all {count} training rows that were looked at",
        ("leave it out: nothing can be learnt from a column that never changes",),
        "A column without any change in training can only surprise later.",
    ),
    "finding-filled": Words(
        DataError,
        "{cells} of `{column}` ({share}) are empty and filled by {fill}",
        (
            "`missing: flag` lets the network know which cells of `{flag}` these are",
            "where cells are empty for a reason, `missing: {{constant: …}}` gives them a value of their own",
        ),
        "Where cells are empty for a reason, the reason is worth knowing.",
    ),
    "finding-outside": Words(
        DataError,
        "{numbers} of `{column}` in {parts} ({share}) lie outside {lowest} to {highest}, where training was: "
        "the furthest is {furthest}",
        ("a network knows nothing of what it has not seen: check these rows, or whether the parts differ",),
        "A few are usual where rows are drawn at random; many tell that the parts differ.",
    ),
}
