from __future__ import annotations

import logging
import operator
import warnings
import zipfile
from pathlib import Path

import pytest
import torch

from nncli.errors import WeightsError
from nncli.exports.pt2_file import quiet, run_pt2, traced, write_pt2
from nncli.spec.network_spec import InputSpec
from tests.exports.subjects import METADATA, assert_close, batches, normed, pictures, subject
from tests.network.handmade import Hand


def test_the_file_takes_any_number_of_rows_and_carries_the_metadata(tmp_path: Path) -> None:
    made, path = pictures(), tmp_path / "net.pt2"
    write_pt2(made, path)
    assert_close(made, run_pt2(made, path, batches(made)))
    extra = dict.fromkeys(METADATA, "")
    torch.export.load(str(path), extra_files=extra)
    assert extra == METADATA


def test_norms_of_weights_are_worked_out_once(tmp_path: Path) -> None:
    made, path = normed(), tmp_path / "net.pt2"
    write_pt2(made, path)
    assert_close(made, run_pt2(made, path, batches(made)))
    assert "conv2d.weight" in torch.export.load(str(path)).state_dict
    assert "conv2d.parametrizations.weight.original" in made.network.module.state_dict()


def test_the_file_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    write_pt2(pictures(), path)
    with zipfile.ZipFile(path) as archive:
        assert not any(b"site-packages" in archive.read(name) for name in archive.namelist())


def test_what_needs_a_fixed_number_of_rows_is_refused_in_torchs_words() -> None:
    hand = Hand(x=InputSpec((3,)))
    fixed = hand.method("reshape", hand.input("x"), 2, 3)
    made = subject("net", {"network": hand.done(hand.call(operator.neg, fixed))})
    with pytest.raises(WeightsError) as caught:
        traced(made, "pt2")
    assert caught.value.problems[0].code == "export-refused"
    assert caught.value.problems[0].facts["format"] == "pt2"
    assert "batch" in str(caught.value.problems[0].facts["reason"])


def test_quiet_ends_where_it_should(caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        logging.getLogger("torch.onnx").warning("no torchvision")
        warnings.warn("deprecated", FutureWarning, stacklevel=1)
    logging.getLogger("torch.onnx").warning("heard again")
    assert caplog.messages == ["heard again"]
