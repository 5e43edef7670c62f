"""Encoded columns in files: written piece by piece, opened as tensors that are read where they are used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray

from nncli.columns.clips import Clips
from nncli.columns.pictures import Pictures
from nncli.columns.recordings import Recordings
from nncli.columns.stored import Dense, Ragged, Stored, Windows

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]
MOST_BYTES_IN_MEMORY: Final = 64 * 2**20
"""Columns that take more than this altogether are written to files while they are made."""
_FIELDS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    Dense: (),
    Ragged: ("length", "padding", "is_padded_before", "shift", "begin"),
    Windows: ("first", "length"),
    Pictures: ("folder", "decode"),
    Clips: ("length", "has_mask", "place"),
    Recordings: ("folder", "decode", "length", "has_mask", "place"),
}
"""The forms of columns, with what they are beside their tensors."""
_DTYPES: Final = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
_ALIGNED_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """Where an array lies: the file by its name alone, the first byte, type and shape."""

    file: str
    offset: int
    dtype: str
    shape: tuple[int, ...]

    def open(self, folder: Path) -> Tensor:
        """Opens the array; a change of it stays in memory. Raises ValueError, OSError."""
        import torch

        if self.dtype not in _DTYPES or Path(self.file).name != self.file or self.offset < 0:
            raise ValueError(self.file)
        if 0 in self.shape:
            return torch.from_numpy(np.zeros(self.shape, self.dtype))
        found = np.memmap(folder / self.file, self.dtype, mode="c", offset=self.offset, shape=self.shape)
        return torch.from_numpy(found)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> dict[str, ArrayPlace]:
    """Writes small arrays into one file, and tells where each of them lies."""
    places = {}
    with open(path, "wb") as stream:
        for name, array in arrays.items():
            stream.write(b"\0" * (-stream.tell() % _ALIGNED_BYTES))
            places[name] = ArrayPlace(path.name, stream.tell(), array.dtype.name, array.shape)
            stream.write(np.ascontiguousarray(array).tobytes())
        _flush(stream)
    return places


@final
class Pieces:
    """Columns that grow by slices of a table: in memory while they are small, else in files of a folder.

    A context manager; what was written stays in the folder. `name` begins the names of its files.
    """

    def __init__(self, folder: Path | None, name: str, rows: int) -> None:
        self._folder = folder
        self._name = name
        self._rows = rows
        self._columns: dict[str, Stored] = {}
        self._held: dict[tuple[str, str], list[Array]] = {}
        self._files: dict[tuple[str, str], IO[bytes]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._steps: dict[str, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, columns: Mapping[str, Stored], rows: int) -> None:
        """Adds the columns of the next rows of the table."""
        if not self._columns and self._folder is not None:
            slice_bytes = sum(t.nbytes for each in columns.values() for t in each.tensors().values())
            if slice_bytes * self._rows > MOST_BYTES_IN_MEMORY * rows:
                self._open_files(columns)
        self._columns = self._columns or dict(columns)
        for name, column in columns.items():
            for key, tensor in column.tensors().items():
                array = tensor.contiguous().numpy()
                self._append((name, key), self._continued(name, array) if key == "starts" else array)

    def _open_files(self, columns: Mapping[str, Stored]) -> None:
        assert self._folder is not None
        for number, place in enumerate((n, key) for n, each in columns.items() for key in each.tensors()):
            path = self._folder / f"{self._name}.{number}.array"
            self._files[place] = self._stack.enter_context(path.open("wb"))

    def _continued(self, name: str, starts: Array) -> Array:
        """Lets starts go on where those of the slice before ended; only the very first 0 is kept."""
        before = self._steps.get(name)
        self._steps[name] = (before or 0) + int(starts[-1])
        return starts if before is None else starts[1:] + before

    def _append(self, place: tuple[str, str], array: Array) -> None:
        self._counts[place] = self._counts.get(place, 0) + len(array)
        if place in self._files:
            self._files[place].write(array.data)
        else:
            self._held.setdefault(place, []).append(array)

    def finish(self) -> tuple[dict[str, Stored], dict[str, Any]]:
        """Gives the whole columns, and the document from which `open_columns` opens them again."""
        held = {
            place: found[0] if len(found) == 1 else np.concatenate(found)
            for place, found in self._held.items()
        }
        places: dict[tuple[str, str], ArrayPlace] = {}
        for place, stream in self._files.items():
            _flush(stream)
            sample = self._columns[place[0]].tensors()[place[1]].numpy()
            shape = (self._counts[place], *sample.shape[1:])
            places[place] = ArrayPlace(Path(stream.name).name, 0, sample.dtype.name, shape)
        if held and self._folder is not None:
            names = {"\n".join(place): array for place, array in held.items()}
            written = write_arrays(self._folder / f"{self._name}.arrays", names)
            places |= {tuple(name.split("\n")): found for name, found in written.items()}  # type: ignore[misc]
        return self._whole(held, places), self._document(places)

    def _whole(
        self, held: Mapping[tuple[str, str], Array], places: Mapping[tuple[str, str], ArrayPlace]
    ) -> dict[str, Stored]:
        import torch

        found: dict[str, Stored] = {}
        for name, column in self._columns.items():
            tensors = {}
            for key in column.tensors():
                if (name, key) in held:
                    tensors[key] = torch.from_numpy(held[name, key])
                else:
                    assert self._folder is not None
                    tensors[key] = places[name, key].open(self._folder)
            found[name] = _column(form_of(column), tensors)
        return found

    def _document(self, places: Mapping[tuple[str, str], ArrayPlace]) -> dict[str, Any]:
        return {
            name: form_of(column)
            | {
                "arrays": {
                    key: asdict(places[name, key]) for key in column.tensors() if (name, key) in places
                }
            }
            for name, column in self._columns.items()
        }


def open_columns(document: Mapping[str, Any], folder: Path) -> dict[str, Stored]:
    """Opens columns from files.

    Raises KeyError, TypeError, ValueError, OSError where they are damaged, or files that they name changed.
    """
    columns = {
        name: _column(form, {key: open_array(place, folder) for key, place in form["arrays"].items()})
        for name, form in document.items()
    }
    for name, column in columns.items():
        if isinstance(column, (Pictures, Recordings)) and not column.is_current:
            raise ValueError(name)
    return columns


def open_array(place: Mapping[str, Any], folder: Path) -> Tensor:
    """Opens one array of a document. Raises as `open_columns` does."""
    fields = {**place, "shape": tuple(place["shape"])}
    return ArrayPlace(**fields).open(folder)


def form_of(column: Stored) -> dict[str, Any]:
    """Says what a column is beside its tensors, ready for JSON."""
    fields = _FIELDS[type(column)]
    return {"form": type(column).__name__, **{name: getattr(column, name) for name in fields}}


def _column(form: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Stored:
    kinds = {kind.__name__: kind for kind in _FIELDS}
    kind = kinds[form["form"]]
    column: Stored = kind(**tensors, **{name: form[name] for name in _FIELDS[kind]})
    return column


def _flush(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def files_of(folder: Path) -> Iterator[Path]:
    """Walks over the files that hold arrays."""
    return (each for each in sorted(folder.iterdir()) if each.suffix in (".array", ".arrays"))
