"""Words for what is wrong on the command line."""

from __future__ import annotations

from typing import Final

from nncli.errors import BusyError, DataError, UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "run-shorter": Words(
        UsageError,
        "{run} was begun with {before}, and {now} were asked for",
        ("give it more {unit} than that, or as many",),
        "A run can be made longer by `--resume --epochs N`, and never shorter.",
    ),
    "check-resolved-alone": Words(
        UsageError,
        "--resolved prints one spec as YAML, and goes with neither --json nor several specs",
        (),
        "`nncli check --resolved` prints YAML.",
    ),
    "cache-size": Words(
        UsageError,
        "{variable} is `{received}`, which is no size",
        ("write it as `{variable}=20GB`",),
        "What nncli keeps to be quicker next time takes at most this much room, in bytes, kB, MB, GB or TB.",
    ),
    "replay-too-long": Words(
        UsageError,
        "{steps} steps cannot be replayed: {run} has not recorded the losses of so many in a row",
        ("the longest stretch has {longest} steps: --replay {longest}", "its next checkpoint records some"),
        "A checkpoint holds the first 1,000 losses since the one before, which must still be there.",
    ),
    "replay-needs-run": Words(
        UsageError,
        "{file} is no run folder, and only a run can be replayed",
        ("give the run folder that nncli train named, such as runs/digits-cnn/1",),
        "The steps of a run are done again from its checkpoints, which a spec or weights file does not have.",
    ),
    "data-changed": Words(
        DataError,
        "`{file}` is not the data that the run was trained on: its digest differs",
        ("`--data FILE` takes other rows",),
        "A file that changed since training would give figures of another split.",
    ),
    "data-gone": Words(
        DataError,
        "`{file}` cannot be read any more where the run found it, nor beside the run",
        ("put it into the current folder, or take other rows with `--data FILE`",),
        "Data is looked for from the folder of the spec, from the run folder, the one around it, and here.",
    ),
    "data-not-recorded": Words(
        DataError,
        "`{file}` does not say where its data lies",
        ("`--data FILE` names the rows to take",),
        "A weights file carries no path to the data.",
    ),
    "data-on-spec": Words(
        UsageError,
        "--data names rows for a trained network, and this is a spec",
        ("`--set data.train=FILE` changes the data of a spec",),
        "A spec is inspected on its own data.",
    ),
    "export-ending": Words(
        UsageError,
        "`{file}` does not end in {ending}, as the format {format} does",
        ("`--output {better}`",),
        "The ending of an exported file says its format, so that nobody opens it as another one.",
    ),
    "export-ending-unknown": Words(
        UsageError,
        "the ending of `{file}` is that of no format; formats end in {known}",
        ("`--output model.onnx`, for example",),
        "Without --format, the ending of the file chooses the format.",
    ),
    "extra-missing": Words(
        UsageError,
        "this needs packages that are not installed: {packages}",
        ("pip install 'nncli[{extra}]'",),
        "Packages that only some people need are extras of nncli.",
    ),
    "file-unreadable": Words(
        UsageError,
        "cannot read `{file}`: {reason}",
        ("did you mean `{nearest}`?",),
        "A file named on the command line is not there, or is no readable file.",
    ),
    "runs-none": Words(
        UsageError,
        "there is no run in `{folder}`",
        (
            "did you mean `nncli runs {nearest}`?",
            "`nncli train SPEC` makes one; `nncli runs FOLDER` looks elsewhere",
        ),
        "A run is a folder with a run.json, at most three folders below the one that is named.",
    ),
    "run-state": Words(
        UsageError,
        "a run is never `{state}`",
        ("did you mean `{nearest}`?", "it is one of {known}"),
        "A run that says that it trains, and that no process holds, was killed.",
    ),
    "figure-of-no-run": Words(
        UsageError,
        "no run has a figure `{figure}`",
        ("did you mean `{nearest}`?", "they have {known}"),
        "Figures have the name of their part before them, as in metrics.jsonl: `validation.accuracy`.",
    ),
    "predict-ending": Words(
        UsageError,
        "the ending of `{file}` says no format for predictions",
        ("it is one of {known}; `--format csv` writes that into any file",),
        "Predictions are written as their file is called, or as `--format` says.",
    ),
    "rates-order": Words(
        UsageError,
        "the learning rate cannot grow from {low} to {high}",
        ("`--from` is above 0 and below `--to`: `--from 1e-7 --to 10`",),
        "A range test begins with a small learning rate and ends with a large one.",
    ),
    "rates-unfit": Words(
        UsageError,
        "{optimizer} looks for the length of each step by itself, so that no range test says anything of it",
        ("try a few rates: `nncli train SPEC --set training.optimizer.LBFGS.lr=0.5`",),
        "A range test reads the loss of single steps along the gradient.",
    ),
    "spec-is-data": Words(
        UsageError,
        "`{file}` is {kind}, and no spec",
        ("its spec is {run}", "`nncli init {quoted}` writes a spec that trains on it"),
        "Commands read a spec, a YAML file that says where the data are.",
    ),
    "contact-sheet-none": Words(
        UsageError,
        "no input of the spec is an image",
        ("leave --contact-sheet out",),
        "A contact sheet shows images as the network gets them, augmented as in training.",
    ),
    "data-what": Words(
        UsageError,
        "data takes either a spec or --cache",
        ("`nncli data net.yaml` looks at data, `nncli data --cache list` at what is kept of them",),
        "The cache belongs to all specs.",
    ),
    "finding-unknown": Words(
        UsageError,
        "there is no finding `{id}`",
        ("did you mean `{nearest}`?", "known findings: {known}"),
        "--fail-on takes the id of a finding.",
    ),
    "graph-ending-unknown": Words(
        UsageError,
        "the ending of `{file}` is neither .svg nor .png",
        ("`--graph network.svg`, for example",),
        "The ending of the file chooses the format of the drawing.",
    ),
    "keep-unknown": Words(
        UsageError,
        "the input has no column `{column}`",
        ("did you mean `{nearest}`?", "its columns are {known}"),
        "--keep names a column of the rows that are predicted.",
    ),
    "output-folder": Words(
        UsageError,
        "`{file}` cannot be written: there is no folder `{folder}`",
        ("make it first: mkdir -p {command}",),
        "A file is written into a folder that is there.",
    ),
    "memory-form": Words(
        UsageError,
        "`--memory {text}` is not an amount of memory",
        ("a number with a unit: `--memory 8GiB`, `--memory 512MiB`, `--memory 24GB`",),
        "`--memory` takes a number and B, KB, MB, GB or TB, or KiB, MiB, GiB or TiB.",
    ),
    "output-exists": Words(
        BusyError,
        "`{file}` exists",
        ("`--overwrite` replaces it",),
        "nncli replaces no file that it was not told to replace.",
    ),
    "masks-mixed": Words(
        BusyError,
        "masks would go into `{folder}`, which holds something else: {others}",
        ("choose another name for the output, or move these away",),
        "`predict` puts the masks of `NAME.csv` into `NAME.TARGET`, and replaces nothing there but masks.",
    ),
    "parquet-to-stdout": Words(
        UsageError,
        "Parquet cannot go to stdout",
        ("`--output predictions.parquet`",),
        "Parquet is written to a file.",
    ),
    "part-missing": Words(
        DataError,
        "the data has no {part} part; it has {known}",
        ("`data.split` says how rows are divided",),
        "A part without rows cannot be evaluated.",
    ),
    "requirement-figure": Words(
        UsageError,
        "there is no figure `{figure}` to require",
        ("did you mean `{nearest}`?", "known figures: {known}"),
        "--require names the loss or a metric of the spec.",
    ),
    "requirement-form": Words(
        UsageError,
        "`--require {text}` is not FIGURE>=NUMBER",
        (
            "quote it, or the shell takes the `>`: --require '{cut}>=0.95'",
            "`{sign}` is no sign here; there are >=, <=, > and <: --require '{right}'",
            "shares are numbers up to 1: --require '{share}'",
            "`{bound}` is no number, as in --require 'accuracy>=0.95'",
            "a figure, a sign and a number: --require 'accuracy>=0.95'",
        ),
        "A requirement compares a figure with a number.",
    ),
    "schema-alone": Words(
        UsageError,
        "--schema writes the schema of whole files, and goes with neither a word nor --json",
        ("`nncli explain --schema --output nncli.schema.json`",),
        "`nncli explain` explains a word, or writes the schema for editors.",
    ),
    "schema-output": Words(
        UsageError,
        "--output names the file for --schema",
        ("`nncli explain --schema --output nncli.schema.json`",),
        "An explanation goes to stdout.",
    ),
    "set-form": Words(
        UsageError,
        "`--set {text}` is not PATH=VALUE",
        ("a value follows the path: `--set {reached}=…`", "`--set training.epochs=5`"),
        "`--set` takes a path into the spec and a YAML value.",
    ),
    "set-on-run": Words(
        UsageError,
        "--set changes a spec, and this is a run that was trained already",
        ("name the spec instead of the run",),
        "A trained network is inspected and exported as it is.",
    ),
    "fold-form": Words(
        UsageError,
        "--fold is `{received}`, but says which of how many folds is tested on",
        ("write `--fold 2/5` for the second of five",),
        "Folds are counted from 1, and there are at least two.",
    ),
    "rows-missing": Words(
        UsageError,
        "there is nothing to predict",
        ("name a file, write `-` for standard input, or give a text by `--text`",),
        "Predicting needs rows.",
    ),
    "text-input": Words(
        UsageError,
        "--text is for a network whose only input is a text; this one reads {found}",
        ("give rows as a file, or as JSON on standard input",),
        "A text on the command line is one row of a network that reads nothing else.",
    ),
    "file-input": Words(
        UsageError,
        "`{file}` is no table, and this network does not read one file a row",
        ("it reads files from {found}: give a table that names them", "give a table of rows"),
        "An image or a sound is a row of a network that reads one, and columns beside it come from a table.",
    ),
    "keep-forecast": Words(
        UsageError,
        "--keep and --keep-all do not go with a forecast: its rows are not those of the file",
        ("leave them out; the group and the time of each step come along by themselves",),
        "Predictions of a series are about the time after the rows that were given.",
    ),
    "split-and-data": Words(
        UsageError,
        "--split and --data exclude each other",
        ("--data names all rows to evaluate on",),
        "Other rows have no parts.",
    ),
    "spec-exists": Words(
        BusyError,
        "`{file}` exists",
        ("`--output NAME.yaml` writes elsewhere",),
        "`nncli init` never overwrites.",
    ),
    "word-unknown": Words(
        UsageError,
        "nothing is called `{word}`",
        ("{instead}", "did you mean `{nearest}`?", "`nncli explain` lists what can be asked"),
        "`nncli explain` takes a layer, a word, a key like `training.optimizer`, a verb, or an error code.",
    ),
}
