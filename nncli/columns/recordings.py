"""Sounds of files as they are kept: decoded into the cache where they fit there, else when they are taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nncli.cache_folder import most_bytes
from nncli.columns.clips import laid_out
from nncli.columns.file_lists import FileList
from nncli.columns.kept_files import Keep, digest_of_code, find_kept, keep_files
from nncli.columns.stored import Taken
from nncli.draws import Draw
from nncli.messages.catalogue import failure
from nncli.sources.media_files import MediaError, on_all_cores, read_media
from nncli.sources.sound_files import SoundForm, decode_sound

MOST_BYTES_IN_MEMORY: Final = 256 * 2**20
"""New rows are decoded at once where they take at most this."""
CACHE_SHARE: Final = 2
"""Sounds are kept where they take at most this part of the cache."""
_KIND: Final = "sounds"
_SAMPLES: Final = "samples"
_PLACES: Final = "places"
_IN_CACHE: Final = -1


@dataclass(frozen=True)
class Piece:
    """Some sounds that follow each other.

    `places` tells where each begins in `samples`, (T, channels), and how many are its own, int64 (N, 2).
    `samples` is None where each is decoded when it is taken.
    """

    places: Tensor
    samples: Tensor | None
    digest: str = ""


@final
@dataclass(frozen=True, eq=False)
class Recordings:
    """Sounds of files, in pieces.

    `values`, `starts` and `stamps` are those of a FileList in `folder`, `decode` the fields of a SoundForm.
    `pieces` counts the sounds of each piece, and the samples of them that lie in `samples`, int64 (P, 2);
    -1 for a piece that the cache has. `counts` are the samples of each sound, int64 (N,). `length`,
    `has_mask` and `place` are as in `laid_out`. Raises ValueError where the cache lost a piece.
    """

    values: Tensor
    starts: Tensor
    stamps: Tensor
    pieces: Tensor
    samples: Tensor
    counts: Tensor
    folder: str
    decode: Mapping[str, Any]
    length: int | None
    has_mask: bool
    place: int

    def __post_init__(self) -> None:
        assert self._opened  # A piece that is lost is missed at once.

    @cached_property
    def _files(self) -> FileList:
        return FileList(self.folder, self.values.numpy(), self.starts.numpy(), self.stamps.numpy())

    @cached_property
    def _form(self) -> SoundForm:
        return SoundForm(**self.decode)

    @cached_property
    def _opened(self) -> tuple[Piece, ...]:
        found, first, used = [], 0, 0
        for count, held in self.pieces.tolist():
            piece: Piece | None
            if held == _IN_CACHE:
                piece = _in_cache(self._files.part(first, first + count), self._form)
                if piece is None:
                    raise ValueError("the cache has lost some of them")
            else:
                counts = self.counts[first : first + count]
                samples = self.samples[used : used + held] if held else None
                piece = Piece(torch.stack((counts.cumsum(0) - counts, counts), 1), samples)
                used += held
            found.append(piece)
            first += count
        return tuple(found)

    @property
    def rows(self) -> int:
        """Counts the sounds."""
        return len(self._files)

    @property
    def row_bytes(self) -> int | None:
        """Counts the bytes of one sound, where none is cut or masked."""
        if self.has_mask or self.length is None or int(self.counts.max()) > self.length:
            return None
        return self.length * self.samples.shape[1] * self.samples.element_size()

    @property
    def lengths(self) -> Tensor | None:
        """The samples of every sound, int64 (N,), where those behind them are masked."""
        return self.counts if self.has_mask else None

    @property
    def is_current(self) -> bool:
        """Tells whether no file was changed since it was listed."""
        return self._files.is_current()

    @property
    def digest(self) -> str:
        """Names the bytes of all files."""
        return hashlib.sha256(" ".join(piece.digest for piece in self._opened).encode()).hexdigest()

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes sounds by number. Raises `sound-gone` where one cannot be decoded any more."""
        wanted = rows.tolist()
        if not wanted:
            return Taken(self.samples.new_zeros((0, self.length or 0, self.samples.shape[1])))
        found = {row: self._kept(row) for row in wanted}
        waiting = [row for row, wave in found.items() if wave is None]
        found.update(zip(waiting, self._decoded(waiting), strict=True))
        waves = [wave for row in wanted if (wave := found[row]) is not None]
        return laid_out(waves, self.length, has_mask=self.has_mask, draw=draw, place=self.place)

    def _kept(self, row: int) -> Tensor | None:
        for piece in self._opened:
            if row < len(piece.places):
                if piece.samples is None:
                    return None
                first, count = piece.places[row].tolist()
                return piece.samples[first : first + count]
            row -= len(piece.places)
        raise IndexError(row)

    def _decoded(self, rows: Sequence[int]) -> list[Tensor]:
        found: list[Tensor] = [torch.empty(0)] * len(rows)

        def work(number: int) -> None:
            content = read_media(self._files.path(rows[number]))
            found[number] = torch.from_numpy(decode_sound(content, self._form))

        for number, error in on_all_cores(len(rows), work).items():
            raise failure("sound-gone", file=str(self._files.path(rows[number])), reason=error.reason)
        return found

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds; of what lies in the cache only the files are named."""
        names = ("values", "starts", "stamps", "pieces", "samples", "counts")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Layout:
    """How sounds of a column are brought to one length: see `laid_out`."""

    length: int
    has_mask: bool
    place: int


def _recordings(
    files: FileList, form: SoundForm, layout: Layout, counts: Sequence[int], waves: Sequence[Any] | None
) -> Recordings:
    """Makes the column of some files, whose sounds are in memory, or in the cache where `waves` is None."""
    nothing = np.empty((0, form.channels), dtype=form.precision)
    samples = np.concatenate([nothing, *(waves or ())])
    return Recordings(
        torch.from_numpy(files.names),
        torch.from_numpy(files.starts),
        torch.from_numpy(files.stamps),
        pieces=torch.tensor([[len(files), _IN_CACHE if waves is None else len(samples)]]),
        samples=torch.from_numpy(samples),
        counts=torch.tensor(counts, dtype=torch.int64),
        folder=files.folder,
        decode=asdict(form),
        **asdict(layout),
    )


def decode_new(files: FileList, form: SoundForm, layout: Layout) -> tuple[Recordings, dict[int, MediaError]]:
    """Decodes files of new rows, in memory where they are few; gives what was refused, by number."""
    nothing = np.empty((0, form.channels), dtype=form.precision)
    if len(files) * layout.length * form.channels * nothing.itemsize > MOST_BYTES_IN_MEMORY:
        return _recordings(files, form, layout, [layout.length] * len(files), ()), {}
    waves = [nothing] * len(files)

    def work(number: int) -> None:
        wave = torch.from_numpy(decode_sound(read_media(files.path(number)), form))
        # Only what is taken of it is held: the middle.
        kept = laid_out([wave], min(layout.length, len(wave)), has_mask=False, draw=None, place=0)
        waves[number] = kept.values[0].numpy()

    refused = on_all_cores(len(files), work)
    return _recordings(files, form, layout, [len(wave) for wave in waves], waves), refused


def decode_once(
    files: FileList, form: SoundForm, layout: Layout, about: str
) -> tuple[Recordings, dict[int, MediaError]]:
    """Decodes every file once, for all runs, into the cache; gives what was refused, by number.

    Where the sounds are too many for the cache, it only notes how long they are.
    """
    refused: dict[int, MediaError] = {}
    if find_kept(_KIND, _key(files, form)) is None:
        try:
            refused = _make_entry(files, form, about, most_bytes() // CACHE_SHARE)
        except OSError:
            # No room on the disk: each sound is decoded when it is taken.
            refused = _make_entry(files, form, about, 0)
    piece = None if refused else _in_cache(files, form)
    counts = [1] * len(files) if piece is None else piece.places[:, 1].tolist()
    return _recordings(files, form, layout, counts, () if refused else None), refused


def _make_entry(files: FileList, form: SoundForm, about: str, room: int) -> dict[int, MediaError]:
    """Decodes files into an entry of at most `room` bytes; more than that are only counted."""
    places = np.zeros((len(files), 2), dtype=np.int64)
    lock, is_kept = Lock(), True

    @contextmanager
    def begin(folder: Path) -> Iterator[Keep]:
        path, samples = folder / _SAMPLES, 0
        with path.open("wb") as stream:

            def keep(number: int, content: bytes) -> None:
                nonlocal is_kept, samples
                wave = decode_sound(content, form)
                with lock:
                    places[number] = samples, len(wave)
                    samples += len(wave)
                    is_kept &= samples * form.channels * wave.itemsize <= room
                    if is_kept:
                        stream.write(wave.data)

            yield keep
        if not is_kept:
            path.unlink()
        (folder / _PLACES).write_bytes(places.tobytes())

    return keep_files(files, (_KIND, _key(files, form), about), begin)


def _in_cache(files: FileList, form: SoundForm) -> Piece | None:
    kept = find_kept(_KIND, _key(files, form))
    if kept is None:
        return None
    places: NDArray[np.int64] = np.fromfile(kept.folder / _PLACES, np.int64).reshape(-1, 2)
    path = kept.folder / _SAMPLES
    if not path.exists():
        return Piece(torch.from_numpy(places), None, kept.digest)
    # Copied where it is written to; nobody does.
    samples = np.memmap(path, form.precision, mode="c").reshape(-1, form.channels)
    return Piece(torch.from_numpy(places), torch.from_numpy(samples), kept.digest)


def _key(files: FileList, form: SoundForm) -> str:
    return files.key(asdict(form), _code())


@cache
def _code() -> str:
    return digest_of_code((Path(__file__).parent.parent / "sources").glob("sound_*.py"))
