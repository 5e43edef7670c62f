"""Words for what is wrong on the command line."""

from __future__ import annotations

from typing import Final

from nncli.errors import BusyError, DataError, ResourceError, UsageError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "check-resolved-alone": Words(
        UsageError,
        "--resolved prints one spec as YAML, and goes with neither --json nor several specs",
        (),
        "`nncli check --resolved` prints YAML.",
    ),
    "data-changed": Words(
        DataError,
        "`{file}` is not the data that the run was trained on: its digest differs",
        ("`--data FILE` evaluates on other rows",),
        "A file that changed since training would give figures of another split.",
    ),
    "data-gone": Words(
        DataError,
        "`{file}` cannot be read any more where the run found it",
        ("put it back beside the spec, or evaluate on other rows with `--data FILE`",),
        "A run finds its data by the way from the run folder to the folder of its spec.",
    ),
    "data-not-recorded": Words(
        DataError,
        "`{file}` does not say where its data lies",
        ("`--data FILE` names rows to evaluate on",),
        "A weights file carries no path to the data.",
    ),
    "file-unreadable": Words(
        UsageError,
        "cannot read `{file}`: {reason}",
        (),
        "A file named on the command line is not there, or is no readable file.",
    ),
    "finding-unknown": Words(
        UsageError,
        "there is no finding `{id}`",
        ("did you mean `{nearest}`?", "known findings: {known}"),
        "--fail-on takes the id of a finding.",
    ),
    "keep-unknown": Words(
        UsageError,
        "the input has no column `{column}`",
        ("did you mean `{nearest}`?", "its columns are {known}"),
        "--keep names a column of the rows that are predicted.",
    ),
    "memory-exhausted": Words(
        ResourceError,
        "the memory is exhausted: {reason}",
        ("a smaller `training.batch_size` needs less",),
        "Memory ran out while the network ran.",
    ),
    "output-exists": Words(
        BusyError,
        "`{file}` exists",
        ("`--overwrite` replaces it",),
        "nncli replaces no file that it was not told to replace.",
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
        ("quote it, or the shell takes the `>`: --require 'accuracy>=0.95'",),
        "A requirement compares a figure with a number.",
    ),
    "set-form": Words(
        UsageError,
        "`--set {text}` is not PATH=VALUE",
        ("`--set training.epochs=5`",),
        "`--set` takes a path into the spec and a YAML value.",
    ),
    "set-on-run": Words(
        UsageError,
        "--set changes a spec, and this is a run that was trained already",
        ("name the spec instead of the run",),
        "A trained network is inspected as it is.",
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
}
