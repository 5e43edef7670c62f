from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nncli.errors import Exit, NncliError, SpecError, UsageError
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.nodes import MOST_PROBLEMS
from nncli.spec.opening import KEYS, Origin, open_spec, parse_spec, read_text
from tests.spec.specs import SPEC, parsed, places, problems, with_training

ROOT = Path(__file__).parents[2]
FUZZED = int(os.environ.get("NNCLI_TORTURE", "2000"))
COMPILED = max(200, FUZZED // 20)
SEEDS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "specs").glob("*.yaml"))] + [SPEC]
# Pieces that a mutation puts anywhere.
PIECES = [
    "$", "$(", ")", "{", "}", "[", "]", ": ", ":", ",", "- ", "\n", "\n  ", "  ", "\t", "#", "'", '"',
    "&a ", "*a", "!x ", "<<", "|", ">", "%", "@", "`", "\\", "~", "null", "true", "-1", "0", "1e999",
    ".nan", "99999999999999999999", "é", "\u2028", "\x1b[31m", "\x00", "\ufeff", "size(1)", "$classes",
    "name", "from", "x", "class", "---", "...", "Linear", "repeat: 3", "9**9**9", "Conv2d: [1, 2, 3]",
    "training", "vars", "[" * 70, "{a: " * 70, "- " * 70,
]  # fmt: skip


def mutated(text: str, dice: random.Random) -> str:
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((0, 0, 1, 3, 20)))
        piece = dice.choice([*PIECES, text[slice(*sorted(dice.choices(range(len(text) + 1), k=2)))][:200]])
        text = text[:start] + piece + text[end:]
    return text


def test_whatever_a_file_holds_is_answered_with_places_and_in_no_time() -> None:
    dice = random.Random(11)
    accepted = 0
    for number in range(FUZZED):
        text = mutated(dice.choice(SEEDS), dice)
        began = time.process_time()
        try:
            _, found = read_text(text, Origin("a.yaml", Path(), text))
        except NncliError as error:
            found = list(error.problems)
            assert found
        assert time.process_time() - began < 2, number
        accepted += not found
        for problem in found:
            assert problem.place is not None, problem
            assert 1 <= problem.place.line <= text.count("\n") + text.count("\r") + 2, problem
            assert problem.place.column >= 1 and problem.place.file == "a.yaml"
            assert "{" not in message_of(problem).replace("{", "", message_of(problem).count("{"))
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", message_of(problem) + hint_of(problem))
    assert accepted > FUZZED // 100, "mutations are so wild that nothing gets far"


def test_whatever_can_be_read_is_compiled_or_refused() -> None:
    from nncli.preparing.prepared import prepare

    dice = random.Random(12)
    for number in range(COMPILED):
        text = mutated(dice.choice(SEEDS), dice)
        began = time.process_time()
        try:
            spec, found = read_text(text, Origin("a.yaml", Path("/nowhere"), text))
            prepare(spec, found, with_data=False, with_weights=False)
        except NncliError as error:
            assert all(problem.place is not None for problem in error.problems), error.problems
            assert all(message_of(problem) for problem in error.problems)
        assert time.process_time() - began < 10, number


def test_the_parts_of_a_spec() -> None:
    spec = parsed("description: Three kinds.\n" + SPEC)
    assert (spec.name, spec.description) == ("spec", "Three kinds.")
    assert spec.data is not None and spec.data.train == "builtin:iris"
    assert spec.training is not None and spec.training.epochs == 20
    assert len(spec.networks["network"].layers) == 5 and dict(spec.vars) == {"width": 8}


def test_a_place_is_found_by_its_path_or_by_the_nearest_above() -> None:
    spec = parsed()
    assert (spec.place("training", "epochs").line, spec.place("training", "seed").line) == (14, 11)
    assert (spec.place("network", 4, "Linear").line, spec.place("zzz").line) == (9, 1)


@pytest.mark.parametrize(
    ("stem", "name"), [("digits-cnn", "digits-cnn"), ("ü b", "b"), ("-x", "x"), ("é", "spec")]
)
def test_the_name_is_the_stem_of_the_file(tmp_path: Path, stem: str, name: str) -> None:
    path = tmp_path / f"{stem}.yaml"
    path.write_text(SPEC, encoding="utf-8")
    assert open_spec(path).name == name


