"""Options and help of every verb; a command is imported only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from nncli import __version__
from nncli.command_line import EXAMPLE, Verbs
from nncli.errors import Exit

if TYPE_CHECKING:
    from nncli.explaining.explanations import Verb
    from nncli.terminal.streams import Streams

DEFINE, TRAIN, USE = "Write and check a network", "Train and look inside", "Use what was trained"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="nncli",
    cls=Verbs,
    help="Neural networks from a YAML file: train, evaluate, predict and export from the shell.",
    epilog="First steps: nncli init builtin:iris --output iris.yaml, then nncli train iris.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)

Spec = Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file of the network.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder or an exported .safetensors file.")]
Set = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads this at run time
    typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the spec; repeatable."),
]
Recipe = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--recipe", metavar="NAME", help="A recipe that the spec gives below predict:."),
]
Count = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--count", "-n", metavar="N", min=1, help="How many: 16 rows, or one text."),
]
Prompt = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--prompt", metavar="TEXT", help="The text that goes on."),
]
Temperature = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--temperature", metavar="T", help="How bold a text is; 0 takes the likeliest token."),
]
TopK = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--top-k", metavar="K", help="Draw from the K likeliest tokens."),
]
TopP = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--top-p", metavar="P", help="Draw from the likeliest tokens that together have P."),
]
Length = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--length", metavar="N", help="Tokens that are written at most; default: 300."),
]
Device = Annotated[
    str,
    typer.Option("--device", envvar="NNCLI_DEVICE", metavar="DEVICE", help="auto, cpu, cuda or cuda:N."),
]
Threads = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--threads", min=1, metavar="N", help="CPU threads; default: OMP_NUM_THREADS, or all cores."
    ),
]
Code = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        "--code", metavar="FILE", help="Your own layers: runs this Python file, as you; repeatable."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout instead of a table.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check, train a few steps, estimate; write nothing.")]
OverfitBatch = Annotated[
    bool, typer.Option("--overfit-batch", help="Can it learn one batch by heart? Write nothing.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on stderr.")]
NoData = Annotated[bool, typer.Option("--no-data", help="Use stand-in sizes instead of reading data.")]


class _State:
    """What stands before the verb."""

    debug: bool = False


def _answer(command: Callable[[Streams], int], quiet: bool = False, interrupted: Exit = Exit.ABORTED) -> None:
    from nncli.terminal.door import through_door
    from nncli.terminal.streams import open_streams

    streams = open_streams(quiet, _State.debug)
    raise typer.Exit(through_door(lambda: command(streams), streams, _State.debug, interrupted))


def _examples(*lines: str) -> str:
    """Ends a help text with real examples, one a line."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  {line}" for line in lines)


def _verbs() -> dict[str, Verb]:
    """Lists all verbs with what they do and examples, as their help has them."""
    from nncli.explaining import explanations

    group = typer.main.get_command(app)
    assert isinstance(group, Verbs)
    return {
        name: explanations.Verb(verb.help or "", tuple(EXAMPLE.findall(verb.epilog or "")))
        for name, verb in group.commands.items()
    }


def _version(value: bool) -> None:
    if value:
        typer.echo(f"nncli {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")] = False,
) -> None:
    _State.debug = debug


@app.command(
    rich_help_panel=DEFINE,
    epilog=_examples(
        "nncli init builtin:iris --output iris.yaml",
        "nncli init titanic.csv --target survived",
        "nncli init photos",
        "nncli init 'books/*.txt' --output books.yaml",
    ),
)
def init(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|builtin:NAME",
            help="A table, arrays, texts, a folder of images or sounds, or a set that nncli carries.",
        ),
    ] = "builtin:iris",
    target: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--target", metavar="COLUMN", help="The column to predict; default: guessed."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE", help="The spec to write; default: NAME.yaml."),
    ] = None,
) -> None:
    """Write a commented spec for tables, images, sounds or texts, which trains as it stands."""

    def command(streams: Streams) -> int:
        from nncli.commands.init import InitOptions, init

        return init(InitOptions(source, target, output), streams)

    _answer(command)


