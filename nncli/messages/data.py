"""Words for what is wrong in rows of data; those of files and columns are in sources.py and columns.py."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, UsageError
from nncli.messages import columns, sources
from nncli.messages.words import Words

_ROWS: Final = {
    "cells-nested": Words(
        DataError,
        "the column `{column}` holds {kind}, and cells are numbers, texts, booleans, dates and null",
        (),
        "Columns of lists, structures or bytes cannot be encoded.",
    ),
    "cell-type": Words(
        DataError,
        "`{column}` of row {row} is of type {type}; cells are numbers, texts, booleans and None",
        (),
        "A row given from Python holds a value that no table has.",
    ),
    "cell-surrogate": Words(
        DataError,
        "`{column}` of row {row} has half of a character, which no text holds",
        ("read the text with the encoding that it was written in",),
        "A lone surrogate comes of bytes that were no text, or of a character that was cut in two.",
    ),
    "rows-type": Words(
        DataError,
        "{what} given from Python: a {type}, but rows are a list of dicts, a Polars frame or a path",
        ('`model.predict([{{"age": 30}}, {{"age": 40}}])`, or `frame.to_dict("records")` from pandas',),
        "Rows are given as one dict for each, by the names of the columns.",
    ),
    "rows-empty": Words(
        DataError, "there are no rows", (), "Rows given from Python are an empty list or frame."
    ),
    "columns-missing": Words(
        DataError,
        "the rows have no column {names}",
        ("{nearest}", "these are there: {found}"),
        "Columns are found by name, in any order; those that the network was trained on must be there.",
    ),
    "series-short": Words(
        DataError,
        "the file has {rows} rows, too few for a sample: its inputs reach over {needed}",
        ("give more of the past, each series in order of time",),
        "A sample of a series needs all the rows that its windows reach over.",
    ),
    "not-a-number": Words(
        DataError,
        "`{column}` is not a finite number in {rows}: {cells}",
        (
            "write a number: the network was trained with numbers in `{trained}`",
            'if these mean an empty cell, list them: `nulls: ["", NA]`; else write `{name}: category`',
        ),
        "Numbers are written as 12, -0.5 or 1e-3. Infinities, and what float32 cannot hold, are refused.",
    ),
    "cell-empty": Words(
        DataError,
        "`{column}` is empty in {rows}: {lines}",
        (
            "fill it in: the network was trained with a value in every row of `{trained}`",
            "say what empty cells count as: `missing: {fix}` beside the type of `{name}`",
        ),
        "An empty cell is an error unless the column says what it counts as.",
    ),
    "target-empty": Words(
        DataError,
        "the target `{column}` is empty in {rows}: {lines}",
        ("remove these rows: without an answer there is nothing to learn from them",),
        "A target is never filled in.",
    ),
    "class-unknown": Words(
        DataError,
        "`{column}` has values that are none of its classes in {rows}: {cells}",
        ("the classes are {known}",),
        "Classes are those of the training part, or `classes:`. A new one cannot be predicted or encoded.",
    ),
    "category-unseen": Words(
        DataError,
        "`{column}` has categories that training never sees in {rows}: {cells}",
        ("they are encoded as unknown",),
        "A category that only validation or test rows have: its one-hot columns are all zero.",
    ),
}

_GUESSES: Final = {
    "source-unknown": Words(
        UsageError,
        "there is no built-in data set `{name}`",
        ("did you mean `builtin:{nearest}`?", "there are {known}"),
        "`nncli init` takes a table, or a data set that comes with nncli.",
    ),
    "target-unknown": Words(
        UsageError,
        "`{file}` has no column `{name}`",
        ("did you mean `--target {nearest}`?", "the columns are {known}"),
        "`nncli init --target` names a column of the file.",
    ),
    "target-kind": Words(
        DataError,
        "`{column}` is a column of type {type}, and `init` proposes networks for numbers, classes and sets",
        ("name another column: `--target COLUMN`",),
        "What `nncli init` predicts is a number, a class or several of them.",
    ),
    "target-constant": Words(
        DataError,
        "`{column}` has the same value in every row, so there is nothing to predict",
        ("name another column: `--target COLUMN`",),
        "A target needs at least two different values.",
    ),
    "guess-inputs": Words(
        DataError,
        "no column beside `{target}` can be an input: all are constant, ids, free text or row numbers",
        ("declare the inputs by hand, such as `inputs: {{age: number}}`",),
        "`nncli init` leaves out the columns from which nothing can be learned, and none is left.",
    ),
}

TABLE: Final[dict[str, Words]] = {**_ROWS, **_GUESSES, **columns.TABLE, **sources.TABLE}
