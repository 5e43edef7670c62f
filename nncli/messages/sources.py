"""Words for what is wrong in files of data, before their rows are looked at."""

from __future__ import annotations

from typing import Final

from nncli.errors import DataError, ResourceError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
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
    "data-bomb": Words(
        DataError,
        "the file unpacks to more than {ratio} times its size",
        ("unpack it, and look at what is in it",),
        "Packed data are read up to a hundred times their size: what grows further is mostly made to harm.",
    ),
    "glob-empty": Words(
        DataError,
        "no file is named like `{pattern}`",
        ("`*` stands for any name, `**` for any folders; paths start from the folder of the spec",),
        "A glob names at least one file.",
    ),
    "glob-many": Words(
        DataError,
        "{files} files are named like `{pattern}`, and at most {most} are read",
        ("join them, as one file of Parquet for example",),
        "Every file is opened and looked at by itself.",
    ),
    "glob-mixed": Words(
        DataError,
        "`{pattern}` names files of several formats: {forms}",
        ("write the suffix as well, such as `logs/*.csv`",),
        "The files of a glob are one table, and have one format.",
    ),
    "files-differ": Words(
        DataError,
        "the columns of this file are not those of `{first}`",
        ("missing: {missing}; more: {more}", "missing: {missing}", "more: {more}"),
        "The files of a glob are one table: each has the same columns, in any order.",
    ),
    "files-columns-differ": Words(
        DataError,
        "`{column}` is of type {kind} here, and of type {first_kind} in `{first}`",
        ("write the files anew with one type for each column",),
        "The files of a glob are one table: a column has the same type in each of them.",
    ),
    "hub-parts": Words(
        DataError,
        "`{folder}` holds several parts: {parts}",
        ("name one of them: `train: {folder}/{first}`",),
        "A data set of Hugging Face that was saved with its splits has a folder for each of them.",
    ),
    "hub-state": Words(
        DataError,
        "`{folder}` is no data set that was saved to disk: {reason}",
        ("save it again with `dataset.save_to_disk(...)`",),
        "The files state.json and dataset_info.json say what a saved data set of Hugging Face holds.",
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
    "decoder-lost": Words(
        ResourceError,
        "the process that decodes the file was killed, or gave no rows for {seconds} s",
        ("look for memory that ran out, then type the same again",),
        "A Parquet file is decoded by another process, so that no bytes can end nncli. The system killed it, "
        "or it was stopped.",
    ),
    "data-encoding": Words(
        DataError,
        "byte {byte} of the file, {found}, is no {encoding} text",
        (
            "it looks like a {packed} file: unpack it first, or let its name end in .csv.gz",
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
