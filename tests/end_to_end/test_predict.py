"""`nncli predict` and `nncli.load`: one row out per row in, in order, in the targets' own words."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
from pathlib import Path

import polars
import pytest

import nncli
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import COMMAND, Answer, environment, invoke, process, strict_json
from tests.end_to_end.specs import flowers as table


def _predicted(trained: Trained, cwd: Path, *arguments: object) -> Answer:
    answer = invoke(cwd, "predict", trained.run, *arguments)
    assert answer.code == 0, answer.err
    return answer


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _without(text: str, *columns: str) -> str:
    frame = polars.read_csv(io.StringIO(text), infer_schema=False).drop(columns)
    return frame.write_csv()


@pytest.fixture(scope="module")
def wanted(flowers: Trained) -> list[dict[str, str]]:
    """What the network says about its own table, by the plainest way."""
    return _rows(_predicted(flowers, flowers.folder, flowers.folder / "flowers.csv").out)


def test_columns_are_the_target_and_the_share_of_every_class(wanted: list[dict[str, str]]) -> None:
    assert len(wanted) == 120
    for row in wanted:
        assert list(row) == ["kind", "kind.rose", "kind.tulip", "kind.weed"]
        shares = {name.removeprefix("kind."): float(row[name]) for name in row if name != "kind"}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
        assert row["kind"] == max(shares, key=lambda name: shares[name])


def test_a_binary_target_has_the_share_of_its_positive(ripe: Trained) -> None:
    rows = _rows(_predicted(ripe, ripe.folder, "flowers.csv").out)
    assert list(rows[0]) == ["ripe", "ripe.yes"]
    assert all((row["ripe"] == "yes") == (float(row["ripe.yes"]) > 0.5) for row in rows)
    document = _predicted(ripe, ripe.folder, "flowers.csv", "--format", "jsonl").rows()[0]
    assert list(document["probabilities"]["ripe"]) == ["no", "yes"]


def test_a_number_comes_in_its_own_unit(height: Trained) -> None:
    rows = _rows(_predicted(height, height.folder, "flowers.csv").out)
    assert list(rows[0]) == ["height"]
    mean = sum(float(row["height"]) for row in rows) / len(rows)
    # 100 to 540, while a scaled number would lie around zero.
    assert 200 < mean < 450
    assert _predicted(height, height.folder, "flowers.csv", "--format", "jsonl").rows()[0] == {
        "height": pytest.approx(float(rows[0]["height"]))
    }


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_format_says_the_same_both_ways(
    form: str, flowers: Trained, wanted: list[dict[str, str]], tmp_path: Path
) -> None:
    frame = polars.read_csv(io.StringIO(table()))
    source, output = tmp_path / f"rows.{form}", tmp_path / f"said.{form}"
    if form == "csv":
        frame.write_csv(source)
    elif form == "jsonl":
        frame.write_ndjson(source)
    else:
        frame.write_parquet(source)
    answer = _predicted(flowers, tmp_path, source, "--output", output)
    assert answer.out == ""
    assert answer.err == f"120 rows predicted, written to {output}\n"
    if form == "jsonl":
        rows = [strict_json(line) for line in output.read_text().splitlines()]
        said = [{"kind": row["kind"], "kind.rose": row["probabilities"]["kind"]["rose"]} for row in rows]
    else:
        said = (polars.read_csv(output) if form == "csv" else polars.read_parquet(output)).to_dicts()
    assert [row["kind"] for row in said] == [row["kind"] for row in wanted]
    assert [row["kind.rose"] for row in said] == [float(row["kind.rose"]) for row in wanted]


def test_the_target_may_be_missing_and_columns_stand_in_any_order(
    flowers: Trained, wanted: list[dict[str, str]], tmp_path: Path
) -> None:
    frame = polars.read_csv(
        io.StringIO(_without(table(), "kind", "id", "height", "ripe")), infer_schema=False
    )
    frame.select(reversed(frame.columns)).write_csv(tmp_path / "new.csv")
    assert _rows(_predicted(flowers, tmp_path, "new.csv").out) == wanted


def test_kept_columns_come_first_as_they_were_written(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(table(3))
    rows = _rows(_predicted(flowers, tmp_path, "new.csv", "--keep", "id", "--keep", "length").out)
    assert list(rows[0]) == ["id", "length", "kind", "kind.rose", "kind.tulip", "kind.weed"]
    assert [(row["id"], row["length"]) for row in rows] == [("f0", "1.00"), ("f1", "3.10"), ("f2", "5.20")]
    kept = _rows(_predicted(flowers, tmp_path, "new.csv", "--keep-all").out)
    assert list(kept[0])[:7] == ["id", "length", "width", "colour", "kind.given", "ripe", "height"]
    assert [row["kind.given"] for row in kept] == ["rose", "tulip", "weed"]
    answer = invoke(tmp_path, "predict", flowers.run, "new.csv", "--keep", "lenght")
    assert answer.code == 2
    assert "error[keep-unknown]: the input has no column `lenght`" in answer.err
    assert "hint: did you mean `length`?" in answer.err


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_standard_input_is_json_or_csv(form: str, flowers: Trained, wanted: list[dict[str, str]]) -> None:
    text = table()
    if form == "jsonl":
        text = "".join(json.dumps(row) + "\n" for row in _rows(text))
    if form == "json":
        text = json.dumps(_rows(text), indent=1)
    answer = process(flowers.folder, "predict", "run", "-", stdin=text.encode())
    assert answer.code == 0, answer.err
    assert _rows(answer.out) == wanted


def test_a_category_that_training_never_saw_is_refused(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(table(3).replace("blue", "violet"))
    answer = invoke(tmp_path, "predict", flowers.run, "new.csv", "--output", "said.csv")
    assert answer.code == 4
    assert "violet" in answer.err
    assert not (tmp_path / "said.csv").exists()


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("x", "write a number: the network was trained with numbers in `length`"),
        ("", "fill it in: the network was trained with a value in every row of `length`"),
    ],
)
def test_hints_about_new_rows_speak_of_the_rows(
    cell: str, hint: str, flowers: Trained, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(f"length,width,colour\n{cell},1,red\n")
    answer = invoke(tmp_path, "predict", flowers.run, "new.csv")
    assert answer.code == 4
    assert answer.err.endswith(f"hint: {hint}\n")


def test_one_row_is_one_row(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(table(1))
    assert _predicted(flowers, tmp_path, "new.csv", "--output", "a.csv").err.startswith("1 row predicted")
    assert "on new.csv, 1 row\n" in invoke(tmp_path, "evaluate", flowers.run, "--data", "new.csv").out


def test_an_output_is_replaced_only_where_that_was_asked_for(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(table(3))
    (tmp_path / "said.csv").write_text("precious")
    arguments = ("predict", flowers.run, "new.csv", "--output", "said.csv")
    answer = invoke(tmp_path, *arguments)
    assert answer.code == 8
    assert "error[output-exists]" in answer.err
    assert (tmp_path / "said.csv").read_text() == "precious"
    assert invoke(tmp_path, *arguments, "--overwrite").code == 0
    assert len(_rows((tmp_path / "said.csv").read_text())) == 3


def test_what_is_stopped_midway_leaves_no_output(flowers: Trained, tmp_path: Path) -> None:
    command = [*COMMAND, "predict", str(flowers.run), "-", "--output", "said.csv"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        assert running.stdin is not None
        # More than a pipe holds, so that this returns once the program reads.
        running.stdin.write(table(8000).encode())
        running.stdin.flush()
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate()
    assert running.returncode == 130
    assert err.decode() == "interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_load_predicts_dicts_frames_and_files_like_the_command(
    flowers: Trained, wanted: list[dict[str, str]]
) -> None:
    model = nncli.load(flowers.run)
    assert not model.module.training
    assert model.spec.name == "flowers"
    frame = polars.read_csv(flowers.folder / "flowers.csv")
    for rows in (
        frame.to_dicts(),
        frame,
        flowers.folder / "flowers.csv",
        str(flowers.folder / "flowers.csv"),
    ):
        said = model.predict(rows)
        assert [row["kind"] for row in said] == [row["kind"] for row in wanted]
        shares = [row["probabilities"]["kind"]["rose"] for row in said]
        assert shares == [float(row["kind.rose"]) for row in wanted]


def test_predictions_are_those_that_evaluate_counts(flowers: Trained, tmp_path: Path) -> None:
    rows = _rows(_predicted(flowers, flowers.folder, "flowers.csv", "--keep", "kind").out)
    right = sum(row["kind"] == row["kind.given"] for row in rows)
    answer = invoke(flowers.folder, "evaluate", "run", "--data", "flowers.csv", "--json")
    (document,) = answer.rows()
    assert document["metrics"]["accuracy"] == pytest.approx(right / len(rows), abs=1e-6)
    counts = document["confusion"]["counts"]
    assert sum(counts[i][i] for i in range(3)) == right
    assert document["rows"] == len(rows) == sum(map(sum, counts))


def test_an_ending_that_says_no_format_is_refused(tmp_path: Path) -> None:
    answer = invoke(tmp_path, "predict", "nowhere", "rows.csv", "--output", "out.txt")
    assert answer.code == 2 and "predict-ending" in answer.err