@app.command(
    rich_help_panel=DEFINE,
    epilog=_examples("nncli check *.yaml --no-data --json", "nncli check runs/digits-cnn/1 --replay 100"),
)
def check(
    specs: Annotated[
        list[Path],
        typer.Argument(metavar="SPEC|RUN…", help="YAML files, run folders or weights files; one or more."),
    ],
    set_: Set = None,
    no_data: NoData = False,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the spec with every default and size filled in.")
    ] = False,
    replay: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--replay", min=1, metavar="N", help="Do N steps of a run again and compare losses."),
    ] = None,
    json: Json = False,
    code: Code = None,
) -> None:
    """Find every problem of a spec, or what is damaged in a run, or say "ok"."""

    def command(streams: Streams) -> int:
        from nncli.commands.check import CheckOptions, check

        sets = tuple(set_ or ())
        options = CheckOptions(tuple(specs), sets, no_data, resolved, json, tuple(code or ()), replay or 0)
        return check(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=DEFINE,
    epilog=_examples(
        "nncli data net.yaml --fail-on leakage,giveaway",
        "nncli data --cache list",
    ),
)
def data(
    spec: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(metavar="SPEC", help="The YAML file whose data are looked at."),
    ] = None,
    set_: Set = None,
    json: Json = False,
    fail_on: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--fail-on",
            metavar="NAME,…",
            help="Exit 1 if one of these is found: leakage, duplicates, noise, giveaway, imbalance, rare, "
            "constant, filled, outside.",
        ),
    ] = None,
    contact_sheet: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--contact-sheet", metavar="FILE", help="Draw images after augmentation into a PNG."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing PNG.")] = False,
    cache: Annotated[
        Optional[Literal["list", "clear"]],  # noqa: UP045
        typer.Option("--cache", metavar="WHAT", help="list or clear what is kept to be quicker next time."),
    ] = None,
) -> None:
    """Look at data before training: figures, histograms, and what is wrong."""

    def command(streams: Streams) -> int:
        from nncli.commands.data import DataOptions, data

        options = DataOptions(
            spec=spec,
            set=tuple(set_ or ()),
            fail_on=tuple(fail_on or ()),
            contact_sheet=contact_sheet,
            overwrite=overwrite,
            json=json,
            cache=cache,
        )
        return data(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=DEFINE,
    epilog=_examples(
        "nncli summary specs/digits-cnn.yaml --memory 8GiB",
        "nncli summary net.yaml --set vars.width=64 --graph net.svg",
    ),
)
def summary(
    spec: Spec,
    set_: Set = None,
    no_data: NoData = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="List every call by its whole name; fold nothing.")
    ] = False,
    depth: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--depth", min=0, metavar="N", help="Show at most N scopes inside each other."),
    ] = None,
    batch_size: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--batch-size", min=1, metavar="N", help="Takes the place of training.batch_size."),
    ] = None,
    memory: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--memory", metavar="BYTES", help="Find the largest batch that fits, as in 8GiB."),
    ] = None,
    graph: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--graph", metavar="FILE", help="Draw the network into a .svg or .png file."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing drawing.")] = False,
    json: Json = False,
    code: Code = None,
) -> None:
    """Show a network's layers, shapes, parameters and memory; draw it."""

    def command(streams: Streams) -> int:
        from nncli.commands.summary import SummaryOptions, summary

        options = SummaryOptions(
            spec=spec,
            set=tuple(set_ or ()),
            no_data=no_data,
            flat=flat,
            depth=depth,
            batch_size=batch_size,
            memory=memory,
            graph=graph,
            overwrite=overwrite,
            json=json,
            code=tuple(code or ()),
        )
        return summary(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=DEFINE,
    epilog=_examples("nncli explain Conv2d", "nncli explain --schema --output nncli.schema.json"),
)
def explain(
    word: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="WORD", help="A layer, word, key, verb or error code; default: list them all."
        ),
    ] = None,
    json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write a JSON Schema of specs, for completion in editors.")
    ] = False,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE", help="Where --schema goes; default: stdout."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Tell what a layer, word, key, verb or error code means, with an example."""

    def command(streams: Streams) -> int:
        from nncli.commands.explain import ExplainOptions, explain

        options = ExplainOptions(word, schema, output, overwrite, json, verbs=_verbs())
        return explain(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli train specs/digits-cnn.yaml --run runs/first",
        "nncli train net.yaml --set training.optimizer.AdamW.lr=1e-3 --seed 1",
    ),
)
def train(
    spec: Spec,
    run: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--run", metavar="DIR", help="The run folder; default: runs/<name>/<number>."),
    ] = None,
    set_: Set = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--seed", min=0, metavar="N", help="Takes the place of training.seed."),
    ] = None,
    epochs: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--epochs", min=1, metavar="N", help="Takes the place of training.epochs."),
    ] = None,
    fold: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--fold", metavar="K/N", help="Test on the K-th of N folds; trains on the others."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    dry_run: DryRun = False,
    overfit_batch: OverfitBatch = False,
    quiet: Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON row an epoch to stdout.")] = False,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Train a network into a run folder."""

    def command(streams: Streams) -> int:
        from nncli.commands.train import TrainOptions, train

        options = TrainOptions(
            spec=spec,
            run=run,
            set=tuple(set_ or ()),
            seed=seed,
            epochs=epochs,
            fold=fold,
            resume=resume,
            dry_run=dry_run,
            overfit_batch=overfit_batch,
            json=json,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return train(options, streams)

    _answer(command, quiet, Exit.INTERRUPTED)


@app.command(
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli bench specs/digits-cnn.yaml", "nncli bench net.yaml --set training.batch_size=256"
    ),
)
def bench(
    spec: Spec,
    set_: Set = None,
    json: Json = False,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Measure how quick training is, where its time goes, and what limits it."""

    def command(streams: Streams) -> int:
        from nncli.commands.bench import BenchOptions, bench

        files = tuple(code or ())
        return bench(BenchOptions(spec, tuple(set_ or ()), json, device, threads, files), streams)

    _answer(command)


@app.command(
    "find-lr",
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli find-lr specs/digits-cnn.yaml", "nncli find-lr net.yaml --from 1e-5 --to 1 --steps 200 --json"
    ),
)
def find_lr(
    spec: Spec,
    set_: Set = None,
    low: Annotated[float, typer.Option("--from", metavar="RATE", help="The first learning rate.")] = 1e-7,
    high: Annotated[float, typer.Option("--to", metavar="RATE", help="The last one.")] = 10.0,
    steps: Annotated[
        int, typer.Option("--steps", min=10, max=1000, metavar="N", help="How many steps lie between.")
    ] = 100,
    json: Json = False,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Find a learning rate: one short run in which it grows from step to step."""

    def command(streams: Streams) -> int:
        from nncli.commands.find_lr import FindOptions, find_lr

        options = FindOptions(
            spec=spec,
            set=tuple(set_ or ()),
            low=low,
            high=high,
            steps=steps,
            json=json,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return find_lr(options, streams)

    _answer(command)


@app.command(
    "inspect-gradients",
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli inspect-gradients specs/digits-cnn.yaml --try --write better.yaml",
        "nncli inspect-gradients runs/first --fail-on vanishing_gradients --json",
    ),
)
def inspect_gradients(
    target: Annotated[
        Path, typer.Argument(metavar="SPEC|RUN", help="A spec before training, or a run after it.")
    ],
    batches: Annotated[int, typer.Option("--batches", min=1, metavar="N", help="Batches to look at.")] = 4,
    set_: Set = None,
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--data", metavar="FILE", help="Other rows than those that the run was trained on."),
    ] = None,
    json: Json = False,
    fail_on: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--fail-on", metavar="ID", help="Exit 1 if this finding is there; repeatable."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on any warning or error.")] = False,
    try_: Annotated[
        bool, typer.Option("--try", help="Run some steps with each patch, and say what it does.")
    ] = False,
    write: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--write", metavar="FILE", help="Write the spec with the patches in it."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Look at gradients and activations layer by layer, and say what is wrong."""

    def command(streams: Streams) -> int:
        from nncli.commands.inspect_gradients import InspectOptions, inspect_gradients

        options = InspectOptions(
            target=target,
            batches=batches,
            set=tuple(set_ or ()),
            data=data,
            json=json,
            fail_on=tuple(fail_on or ()),
            strict=strict,
            try_=try_,
            write=write,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return inspect_gradients(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli runs --name 'digits*' --sort validation.accuracy --last 5",
        "nncli runs --diff runs/digits-cnn/1 runs/digits-cnn/2",
    ),
)
def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where runs are looked for.")] = Path(
        "runs"
    ),
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="GLOB", help="Only runs of specs with such a name; quote it."),
    ] = None,
    state: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--state",
            metavar="STATE",
            help="training, done, interrupted, failed, killed or damaged; repeatable.",
        ),
    ] = None,
    figure: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--figure", metavar="FIGURE", help="The figure that is shown, as in validation.loss."),
    ] = None,
    sort: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--sort", metavar="BY", help="started, time, run or a figure; the best comes last."),
    ] = None,
    last: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--last", min=1, metavar="N", help="Only the last N of the list."),
    ] = None,
    diff: Annotated[
        Optional[tuple[Path, Path]],  # noqa: UP045
        typer.Option("--diff", metavar="RUN RUN", help="Tell what differs between two runs."),
    ] = None,
    json: Json = False,
) -> None:
    """List runs with their best figures, or tell what differs between some."""

    def command(streams: Streams) -> int:
        from nncli.commands.runs import RunsOptions, runs

        options = RunsOptions(folder, name, tuple(state or ()), figure, sort, last, tuple(diff or ()), json)
        return runs(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=TRAIN,
    epilog=_examples(
        "nncli report runs/first --output first.html", "nncli report runs/first runs/second --terminal"
    ),
)
def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="A run folder, or several to be compared.")
    ],
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE", help="The HTML file; default: report.html."),
    ] = None,
    png: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--png", metavar="DIR", help="Write the plots alone, each as a PNG."),
    ] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw the curves in the terminal.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--data", metavar="FILE", help="Other rows than those of the spec."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Write a page of what there is to see of a run, or of several."""

    def command(streams: Streams) -> int:
        from nncli.commands.report import ReportOptions, report

        options = ReportOptions(
            runs=tuple(runs),
            output=output,
            png=png,
            terminal=terminal,
            overwrite=overwrite,
            data=data,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return report(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=USE,
    epilog=_examples(
        "nncli evaluate runs/first", "nncli evaluate runs/first --split validation --require 'accuracy>=0.95'"
    ),
)
def evaluate(
    run: Run,
    split: Annotated[
        Optional[Literal["train", "validation", "test"]],  # noqa: UP045
        typer.Option("--split", metavar="PART", help="train, validation or test; default: test."),
    ] = None,
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--data", metavar="FILE", help="Other rows than those of the spec."),
    ] = None,
    json: Json = False,
    require: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--require", metavar="FIGURE>=X", help="Exit 1 where this is missed; quote it; repeatable."
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Measure a trained network: loss, metrics, confusion matrix."""

    def command(streams: Streams) -> int:
        from nncli.commands.evaluate import EvaluateOptions, evaluate

        options = EvaluateOptions(
            run=run,
            split=split,
            data=data,
            json=json,
            require=tuple(require or ()),
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return evaluate(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=USE,
    epilog=_examples(
        "nncli predict runs/first new.csv --output predictions.csv",
        "head -4 new.csv | nncli predict runs/first - --format jsonl",
    ),
)
def predict(
    run: Run,
    file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(metavar="FILE|-", help="A table, an image, a sound or a folder; - reads stdin."),
    ] = None,
    text: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--text", metavar="TEXT", help="A text in place of a file; repeatable."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to write; - is stdout.")
    ] = "-",
    format_: Annotated[
        Optional[Literal["csv", "jsonl", "parquet"]],  # noqa: UP045
        typer.Option("--format", metavar="FORMAT", help="csv, jsonl, parquet; default: by suffix or csv."),
    ] = None,
    keep: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--keep", metavar="COLUMN", help="Let a column of the input go along; repeatable."),
    ] = None,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Let every column go along.")] = False,
    recipe: Recipe = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Predict raw rows: one row out per row in, in order."""

    def command(streams: Streams) -> int:
        from nncli.commands.predict import PredictOptions, predict

        options = PredictOptions(
            run=run,
            file=file,
            text=tuple(text or ()),
            output=None if output == "-" else Path(output),
            format=format_,
            keep=tuple(keep or ()),
            keep_all=keep_all,
            recipe=recipe,
            overwrite=overwrite,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return predict(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=USE,
    epilog=_examples(
        "nncli generate runs/gan --count 64 --output digits.png",
        "nncli generate runs/gpt --prompt 'To be' --temperature 0.8",
    ),
)
def generate(
    run: Run,
    recipe: Recipe = None,
    prompt: Prompt = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    length: Length = None,
    count: Count = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="What is drawn; the same seed draws the same.")
    ] = 0,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE", help="A .png, .npz, .safetensors, .csv or .txt file."),
    ] = None,
    json: Json = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    device: Device = "auto",
    threads: Threads = None,
    code: Code = None,
) -> None:
    """Let a trained network make images or numbers, or write text, by a recipe of its spec."""

    def command(streams: Streams) -> int:
        from nncli.commands.generate import GenerateOptions, generate

        text = {
            "prompt": prompt,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "length": length,
        }
        options = GenerateOptions(
            run=run,
            recipe=recipe,
            count=count,
            seed=seed,
            text={name: value for name, value in text.items() if value is not None},
            json=json,
            output=output,
            overwrite=overwrite,
            device=device,
            threads=threads,
            code=tuple(code or ()),
        )
        return generate(options, streams)

    _answer(command)


@app.command(
    rich_help_panel=USE,
    epilog=_examples(
        "nncli export runs/first --output digits.onnx", "nncli export net.yaml --format python -o net.py"
    ),
)
def export(
    target: Annotated[
        Path, typer.Argument(metavar="RUN|SPEC", help="A trained network, or a spec with initial weights.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="To write: .safetensors, .py, .pt2 or .onnx by its format."
        ),
    ],
    format_: Annotated[
        Optional[Literal["safetensors", "python", "pt2", "onnx"]],  # noqa: UP045
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="safetensors, python, pt2 or onnx; default: by the ending of FILE, which must agree.",
        ),
    ] = None,
    network: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--network", metavar="NAME", help="One of several networks; .safetensors holds all of them."
        ),
    ] = None,
    set_: Set = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Write what was done as JSON to stdout.")] = False,
    code: Code = None,
) -> None:
    """Write a network as one file, after running that beside the network."""

    def command(streams: Streams) -> int:
        from nncli.commands.export import ExportOptions, export

        options = ExportOptions(
            target=target,
            output=output,
            format=format_,
            network=network,
            set=tuple(set_ or ()),
            overwrite=overwrite,
            json=json,
            code=tuple(code or ()),
        )
        return export(options, streams)

    _answer(command)
