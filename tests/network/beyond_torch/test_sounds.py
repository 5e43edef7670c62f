"""The layers of sound are their published formulas, worked out here a second time in numpy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nncli.network.beyond_torch.sounds import MFCC, AmplitudeToDB, MelSpectrogram, Spectrogram
from tests.network.compiled import codes, compiled, refusals

RATE = 8000
WAVE = "wave: {shape: [1, 4000], type: audio, rate: 8000}"
MASKED = "wave: {shape: [1, 4000], type: audio, rate: 8000, mask: true}"
Array = NDArray[np.float64]


def _wave(samples: int = 4000, channels: int = 2) -> Array:
    """Makes tones that glide, with noise, (2, channels, samples): numbers that float32 has."""
    generator = np.random.default_rng(0)
    seconds = np.arange(samples) / RATE
    tones = [np.sin(2 * np.pi * (300 + 700 * row + 900 * seconds) * seconds) for row in range(2 * channels)]
    wave = np.stack(tones).reshape(2, channels, samples)
    return (wave + 0.1 * generator.normal(size=wave.shape)).astype(np.float32).astype(np.float64)


def _given(wave: Array) -> Tensor:
    return torch.as_tensor(wave, dtype=torch.float32)


def _frames(wave: Array, n_fft: int, win_length: int, hop_length: int, *, is_centred: bool) -> Array:
    """Cuts windowed stretches one by one: (…, frames, n_fft)."""
    if is_centred:
        wave = np.pad(wave, [(0, 0), (0, 0), (n_fft // 2, n_fft // 2)], mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    before = (n_fft - win_length) // 2
    window = np.pad(window, (before, n_fft - win_length - before))
    starts = range(0, wave.shape[-1] - n_fft + 1, hop_length)
    return np.stack([wave[..., start : start + n_fft] * window for start in starts], axis=-2)


def _spectrum(wave: Array, n_fft: int, win_length: int, hop_length: int, *, is_centred: bool = True) -> Array:
    """Sums cosines and sines: the magnitude, (…, frequencies, frames)."""
    frames = _frames(wave, n_fft, win_length, hop_length, is_centred=is_centred)
    turns = np.outer(np.arange(n_fft), np.arange(n_fft // 2 + 1)) / n_fft
    bins = frames @ np.exp(-2j * np.pi * turns)
    return np.abs(bins).swapaxes(-1, -2)


def _to_mel(hertz: float, scale: str) -> float:
    if scale == "htk":
        return float(2595 * np.log10(1 + hertz / 700))
    return 3 * hertz / 200 if hertz < 1000 else float(15 + 27 * np.log(hertz / 1000) / np.log(6.4))


def _to_hertz(mel: float, scale: str) -> float:
    if scale == "htk":
        return float(700 * (10 ** (mel / 2595) - 1))
    return mel * 200 / 3 if mel < 15 else float(1000 * 6.4 ** ((mel - 15) / 27))


def _triangles(n_fft: int, n_mels: int, ends: tuple[float, float], scale: str, *, is_even: bool) -> Array:
    """Draws every triangle point by point: (n_mels, frequencies)."""
    mels = np.linspace(_to_mel(ends[0], scale), _to_mel(ends[1], scale), n_mels + 2)
    corners = [_to_hertz(mel, scale) for mel in mels]
    made = np.zeros((n_mels, n_fft // 2 + 1))
    for band, (left, top, right) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        for place in range(n_fft // 2 + 1):
            hertz = place * RATE / n_fft
            if left < hertz < right:
                rising = (hertz - left) / (top - left)
                made[band, place] = rising if hertz <= top else (right - hertz) / (right - top)
        if is_even:
            made[band] *= 2 / (right - left)
    return made


def _apart(found: Tensor, expected: Array) -> float:
    """Measures a difference: its root mean square as a share of that of the numbers."""
    assert found.shape == expected.shape
    return float(np.linalg.norm(found.double().numpy() - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize(
    ("n_fft", "win_length", "hop_length"), [(400, 400, 200), (512, 320, 80), (256, 256, 100), (401, 300, 150)]
)
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_a_spectrogram_is_the_sum_of_cosines_and_sines(
    n_fft: int, win_length: int, hop_length: int, power: float
) -> None:
    wave = _wave()
    found = Spectrogram(n_fft, win_length, hop_length, power=power)(_given(wave))
    expected = _spectrum(wave, n_fft, win_length, hop_length) ** power
    assert _apart(found, expected) < 2e-7
    assert found.shape[-1] == (4000 + 2 * (n_fft // 2) - n_fft) // hop_length + 1


def test_torchaudios_defaults_are_the_defaults() -> None:
    wave = _wave()
    assert torch.equal(
        Spectrogram()(_given(wave)), Spectrogram(400, 400, 200, 0, "hann_window", 2.0)(_given(wave))
    )
    expected = _triangles(400, 128, (0, RATE / 2), "htk", is_even=False) @ _spectrum(wave, 400, 400, 200) ** 2
    assert _apart(MelSpectrogram(RATE)(_given(wave)), expected) < 2e-7


@pytest.mark.parametrize("scale", ["htk", "slaney"])
@pytest.mark.parametrize("norm", [None, "slaney"])
def test_a_mel_spectrogram_is_its_formula(scale: str, norm: str | None) -> None:
    wave = _wave()
    layer = MelSpectrogram(
        RATE,
        512,
        400,
        160,
        f_min=50.0,
        f_max=3800.0,
        n_mels=40,
        norm=norm,
        mel_scale=scale,  # type: ignore[arg-type]
    )
    triangles = _triangles(512, 40, (50, 3800), scale, is_even=norm == "slaney")
    assert _apart(layer.filters.T, triangles) < 2e-7
    expected = triangles @ _spectrum(wave, 512, 400, 160) ** 2
    assert _apart(layer(_given(wave)), expected) < 2e-7
    assert layer.state_dict() == {}


def test_triangles_overlap_so_that_no_frequency_between_them_is_lost() -> None:
    inner = MelSpectrogram(RATE, 2048, n_mels=30).filters.sum(1)[30:900]
    assert float((inner - 1).abs().max()) < 1e-6


@pytest.mark.parametrize("log_mels", [False, True])
@pytest.mark.parametrize("norm", ["ortho", None])
def test_mfcc_are_the_cosines_of_the_logarithm(log_mels: bool, norm: str | None) -> None:
    wave = _wave()
    options = {"n_fft": 256, "hop_length": 80, "n_mels": 32}
    mel = _triangles(256, 32, (0, RATE / 2), "htk", is_even=False) @ _spectrum(wave, 256, 256, 80) ** 2
    decibels = 10 * np.log10(np.maximum(mel, 1e-10))
    loudest = decibels.max(axis=(1, 2, 3), keepdims=True)
    strength = np.log(mel + 1e-6) if log_mels else np.maximum(decibels, loudest - 80)
    cosines = np.array([[np.cos(np.pi / 32 * (n + 0.5) * k) for n in range(32)] for k in range(13)])
    scale = np.array([1 / 32] + [2 / 32] * 12)[:, None] ** 0.5 if norm else 2.0
    layer = MFCC(RATE, 13, norm, log_mels, options)  # type: ignore[arg-type]
    assert _apart(layer(_given(wave)), (cosines * scale) @ strength) < 4e-7


def test_decibels_are_cut_below_the_loudest_of_each_row() -> None:
    strength = torch.tensor([[[1e-12, 1.0, 100.0]], [[1e-7, 1e-5, 1e-4]]])
    assert AmplitudeToDB()(strength).tolist() == [[[-100.0, 0.0, 20.0]], [[-70.0, -50.0, -40.0]]]
    assert AmplitudeToDB("magnitude")(strength)[0, 0, 2] == 40
    cut = AmplitudeToDB(top_db=20.0)(strength)
    assert cut.tolist() == [[[0.0, 0.0, 20.0]], [[-60.0, -50.0, -40.0]]]


def test_normalized_takes_the_window_out_of_the_strength() -> None:
    wave = _given(_wave())
    plain, energy = Spectrogram(400)(wave), float(torch.hann_window(400).square().sum())
    for normalized in (True, "window"):
        found = Spectrogram(400, normalized=normalized)(wave)  # type: ignore[arg-type]
        torch.testing.assert_close(found, plain / energy)
    torch.testing.assert_close(Spectrogram(400, normalized="frame_length")(wave), plain / 400)


def test_a_wave_without_center_has_only_whole_stretches() -> None:
    wave = _wave()
    found = Spectrogram(400, hop_length=150, center=False)(_given(wave))
    assert _apart(found, _spectrum(wave, 400, 400, 150, is_centred=False) ** 2) < 2e-7
    padded = Spectrogram(400, hop_length=150, pad=75, center=False)(_given(wave))
    assert padded.shape[-1] == (4000 + 150 - 400) // 150 + 1


@pytest.mark.parametrize(
    "window", ["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"]
)
def test_every_window_is_torchs(window: str) -> None:
    layer = Spectrogram(64, window_fn=window)  # type: ignore[arg-type]
    assert torch.equal(layer.window, getattr(torch, window)(64))


def test_half_precision_does_not_reach_the_strength() -> None:
    wave = _given(_wave()) * 100
    layer = MelSpectrogram(RATE, n_mels=40)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(wave)
    assert found.dtype == torch.float32 and torch.equal(found, layer(wave))


def test_gradients_flow_to_the_wave_and_are_finite_at_silence() -> None:
    wave = _given(_wave())
    wave[0] = 0
    wave.requires_grad_()
    MFCC(RATE, 13, melkwargs={"n_mels": 32})(wave).sum().backward()
    assert wave.grad is not None and wave.grad.isfinite().all()
    assert wave.grad[1].abs().sum() > 0


def test_the_rate_comes_from_the_sound() -> None:
    network = compiled("MelSpectrogram: {n_mels: 20}, AmplitudeToDB, Conv2d: [4, 3]", WAVE)
    assert network.constructions["melspectrogram"].arguments["sample_rate"] == RATE
    assert network.output_shape == (4, 18, 19)
    stated = compiled("MelSpectrogram: {sample_rate: 8000}", WAVE)
    assert stated.output_shape == (1, 128, 21)
    assert compiled("MFCC: {n_mfcc: 13}", WAVE).output_shape == (1, 13, 21)


def test_the_rate_stays_while_the_steps_stay() -> None:
    for kept in ("ReLU", "Conv1d: [2, 3, padding: same]", "compute: x - mean(x)", "mul: 0.5", "BatchNorm1d"):
        network = compiled(f"{kept}, MelSpectrogram: {{n_mels: 20}}", WAVE)
        assert list(network.constructions.values())[-1].arguments["sample_rate"] == RATE
    for lost in ("AvgPool1d: 2", "Conv1d: [2, 4, stride: 2]", 'compute: "x[:, :, ::2]"'):
        assert codes(f"{lost}, MelSpectrogram: {{n_mels: 20}}", WAVE) == ["size-not-inferred"]


def test_another_rate_than_that_of_the_sound_is_refused() -> None:
    [(code, facts)] = refusals("MelSpectrogram: {sample_rate: 16000}", WAVE)
    assert code == "size-differs" and (facts["stated"], facts["size"]) == (16000, 8000)
    [(code, facts)] = refusals("MelSpectrogram", "wave: {shape: [1, 4000], type: audio}")
    assert code == "size-not-inferred" and facts["word"] == "rate" and facts["input"] == "wave"
    assert codes("MelSpectrogram: 16000", WAVE) == ["positions-refused"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("MelSpectrogram: {n_fft: 9000}", "shape-mismatch"),
        ("MelSpectrogram: {f_max: 4001}", "layer-refused"),
        ("MelSpectrogram: {f_min: 3000, f_max: 2000}", "layer-refused"),
        ("MelSpectrogram: {window_fn: hann}", "argument-type"),
        ("MelSpectrogram: {n_mels: 0}", "argument-range"),
        ("Spectrogram: {win_length: 500}", "layer-refused"),
        ("Spectrogram: {pad: -1}", "layer-refused"),
        ("MFCC: {n_mfcc: 200}", "layer-refused"),
        ("MFCC: {melkwargs: {mels: 3}}", "layer-refused"),
        ("AmplitudeToDB: {top_db: -1}", "layer-refused"),
        ("Flatten, MelSpectrogram: {sample_rate: 8000}", "input-dimensions"),
        ("MelSpectrogram, Linear: 3", "wrong-axis"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_line(written: str, code: str) -> None:
    assert codes(written, WAVE) == [code]


def test_a_mask_of_samples_becomes_one_of_frames() -> None:
    layers = "{MelSpectrogram: {n_fft: 256, hop_length: 100, n_mels: 8}, name: mel}"
    network = compiled(f'{layers}, {{compute: "0 * mel[:, 0, 0, 0] + mel.length"}}', MASKED)
    lengths = (4000, 1234, 100, 1)
    mask = torch.arange(4000) < torch.tensor(lengths)[:, None]
    found = network.module(torch.zeros(4, 1, 4000), mask)
    assert found.tolist() == [length // 100 + 1 for length in lengths]


def test_a_padded_row_gives_what_it_gives_alone() -> None:
    layers = (
        "MelSpectrogram: {n_fft: 256, hop_length: 100, n_mels: 8, pad_mode: constant}, AdaptiveAvgPool2d: 1"
    )
    network = compiled(layers, MASKED)
    wave = torch.randn(2, 1, 4000)
    mask = torch.arange(4000) < torch.tensor([4000, 1500])[:, None]
    with torch.no_grad():
        together = network.module(wave.masked_fill(~mask[:, None], torch.nan), mask)
        alone = network.module(wave[1:, :, :1500], mask[1:, :1500])
    torch.testing.assert_close(together[1:], alone)


def test_bands_without_a_frequency_are_zero_and_nothing_else_is() -> None:
    filters = MelSpectrogram(RATE, 64, n_mels=40).filters.sum(0)
    assert (filters == 0).any() and (filters > 0).sum() >= 20
    for left, right in pairwise(MelSpectrogram(RATE, 2048, n_mels=20).filters.argmax(0).tolist()):
        assert left < right
