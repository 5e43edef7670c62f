"""Every snippet of docs/training.md is read without a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from nncli.spec.opening import Origin, parse_spec

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NEEDED = {"loss": "CrossEntropyLoss", "optimizer": "AdamW"}
LENGTHS = {"epochs", "steps", "minutes", "phases"}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_is_read(snippet: str) -> None:
    written = yaml.safe_load(snippet)
    keys = set(written.get("training", {}))
    left = {key: value for key, value in NEEDED.items() if key not in keys and "updates" not in keys}
    left |= {} if LENGTHS & keys else {"epochs": "20"}
    network = "" if len(written) > 1 else "network: [Linear: $classes]\n"
    # What is missing stands in the section that the snippet begins.
    begun = snippet.replace("training:\n", "training:\n" + "".join(f"  {k}: {v}\n" for k, v in left.items()))
    data = "" if "data" in written else "data: builtin:iris\n"
    text = f"{data}{network}{begun}"
    parse_spec(text, Origin("training.yaml", Path(), text))
