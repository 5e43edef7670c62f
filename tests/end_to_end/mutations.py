"""Specs with mistakes that a person or a broken editor would make, from fixed seeds.

`python -m tests.end_to_end.mutations COUNT SEED` reads that many of them without torch, and prints the most
memory that it took, in MiB.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
MISTAKES = sorted((ROOT / "tests" / "golden" / "mistakes").glob("*.yaml"))
NAME = "a.yaml"
MOST_SECONDS = 2

_TOKEN = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|[^\sA-Za-z0-9_]")
_VALUES = (
    "0", "-1", "1e9", "1e400", "99999999999999999999", "0.5", ".nan", "true", "null", "none", "[]", "{}",
    "[1, 2]", "{a: 1}", "{a: {b: c}}", "''", "x", "'a b'", "2024-01-01", "é", "\x1b[31m", "$", "$$",
    "$classes", "${width}", "*.bias", "&a 1", "*a", "!tag x", "<<", "a: b: c", "[" * 80, "{a: " * 80,
)  # fmt: skip
_ATOMS = (
    "1", "0", "width", "i", "size(1)", "size(0)", "size(99)", "classes", "x", "batch", "[1, 2]", "none",
    "9 ** 9 ** 9", "1 / 0", "x[:, 0]", "x[0:9, ..., none]", "'a'", "sigmoid(x)", "cat([x, x], 1)", "len([])",
    "zeros_like(x)", "x.mask", "range(10 ** 9)", "expand(x, batch, -1)", "randn(batch, 1000000)",
)  # fmt: skip
_ITEMS = (
    "- Linear: 8", "- Conv2d: [8, 3]", "- LayerNorm", "- Flatten", "- residual: [Linear: 8]", "- t",
    "- parallel: {a: [], b: [Linear: 4]}", "- parallel: {a: [], b: []}\n  join: cat", "- compute: x @ x",
    "- LSTM: 8\n  take: last", "- Embedding: 8", "- rearrange: b c h w -> b (h w) c", "- Parameter: [4]",
    "- cat: {dim: 1}",
    "- Sequential: []", "- mean: {dim: -1}", "- SelfAttention: 3", "- reshape: [-1, 3]", "- view: [7]",
    "- repeat_interleave: 1000000", "- Upsample: 100000", "- Unflatten: [1, [2, 2]]", "- PixelShuffle: 2",
)  # fmt: skip
_WORDS = (
    "name: a", "name: [a, b]", "name: forward", "from: x", "from: [x, x]", "from: a.b.*", "from: {memory: x}",
    "from: 3", "take: last", "take: 0", "repeat: 3", "repeat: 1000000000", "repeat: {i: [1, 2], j: 3}",
    "repeat: [{i: 9}, {j: $i}]", "repeat: -1", "share: true", "share: a", "share: {weight: a.weight}",
    "init: {zeros_: {}}", "init: {normal_: {std: -1}}", "freeze: true", "when: $(size(1) > 3)", "when: false",
    "shortcut: [Linear: 8]", "shortcut: false", "join: add", "join: a * b", "join: none", "weights: a.b",
)  # fmt: skip


def mutated(text: str, dice: random.Random) -> str:
    """Puts one to four mistakes into the text of a spec."""
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        text = dice.choice(_CHANGES)(text, dice)
    return text


def _lines(text: str, dice: random.Random) -> str:
    """A line that is missing, doubled, moved, indented, or changed with another."""
    lines = text.split("\n")
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    kind = dice.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] = " " * dice.randint(1, 4) + lines[at]
    elif kind == 4:
        lines[at] = lines[at].removeprefix("  ")
    else:
        lines[at : at + dice.randint(2, 6)] = []
    return "\n".join(lines)


def _tokens(text: str, dice: random.Random) -> str:
    """A word or sign that is missing, doubled, misspelt, or taken from elsewhere."""
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return text
    one, other = dice.choice(tokens), dice.choice(tokens).group()
    word = one.group()
    letters = list(word)
    dice.shuffle(letters)
    new = dice.choice(("", word * 2, "".join(letters), word[:-1], word.swapcase(), other, f"{word} {other}"))
    return text[: one.start()] + new + text[one.end() :]


def _number(text: str, dice: random.Random) -> str:
    numbers = list(re.finditer(r"(?<![A-Za-z_])[0-9]+", text))
    if not numbers:
        return text
    one = dice.choice(numbers)
    new = dice.choice(("0", "1", "-3", "7", "13", "1000", "123456789", "1.5", f"{one.group()}0", "$(2 * 3)"))
    return text[: one.start()] + new + text[one.end() :]


def _value(text: str, dice: random.Random) -> str:
    """A value of another type behind a colon."""
    colons = list(re.finditer(r": ([^\n]*)", text))
    if not colons:
        return text
    one = dice.choice(colons)
    return text[: one.start(1)] + dice.choice(_VALUES) + text[one.end(1) :]


def _expression(text: str, dice: random.Random) -> str:
    spots = list(re.finditer(r"\$\([^)]*\)|\$\w+|(?<=compute: ).*|(?<=[\[ ])[0-9]+", text))
    if not spots:
        return text
    made = dice.choice(_ATOMS)
    for _ in range(dice.choice((1, 2, 3, 40))):
        sign = dice.choice(("+", "-", "*", "/", "//", "%", "**", "@", "<", "==", "and", "if", ","))
        made = f"({made} {sign} {dice.choice(_ATOMS)})" if dice.random() < 0.7 else f"{made} {sign}"
    one = dice.choice(spots)
    return text[: one.start()] + dice.choice((f"$({made})", made, f'"{made}"')) + text[one.end() :]


def _item(text: str, dice: random.Random) -> str:
    """An item or a word where one can stand."""
    lines = text.split("\n")
    items = [number for number, line in enumerate(lines) if line.lstrip().startswith("- ")]
    if not items:
        return text
    at = dice.choice(items)
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    if dice.random() < 0.5:
        lines[at:at] = [indent + line for line in dice.choice(_ITEMS).split("\n")]
    else:
        if not lines[at].rstrip().endswith(":") and ": " not in lines[at]:
            lines[at] += ":"
        lines.insert(at + 1, f"{indent}  {dice.choice(_WORDS)}")
    return "\n".join(lines)


def _letters(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    new = dice.choice(("", " ", "\t", "\n", "#", ":", "'", '"', "\x00", "\ufeff", "\u2028", ")", "]", "}"))
    return text[:at] + new + text[at + dice.choice((0, 1, 5)) :]


_CHANGES = (_lines, _tokens, _number, _value, _expression, _item, _item, _letters)


def mutations(paths: list[Path], count: int, seed: int) -> Iterator[tuple[int, str]]:
    """Makes mutated specs, each with its number; the same ones for the same seed."""
    texts = [path.read_text(encoding="utf-8") for path in paths]
    dice = random.Random(seed)
    for number in range(count):
        yield number, mutated(dice.choice(texts), dice)


def check_problems(problems: list[Problem], text: str) -> None:
    """Holds what is said of a file: each problem has a place in it, and plain words."""
    for problem in problems:
        place = problem.place
        assert place is not None and place.file == NAME, problem
        assert 1 <= place.line <= len(text.splitlines()) + 2 and place.column >= 1, problem
        words = message_of(problem) + hint_of(problem)
        assert words and len(words) < 8000, problem
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", words), problem


def read_mutations(count: int, seed: int) -> int:
    """Reads mutated specs; returns how many had nothing wrong."""
    accepted = 0
    for number, text in mutations([*SPECS, *MISTAKES], count, seed):
        began = time.process_time()
        try:
            _, found = read_text(text, Origin(NAME, Path("/nowhere"), text))
        except NncliError as error:
            found = list(error.problems)
            assert found, f"{number}:\n{text}"
        except BaseException:
            print(f"{number}:\n{text}", file=sys.stderr)
            raise
        seconds = time.process_time() - began
        assert seconds < MOST_SECONDS, f"{number} took {seconds:.1f} s:\n{text}"
        check_problems(found, text)
        accepted += not found
    return accepted


if __name__ == "__main__":
    accepted = read_mutations(int(sys.argv[1]), int(sys.argv[2]))
    assert "torch" not in sys.modules
    # Not ru_maxrss, which begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0])
    print(accepted, peak // 1024)
