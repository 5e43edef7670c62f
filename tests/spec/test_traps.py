"""Each mistake in YAML that people make often is answered at its place, with what to type instead."""

from __future__ import annotations

import pytest
import yaml

from nncli.errors import SpecError
from nncli.messages.catalogue import hint_of
from nncli.spec import reading

TRAPS = [
    ("net:\n  - LayerNorm\n    name: x\n", "colon-missing", 2, 14, "put a colon after `LayerNorm` (line 2)"),
    (
        "net:\n  - LayerNorm  # why\n\n    from: x\n",
        "colon-missing",
        2,
        14,
        "put a colon after `LayerNorm` (line 2)",
    ),
    ("- Conv2d\n  out_channels: 3\n", "colon-missing", 1, 9, "put a colon after `Conv2d` (line 1)"),
    ("a: {b: f(x, y)}\n", "comma-splits", 1, 8, 'quote the whole: "f(x, y)"'),
    ("a: [$(max(8, size(1))), 2]\n", "comma-splits", 1, 5, 'quote the whole: "$(max(8, size(1)))"'),
    ("a: {lr:0.1}\n", "colon-space", 1, 5, "put a space after the colon: `lr: 0.1`"),
    ("a:\n  epochs:20\n  loss: X\n", "colon-space", 2, 3, "put a space after the colon: `epochs: 20`"),
    ("a: 1\nepochs:20\n", "colon-space", 2, 1, "put a space after the colon: `epochs: 20`"),
    ("- Linear:10\n", "colon-space", 1, 3, "put a space after the colon: `Linear: 10`"),
    ("- Conv2d:[64, 3]\n- ReLU\n", "colon-space", 1, 3, "put a space after the colon: `Conv2d: [64, 3]`"),
    ("a: {b: x[0], c: 1}\n", "bracket-inside", 1, 8, 'quote it: "x[0]"'),
    ("a: {b: ${w}}\n", "brace-dollar", 1, 8, "write `$(w)`"),
    ("match: *.bias  # all\n", "value-unquoted", 1, 8, 'quote it: "*.bias"'),
    ("a: [*.bias, 2]\n", "value-unquoted", 1, 5, 'quote it: "*.bias"'),
    ("a: & b\n", "value-unquoted", 1, 4, 'quote it: "& b"'),
    ("a: %x\n", "value-unquoted", 1, 4, 'quote it: "%x"'),
    ("a: @x\n", "value-unquoted", 1, 4, 'quote it: "@x"'),
    ("a: `x`\n", "value-unquoted", 1, 4, 'quote it: "`x`"'),
    ("a: |x| + 1\n", "value-unquoted", 1, 4, 'quote it: "|x| + 1"'),
    ("a: > 0.5\n", "value-unquoted", 1, 4, 'quote it: "> 0.5"'),
    ("a: {b: >5}\n", "value-unquoted", 1, 8, 'quote it: ">5"'),
    ("a: !b\n", "yaml-tag", 1, 4, "quote a value that starts with `!`"),
    ("a: [0, 1] + x\n", "value-continues", 1, 4, "quote the whole value"),
    ("a: 'it's'\n", "value-continues", 1, 4, "quote the whole value"),
    ("a:\n\tb: 1\n", "tab-indent", 2, 1, "use spaces"),
    ("a:\n  b: 1\n \tc: 1\n", "tab-indent", 3, 2, "use spaces"),
    ("text: Digits: a net\n", "colon-inside", 1, 7, 'quote it: "Digits: a net"'),
    ("a:\n  loss: M\n    weight: 2\n", "indent-wrong", 3, 5, "start it in column 3"),
    ("a:\n    b:\n        c: 1\n   d: 3\n", "indent-wrong", 4, 4, "start it in column 5"),
    ("- Linear: 10\n name: x\n", "indent-wrong", 2, 2, "start it in column 3"),
    ("net:\n- ReLU\n  - Linear: 10\n", "indent-wrong", 3, 3, "start it in column 1"),
    ("a: 1\n- b\n", "list-and-keys", 2, 1, "begin every line of a list with `- `, and no line of a mapping"),
    ("a: 1\nepochs 20\nb: 2\n", "key-without-colon", 2, 1, "write `key: value`"),
    ("a: - b\n", "dash-inside", 1, 4, "put `- ` on a line of its own, or write the list in []"),
    ("-Linear: 10\n-ReLU\n", "dash-space", 1, 1, "write `- Linear`"),
    ("a: [1, 2\nb: 3\n", "bracket-open", 1, 4, "close it with `]`"),
    ("a: {b: 1,\n", "bracket-open", 1, 4, "close it with `}`"),
    ("a: [1, {b: 2}, [3,\n", "bracket-open", 1, 16, "close it with `]`"),
    ('a: "abc\nb: 1\n', "quote-open", 1, 4, "close it with `\"`, and write a `'` inside single quotes twice"),
    (": x\n", "key-form", 1, 1, "write `key: value`"),
]


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(("text", "code", "line", "column", "hint"), TRAPS)
def test_a_trap_has_its_own_answer(
    text: str, code: str, line: int, column: int, hint: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_EVENTS", getattr(yaml, parser))
    with pytest.raises(SpecError) as caught:
        reading.read_nodes(text, "a.yaml")
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert hint_of(problem) == hint


@pytest.mark.parametrize(
    "text",
    [
        "a: -x * 2\n",
        "a: (b t) c -> b t c\n",
        "a: ... c -> c ...\n",
        "a: backbone.*\n",
        "a: x[:, 0]\n",
        "a: $(a * b)\n",
        "a: 5%\n",
        "a: smile :)\n",
        "a: b)\n",
        "a: builtin:digits\n",
        "a: [b c (h p) w -> b (c p) h w, p: 2]\n",
        "a: |\n  (text\n",
        "a: '(b'\n",
        "a: [12:30, a:b, B:x, b), (c]\n",
        "a: http://x.org/?y=(\n",
    ],
)
def test_what_is_meant_as_it_stands_is_read(text: str) -> None:
    reading.read_nodes(text, "a.yaml")


def test_long_lines_are_explained_in_no_time() -> None:
    for piece in (" ", "- ", "a ", "a:", ": ", "$", "(", "'a' "):
        for start in ("a: [", "a: b: ", "- a\n  ", "a: *", "a: 'b' "):
            with pytest.raises(SpecError):
                reading.read_nodes(start + piece * 200_000 + "]: x\n b: c: d\n", "a.yaml")
