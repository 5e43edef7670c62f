from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from nncli.commands.check import CheckOptions, check
from nncli.errors import Exit, UsageError
from nncli.preparing.prepared import prepare
from nncli.spec.opening import open_spec
from nncli.terminal.streams import Streams

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
WRONG = "data: builtin:iris\nnetwork:\n  - Liner: 3\n  - Linear: [3, biass: 1]\n"


def run(options: CheckOptions) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    streams = Streams(*(Console(file=file, width=80, color_system=None) for file in (out, err)), live=False)
    return check(options, streams), out.getvalue(), err.getvalue()


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG, encoding="utf-8")
    return path


def test_ok_with_the_sizes() -> None:
    code, out, err = run(CheckOptions((ROOT / "specs" / "iris.yaml",)))
    assert (code, err) == (Exit.DONE, "")
    for line in ("iris.yaml: ok", "train 104, validation 23, test 23", "features 4", "output      3", "131"):
        assert line in out


def test_without_data_the_sizes_stand_in_and_that_is_said() -> None:
    code, out, _ = run(CheckOptions((ROOT / "specs" / "iris.yaml",), no_data=True))
    assert code == Exit.DONE and "the data was not read" in out and "rows" not in out


def test_several_specs_are_checked_each(wrong: Path) -> None:
    code, out, err = run(CheckOptions((wrong, *SPECS), no_data=True))
    assert code == Exit.SPEC
    assert err.count("error[") == 2 and out.count(": ok") == len(SPECS)


def test_json_has_every_problem_also_where_the_answer_is_no(wrong: Path) -> None:
    code, out, err = run(CheckOptions((wrong, SPECS[0]), json=True))
    document = json.loads(out)
    assert (code, err, document["version"], document["ok"]) == (Exit.SPEC, "", 1, False)
    [first, second] = document["problems"]
    assert first == {
        "file": str(wrong),
        "line": 3,
        "column": 5,
        "path": "network.0.Liner",
        "code": "layer-unknown",
        "severity": "error",
        "message": "there is no layer `Liner` in torch.nn",
        "given": None,
        "inside": None,
        "flow": None,
        "hint": "did you mean `Linear`?",
    }
    assert (second["line"], second["column"], second["path"]) == (4, 17, "network.1.Linear.biass")


def test_json_of_a_spec_without_a_problem() -> None:
    code, out, _ = run(CheckOptions((SPECS[0],), json=True))
    assert (code, json.loads(out)) == (Exit.DONE, {"version": 1, "ok": True, "problems": []})


def test_json_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    code, out, _ = run(CheckOptions((tmp_path / "none.yaml",), json=True))
    [problem] = json.loads(out)["problems"]
    assert code == Exit.USAGE and problem["code"] == "file-unreadable" and problem["line"] is None


def test_a_spec_with_set_values() -> None:
    sets = ("network.0.Linear=24", "training.optimizer.AdamW.lr=1e-3")
    code, out, _ = run(CheckOptions((ROOT / "specs" / "iris.yaml",), set=sets))
    assert code == Exit.DONE and "195" in out


def test_resolved_goes_alone(wrong: Path) -> None:
    for options in (
        CheckOptions((wrong, wrong), resolved=True),
        CheckOptions((wrong,), resolved=True, json=True),
    ):
        with pytest.raises(UsageError):
            run(options)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_resolved_reads_back_to_the_same_network(path: Path, tmp_path: Path) -> None:
    _, out, _ = run(CheckOptions((path,), resolved=True))
    written = tmp_path / "resolved.yaml"
    written.write_text(out, encoding="utf-8")
    first, again = (prepare(open_spec(each), with_weights=False).network for each in (path, written))
    assert again.inputs == first.inputs and again.outputs == first.outputs
    assert again.module.code == first.module.code
    _, out_again, _ = run(CheckOptions((written,), resolved=True))
    assert out_again == out
