"""The one table of readers: each format by the suffix of its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from nncli.sources.arrow_files import open_arrow
from nncli.sources.data_files import DataFile
from nncli.sources.delimited import open_delimited
from nncli.sources.json_lines import open_json_lines
from nncli.sources.numpy_files import open_npy, open_npz
from nncli.sources.parquet import open_parquet
from nncli.sources.pieces import OpenedFile
from nncli.sources.safetensors_files import open_safetensors
from nncli.sources.tables import Reading
from nncli.sources.text_files import open_text

Reader: TypeAlias = Callable[[DataFile, Reading], OpenedFile]

READERS: Final[dict[str, Reader]] = {
    ".csv": lambda file, reading: open_delimited(file, reading.delimiter or ",", reading),
    ".tsv": lambda file, reading: open_delimited(file, reading.delimiter or "\t", reading),
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
    ".parquet": open_parquet,
    ".arrow": open_arrow,
    ".feather": open_arrow,
    ".txt": open_text,
    ".npz": open_npz,
    ".npy": open_npy,
    ".safetensors": open_safetensors,
}