@pytest.mark.parametrize("name", ["../x", "a b", "x" * 65, "-a", "[a]", "''"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    assert [code for code, *_ in places(f"name: {name}\n{SPEC}")] == ["spec-name"]


def test_a_dollar_stands_in_names_and_words_too() -> None:
    text = SPEC.replace("width: 8", "width: 8, kind: AdamW, act: Tanh, stem: iris")
    text = "name: $stem-1\n" + text.replace("optimizer: AdamW", "optimizer: $kind").replace(
        "- ReLU", "- $act"
    )
    spec = parsed(text)
    assert spec.name == "iris-1" and spec.training is not None and spec.training.optimizer.name == "AdamW"


def test_all_mistakes_of_a_file_come_at_once_sorted_by_line() -> None:
    text = SPEC.replace("data:", "dat:").replace("- ReLU", "- {}").replace("epochs: 20", "epochs: x")
    text = text.replace("$width", "$widht") + "  batch: 3\n"
    assert places(text) == [
        ("unknown-key", "a.yaml", 1, 1),
        ("network-inputs-missing", "a.yaml", 4, 3),
        ("name-unknown", "a.yaml", 4, 14),
        ("item-form", "a.yaml", 6, 5),
        ("value-type", "a.yaml", 14, 11),
        ("unknown-key", "a.yaml", 15, 3),
    ]


def test_what_is_right_in_a_section_is_read_without_what_is_wrong() -> None:
    text = with_training("batch: 3", "seed: 5")
    spec, found = read_text(text, Origin("a.yaml", Path(), text))
    assert [problem.code for problem in found] == ["unknown-key"]
    assert spec.training is not None and spec.training.seed == 5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "yaml-empty"),
        ("# nothing\n", "yaml-empty"),
        ("- a\n", "spec-form"),
        ("5\n", "spec-form"),
        ("data: builtin:iris\n", "key-missing"),
        ("network: resnet\n", "network-form"),
        ("network:\n", "network-form"),
        ("network: {layers: 3, inputs: {a: [1]}}\n", "network-form"),
        ("network: [ReLU]\n", "network-inputs-missing"),
    ],
)
def test_a_file_without_a_network_is_refused(text: str, code: str) -> None:
    assert [each for each, *_ in places(text)] == [code]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["", "3", "[1, 2]", "{a: 1}", "a: {b: c}", "$(1/0)", "[[]]", "{}", "true"])
def test_no_kind_of_value_is_a_bug_anywhere(key: str, value: str) -> None:
    lines = SPEC.split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), None)
    if start is not None:
        end = next(n for n in range(start + 1, len(lines)) if not lines[n].startswith(" "))
        lines[start:end] = []
    text = "\n".join([*lines[:-1], f"{key}: {value}", ""])
    try:
        parse_spec(text, Origin("a.yaml", Path(), text))
    except SpecError as error:
        assert all(problem.place is not None and message_of(problem) for problem in error.problems)


# --- Files


@pytest.mark.parametrize("name", ["rows.csv", "IMAGE.PNG", "a folder"])
def test_data_in_the_place_of_a_spec_is_told_how_to_become_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("x,y\n1,2\n") if path.suffix else path.mkdir()
    with pytest.raises(UsageError) as caught:
        open_spec(path)
    (problem,) = caught.value.problems
    assert problem.code == "spec-is-data"
    assert f"nncli init {shlex.quote(str(path))}" in hint_of(problem)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "is a directory"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    ],
    ids=["missing", "folder", "pipe", "device"],
)
def test_what_is_no_readable_file_is_a_mistake_of_the_command_line(
    tmp_path: Path, make: object, reason: str
) -> None:
    path = tmp_path / "a.yaml"
    make(path)  # type: ignore[operator]
    with pytest.raises(UsageError) as caught:
        open_spec(path)
    assert caught.value.exit_code == Exit.USAGE
    assert reason in message_of(caught.value.problems[0])


HOSTILE = {
    "aliases in aliases": "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)),
    "merge keys in merge keys": "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 25)),
    "an alias of itself": "a: &a [*a]\n",
    "100,000 lists": "a: " + "[" * 100_000,
    "100,000 lists by dashes": "- " * 100_000 + "a",
    "100,000 mappings": "{a: " * 100_000,
    "a million digits": "a: " + "9" * 1_000_000,
    "many keys": "{" + ", ".join(f"k{n}: 1" for n in range(90_000)) + "}",
    "many values": "[" + "1," * 300_000 + "]",
    "many aliases": "a: &a 1\nb: [" + "*a," * 5000 + "]",
    "many mistakes": "network: [" + "{}, " * 60_000 + "]\ntraining: {"
    + ", ".join(f"l{n}: 1" for n in range(60_000)) + "}",
    "a tag": "network: !!python/object/apply:os.system [true]\n",
    "a long line": "network: [" + "Linear: 3, " * 80_000,
    "quotes": "a: '" + "''" * 400_000,
    "expressions": "vars: {a: $(" + "(" * 3000 + "1" + ")" * 3000 + ")}\nnetwork: []\n",
    "powers": "vars: {a: $(9 ** 9 ** 9 ** 9)}\nnetwork: []\n",
    "dollars": "vars: {a: " + "$" * 3000 + "}\nnetwork: []\n",
    "growing words": "vars: {a0: xxxxxxxxxx, "
    + ", ".join(f"a{n}: $a{n - 1}$a{n - 1}" for n in range(1, 60)) + "}\n",
    "growing lists": "vars: {a0: [1, 2], "
    + ", ".join(f"a{n}: [$a{n - 1}, $a{n - 1}]" for n in range(1, 40)) + "}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once(name: str) -> None:
    text = HOSTILE[name]
    began = time.process_time()
    found = problems(text)
    assert time.process_time() - began < 4
    assert len(found) <= MOST_PROBLEMS
    assert all(problem.place is not None and len(message_of(problem)) < 6000 for problem in found)


READ_AND_MEASURE = """
import re, sys
from pathlib import Path
from nncli.errors import SpecError
from nncli.spec.opening import open_spec
try:
    open_spec(Path(sys.argv[1]))
except SpecError:
    assert "torch" not in sys.modules
    status = Path("/proc/self/status").read_text()
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux")
@pytest.mark.parametrize("name", ["many mistakes", "many keys", "merge keys in merge keys"])
def test_refusing_needs_little_memory_and_no_torch(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(HOSTILE[name], encoding="utf-8")
    command = [sys.executable, "-c", READ_AND_MEASURE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == "" and int(done.stdout) < 150, done
