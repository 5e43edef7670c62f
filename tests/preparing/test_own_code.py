"""Files of `--code`: what is taken from them, and what their layers do in a network."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError, Problem, SpecError, UsageError
from nncli.messages.catalogue import hint_of, message_of
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.preparing.own_code import NO_CODE, OwnCode, load_code, require_code
from nncli.printing.copied_source import copied_source
from nncli.printing.specialising import Use
from nncli.spec.opening import Origin, parse_spec
from tests.code_files import LAYERS, ODD, write

ROW = "row: [6]"
SIGNAL = "signal: [5, 4]"


def compiled(code: OwnCode, layers: str, inputs: str = ROW, *, weights: bool = True) -> CompiledNetwork:
    text = f"network:\n  inputs: {{{inputs}}}\n  layers: [{layers}]\n"
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    around = Surroundings(own_layers=code.layers)
    return compile_networks(spec.networks, {}, around, weights=weights)["network"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> OwnCode:
    return load_code([write(tmp_path_factory.mktemp("odd"), ODD, "odd.py")])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnCode:
    return load_code([write(tmp_path_factory.mktemp("own"))])


def refused(files: list[Path]) -> Problem:
    with pytest.raises(UsageError) as caught:
        load_code(files)
    (problem,) = caught.value.problems
    return problem


def test_classes_of_the_file_come_in_and_all_else_stays_out(tmp_path: Path) -> None:
    file = write(tmp_path)
    code = load_code([file])
    assert sorted(code.layers) == ["Gated", "SumAndDifference"]
    assert code.digests == {file: hashlib.sha256(file.read_bytes()).hexdigest()}
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside a person's file"


def test_a_file_that_changed_a_moment_ago_is_read_anew(tmp_path: Path) -> None:
    text = "from torch import nn\nclass A(nn.Module):\n    size = 1\n"
    first = load_code([write(tmp_path, text)])
    second = load_code([write(tmp_path, text.replace("= 1", "= 2"))])
    sizes = [getattr(code.layers["A"], "size") for code in (first, second)]  # noqa: B009
    assert sizes == [1, 2]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("x = 1\n", "code-without-layers", "defines no class"),
        ("from torch.nn import Linear\n", "code-without-layers", "defines no class"),
        ("from torch import nn\nclass _A(nn.Module): pass\n", "code-without-layers", "defines no class"),
        ("from torch import nn\nclass Linear(nn.Module): pass\n", "code-name-taken", "`Linear`"),
        ("from torch import nn\nclass Sequential(nn.Module): pass\n", "code-name-taken", "`Sequential`"),
        ("from torch import nn\nclass SelfAttention(nn.Module): pass\n", "code-name-taken", "taken"),
        ("\n\nx = 1 / 0\n", "code-failed", "own.py:3 could not be run: ZeroDivisionError: division by zero"),
        ("\ndef f(:\n", "code-failed", "own.py:2 could not be run: SyntaxError: "),
        ("\nraise SystemExit(0)\n", "code-failed", "own.py:2 could not be run: SystemExit: 0"),
        ("import nowhere_at_all\n", "code-failed", "own.py:1 could not be run: ModuleNotFoundError: "),
    ],
)
def test_a_file_that_gives_no_layers_says_why(text: str, code: str, said: str, tmp_path: Path) -> None:
    modules = set(sys.modules)
    problem = refused([write(tmp_path, text, "own.py")])
    assert problem.code == code
    assert said in message_of(problem)
    if code == "code-failed":
        assert set(sys.modules) == modules


def test_two_files_cannot_have_one_name_or_one_class(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, same = write(tmp_path), write(tmp_path / "other")
    assert refused([first, same]).code == "code-file-twice"
    assert refused([first, write(tmp_path, name="more.py")]).code == "code-name-taken"


@pytest.mark.parametrize(("name", "code"), [("gone.py", "file-unreadable"), ("a.txt", "code-failed")])
def test_what_is_no_python_file_is_not_run(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("raise SystemExit")
    assert refused([tmp_path / name]).code == code
    assert refused([tmp_path]).code == "file-unreadable"


def test_sizes_are_inferred_and_results_and_inputs_have_their_names(own: OwnCode) -> None:
    layers = """{Gated: 8, name: a}, {Gated: [8, sharp: 2], name: b},
        {SumAndDifference: , name: both, from: {right: a, left: b}}, {cat: 1, from: [both.0, both.1]}"""
    network = compiled(own, layers)
    assert network.output_shape == (16,)
    assert network.module.get_submodule("b.values").in_features == 8
    row = torch.randn(3, 6)
    a = network.module.get_submodule("a")(row)
    b = network.module.get_submodule("b")(a)
    expected = torch.cat([b + a, b - a], 1)
    torch.testing.assert_close(network.module(row), expected)
    assert [file.path.name for file in own.used_by([network])] == ["layers.py"]
    assert own.used_by([compiled(own, "Linear: 3")]) == ()


def test_a_stated_size_is_checked_and_a_default_stays(own: OwnCode, odd: OwnCode) -> None:
    with pytest.raises(SpecError) as caught:
        compiled(own, "Gated: {in_features: 5, out_features: 8}")
    assert caught.value.problems[0].code == "size-differs"
    compiled(odd, "Keeps")


@pytest.mark.parametrize(
    ("layer", "code", "said"),
    [
        ("Fails: made", "layer-raised", "`Fails` raised at odd.py:34: ValueError: not like this"),
        ("Fails: run", "layer-raised", "`Fails` raised at odd.py:38: RuntimeError: mat1 and mat2 shapes"),
        ("Fails: dict", "result-not-tensor", "Fails returns no tensor"),
        ("Fails: nothing", "result-not-tensor", "Fails returns no tensor"),
        ("Fails: nested", "result-not-tensor", "Fails returns no tensor"),
        ("Fails: 3", "argument-type", "how of Fails is 3, but must be a word"),
        ("Fails", "argument-missing", "Fails needs how"),
        ("Wraps: {inner: {Linear: 3}}", "argument-layer", "takes a layer as its argument `inner`"),
        ("Star", "layer-inputs-unnamed", "names no input"),
        ("Lazy", "layer-lazy", "holds lazy layers"),
        ("Extra", "layer-state", "keeps `_extra_state`, which is no tensor"),
    ],
)
def test_what_a_class_does_wrong_is_said_at_its_item(layer: str, code: str, said: str, odd: OwnCode) -> None:
    with pytest.raises(SpecError) as caught:
        compiled(odd, layer)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.place is not None and problem.place.line == 3
    assert said in message_of(problem).replace(str(odd.files[0].path), "odd.py")


@pytest.mark.parametrize("weights", [True, False])
def test_layers_that_look_at_numbers_are_run_on_numbers(weights: bool, odd: OwnCode) -> None:
    small = compiled(odd, "Looks, Linear: 2", weights=weights)
    assert small.output_shape == (2,)
    large = compiled(odd, "Linear: 5000000, Looks, Linear: 2", weights=False)
    assert large.output_shape == (2,)
    assert large.calls[-1].input_shapes == ((2, 3),)


def test_initial_weights_do_not_depend_on_how_sizes_were_found(odd: OwnCode) -> None:
    torch.manual_seed(1)
    made = compiled(odd, "Looks").module.get_submodule("looks")
    torch.manual_seed(1)
    alone = odd.layers["Looks"](6)
    for name, weight in alone.state_dict().items():
        torch.testing.assert_close(made.state_dict()[name], weight, rtol=0, atol=0)


def test_a_large_layer_that_is_run_on_numbers_draws_none(odd: OwnCode) -> None:
    before = torch.get_rng_state()
    network = compiled(odd, "Peeks: 2500000", weights=False)
    assert network.output_shape == (3,)
    assert all(parameter.is_meta for parameter in network.module.parameters())
    assert torch.equal(torch.get_rng_state(), before)


def test_the_name_of_a_class_says_nothing_of_its_axes(odd: OwnCode) -> None:
    network = compiled(odd, "LSTM: 4, Turn2d, {Conv1d: [2, 3]}", SIGNAL)
    assert network.output_shape == (2, 3)


def test_the_source_is_that_which_ran(tmp_path: Path) -> None:
    file = write(tmp_path)
    code = load_code([file])
    file.write_text("gone")
    copied = copied_source({code.layers["Gated"]: Use()})
    assert list(copied.definitions) == ["GAIN", "Gated", "_squash"]
    assert copied.definitions["Gated"] in LAYERS


def test_a_network_opens_with_the_files_that_it_was_made_of(own: OwnCode) -> None:
    (digest,) = own.digests.values()
    run = Path("runs/1")
    require_code({}, own, run)
    require_code({"layers.py": digest}, own, run)
    require_code({"called otherwise then.py": digest}, own, run)
    for recorded, code, said, hint in (
        (
            {"a b.py": "0" * 64, "c.py": "1" * 64},
            NO_CODE,
            "layers of a b.py, c.py",
            "--code 'a b.py' --code c.py",
        ),
        (
            {"layers.py": "0" * 64},
            own,
            f"its sha256 is {digest[:12]}, and was 000000000000",
            "as it was then",
        ),
    ):
        with pytest.raises(UsageError) as caught:
            require_code(recorded, code, run)
        (problem,) = caught.value.problems
        assert said in message_of(problem)
        assert hint in hint_of(problem)
        assert isinstance(caught.value, NncliError)
