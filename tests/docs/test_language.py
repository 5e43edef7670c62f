"""Every YAML snippet of the language reference compiles; the page for people who know torch is true."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonschema import Draft7Validator
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from nncli.explaining.editor_schema import editor_schema
from nncli.network.compiled import CompiledNetwork
from nncli.preparing.prepared import prepare
from nncli.pretrained.transforms import transform
from nncli.spec.nodes import plain
from nncli.spec.opening import parse_spec
from nncli.spec.patterns import matches, pattern_fault
from nncli.spec.reading import read_nodes
from nncli.spec.spec import Origin

DOCS = Path(__file__).parents[2] / "docs"
_SNIPPET = re.compile(r"(?:<!-- inputs: (?P<inputs>.*?) -->\n)?```yaml\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """One block of YAML; `inputs` are what flows into a list of items."""

    page: str
    line: int
    text: str
    inputs: str | None

    def spec(self) -> str:
        """The snippet as a whole spec."""
        if self.inputs is None:
            return self.text
        layers = "".join(f"    {line}\n" for line in self.text.splitlines())
        return f"network:\n  inputs: {self.inputs}\n  layers:\n{layers}"


def _snippets(page: str) -> list[Snippet]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        Snippet(page, text[: found.start()].count("\n") + 1, found["text"], found["inputs"])
        for found in _SNIPPET.finditer(text)
    ]


def _compiled(text: str) -> dict[str, CompiledNetwork]:
    spec = parse_spec(text, Origin("page.yaml", DOCS, text))
    return dict(prepare(spec, with_weights=True).networks)


VALIDATOR = Draft7Validator(editor_schema())
SNIPPETS = [
    snippet
    for page in ("language.md", "from-torch.md")
    for snippet in _snippets(page)
    if not snippet.text.startswith("# weights: elsewhere")
]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: f"{each.page}:{each.line}")
def test_a_snippet_compiles(snippet: Snippet) -> None:
    assert _compiled(snippet.spec())


PAGE = (DOCS / "language.md").read_text(encoding="utf-8")


def test_patterns_match_as_the_page_says() -> None:
    table = re.search(r"^\| pattern \|.*?\n\n", PAGE, re.DOTALL | re.MULTILINE)
    assert table is not None
    rows = [re.findall(r"`([^`]+)`", line) for line in table[0].splitlines()[2:] if line]
    assert len(rows) == 5
    for row in rows:
        pattern, fitting, other = row[0], row[-2], row[-1]
        assert pattern_fault(pattern) == "" and matches(pattern, fitting) and not matches(pattern, other), row


def test_rules_follow_each_other_as_the_page_says() -> None:
    found = re.search(r"`(\{.*?\})` makes `(.*?)` of `(.*?)`", PAGE)
    assert found is not None
    text = (
        f"network: {{inputs: {{row: [2]}}, layers: [Linear: 2], weights: {{file: a, rename: {found[1]}}}}}\n"
    )
    weights = parse_spec(text, Origin("page.yaml", DOCS, text)).networks["network"].weights
    assert weights is not None
    made = transform({found[2]: (2, 2)}, {found[3]: (2, 2)}, weights)
    assert list(made.tensors) == [found[2]] and made.problems == []


@pytest.mark.parametrize(
    "snippet",
    [snippet for page in ("language.md", "from-torch.md") for snippet in _snippets(page)],
    ids=lambda each: f"{each.page}:{each.line}",
)
def test_editors_mark_nothing_in_a_snippet(snippet: Snippet) -> None:
    text = snippet.spec()
    if text.startswith("# weights: elsewhere"):
        text = "network:\n  layers: [ReLU]\n" + "".join(f"  {line}\n" for line in text.splitlines())
    tree = json.loads(json.dumps(plain(read_nodes(text, "page.yaml")), default=list))
    errors = VALIDATOR.iter_errors(tree)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


class SqueezeExcite(nn.Module):
    """As in docs/from-torch.md."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.expand = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.expand(functional.relu(self.reduce(self.pool(x))))
        return x * torch.sigmoid(gate)


class Block(nn.Module):
    """As in docs/from-torch.md."""

    def __init__(self, channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.se = SqueezeExcite(out_channels)
        self.down = None
        if stride > 1 or channels != out_channels:
            self.down = nn.Conv2d(channels, out_channels, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.se(self.bn2(self.conv2(y)))
        return functional.relu(y + (x if self.down is None else self.down(x)))


class Net(nn.Module):
    """As in docs/from-torch.md."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, padding=1)
        self.blocks = nn.Sequential(Block(32, 32), Block(32, 64, 2), Block(64, 128, 2))
        self.head = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def test_the_class_and_the_spec_of_the_page_for_torch_are_the_same_network() -> None:
    snippet, _ = _snippets("from-torch.md")
    network = _compiled(snippet.text)["network"].module
    written = Net()
    theirs, ours = list(written.named_parameters()), list(network.named_parameters())
    assert [tuple(tensor.shape) for _, tensor in theirs] == [tuple(tensor.shape) for _, tensor in ours]
    with torch.no_grad():
        for (_, own), (_, other) in zip(ours, theirs, strict=True):
            own.copy_(other)
    image = torch.randn(4, 3, 32, 32)
    assert torch.allclose(network(image), written(image), atol=1e-6)


def test_trained_weights_of_the_class_come_in_as_the_page_says(tmp_path: Path) -> None:
    network, weights = _snippets("from-torch.md")
    text = network.text + "".join(f"  {line}\n" for line in weights.text.splitlines())
    trained = Net()
    save_file(trained.state_dict(), tmp_path / "net.safetensors")
    prepared = prepare(parse_spec(text, Origin("page.yaml", tmp_path, text)))
    assert prepared.warnings == ()
    image = torch.randn(4, 3, 32, 32)
    assert torch.allclose(prepared.network.module(image), trained(image), atol=1e-6)


@pytest.mark.parametrize(
    ("item", "inputs", "expected"),
    [
        ("Flatten", "[3, 4, 5]", lambda x: x.flatten(1)),
        ("mean: {dim: [2, 3]}", "[3, 4, 5]", lambda x: x.mean((2, 3))),
        ("permute: [0, 2, 1]", "[3, 4]", lambda x: x.permute(0, 2, 1)),
        ("compute: x[:, 0]", "[3, 4]", lambda x: x[:, 0]),
    ],
)
def test_a_line_of_the_table_is_true(item: str, inputs: str, expected: Callable[[Any], Any]) -> None:
    assert f"`{item}`" in (DOCS / "from-torch.md").read_text(encoding="utf-8")
    text = f"network:\n  inputs: {{x1: {inputs}}}\n  layers:\n    - {item}\n"
    x = torch.randn(2, *json.loads(inputs))
    assert torch.equal(_compiled(text)["network"].module(x), expected(x))


def test_the_class_of_the_page_is_the_class_that_is_tested() -> None:
    page = (DOCS / "from-torch.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    tested = re.sub(r": (torch\.Tensor|int)| -> (None|torch\.Tensor)", "", Path(__file__).read_text())
    tested = tested.replace("functional.", "F.").replace(" ", "")
    assert [line for line in code[1].splitlines() if line.replace(" ", "") not in tested] == []
