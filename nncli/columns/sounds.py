"""Sounds: a column of paths, or of samples, becomes waves, scaled and augmented on the device."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.augmenting import Change, read_changes
from nncli.columns.file_cells import check_named, named_files, refuse_files
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.sound_cells import headers_of, holds_samples, samples_of
from nncli.errors import Problem
from nncli.sources.sound_files import LARGEST, RATES, Precision, Samples, SoundForm, SoundHeader
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.names import NAME
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.clips import Clips
    from nncli.columns.recordings import Layout, Recordings
    from nncli.columns.stored import Finish
    from nncli.draws import Draw

MOST_SAMPLES: Final = 2**20
"""How long sounds are at most where `length` is not stated: 65 seconds of 16,000 Hz."""
_STAND_IN_RATE: Final = 16_000
_CHANNELS: Final = (1, 2)
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?(ms|s)\Z")
_SECONDS: Final = {"ms": 0.001, "s": 1.0}
_MOVING: Final = "Shift"
"""A change that moves a sound, so that the mask of its samples would no longer fit."""
_CUT_PLACE: Final = 1_000
"""Where among the draws of a column the stretch of a longer sound is drawn."""


@dataclass(frozen=True, slots=True)
class SoundEncoder(Encoder):
    """Sounds to waves of a rate, with `length` samples in each channel, between -1 and 1.

    Where `has_mask`, samples behind a shorter sound are masked; otherwise it is filled up with silence. Of a
    longer one a stretch is taken: drawn in training, else the middle. `longest` is that of the training part.
    """

    column: Column
    rate: int
    channels: int
    length: int
    longest: int
    precision: Precision = "int16"
    has_mask: bool = False
    augment: tuple[Change, ...] = ()
    type: Literal["audio"] = "audio"

    def __post_init__(self) -> None:
        if not RATES[0] <= self.rate <= RATES[1] or self.channels not in _CHANNELS or self.length < 1:
            raise ValueError("a sound has a rate, one or two channels, and a length")

    @property
    def reads_files(self) -> bool:
        """Tells that cells are the names of files."""
        return True

    @property
    def form(self) -> SoundForm:
        """What every sound is brought to."""
        return SoundForm(self.rate, self.channels, self.precision)

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((self.channels, self.length), "audio", has_mask=self.has_mask, rate=self.rate)

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Clips | Recordings:
        """Decodes the sounds to (samples, channels) each.

        Refuses `file-unnamed`, `sound-unreadable`, `sound-too-large`. Raises DataError `sound-cells`.
        """
        from nncli.augmentation.transforms import place_of
        from nncli.columns.recordings import Layout, decode_new, decode_once

        layout = Layout(self.length, self.has_mask, place_of(self.column.name) + _CUT_PLACE)
        if holds_samples(self.column, table):
            return _clips([*samples_of(self.column, table, self.form)], layout)
        check_named(self.column, table, refusals)
        files = named_files(self.column, table)
        if table.source.is_new:
            found, refused = decode_new(files, self.form, layout)
        else:
            about = f"{table.source.file}: {self.column.header}"
            found, refused = decode_once(files, self.form, layout, about)
        refuse_files("sound", self.column, files, refused, refusals)
        return found

    def finish(self) -> Finish:
        """Gives what is done to each batch: scaled, and augmented where it is trained on."""
        return SoundFinish(self)

    def counts(self) -> Mapping[str, int]:
        """Names the samples in a second, `$rate`."""
        return {"rate": self.rate}

    def stated(self) -> Mapping[str, object]:
        """Names the column, and the rate and channels of its sounds."""
        words = {"rate": self.rate, "channels": self.channels, "views": None}
        return {"column": self.column.header, **words}


class SoundFinish:
    """Makes float32 (B, channels, samples) of (B, samples, channels), augmented where a draw is given."""

    def __init__(self, encoder: SoundEncoder) -> None:
        from nncli.augmentation.waves import WAVE_CHANGES, WaveAugmentation

        changes = tuple(each.made(WAVE_CHANGES) for each in encoder.augment)
        self._augmentation = WaveAugmentation(changes, encoder.column.name, encoder.rate)
        self._is_cut = encoder.longest > encoder.length

    @property
    def is_drawn(self) -> bool:
        """Tells whether anything is drawn: a change, or where a longer sound is cut."""
        return bool(self._augmentation.changes) or self._is_cut

    def __call__(self, values: Tensor, draw: Draw | None) -> Tensor:
        """Finishes a batch."""
        waves = values.transpose(1, 2)
        waves = waves.float() if values.is_floating_point() else waves.float() / LARGEST
        return waves if draw is None else self._augmentation(waves, draw)


def _clips(waves: Sequence[Samples], layout: Layout) -> Clips:
    import torch

    from nncli.columns.clips import Clips

    starts = np.cumsum([0, *map(len, waves)], dtype=np.int64)
    return Clips(torch.from_numpy(np.concatenate(waves)), torch.from_numpy(starts), **asdict(layout))


def fit_sounds(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> SoundEncoder | Problem:
    """Fits rate, channels and length to the training rows, as far as they are not stated.

    Warns of `sounds-differ` where sounds are brought to what was not stated. Problems: `sound-rate-missing`
    for samples in cells, `sound-length-missing` where a sound is too long.
    """
    if declared.rate is None and holds_samples(column, table):
        return Problem("sound-rate-missing", None, column.path, {"name": column.name})
    headers = headers_of(column, table, declared.rate)
    # Where no header can be read, encoding says why.
    headers = headers or [SoundHeader(_STAND_IN_RATE, declared.rate or _STAND_IN_RATE, 1, is_float=False)]
    rate = declared.rate or Counter(each.rate for each in headers).most_common(1)[0][0]
    found = {each.channels for each in headers}
    channels = declared.channels or (found.pop() if len(found) == 1 and found <= {*_CHANNELS} else 1)
    longest = max(-(-each.samples * rate // each.rate) for each in headers)
    if declared.length is None and longest > MOST_SAMPLES:
        facts = {
            "name": column.name,
            "seconds": f"{longest / rate:,.0f}",
            "most": f"{MOST_SAMPLES / rate:,.0f}",
        }
        return Problem("sound-length-missing", None, column.path, facts)
    encoder = SoundEncoder(
        column,
        rate,
        channels,
        stated_length(declared, rate) or longest,
        longest,
        "float32" if any(each.is_float for each in headers) else "int16",
        declared.length is None,
        _changes(declared),
    )
    warnings += _differing(encoder, declared, headers)
    return encoder


def _differing(
    encoder: SoundEncoder, declared: ColumnSpec, headers: Sequence[SoundHeader]
) -> Iterator[Problem]:
    kinds = Counter((each.rate, each.channels) for each in headers)
    others = [
        (rate, channels)
        for rate, channels in kinds
        if (declared.rate is None and rate != encoder.rate)
        or (declared.channels is None and channels != encoder.channels)
    ]
    if others:
        shown = [f"{kinds[each]:,} of {each[0]:,} Hz in {_shown(each[1])}" for each in kinds]
        facts: dict[str, object] = {"name": encoder.column.name, "kinds": shown}
        facts |= {"form": f"{encoder.rate:,} Hz in {_shown(encoder.channels)}"}
        facts |= {"rate": encoder.rate, "channels": encoder.channels}
        yield Problem("sounds-differ", None, encoder.column.path, facts, "warning")


def _shown(channels: int) -> str:
    return "1 channel" if channels == 1 else f"{channels} channels"


def stated_length(declared: ColumnSpec, rate: int) -> int | None:
    """Gives the samples that a declaration states, as a number or as a time such as 1.5s; None for others."""
    length = declared.length
    if isinstance(length, str):
        found = _TIME.match(length)
        return round(float(found[1]) * _SECONDS[found[2]] * rate) if found else None
    return length if isinstance(length, int) and not isinstance(length, bool) else None


def _changes(declared: ColumnSpec) -> tuple[Change, ...]:
    from nncli.augmentation.waves import WAVE_CHANGES

    found = read_changes(declared.augment, WAVE_CHANGES)
    return tuple(each for each in found if isinstance(each, Change))


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    if not holds_samples(column, table):
        check_named(column, table, refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> SoundEncoder:
    rate = declared.rate or _STAND_IN_RATE
    length = stated_length(declared, rate) or rate
    has_mask = declared.length is None
    changes = _changes(declared)
    return SoundEncoder(
        column, rate, declared.channels or 1, length, length, has_mask=has_mask, augment=changes
    )


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    from nncli.augmentation.waves import WAVE_CHANGES

    rate = declared.rate or _STAND_IN_RATE
    if declared.rate is not None and not RATES[0] <= declared.rate <= RATES[1]:
        yield Mistake("sound-rate", "rate", {"received": declared.rate})
    if declared.channels not in (None, *_CHANNELS):
        yield Mistake("sound-channels", "channels", {"received": declared.channels})
    if declared.length is not None and not (stated_length(declared, rate) or 0) > 0:
        yield Mistake("sound-length", "length", {"received": declared.length})
    for number, found in enumerate(read_changes(declared.augment, WAVE_CHANGES)):
        yield from found if isinstance(found, list) else ()
        if isinstance(found, Change) and found.name == _MOVING and declared.length is None:
            yield Mistake("sound-shift", f"augment.{number}")
    for view in declared.views or ():
        if not NAME.fullmatch(view):
            yield Mistake("view-name", "views", {"view": view})


SOUNDS: Final = Kind(
    check=_check,
    fit=fit_sounds,
    stand_in=_stand_in,
    may_be_target=False,
    reads_files=True,
    mistakes=_mistakes,
)
