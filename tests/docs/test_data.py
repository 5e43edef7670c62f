"""Every snippet of docs/data.md that is a whole `data:` section is read without a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nncli.data.opening import stand_in
from nncli.spec.opening import parse_spec
from nncli.spec.schema import ColumnSpec, DataSpec, SplitSpec
from nncli.spec.spec import Origin

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
SNIPPETS = [
    text
    for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    if text.startswith("data:")
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_every_section_is_read(text: str) -> None:
    network = "" if "network:" in text else "network:\n  - Embedding: 4\n    from: NAME\n"
    spec = parse_spec(text + network, Origin("page.yaml", PAGE.parent, text))
    expected = stand_in(spec)
    assert expected.inputs and expected.targets


def test_every_key_of_data_is_explained() -> None:
    page = PAGE.read_text("utf-8")
    named = set(re.findall(r"\b(\w+)\b", " ".join(re.findall(r"`[^`\n]+`", page))))
    keys = {key for section in (DataSpec, SplitSpec, ColumnSpec) for key in section.model_fields}
    assert keys - named == {"inputs", "targets"}
