"""`nncli inspect-gradients` on a run: on its own rows, and on others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers
from tests.end_to_end.specs import flowers as table


def test_findings_of_a_run_point_at_the_lines_of_its_spec(tmp_path: Path) -> None:
    layers = "  - Linear: 8\n  - Sigmoid\n" * 8
    write_flowers(tmp_path, FLOWERS.replace("  - Linear: 8\n  - ReLU\n", layers))
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    (finding, *_) = document["findings"]
    assert (finding["layer"], finding["file"]) == ("linear", "run/spec.yaml")
    lines = (tmp_path / "run" / "spec.yaml").read_text().splitlines()
    assert lines[finding["line"] - 1] == "  - Linear: 8"
    assert "(run/spec.yaml:8)" in invoke(tmp_path, "inspect-gradients", "run").out


def test_dropout_is_the_same_in_every_look(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("  - ReLU\n", "  - ReLU\n  - Dropout: 0.5\n"))
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    first, again = (invoke(tmp_path, "inspect-gradients", "run", "--json").out for _ in range(2))
    assert first == again


@pytest.mark.parametrize("source", ["run", "flowers.safetensors"])
def test_other_rows_are_taken_by_file(source: str, flowers: Trained, tmp_path: Path) -> None:
    shutil.copytree(flowers.run, tmp_path / "run")
    assert invoke(tmp_path, "export", "run", "--output", "flowers.safetensors").code == 0
    answer = invoke(tmp_path, "inspect-gradients", source)
    assert answer.code == 4
    assert "--data FILE" in answer.err
    (tmp_path / "more.csv").write_text(table(20))
    (document,) = invoke(tmp_path, "inspect-gradients", source, "--data", "more.csv", "--json").rows()
    assert [layer["name"] for layer in document["layers"]] == ["linear", "relu", "linear_2"]
    assert document["layers"][0]["gradient"]["rms"] > 0


def test_other_rows_are_no_option_of_a_spec(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "inspect-gradients", "flowers.yaml", "--data", "flowers.csv")
    assert answer.code == 2
    assert "hint: `--set data.train=FILE` changes the data of a spec" in answer.err


DIVERGES = FLOWERS.replace("{AdamW: {lr: 3e-2}}", "{SGD: {lr: 1e30}}")


def test_a_run_that_diverged_before_it_saved_anything(tmp_path: Path) -> None:
    write_flowers(tmp_path, DIVERGES)
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run").code == 7
    assert not (tmp_path / "run" / "model.safetensors").exists()
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    (finding,) = document["findings"]
    assert (finding["id"], finding["file"]) == ("lr_too_high", "run/spec.yaml")
    assert [each["id"] for each in finding["explains"]] == ["nan_loss", "batch_size"]
    (changed,) = finding["patch"]["set"]
    assert changed.startswith("training.optimizer.SGD.lr=")
    lines = (tmp_path / "run" / "spec.yaml").read_text().splitlines()
    assert "SGD" in lines[finding["line"] - 1]


MAKES_NAN = FLOWERS.replace("  - ReLU\n", "  - ReLU\n  - compute: log(x)\n")


def test_an_expression_that_is_not_finite_is_named_and_no_layer(tmp_path: Path) -> None:
    write_flowers(tmp_path, MAKES_NAN)
    answer = invoke(tmp_path, "train", "flowers.yaml", "--run", "run")
    assert answer.code == 7
    assert "the output of `log` (expression) is not finite at step 1" in answer.err
    assert "hint: `log` has no finite result for some of what flows in" in answer.err
    assert "learning rate to" not in answer.err and "flowers.csv:" in answer.err
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    (finding, *_) = document["findings"]
    assert (finding["id"], finding["layer"]) == ("nan_loss", "log")
    assert "at step 1, going forward; its batch: flowers.csv:" in finding["evidence"]
    (document,) = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--json").rows()
    (finding, *_) = document["findings"]
    assert (finding["id"], finding["layer"], finding["line"]) == ("nan_loss", "log", 10)


GROWS = FLOWERS.replace("{AdamW: {lr: 3e-2}}", "{SGD: {lr: 3e2}}").replace("  - ReLU\n", "")


def test_a_run_that_diverged_shows_its_last_steps(tmp_path: Path) -> None:
    write_flowers(tmp_path, GROWS.replace("CrossEntropyLoss", "{MultiMarginLoss: {p: 2}}"))
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run").code == 7
    rows = [json.loads(line) for line in (tmp_path / "run" / "statistics.jsonl").read_text().splitlines()]
    last = rows[-1]
    assert last["kind"] == "diverged" and 0 < len(last["losses"]) <= 20
    assert last["direction"] in ("forward", "backward") and last["layer"] and last["rows"]
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    steps = [each["step"] for each in document["last_steps"]]
    assert steps and steps == sorted(steps) and steps[-1] == last["step"] - 1
    assert document["last_steps"][0]["gradient"] > 0
    answer = invoke(tmp_path, "inspect-gradients", "run")
    assert "the last steps before a number was not finite" in answer.out


def test_what_is_found_can_be_asked_to_fail(tmp_path: Path) -> None:
    write_flowers(
        tmp_path, FLOWERS.replace("  - Linear: $classes\n", "  - Linear: $classes\n  - Softmax: 1\n")
    )
    found = "loss_activation_mismatch"
    assert invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--fail-on", found).code == 1
    assert invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--fail-on", "dead_units").code == 0
    answer = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--strict")
    assert answer.code == 1
    assert f"error[{found}] softmax (flowers.yaml:11)" in answer.out
    assert "  hint: leave Softmax out" in answer.out
    assert "not checked: label_noise, overfitting" in answer.out


def test_a_clean_answer_lists_what_was_checked(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "inspect-gradients", "flowers.yaml", "--strict")
    assert answer.code == 0
    assert "no findings\n" in answer.out
    assert "checked: invalid_targets, " in answer.out
    (document,) = invoke(flowers.folder, "inspect-gradients", "flowers.yaml", "--json").rows()
    made = [each["id"] for each in document["checks"] if each["unable"] is None]
    assert "unscaled_inputs" in made and "overfitting" not in made


SPECS = Path(__file__).parents[2] / "specs"
OWN_UPDATES = ("digits-gan", "digits-vae", "digits-diffusion", "digits-contrastive", "digits-denoising")


@pytest.mark.parametrize("name", OWN_UPDATES)
def test_networks_with_updates_are_looked_at_one_by_one(name: str, tmp_path: Path) -> None:
    (document,) = invoke(tmp_path, "inspect-gradients", SPECS / f"{name}.yaml", "--json").rows()
    assert [each for each in document["findings"] if each["severity"] != "note"] == []
    assert all(layer["update"] and layer["network"] for layer in document["layers"])
    learning = [layer for layer in document["layers"] if layer["update_ratio"] is not None]
    assert all(layer["gradient"]["norm"] > 0 for layer in learning) and learning
    made = {each["id"] for each in document["checks"] if each["unable"] is None}
    assert {"missing_activation", "vanishing_gradients", "dead_units"} <= made
    reasons = {each["unable"] for each in document["checks"] if each["id"] == "lr_too_high"}
    assert reasons == {
        "the spec says its own updates, which have no predictions that could be compared with a target"
    }


def test_a_student_is_looked_at_and_its_frozen_teacher_is_not(tmp_path: Path) -> None:
    shutil.copy(SPECS / "distillation" / "student.yaml", tmp_path)
    exported = invoke(tmp_path, "export", SPECS / "digits-cnn.yaml", "--output", "teacher.safetensors")
    assert exported.code == 0, exported.err
    (document,) = invoke(tmp_path, "inspect-gradients", "student.yaml", "--json").rows()
    assert {layer["network"] for layer in document["layers"]} == {"student"}
    assert document["findings"] == []


LOGARITHM = """
data: builtin:iris
networks:
  first: {inputs: {features: [4]}, layers: [Linear: 2, Sigmoid]}
  second: {inputs: {code: [2]}, layers: [Linear: 4]}
