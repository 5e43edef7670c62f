from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError, UsageError, WeightsError
from nncli.exports.exporting import ENDINGS, Format, export, format_of
from nncli.exports.subject import Subject
from tests.exports.subjects import pictures


@pytest.mark.parametrize(("form", "ending"), ENDINGS.items())
def test_the_ending_says_the_format(form: Format, ending: str) -> None:
    assert format_of(Path(f"net{ending}"), None) == form
    assert format_of(Path(f"net.v2{ending.upper()}"), form) == form


@pytest.mark.parametrize(
    ("name", "asked", "code", "better"),
    [
        ("net.bin", None, "export-ending-unknown", None),
        ("net", None, "export-ending-unknown", None),
        ("net.onnx", "pt2", "export-ending", "net.pt2"),
        ("net.v2", "python", "export-ending", "net.v2.py"),
    ],
)
def test_another_ending_is_refused(name: str, asked: Format | None, code: str, better: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        format_of(Path(name), asked)
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts.get("better")) == (code, better)


def other_weights() -> Subject:
    """A subject whose tensors are not those of its network."""
    subject = pictures()
    return replace(subject, tensors={name: torch.ones_like(each) for name, each in subject.tensors.items()})


@pytest.mark.parametrize("form", ["safetensors", "python"])
def test_an_export_that_differs_is_removed(form: Format, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        export(other_weights(), form, tmp_path / "net")
    assert caught.value.problems[0].code == "export-differs"
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_an_export_that_differs_stays(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("precious")
    with pytest.raises(WeightsError):
        export(other_weights(), "safetensors", tmp_path / "net")
    assert (tmp_path / "net").read_text() == "precious"


def test_a_good_export_is_alone_in_its_folder(tmp_path: Path) -> None:
    done = export(pictures(), "pt2", tmp_path / "net.pt2")
    assert list(tmp_path.iterdir()) == [done.file]
    assert done.size_bytes == done.file.stat().st_size
    assert 0 <= done.difference < 1e-6


def test_a_folder_that_is_not_there_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(NncliError) as caught:
        export(other_weights(), "python", tmp_path / "absent" / "net.py")
    assert caught.value.problems[0].code == "disk-failed"
