"""`nncli generate` on a run, in this process."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from safetensors.numpy import load_file

from nncli.commands.evaluate import EvaluateOptions, evaluate
from nncli.commands.generate import GenerateOptions, generate
from nncli.commands.predict import PredictOptions, predict
from nncli.commands.train import TrainOptions, train
from nncli.data import builtin_sets as builtin
from nncli.errors import BusyError, NncliError, UsageError
from nncli.terminal.streams import Streams
from tests.objectives.update_specs import GAN

RECIPES = """
predict:
  twice: {compute: {twice: image * 2}}
  sample: {compute: {image: "generator(randn(batch, 4))"}}
  scored: {compute: {score: critic(image)}}
  numbers: {compute: {noise: "randn(batch, 4)", more: "rand(batch)"}, outputs: [noise, more]}
"""


def quiet() -> Streams:
    """Streams that nobody reads."""
    return Streams(*(Console(file=io.StringIO()) for _ in range(2)), live=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gan")
    (folder / "gan.yaml").write_text(GAN + RECIPES, encoding="utf-8")
    train(TrainOptions(folder / "gan.yaml", run=folder / "run", threads=1), quiet())
    return folder / "run"


def test_images_are_a_sheet_and_the_same_again(run: Path, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        generate(GenerateOptions(run, "sample", count=10, output=tmp_path / name, threads=1), quiet())
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as sheet:
        # Eight beside each other, every pixel as a square of eight.
        assert sheet.size == (8 * 66 + 2, 2 * 66 + 2)


def test_more_rows_begin_with_the_same_ones(run: Path, tmp_path: Path) -> None:
    for count in (3, 300):
        output = tmp_path / f"{count}.npz"
        generate(GenerateOptions(run, "sample", count=count, output=output, threads=1), quiet())
    few, many = (np.load(tmp_path / f"{count}.npz")["image"] for count in (3, 300))
    assert many.shape == (300, 1, 8, 8) and np.array_equal(few, many[:3])


def test_pixels_come_back_as_columns_that_a_classifier_reads(run: Path, tmp_path: Path) -> None:
    table, array = tmp_path / "made.csv", tmp_path / "made.npz"
    for output in (table, array):
        generate(GenerateOptions(run, "sample", count=3, output=output, threads=1), quiet())
    header, *rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    assert header[:2] == ["pixel_0_0", "pixel_0_1"] and len(header) == 64
    # From 0 to 1 in the network, and from 0 to 16 in the data.
    images = 16 * np.load(array)["image"].reshape(3, 64)
    assert np.allclose(np.array(rows, dtype=float), images, rtol=1e-5)
    predict(PredictOptions(run, table, output=tmp_path / "x.csv", recipe="scored", threads=1), quiet())
    generate(GenerateOptions(run, "numbers", count=2, output=tmp_path / "n.csv", threads=1), quiet())
    assert (tmp_path / "n.csv").read_text(encoding="utf-8").split("\n")[
        0
    ] == "noise.1,noise.2,noise.3,noise.4,more"


def test_several_outputs_go_into_one_file(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "all.safetensors"
    generate(GenerateOptions(run, "numbers", count=2, output=output, threads=1), quiet())
    assert {name: each.shape for name, each in load_file(output).items()} == {"noise": (2, 4), "more": (2,)}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("recipe-unknown", {"recipe": "sampel"}),
        ("recipe-not-chosen", {}),
        ("recipe-reads-rows", {"recipe": "scored"}),
        ("generate-format", {"recipe": "sample", "output": Path("x.jpg")}),
        ("generate-format", {"recipe": "numbers", "output": Path("x.png")}),
        ("generate-format", {"recipe": "numbers", "output": Path("x.txt")}),
        ("generate-option", {"recipe": "numbers", "text": {"top_k": 3}}),
        ("generate-option", {"recipe": "numbers", "json": True}),
    ],
)
def test_what_cannot_be_made_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, changes: dict[str, object]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NncliError) as caught:
        generate(GenerateOptions(run, threads=1, **changes), quiet())  # type: ignore[arg-type]
    assert isinstance(caught.value, UsageError) and caught.value.problems[0].code == code
    assert list(tmp_path.iterdir()) == []


def test_predict_answers_by_a_recipe_that_reads_rows(run: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    lines = (
        (Path(builtin.__file__).parent / "builtin" / "digits.csv").read_text(encoding="utf-8").splitlines()
    )
    rows.write_text("\n".join(lines[:6]) + "\n", encoding="utf-8")
    for number, form in enumerate(("csv", "jsonl")):
        options = PredictOptions(run, rows, output=tmp_path / f"{number}.{form}", recipe="scored", threads=1)
        predict(options, quiet())
    table = (tmp_path / "0.csv").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in (tmp_path / "1.jsonl").read_text(encoding="utf-8").splitlines()]
    assert table[0] == "score" and len(table) == 6
    assert [float(line) for line in table[1:]] == [document["score"] for document in documents]
    options = PredictOptions(run, rows, output=tmp_path / "wide.jsonl", recipe="twice", threads=1)
    predict(options, quiet())
    (first, *_) = (tmp_path / "wide.jsonl").read_text(encoding="utf-8").splitlines()
    assert np.array(json.loads(first)["twice"]).shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("code", "changes"),
    [("recipe-makes-rows", {"recipe": "sample"}), ("recipe-shape", {"recipe": "twice"})],
)
def test_what_predict_cannot_answer_by_is_refused(
    run: Path, tmp_path: Path, code: str, changes: dict[str, str]
) -> None:
    rows = Path(builtin.__file__).parent / "builtin" / "digits.csv"
    with pytest.raises(UsageError) as caught:
        predict(PredictOptions(run, rows, output=tmp_path / "x.csv", threads=1, **changes), quiet())
    assert caught.value.problems[0].code == code
    assert list(tmp_path.iterdir()) == []


def test_evaluate_gives_the_losses_of_the_last_row(run: Path) -> None:
    streams = quiet()
    options = EvaluateOptions(run, split="validation", json=True, threads=1)
    assert evaluate(options, streams) == 0
    *_, last = (json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    said = json.loads(streams.out.file.getvalue())  # type: ignore[attr-defined]
    assert said["metrics"] == pytest.approx(last["validation"])


def test_nothing_is_replaced_unasked(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "x.png"
    output.write_text("mine", encoding="utf-8")
    with pytest.raises(BusyError):
        generate(GenerateOptions(run, "sample", output=output, threads=1), quiet())
    assert output.read_text(encoding="utf-8") == "mine"
    generate(GenerateOptions(run, "sample", output=output, threads=1, overwrite=True), quiet())
    assert output.read_bytes().startswith(b"\x89PNG")
