from __future__ import annotations

import os

import pytest
import torch

from nncli.cores import usable_cores
from nncli.device import resolve_device, set_precision, set_threads
from nncli.errors import UsageError
from nncli.messages.catalogue import message_of


def _cuda(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_resolves(text: str, count: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _cuda(monkeypatch, count)
    assert resolve_device(text) == torch.device(expected)


@pytest.mark.parametrize(("text", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_cuda_that_is_absent_is_refused(text: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _cuda(monkeypatch, count)
    with pytest.raises(UsageError) as caught:
        resolve_device(text)
    assert caught.value.problems[0].code == "device-absent"
    assert text in message_of(caught.value.problems[0])


@pytest.mark.parametrize("text", ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "CUDA", "mps", "meta"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_device(text)
    assert caught.value.problems[0].code == "device-unknown"


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        assert set_threads(1) == 1 == torch.get_num_threads()
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        assert set_threads(None) == usable_cores() == torch.get_num_threads()
        for wish in ("", "0", "many", "-1"):
            monkeypatch.setenv("OMP_NUM_THREADS", wish)
            assert set_threads(None) == usable_cores()
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        assert set_threads(None) == 3 == torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    with pytest.raises(UsageError):
        set_threads(0)
    with pytest.raises(UsageError):
        set_threads(100_000)


def test_precision_is_set_for_cuda_alone() -> None:
    before = torch.backends.cuda.matmul.fp32_precision
    try:
        set_precision("float32", torch.device("cuda"))
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        set_precision("auto", torch.device("cpu"))
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        set_precision("auto", torch.device("cuda"))
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    finally:
        torch.backends.cuda.matmul.fp32_precision = before
