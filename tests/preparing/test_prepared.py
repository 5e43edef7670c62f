from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError
from nncli.preparing.prepared import prepare
from nncli.spec.opening import open_spec, read_spec, read_text
from nncli.spec.spec import Origin
from nncli.spec.writing import as_tree, as_yaml
from nncli.training.stepping import Moment
from tests.end_to_end.specs import FLOWERS, write_flowers


def _problems(folder: Path, spec: str, *, with_data: bool = True) -> list[tuple[str, int]]:
    spec_, problems = read_spec(write_flowers(folder, spec))
    with pytest.raises(NncliError) as caught:
        prepare(spec_, problems, with_data=with_data)
    return [(problem.code, problem.place.line if problem.place else 0) for problem in caught.value.problems]


def test_all_problems_come_in_one_answer_sorted_by_line(tmp_path: Path) -> None:
    spec = FLOWERS.replace("width: number", "with: number").replace("ReLU", "Relu")
    spec = spec.replace("CrossEntropyLoss", "CrossEntropy").replace("epochs", "epoch")
    found = _problems(tmp_path, spec)
    assert [line for _, line in found] == sorted(line for _, line in found)
    assert {"layer-unknown", "unknown-key"} <= {code for code, _ in found}
    assert len({line for _, line in found}) >= 3


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ("{loss: CrossEntropyLoss, optimizer: {AdamW: {lrr: 1}}}", ["argument-unknown", "training-length"]),
        ("{optimizer: {AdamW: {lrr: 1}}, epochs: 3}", ["argument-unknown", "key-missing"]),
        (
            "{los: CrossEntropyLoss, optimizer: {AdamW: {lrr: 1}}, epochs: 3}",
            ["argument-unknown", "unknown-key"],
        ),
        (
            "{loss: CrossEntropyLos, optimiser: AdamW, epoch: 3}",
            ["loss-unknown", "unknown-key", "unknown-key"],
        ),
        (
            "{loss: CrossEntropyLos, optimizer: AdamW, epochs: 3, metrics: [acc, ff]}",
            ["loss-unknown", "metric-unknown", "metric-unknown"],
        ),
        (
            "{loss: CrossEntropyLoss, optimizer: AdamW, epochs: 3, keep_best: x, stop_early: {watch: y}}",
            ["figure-unknown", "figure-unknown"],
        ),
        (
            "{loss: CrossEntropyLoss, optimizer: AdamW, epochs: 3, metrics: [acc], keep_best: validation.f1}",
            ["metric-unknown"],
        ),
    ],
)
def test_mistakes_of_one_line_are_all_told_and_each_once(
    training: str, expected: list[str], tmp_path: Path
) -> None:
    spec = FLOWERS.partition("training:")[0] + f"training: {training}\n"
    assert sorted(code for code, _ in _problems(tmp_path, spec)) == expected


@pytest.mark.parametrize("with_data", [True, False])
def test_what_a_mistake_hides_is_no_second_one(tmp_path: Path, with_data: bool) -> None:
    hiding = (
        'constants: {wrong: "log(0)", unread: "ones(", of_both: "wrong + unread"}\n'
        "include: absent.yaml\n"
        "blocks: {broken: {args: 3, layers: [ReLU]}}\n"
    )
    items = "  - compute: x * wrong + unread + of_both\n  - included: 3\n  - broken: 3\n"
    spec = hiding + FLOWERS.replace("  - ReLU\n", items)
    codes = sorted(code for code, _ in _problems(tmp_path, spec, with_data=with_data))
    assert codes == ["arithmetic", "block-arguments-form", "expression-syntax", "include-unreadable"]


def test_data_that_is_missing_leaves_the_network_checked(tmp_path: Path) -> None:
    spec = FLOWERS.replace("flowers.csv", "absent.csv").replace("ReLU", "Relu")
    codes = [code for code, _ in _problems(tmp_path, spec)]
    assert "layer-unknown" in codes
    assert len(codes) == 2


@pytest.mark.parametrize(
    ("loss", "last", "warned"),
    [
        ("CrossEntropyLoss", "Softmax: {dim: 1}", True),
        ("NLLLoss", "Softmax: {dim: 1}", True),
        ("NLLLoss", "LogSoftmax: {dim: 1}", False),
        ("CrossEntropyLoss", "Identity", False),
    ],
)
def test_a_last_layer_that_the_loss_does_again_is_a_warning(
    loss: str, last: str, warned: bool, tmp_path: Path
) -> None:
    spec = FLOWERS.replace("CrossEntropyLoss", loss).replace("$classes\n", f"$classes\n  - {last}\n")
    warnings = prepare(open_spec(write_flowers(tmp_path, spec))).warnings
    assert [each.code for each in warnings] == ["loss-after-layer"] * warned


def test_the_resolved_spec_states_every_size_and_default(tmp_path: Path) -> None:
    prepared = prepare(open_spec(write_flowers(tmp_path)))
    tree = as_tree(prepared.spec)
    network = prepared.spec.networks["network"]
    assert network.inputs is not None
    assert network.inputs["features"].shape == (4,)
    assert "shape: [4]" in as_yaml(tree)
    assert tree["data"]["split"]["stratify"] == "kind"
    assert tree["data"]["targets"]["kind"]["classes"] == ["rose", "tulip", "weed"]
    assert prepared.data is not None
    assert {name: part.rows for name, part in prepared.data.parts.items()} == {
        "train": 84,
        "validation": 18,
        "test": 18,
    }


