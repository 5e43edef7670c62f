"""`nncli data`: what it shows, its exit codes, the contact sheet, and the cache."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nncli.cache_folder import FOLDER_VARIABLE, new_entry
from tests.data import image_folders
from tests.data.scenes import write_scenes
from tests.data.test_sound_folders import fill
from tests.end_to_end.program import invoke
from tests.inspection.tables import TEST, TRAIN, text

NETWORK = "network: [Linear: 2]\n"
SPEC = """\
data:
  train: train.csv
  test: test.csv
  split: {validation: 0, test: 0}
  inputs: {size: number, weight: number, colour: category}
  targets: {kind: category}
"""
TEXTS = """\
data:
  train: lines.csv
  inputs: {line: {type: text, tokenizer: words}}
  targets: {kind: category}
"""


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC + NETWORK)
    (tmp_path / "train.csv").write_text(text(TRAIN))
    (tmp_path / "test.csv").write_text(text(TEST))
    return tmp_path


def test_parts_columns_classes_and_rows_are_shown(healthy: Path) -> None:
    answer = invoke(healthy, "data", "net.yaml")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "net.yaml: train 200, test 60 rows"
    size = next(line for line in lines if line.startswith("size    "))
    assert "number" in size and "█" in size and size.endswith("0.5 to 100.5, mean 50.44")
    assert any(line.startswith("a  131  █████") for line in lines)
    assert "no findings" in answer.out


def test_columns_that_are_not_shown_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    names = [f"c{number}" for number in range(13)]
    rows = "".join(",".join(str((n * k) % 17) for k in range(1, 14)) + f",{n % 2}\n" for n in range(60))
    (tmp_path / "rows.csv").write_text(",".join(names) + ",y\n" + rows)
    inputs = ", ".join(f"{name}: number" for name in names)
    (tmp_path / "net.yaml").write_text(
        f"data: {{train: rows.csv, inputs: {{{inputs}}}, targets: {{y: category}}}}\n"
    )
    answer = invoke(tmp_path, "data", "net.yaml")
    assert "c7" in answer.out, answer.out
    assert "… and 6 more columns: `--json` has all of them\n" in answer.out, answer.out
    (document,) = invoke(tmp_path, "data", "net.yaml", "--json").rows()
    assert len(document["samples"][0]) == 14


def test_the_document_has_all_that_is_shown(healthy: Path) -> None:
    (document,) = invoke(healthy, "data", "net.yaml", "--json").rows()
    assert (document["version"], document["ok"], document["seen"]) == (1, True, 260)
    assert document["rows"] == {"train": 200, "test": 60}
    size, _, colour, kind = document["columns"]
    assert sum(size["spread"]["bins"]) == 260
    assert (colour["classes"][0], kind["ratio"]) == ({"class": "blue", "rows": 65}, 131 / 129)
    assert document["samples"][1] == {"size": "37.5", "weight": "53.617", "colour": "green", "kind": "a"}
    assert (document["findings"], document["problems"]) == ([], [])


def test_a_script_fails_on_what_it_names(healthy: Path) -> None:
    (healthy / "test.csv").write_text(text([*TEST, TRAIN[0]]))
    assert invoke(healthy, "data", "net.yaml").code == 0
    assert invoke(healthy, "data", "net.yaml", "--fail-on", "noise,imbalance").code == 0
    answer = invoke(healthy, "data", "net.yaml", "--fail-on", "noise, leakage")
    assert answer.code == 1
    assert "warning[leakage]: 1 of 61 rows of test" in answer.out
    (document,) = invoke(healthy, "data", "net.yaml", "--json").rows()
    (finding,) = document["findings"]
    assert (finding["name"], finding["count"]) == ("leakage", 1)
    assert finding["places"] == ["test.csv:62 as train.csv:2"]


def test_a_warning_that_no_finding_repeats_is_shown(healthy: Path) -> None:
    spec = SPEC.replace(
        "{size: number, weight: number, colour: category}", "{both: {type: vector, columns: [size, weight]}}"
    )
    (healthy / "net.yaml").write_text(spec.replace("{kind: category}", "{weight: number}") + NETWORK)
    (healthy / "train.csv").write_text(text([[size, "3.5", *rest] for size, _, *rest in TRAIN]))
    answer = invoke(healthy, "data", "net.yaml")
    assert answer.code == 0
    assert "column-constant" in answer.err


def test_many_notes_of_one_kind_are_counted(healthy: Path) -> None:
    gaps = {
        name: f"{{type: number, column: weight, missing: {{constant: {n}}}}}"
        for n, name in enumerate("abcde")
    }
    inputs = ", ".join(f"{name}: {declared}" for name, declared in gaps.items())
    (healthy / "net.yaml").write_text(
        SPEC.replace("size: number, weight: number, colour: category", inputs) + NETWORK
    )
    (healthy / "train.csv").write_text(
        text([[size, "" if n == 5 else weight, *rest] for n, (size, weight, *rest) in enumerate(TRAIN)])
    )
    answer = invoke(healthy, "data", "net.yaml")
    assert answer.out.count("note[filled]") == 3
    assert "2 more of `filled`: `--json` lists them all" in answer.out


def test_a_finding_that_does_not_exist(healthy: Path) -> None:
    answer = invoke(healthy, "data", "net.yaml", "--fail-on", "leakage,noisy")
    assert answer.code == 2
    assert "there is no finding `noisy`" in answer.err
    assert "did you mean `noise`?" in answer.err


def test_errors_of_data_end_it(healthy: Path) -> None:
    (healthy / "test.csv").write_text(text([*TEST, ["many", *TRAIN[0][1:]]]))
    assert invoke(healthy, "data", "net.yaml").code == 4
    answer = invoke(healthy, "data", "net.yaml", "--json")
    (document,) = answer.rows()
    assert (answer.code, document["ok"]) == (4, False)
    assert [each["code"] for each in document["problems"]] == ["not-a-number"]


def test_a_network_that_is_wrong_keeps_nobody_from_looking(healthy: Path) -> None:
    (healthy / "net.yaml").write_text(
        SPEC + "network:\n  - Linear: {out_features: 2, size: 3}\n  - Nothing\n"
    )
    assert invoke(healthy, "data", "net.yaml").code == 0


def test_a_spec_without_data(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("network:\n  - Linear: 2\n")
    assert invoke(tmp_path, "data", "net.yaml").code == 3


def test_texts_are_shown_as_tokens(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TEXTS + NETWORK)
    lines = [
        f"the {name} is number {at},{at % 2}" for at, name in enumerate(["cat", "dog", "owl", "fox"] * 10)
    ]
    (tmp_path / "lines.csv").write_text("line,kind\n" + "\n".join(lines) + "\n")
    answer = invoke(tmp_path, "data", "net.yaml")
    assert answer.code == 0
    assert "first tokens of line" in answer.out
    (document,) = invoke(tmp_path, "data", "net.yaml", "--json").rows()
    assert document["tokens"]["line"][0][:4] in [
        ["the", each, "is", "number"] for each in ("cat", "dog", "owl", "fox")
    ]
    assert document["columns"][0]["spread"]["highest"] == 5


def test_long_texts_and_series_have_no_rows_to_compare(tmp_path: Path) -> None:
    (tmp_path / "text.yaml").write_text(
        "data:\n  train: poem.txt\n  inputs: {text: {type: text, tokenizer: characters, length: 16}}\n"
        "  targets: {next: {type: text, column: text, shift: -1}}\n" + NETWORK
    )
    (tmp_path / "poem.txt").write_text("a rose is a rose is a rose\n" * 40)
    (document,) = invoke(tmp_path, "data", "text.yaml", "--json").rows()
    assert document["columns"][0]["details"]["stretch"] == 16
    assert document["tokens"]["text"][0][:6] == list("a rose")
    (tmp_path / "series.yaml").write_text(
        "data:\n  train: load.csv\n  time: day\n  inputs: {load: {type: series, window: [-3, 0]}}\n"
        "  targets: {next: {type: number, column: load, shift: 1}}\n" + NETWORK
    )
    days = "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 31))
    (tmp_path / "load.csv").write_text("day,load\n" + days)
    answer = invoke(tmp_path, "data", "series.yaml")
    assert "in time: 30 steps, 2024-01-01 to 2024-01-30" in answer.out
    assert "leakage" not in answer.out


def test_a_contact_sheet(tmp_path: Path, healthy: Path) -> None:
    (tmp_path / "digits.yaml").write_text("data: builtin:digits\n" + NETWORK)
    answer = invoke(
        tmp_path, "data", "digits.yaml", "--contact-sheet", "sheet.png", "--set", "data.split.seed=1"
    )
    assert answer.code == 0
    assert "8×8, 1 channel" in answer.out
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.size[0] > 8 * 64
        assert image.getextrema()[0] == (0, 255)
    assert invoke(tmp_path, "data", "digits.yaml", "--contact-sheet", "sheet.png").code == 8
    assert invoke(tmp_path, "data", "net.yaml", "--contact-sheet", "other.png").code == 2


def test_images_and_their_masks(tmp_path: Path) -> None:
    """Images in which the class shows, so that the sheet tells whether both moved alike."""
    write_scenes(tmp_path, 40)
    (tmp_path / "photos.yaml").write_text(
        "data:\n  train: scenes.csv\n  inputs:\n"
        "    photo: {type: image, augment: [{RandomCrop: {padding: 3}}]}\n"
        "  targets: {parts: {type: mask, classes: [ground, thing]}}\n"
    )
    answer = invoke(tmp_path, "data", "photos.yaml", "--contact-sheet", "sheet.png")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert next(line for line in lines if line.startswith("photo ")).endswith("10×12, 1 channel, mean 75")
    assert "10×12, 2 classes, 83 % `ground`" in next(line for line in lines if line.startswith("parts"))
    assert "pixels by class of parts: 2, 5 to 1" in answer.out
    (document,) = invoke(tmp_path, "data", "photos.yaml", "--json").rows()
    assert document["columns"][1]["classes"] == [
        {"class": "ground", "pixels": 4000},
        {"class": "thing", "pixels": 800},
    ]
    with Image.open(tmp_path / "sheet.png") as image:
        pixels = np.asarray(image).astype(int)
    images, masks = np.split(pixels, 2)
    is_thing = (images == 200).all(2)
    assert is_thing.sum() > 1000 and ((masks == [128, 0, 0]).all(2) == is_thing).all()
    # What was padded has no class.
    assert ((masks == [224, 224, 192]).all(2) == (images == 0).all(2)).all()


def test_views_are_looked_at_as_inputs_of_their_own(tmp_path: Path) -> None:
    image_folders.fill(tmp_path / "pets", "cat", "dog")
    (tmp_path / "net.yaml").write_text(
        "data:\n  train: pets\n  inputs:\n    image:\n      type: image\n      views: [one, two]\n"
        "      augment: [{RandomCrop: {padding: 2}}]\n  targets: {label: category}\n"
    )
    answer = invoke(tmp_path, "data", "net.yaml", "--contact-sheet", "sheet.png")
    assert answer.code == 0, answer.err
    assert [line.split()[:2] for line in answer.out.splitlines()[3:5]] == [["one", "image"], ["two", "image"]]
    with Image.open(tmp_path / "sheet.png") as image:
        one, two = np.split(np.asarray(image), 2)
    assert one.shape == two.shape and (one != two).any()


def test_sounds_and_their_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    fill(tmp_path / "sounds")
    high = next((tmp_path / "sounds" / "high").glob("0.*"))
    (tmp_path / "sounds" / "low" / f"copy{high.suffix}").write_bytes(high.read_bytes())
    (tmp_path / "net.yaml").write_text(
        "data: {train: sounds, inputs: {sound: {type: audio}}, targets: {label: category}}\n"
    )
    answer = invoke(tmp_path, "data", "net.yaml")
    assert answer.code == 0, answer.err
    assert "8,000 Hz" in next(line for line in answer.out.splitlines() if line.startswith("sound "))
    (document,) = invoke(tmp_path, "data", "net.yaml", "--json").rows()
    noise = next(each for each in document["findings"] if each["name"] == "noise")
    assert noise["places"] == [f"sounds/high/{high.name}", f"sounds/low/copy{high.suffix}"]


def test_the_cache_is_listed_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    assert invoke(tmp_path, "data", "--cache", "list").out == f"0 entries, 0 B in {tmp_path / 'cache'}\n"
    with new_entry("tables", "ab" * 32, "net: rows.csv") as folder:
        (folder / "piece").write_bytes(b"x" * 2048)
    os.utime(tmp_path / "cache" / "tables" / ("ab" * 32) / "lock", (0, 0))
    lines = invoke(tmp_path, "data", "--cache", "list").out.splitlines()
    assert lines[1].split()[:3] == ["tables", "2.0", "KiB"]
    assert lines[1].endswith("net: rows.csv")
    (document,) = invoke(tmp_path, "data", "--cache", "list", "--json").rows()
    assert [each["about"] for each in document["entries"]] == ["net: rows.csv"]
    assert invoke(tmp_path, "data", "--cache", "clear").out == "removed 1 entry, 2.0 KiB\n"
    (document,) = invoke(tmp_path, "data", "--cache", "clear", "--json").rows()
    assert (document["removed"], document["entries"]) == ([], [])


def test_either_a_spec_or_the_cache(healthy: Path) -> None:
    assert invoke(healthy, "data").code == 2
    assert invoke(healthy, "data", "net.yaml", "--cache", "list").code == 2
    assert json.loads(invoke(healthy, "data", "net.yaml", "--json").out)["ok"]
