from __future__ import annotations

from pathlib import Path

import pytest

from nncli.errors import NncliError, WeightsError
from nncli.messages.catalogue import hint_of, message_of
from nncli.runs.info import RunInfo
from nncli.runs.sameness import check_same_code, check_same_run

INFO = RunInfo(nncli="0.1.0", name="iris", seed=3, set=("vars.width=4",), spec_digest="0")
OWN = INFO.model_copy(update={"code": {"../../my layers.py": "a" * 64}})


def test_every_difference_of_a_resume_is_listed(tmp_path: Path) -> None:
    check_same_run(tmp_path, INFO, INFO.model_copy(update={"state": "done", "nncli": "0.2.0"}))
    given = INFO.model_copy(update={"seed": 4, "set": (), "data_digest": "abc"})
    with pytest.raises(NncliError) as caught:
        check_same_run(tmp_path, INFO, given)
    messages = [message_of(problem) for problem in caught.value.problems]
    assert caught.value.exit_code == 5
    assert len(messages) == 3
    assert any("vars.width=4 then, nothing now" in message for message in messages)
    assert any("3 then, 4 now" in message for message in messages)


def test_another_seed_is_told_once(tmp_path: Path) -> None:
    began, given = (
        INFO.model_copy(update={"seed": seed, "set": ("vars.width=4", f"training.seed={seed}")})
        for seed in (1, 2)
    )
    with pytest.raises(NncliError) as caught:
        check_same_run(tmp_path, began, given)
    (problem,) = caught.value.problems
    assert "another value of --seed: 1 then, 2 now" in message_of(problem)


def test_the_same_file_elsewhere_is_the_same_code(tmp_path: Path) -> None:
    check_same_run(tmp_path, OWN, OWN.model_copy(update={"code": {"../other/my layers.py": "a" * 64}}))


@pytest.mark.parametrize("check", [check_same_run, check_same_code])
@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({}, "my layers.py aaaaaaaaaaaa then, nothing now", "add `--code 'my layers.py'`"),
        (
            {"my layers.py": "b" * 64},
            "my layers.py aaaaaaaaaaaa then, my layers.py bbbbbbbbbbbb now",
            "give the same again, or start a new run without --resume",
        ),
    ],
)
def test_other_code_is_named_with_what_to_type(
    check: object, given: dict[str, str], said: str, hint: str, tmp_path: Path
) -> None:
    assert callable(check)
    with pytest.raises(WeightsError) as caught:
        check(tmp_path, OWN, INFO.model_copy(update={"code": given}))
    (problem,) = caught.value.problems
    assert said in message_of(problem)
    assert hint_of(problem) == hint