training:
  optimizer: AdamW
  epochs: 2
  updates:
    - update: [first, second]
      compute: {code: first(features), again: second(code)}
      loss:
        - {MSELoss: {}, from: [again, features]}
        - {compute: "mean(log(code - 2), 1)", name: odd}
"""


def test_an_expression_of_an_update_that_is_not_finite_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(LOGARITHM)
    (document,) = invoke(tmp_path, "inspect-gradients", "odd.yaml", "--json").rows()
    (before, *_) = document["findings"]
    assert invoke(tmp_path, "train", "odd.yaml", "--run", "run").code == 7
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    (after, *_) = document["findings"]
    for found in (before, after):
        assert (found["id"], found["layer"], found["line"]) == ("nan_loss", "log", 14)
    assert "going forward; its batch: builtin:iris:" in after["evidence"]


def test_a_run_with_updates_is_looked_at_with_its_weights(tmp_path: Path) -> None:
    text = (SPECS / "digits-gan.yaml").read_text()
    dead = text.replace(
        "      - Linear: 128\n      - BatchNorm1d\n      - ReLU\n      - Linear: 128",
        "      - Linear: 128\n      - compute: x * 0 - 1\n      - ReLU\n      - Linear: 128",
    )
    (tmp_path / "gan.yaml").write_text(dead.replace("epochs: 150", "epochs: 1"))
    assert invoke(tmp_path, "train", "gan.yaml", "--run", "run", "-q").code == 0
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    answer = invoke(tmp_path, "inspect-gradients", "run", "--strict")
    assert answer.code == 1, answer.err
    assert "run, generator in the update generator, after" in answer.out
    assert "run, discriminator in the update discriminator, after" in answer.out
    assert "error[dead_units] generator.relu (run/spec.yaml:20): 128 of the 128 units" in answer.out
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before
    refused = invoke(tmp_path, "inspect-gradients", "run", "--try")
    assert refused.code == 2 and "error[try-of-updates]" in refused.err


def test_train_ends_with_what_the_run_tells(tmp_path: Path) -> None:
    write_flowers(
        tmp_path, FLOWERS.replace("  - Linear: $classes\n", "  - Linear: $classes\n  - Softmax: 1\n")
    )
    said = invoke(tmp_path, "train", "flowers.yaml", "--run", "run").err.splitlines()
    (verdict,) = [line for line in said if line.startswith("error[loss_activation_mismatch]")]
    assert "softmax (flowers.yaml:11)" in verdict
    assert said[said.index(verdict) + 1].startswith("hint: `nncli inspect-gradients run` says more")
    statistics = (tmp_path / "run" / "statistics.jsonl").read_text().splitlines()
    assert len(statistics) == 2


def test_a_healthy_run_ends_without_a_word_of_it(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "inspect-gradients", "run", "--strict")
    assert answer.code == 0, answer.out


COMMENTED = """# Flowers of a field.
data: {train: flowers.csv, inputs: {length: number, width: number}, targets: {kind: category}}
network:
  - Linear: 8
  - ReLU       # bends
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 1e-6}}   # far too slow
  epochs: 20
