from __future__ import annotations

from pathlib import Path

import pytest

from nncli.columns.texts import TextEncoder
from nncli.columns.tokenizer_fitting import TokenizerPlan, fit_tokenizer
from nncli.data.opening import open_data, stand_in
from nncli.errors import SpecError
from nncli.spec.spec import Spec
from tests.data.specs import spec_of


def spec(folder: Path, file: str = "own.json") -> Spec:
    rows = "".join(f"wie {'abc'[n % 3]},{'xy'[n % 2]}\n" for n in range(40))
    (folder / "rows.csv").write_text("question,label\n" + rows)
    inputs = {"question": {"type": "text", "tokenizer": file}}
    return spec_of(folder, train="rows.csv", inputs=inputs, targets={"label": "category"})


def write(folder: Path, *texts: str) -> None:
    (folder / "own.json").write_text(fit_tokenizer(TokenizerPlan("words"), texts).document)


def test_a_tokenizer_lies_beside_the_spec_and_travels_in_the_encoder(tmp_path: Path) -> None:
    write(tmp_path, "b wie so c")
    data = open_data(spec(tmp_path))
    (encoder,) = data.encoders.input_encoders
    assert isinstance(encoder, TextEncoder)
    assert encoder.tokenizer.size == 8
    assert data.resolved.inputs["question"].tokenizer == "own.json"
    assert stand_in(spec(tmp_path)).inputs["question"].vocabulary == 8


def test_another_content_is_another_tokenizer(tmp_path: Path) -> None:
    write(tmp_path, "b wie so c")
    first = open_data(spec(tmp_path)).encoders
    write(tmp_path, "a b c d e wie")
    assert open_data(spec(tmp_path)).encoders != first


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("missing.json", b"", "tokenizer-file"),
        ("folder.json", None, "tokenizer-file"),
        ("own.json", b"{}", "tokenizer-invalid"),
        ("own.json", b"\xff", "tokenizer-invalid"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_line(
    tmp_path: Path, file: str, content: bytes | None, code: str
) -> None:
    (tmp_path / "folder.json").mkdir()
    if content:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(SpecError) as caught:
        open_data(spec(tmp_path, file))
    (problem,) = caught.value.problems
    assert problem.code == code and problem.place is not None
    assert problem.facts["reason"]
