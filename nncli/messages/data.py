"""Words for what is wrong in the data, or in what a spec declares about it."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, SpecError, WeightsError
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
        "The text of a table is UTF-8 unless `encoding:` says otherwise. Line and byte are those of the file.",
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
    "rows-empty": Words(
        DataError, "there are no rows", (), "Rows given from Python are an empty list or frame."
    ),
    "columns-missing": Words(
        DataError,
        "the rows have no column {names}",
        ("{nearest}", "these are there: {found}"),
        "Columns are found by name, in any order; those that the network was trained on must be there.",
    ),
    "not-a-number": Words(
        DataError,
        "`{column}` is not a finite number in {rows}: {cells}",
        (
            'if these mean an empty cell, list them below `data:` as in `nulls: ["", NA]`; '
            "else declare `{name}: category`",
        ),
        "Numbers are written as 12, -0.5 or 1e-3. Infinities, and what float32 cannot hold, are refused.",
    ),
    "cell-empty": Words(
        DataError,
        "`{column}` is empty in {rows}: {lines}",
        ("say what empty cells count as: `missing: {fix}` beside the type of `{name}`",),
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

_FITTING: Final = {
    "column-missing": Words(
        DataError,
        "`{file}` has no column `{header}`",
        ("did you mean `{nearest}`? a column of another name is read by `column: NAME`", "it has {found}"),
        "A declared column is not in the data file.",
    ),
    "image-columns": Words(
        DataError,
        "{found} pixel columns for `{name}`, but its shape [{shape}] has {needed}",
        (),
        "An image has one column per pixel and channel: as many as the product of its shape.",
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
        "the binary column `{column}` has {count} values in the training part, not two: {values}",
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
        ("write `missing: {{constant: VALUE}}` or leave it out",),
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
    "target-image": Words(
        SpecError,
        "`{name}` is an image; targets are numbers, categories and binaries",
        (),
        "Images flow in and are not predicted.",
    ),
    "image-declaration": Words(
        SpecError,
        "the image `{name}` needs its pixel columns and its shape",
        ('write `{name}: {{type: image, columns: "pixel_*", shape: [1, 8, 8]}}`',),
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

TABLE: Final[dict[str, Words]] = {**_FILES, **_ROWS, **_FITTING, **_DECLARATIONS}