"""


def test_a_patch_is_tried_and_written(tmp_path: Path) -> None:
    write_flowers(tmp_path, COMMENTED)
    answer = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--try", "--write", "better.yaml")
    assert answer.code == 0
    assert "warning[lr_too_low] SGD.lr (flowers.yaml:9)" in answer.out
    assert "  tried: loss after 40 steps " in answer.out and "does not help" not in answer.out
    assert "the spec with its patches is in better.yaml" in answer.err
    before, after = COMMENTED.splitlines(), (tmp_path / "better.yaml").read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    ((old, new),) = changed
    assert old.startswith("  optimizer: {SGD: {lr: 1e-6}}") and new.endswith("}}   # far too slow")
    (document,) = invoke(tmp_path, "inspect-gradients", "better.yaml", "--json").rows()
    assert document["findings"] == []


def test_a_patch_that_does_not_help_is_a_guess_and_is_not_written(tmp_path: Path) -> None:
    # Two linear layers are enough for flowers that lie in a row.
    write_flowers(tmp_path, COMMENTED.replace("  - ReLU       # bends\n", "").replace("1e-6", "0.2"))
    (document,) = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--try", "--json").rows()
    (finding,) = document["findings"]
    assert (finding["id"], finding["sure"], finding["effect"]["helps"]) == (
        "missing_activation",
        "guess",
        False,
    )
    answer = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--try", "--write", "better.yaml")
    assert "no patch helped when it was tried, so nothing was written; --write without --try" in answer.err
    assert not (tmp_path / "better.yaml").exists()
    answer = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--write", "better.yaml")
    assert "the spec with its patches is in better.yaml" in answer.err


def test_a_patch_of_a_contradiction_is_named_and_written_though_steps_do_not_show_it(tmp_path: Path) -> None:
    text = COMMENTED.replace("  - Linear: $classes\n", "  - Linear: $classes\n  - Softmax: 1\n")
    write_flowers(tmp_path, text.replace("20", "2"))
    answer = invoke(tmp_path, "inspect-gradients", "flowers.yaml", "--try", "--write", "better.yaml")
    assert "  # leave out Softmax, line 7" in answer.out and "it does not help in these steps" in answer.out
    assert "the spec with its patches is in better.yaml" in answer.err
    assert "Softmax" not in (tmp_path / "better.yaml").read_text()


def test_a_patch_goes_before_what_set_says(tmp_path: Path) -> None:
    write_flowers(tmp_path, COMMENTED.replace("1e-6", "0.1"))
    slow = ("--set", "training.optimizer.SGD.lr=1e-6")
    (document,) = invoke(tmp_path, "inspect-gradients", "flowers.yaml", *slow, "--try", "--json").rows()
    (finding,) = document["findings"]
    assert (finding["id"], finding["effect"]["helps"]) == ("lr_too_low", True)


def test_nothing_is_written_over(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "inspect-gradients", "run", "--write", "flowers.csv")
    assert answer.code == 8 and "error[output-exists]" in answer.err


def test_a_weights_file_has_no_text_to_change(flowers: Trained, tmp_path: Path) -> None:
    answer = invoke(flowers.run, "inspect-gradients", "model.safetensors", "--try")
    assert answer.code == 2 and "error[patch-without-spec]" in answer.err


@pytest.mark.parametrize(("rate", "layer", "code"), [("0.1", "ReLU", 0), ("0.1", "compute: x * 0", 1)])
def test_one_batch_by_heart(rate: str, layer: str, code: int, tmp_path: Path) -> None:
    write_flowers(tmp_path, COMMENTED.replace("1e-6", rate).replace("ReLU       # bends", layer))
    answer = invoke(tmp_path, "train", "flowers.yaml", "--overfit-batch", "--json")
    assert answer.code == code, answer.err
    (document,) = answer.rows()
    assert document["learned"] is (code == 0)
    assert document["rows"] == 32 and len(document["losses"]) == 300
    assert not (tmp_path / "runs").exists()


def test_the_answer_about_one_batch_in_words(tmp_path: Path) -> None:
    write_flowers(tmp_path, COMMENTED.replace("1e-6", "0.1"))
    said = invoke(tmp_path, "train", "flowers.yaml", "--overfit-batch").err.splitlines()
    assert said[0] == "yes: 32 rows, 300 of 300 steps, at a learning rate of 0.1"
    assert said[1].startswith("  loss   1.") and "█" in said[1] and "▁" in said[1]
    assert said[2].endswith("of that of one answer for all rows; by heart is 5%")


def test_other_data_in_the_place_of_those_of_a_run_without_weights_are_not_read(tmp_path: Path) -> None:
    rows = "".join(f"{number % 7},{number % 3}\n" for number in range(90))
    (tmp_path / "rows.csv").write_text(f"size,price\n{rows}")
    (tmp_path / "wild.yaml").write_text(
        "data: {train: rows.csv, inputs: {size: number}, targets: {price: number}}\n"
        "network: [Linear: 8, Linear: 1]\n"
        "training: {loss: MSELoss, optimizer: {SGD: {lr: 1e30}}, epochs: 3}\n"
    )
    assert invoke(tmp_path, "train", "wild.yaml", "--run", "run").code == 7
    (tmp_path / "rows.csv").write_text("a secret\nof somebody\n")
    for arguments in (("inspect-gradients", "run"), ("report", "run", "--output", "page.html")):
        answer = invoke(tmp_path, *arguments)
        said = (
            answer.out + answer.err + (tmp_path / "page.html").read_text() if answer.code == 0 else answer.err
        )
        assert "secret" not in said and "somebody" not in said
    assert "error[data-changed]" in invoke(tmp_path, "inspect-gradients", "run").err
