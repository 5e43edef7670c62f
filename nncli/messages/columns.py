"""Words for what is wrong in declared columns: against their file, when fitted, or by themselves."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, SpecError, WeightsError
from nncli.messages.words import Words

_FITTING: Final = {
    "column-missing": Words(
        DataError,
        "`{file}` has no column `{header}`",
        ("did you mean `{nearest}`? a column of another name is read by `column: NAME`", "it has {found}"),
        "A declared column is not in the data file.",
    ),
    "image-pixels": Words(
        SpecError,
        "`{name}` would be more than {most} columns of a table: its shape is [{shape}]",
        ("write the shape of one image, [channels, height, width]; larger ones lie in files of their own",),
        "Pixels in a table are a column each.",
    ),
    "image-columns": Words(
        DataError,
        "{found} pixel columns for `{name}`, but its shape [{shape}] has {needed}",
        (),
        "An image has one column per pixel and channel: as many as the product of its shape.",
    ),
    "image-array": Words(
        DataError,
        "`{column}` holds {found}, which is no image of the shape [{shape}], in {rows}",
        ("write the axes as `shape: [channels, height, width]`",),
        "An array of images has the axes (N, C, H, W), (N, H, W, C), (N, H, W), or all pixels side by side.",
    ),
    "column-empty": Words(
        DataError,
        "`{column}` has no value in any training row",
        ("leave `{name}` out",),
        "Nothing can be fitted to a column that is empty throughout.",
    ),
    "column-constant": Words(
        DataError,
        "`{column}` has the same value in every training row",
        ("leave `{name}` out: it tells nothing",),
        "A column that never changes carries no information.",
    ),
    "class-single": Words(
        DataError,
        "the target `{column}` has {count} class in the training part: {values}",
        (),
        "With one class there is nothing to tell apart.",
    ),
    "class-rare": Words(
        DataError,
        "`{name}` has too few rows for every part to have one of {classes}",
        ("collect more of them, or join classes",),
        "The split keeps the shares of classes. One with fewer rows than parts stays in training first.",
    ),
    "binary-values": Words(
        DataError,
        "the binary column `{column}` has {found} in the training part, not two: {values}",
        ("write `{name}: category` for {many} values",),
        "A binary column has exactly two values.",
    ),
    "rows-too-few": Words(
        DataError,
        "`{file}` has {rows}, too few for {parts} parts",
        ("give more rows, or write `split: {{validation: 0, test: 0}}`",),
        "Every part has at least one row.",
    ),
    "stratify-unknown": Words(
        DataError,
        "there is no column `{name}` to stratify by",
        ("did you mean `{nearest}`?", "write `stratify: none` to draw without regard to a column"),
        "stratify: names a target, an input or a column of the file.",
    ),
    "input-is-target": Words(
        DataError,
        "the input reads `{column}`, which is also a target: it gives the answer away",
        ("remove it from the inputs",),
        "A network that sees the answer learns to copy it.",
    ),
}

_DECLARATIONS: Final = {
    "builtin-unknown": Words(
        SpecError,
        "there is no built-in data set `{name}`",
        ("did you mean `builtin:{nearest}`?", "there are {known}"),
        "The data sets that come with nncli are listed in the message.",
    ),
    "inputs-missing": Words(
        SpecError,
        "`data:` does not say which columns flow in",
        ("write `inputs: {{COLUMN: number}}` below `data:`, or let `nncli init {file}` write a spec",),
        "Data from a file needs `inputs:`; built-in sets declare their own.",
    ),
    "targets-missing": Words(
        SpecError,
        "`data:` does not say which column is predicted",
        ("write `targets: {{COLUMN: category}}` below `data:`, or let `nncli init {file}` write a spec",),
        "Data from a file needs `targets:`; built-in sets declare their own.",
    ),
    "delimiter-form": Words(
        SpecError,
        "`{delimiter}` cannot stand between fields",
        ('delimiters are single signs, such as `","`, `";"`, `"\\t"` or `"|"`',),
        "A delimiter is one ASCII character, no letter, digit, quote or line end.",
    ),
    "encoding-unknown": Words(
        SpecError,
        "there is no text encoding `{encoding}`",
        ("known ones are utf-8, utf-16, cp1252, latin-1, shift_jis and all others of Python",),
        "Encodings have the names that Python's codecs have.",
    ),
    "name-features": Words(
        SpecError,
        "`features` is taken: it stands for all inputs side by side",
        ("give the input another name: `{{my_features: {{type: number, column: features}}}}`",),
        "Where all inputs are numbers, categories and binaries, `features` joins them.",
    ),
    "column-option": Words(
        SpecError,
        "`{name}` is of type {type}, which takes no `{word}`",
        ("it takes {allowed}",),
        "Each type of column has words of its own.",
    ),
    "missing-fill": Words(
        SpecError,
        "`{name}` is of type {type} and has no {received}",
        ("write `missing: {example}`, so that an empty cell counts as that, or leave it out",),
        "Empty cells of categories are an error, or count as a class.",
    ),
    "missing-constant": Words(
        SpecError,
        "empty cells of the number `{name}` cannot count as `{received}`",
        ("write a number: `missing: {{constant: 0}}`",),
        "What an empty cell counts as has the type of its column.",
    ),
    "missing-target": Words(
        SpecError,
        "`{name}` is a target, and targets are never filled in",
        ("remove `missing:`, and the rows without an answer",),
        "A row without an answer teaches nothing.",
    ),
    "target-type": Words(
        SpecError,
        "`{name}` is of type {type}, and such a column cannot be predicted",
        (),
        "Some kinds of column flow in and are not predicted.",
    ),
    "unknown-target": Words(
        SpecError,
        "`{name}` is a target: every class of it counts",
        ("remove this word, or join rare classes in the data",),
        "A class that stands for the unknown cannot be learnt.",
    ),
    "column-type-missing": Words(
        SpecError,
        "columns of type {type} cannot be read yet",
        ("types: {known}",),
        "A type of column that this version of nncli does not have.",
    ),
    "window-missing": Words(
        SpecError,
        "the series `{name}` has no window",
        ("write which rows it reads: `window: [-24, 0]` for the last 24, `window: [0, 12]` for the next 12",),
        "A series is read over a stretch of rows around the row that a sample is about.",
    ),
    "missing-series": Words(
        SpecError,
        "the series `{name}` cannot keep a mask of empty cells",
        ("write `missing: flag`, which adds a number that is 1 where a cell was empty",),
        "Empty cells of a series are filled in, or an error.",
    ),
    "time-repeated": Words(
        DataError,
        "`{column}` has the same time again in {rows}: {cells}",
        ("where the file holds several series, name the column that tells them apart: `group: COLUMN`",),
        "Rows in time follow each other: within a series no two have the same time.",
    ),
    "split-column-unknown": Words(
        DataError,
        "`split.{word}` names `{name}`, which is no column",
        ("did you mean `{nearest}`?", "columns: {found}"),
        "A split by group or time goes by a column of the file or of the spec.",
    ),
    "not-a-date": Words(
        DataError,
        "`{column}` is no date in {rows}: {cells}",
        (
            "write dates as {form}, or change `format:`",
            'write 2024-12-31 or 2024-12-31T23:59:00, or say how they are written: `format: "%d.%m.%Y"`',
        ),
        "Dates are written by ISO 8601, or as `format:` says in the directives of strftime.",
    ),
    "date-format": Words(
        SpecError,
        "`format` of `{name}` is `{received}`, which does not say how a date is written",
        ('write the directives of strftime: `format: "%d.%m.%Y"`, hours together with minutes: `%H:%M`',),
        "The format of a date names year, month and day, and hour and minute together or neither.",
    ),
    "missing-date": Words(
        SpecError,
        "`{name}` is of type date, whose empty cells are an error or the median",
        ("write `missing: median`, or leave it out",),
        "A date has no mean, and no number that stands for none.",
    ),
    "date-part": Words(
        SpecError,
        "a date has no part `{part}`",
        ("did you mean `{nearest}`?", "parts: {known}"),
        "`parts:` names what is taken from a date.",
    ),
    "set-wide": Words(
        DataError,
        "`{column}` has {count} different values; a set has at most {most}",
        ("leave rare ones to the unknown: `rare: 10`",),
        "A set becomes one number for each of its values.",
    ),
    "vector-length": Words(
        DataError,
        "`{column}` does not hold {needed} numbers in {rows}: {cells}",
        ("the numbers of one cell stand apart by `separator:`",),
        "All vectors of a column have one length: that of most training rows, or `length:`.",
    ),
    "column-and-columns": Words(
        SpecError,
        "`{name}` reads one column or several, not both",
        ("remove `column:` or `columns:`",),
        "A vector stands in one cell, or in one column for each number.",
    ),
    "length-form": Words(
        SpecError,
        "`length` of `{name}` is {received}, but must be a whole number from 1 to {most}",
        (),
        "The length of a vector counts its numbers.",
    ),
    "scale-unfit": Words(
        SpecError,
        "`{name}` is of type {type} and has no scale {received}",
        ("scales: standard, minmax, none",),
        "Some scales are for single numbers alone.",
    ),
    "number-for-log": Words(
        DataError,
        "{rows} of `{column}` are -1 or less, and have no log(1 + value): {cells}",
        ("remove `log: true`",),
        "`log: true` takes the logarithm of one plus the number, which has to be above zero.",
    ),
    "image-declaration": Words(
        SpecError,
        "the image `{name}` needs its shape, [channels, height, width]",
        ('write `{{type: image, columns: "pixel_*", shape: [1, 8, 8]}}`; for an array leave `columns` out',),
        "The shape is [channels, height, width]; columns go channel by channel, row by row.",
    ),
    "classes-repeated": Words(
        SpecError,
        "the classes of `{name}` must differ, and there must be some: {classes}",
        (),
        "Each class has one place in the list.",
    ),
    "classes-binary": Words(
        SpecError,
        "the binary column `{name}` has two classes, not {count}",
        ("write `{name}: category` for more than two",),
        "A binary column has exactly two values.",
    ),
    "positive-unknown": Words(
        SpecError,
        "`{positive}` is no value of `{name}`: {values}",
        (),
        "`positive:` names the value that counts as 1.",
    ),
    "encoders-invalid": Words(
        WeightsError,
        "the encoders of the weights file cannot be used: {reason}",
        ("write the file again with nncli export",),
        "The encoders travel in the weights file as JSON; they were changed, or cut.",
    ),
}

TABLE: Final[dict[str, Words]] = {**_FITTING, **_DECLARATIONS}
