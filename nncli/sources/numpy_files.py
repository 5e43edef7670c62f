"""NumPy's files, .npy and .npz: arrays without objects, with every header checked before memory is taken."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, Final

import numpy as np

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.stored_arrays import KINDS, ArraysFile, ByteStream, StoredArray
from nncli.sources.tables import Reading

ARRAY: Final = "array"
"""The column of a table that is made of one array without a name."""
_SUFFIX: Final = ".npy"
_MAGIC: Final = b"\x93NUMPY"
# How many bytes tell the length of the header, by version; later ones are for structures.
_LENGTH_BYTES: Final = {b"\x01\x00": 2, b"\x02\x00": 4}
_HEADER: Final = re.compile(
    rb"\{'descr': '(?P<descr>[<>|=][a-zA-Z][0-9]{0,9}(?:\[[0-9]{0,3}[a-zA-Z]{1,2}\])?)', "
    rb"'fortran_order': (?P<order>True|False), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,19}, ?)*[0-9]{0,19})\),? ?\} *\n?"
)
_MOST_HEADER_BYTES: Final = 10_000
_MOST_ARRAYS: Final = 10_000
# Others than these two can be packed to a millionth.
_PACKING: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_npy(file: DataFile, reading: Reading) -> ArraysFile:
    """Reads the header of an array. Raises `data-empty`, `data-unreadable`, `data-changing`."""
    if not file.size_bytes:
        raise failure("data-empty", Place(file.shown, 1, 1))
    try:
        array = _array(file.stream, file.size_bytes)
    except (ValueError, OSError) as error:
        raise _unreadable(file, error) from None
    return ArraysFile(file, reading, {ARRAY: array})


def open_npz(file: DataFile, reading: Reading) -> ArraysFile:
    """Reads the headers of the arrays of an archive. Raises as `open_npy` does."""
    if not file.size_bytes:
        raise failure("data-empty", Place(file.shown, 1, 1))
    arrays: dict[str, StoredArray] = {}
    try:
        with file.stream() as stream, zipfile.ZipFile(stream) as archive:
            members = [each for each in archive.infolist() if each.filename.endswith(_SUFFIX)]
            if len(members) > _MOST_ARRAYS:
                raise ValueError(f"it has {len(members):,} arrays, and at most {_MOST_ARRAYS:,} are read")
            for member in members:
                name = member.filename.removesuffix(_SUFFIX)
                if name in arrays:
                    raise ValueError(f"it has two arrays `{name}`")
                if member.compress_type not in _PACKING:
                    raise ValueError(f"`{name}` is packed in another way than NumPy does")
                arrays[name] = _array(partial(_Member, file, member), member.file_size)
    except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _unreadable(file, error) from None
    return ArraysFile(file, reading, arrays)


def _unreadable(file: DataFile, error: Exception) -> NncliError:
    return failure("data-unreadable", Place(file.shown, 1, 1), reason=str(error) or "it ends too soon")


def _array(begin: Callable[[], ByteStream], size_bytes: int) -> StoredArray:
    """Reads the header of an array, which must be as long as it says. Raises ValueError, OSError."""
    stream = begin()
    try:
        start = stream.read(len(_MAGIC) + 2)
        length_bytes = _LENGTH_BYTES.get(start[len(_MAGIC) :]) if start.startswith(_MAGIC) else None
        if length_bytes is None:
            raise ValueError("it does not begin as an array of NumPy does")
        text_bytes = int.from_bytes(stream.read(length_bytes), "little")
        if text_bytes > _MOST_HEADER_BYTES:
            raise ValueError(f"its header has {text_bytes:,} bytes")
        found = _HEADER.fullmatch(stream.read(text_bytes))
    finally:
        stream.close()
    if found is None:
        raise ValueError("its header is none that NumPy writes for an array without structure")
    header_bytes = len(start) + length_bytes + text_bytes
    shape = tuple(int(axis) for axis in found["shape"].split(b",") if axis.strip())
    dtype = _dtype(found["descr"].decode("ascii"))
    if dtype.kind in KINDS and math.prod(shape) * dtype.itemsize + header_bytes != size_bytes:
        raise ValueError(f"an array of shape {list(shape)} is said to be in it, but it has another length")

    def behind_header() -> ByteStream:
        found = begin()
        found.read(header_bytes)
        return found

    return StoredArray(dtype, shape, behind_header, found["order"] == b"True")


def _dtype(text: str) -> np.dtype[np.generic]:
    try:
        return np.dtype(text)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"its values are of type {text}") from None


class _Member:
    """One file of an archive, read in order."""

    def __init__(self, file: DataFile, member: zipfile.ZipInfo) -> None:
        self._archive = zipfile.ZipFile(file.stream())
        self._stream: IO[bytes] = self._archive.open(member)

    def read(self, count: int, /) -> bytes:
        """Gives so many bytes. Raises ValueError for what cannot be unpacked, or has another checksum."""
        try:
            return self._stream.read(count)
        except (zlib.error, zipfile.BadZipFile, EOFError) as error:
            raise ValueError(str(error)) from None

    def close(self) -> None:
        """Ends the reading."""
        self._stream.close()
        self._archive.close()
