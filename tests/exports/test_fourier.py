"""A spectrogram leaves in every format as it is, also where onnxruntime has no good way for its length."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.exports.fourier import with_convolved_stft
from nncli.exports.onnx_file import run_onnx, write_onnx
from nncli.exports.pt2_file import run_pt2, traced, write_pt2
from nncli.exports.python_file import run_python, write_python
from nncli.exports.subject import Subject
from nncli.exports.verification import verify
from tests.exports.subjects import assert_close, batches, subject
from tests.network.compiled import compiled

SOUND = "sound: {shape: [2, 1000], type: audio, rate: 8000}"


def _subject(layers: str) -> Subject:
    torch.manual_seed(0)
    network = compiled(layers, SOUND)
    network.module.eval()
    return subject("sounds", {"network": network})


def _stft_nodes(subject: Subject) -> int:
    program = with_convolved_stft(traced(subject, "onnx"))
    return [str(node.target) for node in program.graph.nodes].count("aten.stft.default")


@pytest.mark.parametrize("written", ["n_fft: 101, win_length: 80", "n_fft: 256, normalized: frame_length"])
def test_a_spectrogram_leaves_as_onnx(written: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    subject = _subject(
        f"MelSpectrogram: {{{written}, hop_length: 50, n_mels: 20}}, AmplitudeToDB, Conv2d: [3, 3]"
    )
    assert _stft_nodes(subject) == (1 if "256" in written else 0)
    write_onnx(subject, tmp_path / "net.onnx")
    assert verify(subject, "onnx", lambda rows: run_onnx(subject, tmp_path / "net.onnx", rows)) < 5e-6


def test_a_network_without_sound_is_left_alone() -> None:
    program = traced(_subject("AvgPool1d: 10, Flatten, Linear: 3"), "onnx")
    assert with_convolved_stft(program) is program


def test_a_spectrogram_leaves_as_pt2_and_as_python(tmp_path: Path) -> None:
    subject = _subject(
        "MFCC: {n_mfcc: 5, melkwargs: {n_fft: 100, n_mels: 20}}, TimeMasking: 3, Flatten, Linear: 3"
    )
    write_pt2(subject, tmp_path / "net.pt2")
    assert_close(subject, run_pt2(subject, tmp_path / "net.pt2", batches(subject)))
    write_python(subject, tmp_path / "net.py")
    assert_close(subject, run_python(subject, tmp_path / "net.py", batches(subject)))
    assert "class TimeMasking(nn.Module):" in (tmp_path / "net.py").read_text(encoding="utf-8")
