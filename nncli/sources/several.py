"""Several files as one table: their rows one behind the other, each cell still in its own file."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import LARGE_BYTES, DataFile
from nncli.sources.pieces import OpenedFile, Piece, Wanted
from nncli.sources.spots import START, Index, Mark, Spot
from nncli.sources.tables import Reading

if TYPE_CHECKING:
    import polars as pl

FILE: Final = "file"
"""The column of the name of each row's file, where the files have no column of that name themselves."""


@final
@dataclass(frozen=True)
class FileSet:
    """Several files of one format, in order; `names` are what they are called in the column `file`.

    `labels` are the names of the classes in columns of whole numbers.
    """

    path: Path
    shown: str
    files: tuple[DataFile, ...]
    names: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Counts the bytes of all files."""
        return sum(each.size_bytes for each in self.files)

    def digest(self) -> str:
        """Digests the names and bytes of all files. Raises `data-changing`."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        for each in self.files:
            digest.update(each.digest().encode())
        return digest.hexdigest()


def open_several(files: FileSet, opened: tuple[OpenedFile, ...], reading: Reading) -> SeveralFiles:
    """Checks that all files have the same columns. Raises `files-differ`."""
    first = opened[0]
    for each in opened[1:]:
        missing = [header for header in first.headers if header not in each.headers]
        more = [header for header in each.headers if header not in first.headers]
        # Objects need not have all keys.
        if (missing or more) and files.path.suffix.lower() not in (".jsonl", ".ndjson"):
            raise failure(
                "files-differ",
                Place(each.file.shown, 1, 1),
                missing=[f"`{header}`" for header in missing],
                more=[f"`{header}`" for header in more],
                first=first.file.shown,
            )
    headers = tuple(dict.fromkeys(header for each in opened for header in each.headers))
    own = () if FILE in headers or not files.names else (FILE,)
    return SeveralFiles(files, opened, reading, (*headers, *own))


@final
@dataclass(frozen=True)
class SeveralFiles:
    """Files whose headers were read."""

    file: FileSet
    opened: tuple[OpenedFile, ...]
    reading: Reading
    headers: tuple[str, ...]

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether all of them are too much for memory."""
        return self.file.size_bytes >= LARGE_BYTES or any(each.is_large(wanted) for each in self.opened)

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the rows of one file after the other.

        Raises `files-columns-differ`, and what reading each of them raises.
        """
        import polars as pl

        kinds: dict[str, tuple[pl.DataType, str]] = {}
        before = 0
        for number, each in enumerate(self.opened):
            last = 0
            for piece in each.pieces(wanted):
                frame = self._labelled(piece.frame)
                for header, kind in frame.schema.items():
                    first, file = kinds.setdefault(header, (kind, each.file.shown))
                    if kind != first:
                        facts = {"column": header, "kind": str(kind), "first": file, "first_kind": str(first)}
                        raise failure("files-columns-differ", Place(each.file.shown, 1, 1), "", **facts)
                if FILE not in frame.columns and FILE in self.headers and wanted.keeps(FILE):
                    name = pl.Series(FILE, [self.file.names[number]], dtype=pl.String)
                    frame = frame.with_columns(name.new_from_index(0, frame.height))
                last = int(piece.lines[-1])
                mark = Mark(number, before, piece.mark.offset, piece.mark.line)
                yield replace(piece, frame=frame, lines=piece.lines + before, mark=mark)
            before += last

    def text(self, index: Index) -> SeveralTexts:
        """Finds lines again, each in its file."""
        texts = [
            each.text(tuple(mark for mark in index if mark.file == n)) for n, each in enumerate(self.opened)
        ]
        unit = next((text.unit for text in texts if text is not None), "row")
        return SeveralTexts(self, index, unit)

    def _labelled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Puts names of classes for their numbers, and bytes of media for bytes with their path."""
        import polars as pl

        changed = []
        for each in frame:
            names = self.file.labels.get(each.name)
            if names and each.dtype.is_integer():
                numbers = list(range(len(names)))
                changed.append(
                    each.replace_strict(numbers, list(names), default=None, return_dtype=pl.String)
                )
            elif isinstance(each.dtype, pl.Struct) and {f.name for f in each.dtype.fields} == {
                "bytes",
                "path",
            }:
                changed.append(each.struct.field("bytes").alias(each.name))
        return frame.with_columns(changed)


@dataclass(frozen=True)
class SeveralTexts:
    """Finds cells in their files: lines of a file count on from those of the files before it."""

    files: SeveralFiles
    index: Index
    unit: str

    def spot(self, line: int, header: str) -> Spot:
        """Finds a cell by its line, counted over all files."""
        firsts = list({mark.file: mark for mark in reversed(self.index)}.values())[::-1]
        place = bisect_right(firsts, line - 1, key=lambda mark: mark.before) - 1
        mark = firsts[place] if place >= 0 else START
        opened = self.files.opened[mark.file]
        text = opened.text(tuple(each for each in self.index if each.file == mark.file))
        own = line - mark.before
        return text.spot(own, header) if text else Spot(Place(opened.file.shown, own, 1))
