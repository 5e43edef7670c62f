"""Spectrograms and other layers of sound, by torchaudio's names; needs torch alone, as attention.py does."""

# As in attention.py: no `from __future__`, and a ValueError for what is wrong with an argument. Windows,
# filters and cosines follow from the arguments, so that no weights file holds them.

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Window = Literal["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"]
Padding = Literal["reflect", "constant", "replicate", "circular"]
_WINDOWS: Mapping[str, Callable[..., Tensor]] = {
    "hann_window": torch.hann_window,
    "hamming_window": torch.hamming_window,
    "blackman_window": torch.blackman_window,
    "bartlett_window": torch.bartlett_window,
    "kaiser_window": torch.kaiser_window,
}


class Spectrogram(nn.Module):
    """Says how strong each frequency is, in one short stretch of a wave after the other.

    Maps (batch, channels, samples) to (batch, channels, n_fft // 2 + 1, frames). With `center` there are
    samples // hop_length + 1 frames. Raises ValueError for a wave that is too short.

    Args:
        n_fft: samples in a stretch; the result has n_fft // 2 + 1 frequencies
        win_length: samples under the window, in the middle of a stretch; n_fft unless given
        hop_length: samples from one stretch to the next; half of win_length unless given
        pad: zeros before and after the wave
        window_fn: what fades a stretch in and out
        power: 2 for power, 1 for magnitude
        normalized: window (or true) divides by the root of the window's energy, frame_length by that of n_fft
        center: whether the first stretch lies around the first sample, and the last one around the last
        pad_mode: what lies beyond the ends of the wave, with center
    """

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: Window = "hann_window",
        power: float = 2.0,
        normalized: bool | Literal["window", "frame_length"] = False,
        center: bool = True,
        pad_mode: Padding = "reflect",
    ) -> None:
        super().__init__()
        win_length = n_fft if win_length is None else win_length
        hop_length = win_length // 2 if hop_length is None else hop_length
        if n_fft < 2 or not 1 <= win_length <= n_fft or hop_length < 1:
            numbers = f"n_fft {n_fft}, win_length {win_length}, hop_length {hop_length}"
            raise ValueError(f"win_length is at most n_fft, and hop_length at least 1; received {numbers}")
        if pad < 0 or power <= 0:
            raise ValueError(f"pad is 0 or more, and power above 0; received {pad} and {power}")
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.pad = pad
        self.power = power
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.window: Tensor
        self.register_buffer("window", _WINDOWS[window_fn](win_length), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps waves to (batch, channels, frequencies, frames)."""
        if x.dim() != 3:
            raise ValueError(f"a wave is (batch, channels, samples); received {x.dim()} dimensions")
        samples = x.shape[-1] + 2 * self.pad
        least = self.n_fft // 2 + 1 if self.center else self.n_fft
        if samples < least:
            raise ValueError(f"n_fft {self.n_fft} needs {least} samples; received {samples}")
        wave = nn.functional.pad(x, (self.pad, self.pad)) if self.pad else x
        bins = torch.stft(
            wave.flatten(0, 1).to(self.window.dtype),
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.window,
            self.center,
            self.pad_mode,
            self.normalized == "frame_length",
            return_complex=True,
        )
        strength = bins.abs() if self.power == 1 else bins.abs().pow(self.power)
        if self.normalized in (True, "window"):
            strength = strength / self.window.square().sum().pow(self.power / 2)
        return strength.view(x.shape[0], x.shape[1], *strength.shape[1:])


class MelSpectrogram(nn.Module):
    """Says how strong each band of pitch is, in one short stretch of a wave after the other.

    Maps (batch, channels, samples) to (batch, channels, n_mels, frames): a Spectrogram, whose frequencies
    are gathered in overlapping triangles that stand as far apart as the ear hears them.
    Raises ValueError where the frequencies do not fit the rate, and as Spectrogram does.

    Args:
        sample_rate: samples in a second; that of the sound which flows in
        n_fft: samples in a stretch
        win_length: samples under the window, in the middle of a stretch; n_fft unless given
        hop_length: samples from one stretch to the next; half of win_length unless given
        f_min: the lowest frequency, in hertz
        f_max: the highest frequency, in hertz; half of sample_rate unless given
        pad: zeros before and after the wave
        n_mels: bands of pitch; with many and a small n_fft some low ones hold no frequency
        window_fn: what fades a stretch in and out
        power: 2 for power, 1 for magnitude
        normalized: window (or true) divides by the root of the window's energy, frame_length by that of n_fft
        center: whether the first stretch lies around the first sample, and the last one around the last
        pad_mode: what lies beyond the ends of the wave, with center
        norm: slaney divides each band by its width, so that all have one area
        mel_scale: the formula for pitch, that of the HTK toolkit or of Slaney's, which librosa uses
    """

    def __init__(
        self,
        sample_rate: int,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        f_min: float = 0.0,
        f_max: float | None = None,
        pad: int = 0,
        n_mels: int = 128,
        window_fn: Window = "hann_window",
        power: float = 2.0,
        normalized: bool | Literal["window", "frame_length"] = False,
        center: bool = True,
        pad_mode: Padding = "reflect",
        norm: Literal["slaney"] | None = None,
        mel_scale: Literal["htk", "slaney"] = "htk",
    ) -> None:
        super().__init__()
        f_max = sample_rate / 2 if f_max is None else f_max
        if n_mels < 1 or not 0 <= f_min < f_max <= sample_rate / 2:
            numbers = f"f_min {f_min}, f_max {f_max}, sample_rate {sample_rate}, n_mels {n_mels}"
            raise ValueError(f"0 <= f_min < f_max <= sample_rate / 2, and n_mels from 1; received {numbers}")
        self.spectrogram = Spectrogram(
            n_fft, win_length, hop_length, pad, window_fn, power, normalized, center, pad_mode
        )
        self.filters: Tensor
        frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)
        filters = _mel_filters(frequencies, n_mels, (f_min, f_max), mel_scale, norm)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps waves to (batch, channels, n_mels, frames)."""
        return _product(self.spectrogram(x), self.filters)


class MFCC(nn.Module):
    """Says in a few numbers what shape the spectrum of a sound has, in one short stretch after the other.

    Maps (batch, channels, samples) to (batch, channels, n_mfcc, frames): the cosine transform (type 2) of
    the logarithm of a MelSpectrogram. Raises ValueError as that does.

    Args:
        sample_rate: samples in a second; that of the sound which flows in
        n_mfcc: numbers for each stretch, at most n_mels
        norm: ortho makes the cosines one orthonormal basis
        log_mels: the natural logarithm; otherwise decibels, down to 80 below the loudest of the row
        melkwargs: arguments of the MelSpectrogram, such as {n_mels: 40}
    """

    def __init__(
        self,
        sample_rate: int,
        n_mfcc: int = 40,
        norm: Literal["ortho"] | None = "ortho",
        log_mels: bool = False,
        melkwargs: Mapping[str, int | float | str | bool] | None = None,
    ) -> None:
        super().__init__()
        # What is wrong in it, the constructor says.
        options: Mapping[str, object] = dict(melkwargs or {})
        self.mel = MelSpectrogram(sample_rate, **options)  # type: ignore[arg-type]
        n_mels = self.mel.filters.shape[1]
        if not 1 <= n_mfcc <= n_mels:
            raise ValueError(f"n_mfcc is 1 to n_mels, {n_mels}; received {n_mfcc}")
        self.log_mels = log_mels
        self.decibels = AmplitudeToDB("power", 80.0)
        steps = math.pi / n_mels * (torch.arange(n_mels, dtype=torch.float64) + 0.5)
        cosines = torch.cos(steps[:, None] * torch.arange(n_mfcc))
        if norm is None:
            cosines = cosines * 2
        else:
            cosines[:, 0] *= 0.5**0.5
            cosines = cosines * (2 / n_mels) ** 0.5
        self.cosines: Tensor
        self.register_buffer("cosines", cosines.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps waves to (batch, channels, n_mfcc, frames)."""
        mel = self.mel(x)
        return _product(torch.log(mel + 1e-6) if self.log_mels else self.decibels(mel), self.cosines)


class AmplitudeToDB(nn.Module):
    """Turns strength into decibels: ten times the logarithm of power, or twenty times that of magnitude.

    Keeps the shape of x, (batch, …). Nothing falls below -100, or -200 for magnitude.

    Args:
        stype: what flows in, power or magnitude
        top_db: the most that anything falls below the loudest of its row; no limit unless given
    """

    def __init__(self, stype: Literal["power", "magnitude"] = "power", top_db: float | None = None) -> None:
        super().__init__()
        if top_db is not None and top_db < 0:
            raise ValueError(f"top_db is 0 or more; received {top_db}")
        self.factor = 10.0 if stype == "power" else 20.0
        self.top_db = top_db

    def forward(self, x: Tensor) -> Tensor:
        """Maps strengths to decibels."""
        decibels = self.factor * torch.log10(x.clamp(min=1e-10))
        if self.top_db is None:
            return decibels
        return decibels.maximum(decibels.flatten(1).amax(1).view(-1, *[1] * (x.dim() - 1)) - self.top_db)


def _product(strength: Tensor, matrix: Tensor) -> Tensor:
    """Multiplies along the last axis but one, in float32: power overflows in half precision."""
    along = strength.transpose(-1, -2)
    if along.device.type != "meta" and torch.is_autocast_enabled(along.device.type):
        with torch.autocast(along.device.type, enabled=False):
            return (along.float() @ matrix).transpose(-1, -2)
    return (along @ matrix).transpose(-1, -2)


def _mel_filters(
    frequencies: Tensor, n_mels: int, ends: tuple[float, float], mel_scale: str, norm: str | None
) -> Tensor:
    """Makes the triangles, (frequencies, n_mels); in float64, since narrow ones are small differences."""
    lowest, highest = (_pitch(end, mel_scale) for end in ends)
    corners = _frequency(torch.linspace(lowest, highest, n_mels + 2, dtype=torch.float64), mel_scale)
    apart = corners[1:] - corners[:-1]
    rising = (frequencies[:, None] - corners[:-2]) / apart[:-1]
    falling = (corners[2:] - frequencies[:, None]) / apart[1:]
    filters = rising.minimum(falling).clamp(min=0)
    if norm == "slaney":
        filters = filters * (2 / (corners[2:] - corners[:-2]))
    return filters.float()


# Slaney's scale: even up to 1000 Hz, which is 15, and a logarithm beyond, 27 steps to 6400 Hz.
_EVEN = 200 / 3
_STEP = math.log(6.4) / 27


def _pitch(frequency: float, mel_scale: str) -> float:
    if mel_scale == "htk":
        return 2595 * math.log10(1 + frequency / 700)
    return frequency / _EVEN if frequency < 1000 else 15 + math.log(frequency / 1000) / _STEP


def _frequency(pitch: Tensor, mel_scale: str) -> Tensor:
    if mel_scale == "htk":
        return 700 * (10 ** (pitch / 2595) - 1)
    return torch.where(pitch < 15, pitch * _EVEN, 1000 * torch.exp(_STEP * (pitch - 15)))
