"""Every snippet of docs/training.md is read without a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from nncli.spec.opening import Origin, parse_spec
from nncli.spec.writing import as_yaml

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NEEDED = {"loss": "CrossEntropyLoss", "optimizer": "AdamW"}
LENGTHS = {"epochs", "steps", "minutes", "phases"}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_is_read(snippet: str) -> None:
    written = yaml.safe_load(snippet)
    training = {**NEEDED, **written.pop("training")}
    if "updates" in training:
        del training["loss"]
    if not LENGTHS & set(training):
        training["epochs"] = 20
    networks = written or {"network": [{"Linear": "$classes"}]}
    text = as_yaml({"data": "builtin:iris", **networks, "training": training})
    parse_spec(text, Origin("training.yaml", Path(), text))
