"""Words for what is wrong in files and rows of data; those of columns are in columns.py."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, ResourceError, UsageError
from nncli.messages import columns
from nncli.messages.words import Words

_FILES: Final = {
    "data-missing": Words(
        DataError,
        "there is no file `{file}`",
        (
            "did you mean `{nearest}`? paths start from the folder of the spec",
            "paths start from the folder of the spec",
        ),
        "A data file that the spec names is not there.",
    ),
    "data-closed": Words(
        DataError,
        "`{file}` cannot be read: {reason}",
        (),
        "The system refused to read a data file that the spec names.",
    ),
    "data-irregular": Words(
        DataError,
        "`{file}` is {kind}; data is read from regular files",
        (),
        "A folder, pipe or device cannot be read twice, and its bytes cannot be digested.",
    ),
    "data-changing": Words(
        DataError,
        "`{file}` changed while it was read",
        ("start again when nothing writes into it any more",),
        "A large file is read more than once, and must be the same each time.",
    ),
    "cache-failed": Words(
        ResourceError,
        "the rows of `{file}` could not be kept: {reason}",
        ("make room, or name a folder with more of it: `NNCLI_CACHE=FOLDER`",),
        "Tables that are larger than memory lie in the cache while they are used.",
    ),
    "record-long": Words(
        DataError,
        "there is no end of a record within {most}",
        ("look for a quote that is not closed, or for a line end that is missing",),
        "A large file is read in pieces, and none of its records may be longer than one.",
    ),
    "array-type": Words(
        DataError,
        "the array `{name}` cannot be a column: {reason}",
        ("save numbers, booleans, texts or dates, with one row for each sample",),
        "A column of a .npy, .npz or safetensors file is an array whose first axis counts the samples.",
    ),
    "array-lengths": Words(
        DataError,
        "arrays that are used together differ in length: {lengths}",
        ("declare columns of one length, or save the others to a file of their own",),
        "The first axis of every array counts the same samples.",
    ),
    "data-format": Words(
        DataError,
        "`{file}` is no table that can be read here: files end in {known}",
        (),
        "The format of a data file follows its suffix.",
    ),
    "data-empty": Words(
        DataError, "the file has no rows", (), "The data file is empty or has blank lines only."
    ),
    "header-only": Words(
        DataError,
        "the file has a header and no rows",
        (),
        "A table needs at least one row below its header.",
    ),
    "data-unreadable": Words(
        DataError,
        "the file is damaged: {reason}",
        (),
        "The bytes of the file do not follow its format.",
    ),
    "data-encoding": Words(
        DataError,
        "byte {byte} of the file, {found}, is no {encoding} text",
        (
            "it looks like a {packed} file: unpack it first",
            "it looks like {looks}: write `encoding: {looks}` below `data:`",
        ),
        "The text of a table is UTF-8 unless `encoding:` says otherwise.",
    ),
    "data-nul": Words(
        DataError,
        "there is a NUL character in the text",
        (
            "it looks like a {packed} file: unpack it first",
            "it looks like {looks}: write `encoding: {looks}` below `data:`",
        ),
        "Tables hold no NUL: it comes from another encoding, or from a disk that lost its content.",
    ),
    "header-blank": Words(
        DataError,
        "column {number} has no name",
        ("give every column a name in the first line",),
        "Columns are found by name. A blank name is mostly an index that was saved along.",
    ),
    "header-repeated": Words(
        DataError,
        "the header has names twice: {names}",
        ("give every column a name of its own",),
        "Columns are found by name, so each name stands once.",
    ),
    "delimiter-wrong": Words(
        DataError,
        "only one column was found with `{delimiter}` between fields",
        ("write `delimiter: {guess}` below `data:`",),
        "Header and first row have one field, and as many of another delimiter.",
    ),
    "row-fields": Words(
        DataError,
        "the header has {expected}, but {rows} ({count} in all)",
        ("an empty cell still needs its delimiter; a field that holds one is quoted",),
        "A row with fewer or more fields than the header is never padded, cut or shifted.",
    ),
    "quote-unclosed": Words(
        DataError,
        "the quote that opens here is not closed at the end of its field",
        ('close it with `"`; a quote inside a quoted field is doubled: `""`',),
        "A quoted field ends with a quote before the delimiter or the line's end.",
    ),
    "quote-inside": Words(
        DataError,
        "a quote stands inside a field that is not quoted",
        ('quote the whole field and double the quote: `"5"" nail"`',),
        "Quotes open at the start of a field. Readers disagree about others, so they are refused.",
    ),
    "json-syntax": Words(
        DataError,
        "this line is no JSON: {reason}",
        (),
        "Each line of a JSONL file is one JSON object.",
    ),
    "json-object": Words(
        DataError,
        "this line is no object",
        ('write each row as `{{"column": value, …}}`',),
        "Each line of a JSONL file is one JSON object.",
    ),
    "json-nested": Words(
        DataError,
        "`{key}` holds a list or an object; cells are numbers, texts, booleans and null",
        (),
        "Rows of a JSONL file are flat.",
    ),
    "json-repeated": Words(
        DataError,
        "`{key}` stands twice in one object",
        (),
        "A repeated key would lose a value in silence.",
    ),
}

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

TABLE: Final[dict[str, Words]] = {**_FILES, **_ROWS, **_GUESSES, **columns.TABLE}
