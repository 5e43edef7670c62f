"""What typer refuses, in nncli's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import invoke


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ("train", "a.yaml", "--threads", "0"),
            "error[option-value]: `--threads` is `0`, but must be a whole number from 1 on",
            "`nncli train --help` explains it",
        ),
        (
            ("train", "a.yaml", "--epochs", "ten"),
            "error[option-value]: `--epochs` is `ten`, but must be a whole number from 1 on",
            "`nncli train --help` explains it",
        ),
        (
            ("generate", "a", "--temperature", "hot"),
            "error[option-value]: `--temperature` is `hot`, but must be a number",
            "`nncli generate --help` explains it",
        ),
        (
            ("evaluate", "a", "--split", "tset"),
            "error[option-value]: `--split` is `tset`, but must be one of train, validation, test",
            "did you mean `--split test`?",
        ),
        (
            ("train", "a.yaml", "--epoch", "3"),
            "error[option-unknown]: `nncli train` has no option `--epoch`",
            "did you mean `--epochs`?",
        ),
        (
            ("train", "a.yaml", "-x"),
            "error[option-unknown]: `nncli train` has no option `-x`",
            "`nncli train --help` lists its options",
        ),
        (
            ("train", "a.yaml", "--run"),
            "error[option-form]: `--run` needs a value",
            "write `--run DIR`",
        ),
        (
            ("train", "a.yaml", "--quiet=3"),
            "error[option-form]: `--quiet` takes no value",
            "`nncli train --help` explains it",
        ),
        (
            ("train",),
            "error[command-short]: `nncli train` needs SPEC: The YAML file of the network",
            "as in `nncli train specs/digits-cnn.yaml --run runs/first`",
        ),
        (
            ("train", "a.yaml", "b.yaml"),
            "error[command-long]: `nncli train` does not know what to do with `b.yaml`",
            "it takes SPEC: a value with blanks stands in quotes",
        ),
        (("trian", "a.yaml"), "error[verb-unknown]: there is no verb `trian`", "did you mean `nncli train`?"),
        (
            ("it's",),
            "error[verb-unknown]: there is no verb `it's`",
            (
                "`nncli --help` lists them: "
                "init, check, data, summary, explain, train, bench, find-lr, inspect-gradients, "
                "runs, report, evaluate, predict, generate, export"
            ),
        ),
        (
            ("a.yaml",),
            "error[verb-unknown]: there is no verb `a.yaml`",
            "a verb comes first: `nncli train a.yaml`",
        ),
        (
            ("--vresion",),
            "error[option-unknown]: `nncli` has no option `--vresion`",
            "did you mean `--version`?",
        ),
    ],
)
def test_a_wrong_command_line(arguments: tuple[str, ...], message: str, hint: str, tmp_path: Path) -> None:
    answer = invoke(tmp_path, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"{message}\nhint: {hint}\n"


def test_words_of_a_person_steer_no_terminal(tmp_path: Path) -> None:
    answer = invoke(tmp_path, "train", "a.yaml", "--epochs", "\x1b[31m[bold]3")
    assert answer.code == 2 and "\x1b" not in answer.err and "[bold]3" in answer.err


def test_no_words_at_all_show_the_help(tmp_path: Path) -> None:
    answer = invoke(tmp_path)
    assert answer.code == 2 and "Write and check a network" in answer.out + answer.err
    assert "error[" not in answer.err