def test_initial_weights_follow_from_the_seed_alone(tmp_path: Path) -> None:
    spec = write_flowers(tmp_path)
    first, again = (prepare(open_spec(spec)).network.module.state_dict() for _ in range(2))
    other = prepare(open_spec(spec, ["training.seed=1"])).network.module.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["linear.weight"], other["linear.weight"])


def test_without_data_the_sizes_are_stand_ins(tmp_path: Path) -> None:
    spec = write_flowers(tmp_path)
    (tmp_path / "flowers.csv").unlink()
    prepared = prepare(open_spec(spec), with_data=False, with_weights=False)
    assert prepared.data is None
    assert len(prepared.network.output_shape) == 1


@pytest.mark.parametrize("stated", ["noise: [4]", "features: [5]"])
def test_inputs_that_the_data_does_not_give_cannot_be_trained(tmp_path: Path, stated: str) -> None:
    start, layers, rest = FLOWERS.partition("network:\n")
    items, training, end = rest.partition("training:")
    spec = f"{start}network:\n  inputs: {{{stated}}}\n  layers:\n{items}{training}{end}"
    assert layers and training
    codes = [code for code, _ in _problems(tmp_path, spec)]
    assert codes == ["input-not-in-data"]


def test_inputs_may_be_stated_as_the_data_gives_them(tmp_path: Path) -> None:
    start, layers, rest = FLOWERS.partition("network:\n")
    items, training, end = rest.partition("training:")
    spec = f"{start}{layers}  inputs: {{features: [4]}}\n  layers:\n{items}{training}{end}"
    assert prepare(open_spec(write_flowers(tmp_path, spec))).judge is not None


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("{row: [4], step: []}", "name-reserved"),
        ("{row: [$wide]}", "name-unknown"),
        ("[row: 4]", "inputs-form"),
    ],
)
def test_what_reads_an_input_that_is_wrong_is_no_mistake_of_its_own(inputs: str, code: str) -> None:
    text = f"""\
network:
  inputs: {inputs}
  layers:
    - {{Linear: $(size(1)), from: row}}
    - compute: x + row * row.length
    - Linear: -1
"""
    spec, problems = read_text(text, Origin("a.yaml", Path(), text))
    with pytest.raises(NncliError) as caught:
        prepare(spec, problems)
    assert [problem.code for problem in caught.value.problems] == [code, "argument-range"]


@pytest.mark.parametrize(
    ("constants", "code"),
    [
        ("{a: 1 +, b: a}", "expression-syntax"),
        ("{a: randn(3), b: 2 * a}", "constant-varies"),
        ("{a: '1', b: a, a.b: '1'}", "name-form"),
    ],
)
def test_what_reads_a_constant_that_is_wrong_is_no_mistake_of_its_own(constants: str, code: str) -> None:
    text = f"""\
constants: {constants}
network:
  inputs: {{row: [4]}}
  layers:
    - compute: row * a + b
    - Linear: -1
"""
    spec, problems = read_text(text, Origin("a.yaml", Path(), text))
    with pytest.raises(NncliError) as caught:
        prepare(spec, problems)
    assert [problem.code for problem in caught.value.problems] == [code, "argument-range"]


def test_a_network_that_is_too_large_to_be_read_is_not_called_empty() -> None:
    text = "network: {inputs: {row: [4]}, layers: [{Linear: 4, repeat: 100000}]}\n"
    spec, problems = read_text(text, Origin("a.yaml", Path(), text))
    with pytest.raises(NncliError) as caught:
        prepare(spec, problems)
    assert [problem.code for problem in caught.value.problems] == ["spec-too-large"]


@pytest.mark.parametrize(("compiled", "warned"), [("on", ["compile-checkpoints"]), ("auto", [])])
def test_a_network_with_checkpoints_is_not_compiled(tmp_path: Path, compiled: str, warned: list[str]) -> None:
    spec = FLOWERS.replace("  - ReLU\n", "  - ReLU:\n    checkpoint: true\n")
    written, problems = read_spec(write_flowers(tmp_path, f"{spec.rstrip()}\n  compile: {compiled}\n"))
    assert [each.code for each in prepare(written, problems).warnings] == warned


def test_a_job_keeps_nothing_inside_of_checkpoints(tmp_path: Path) -> None:
    spec = FLOWERS.replace("  - ReLU\n", "  - ReLU:\n    checkpoint: true\n")
    running, state = prepare(*read_spec(write_flowers(tmp_path, spec))).job(torch.device("cpu"))
    calls: list[object] = []
    state.networks["network"].get_submodule("relu").register_forward_pre_hook(lambda *_: calls.append(1))
    (loss,) = running.updates[0].losses(running.train, running.order(0)[:8], None, Moment(0, 0, 0))
    loss.backward()  # type: ignore[no-untyped-call]
    assert len(calls) == 2
