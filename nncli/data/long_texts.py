"""Data whose samples are stretches of long texts: read in pieces, tokenised once into one array.

Neither a text nor its tokens are ever in memory as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from nncli.columns.encoders import Columns, Encoders
from nncli.columns.sequences import Layout, narrowest
from nncli.columns.texts import TextEncoder, stretched_columns, tokenizer_of
from nncli.columns.tokenizer_fitting import TokenizerPlan, fit_tokenizer
from nncli.columns.tokenizing import Tokenizer
from nncli.counted import counted
from nncli.data.arrays import Pieces, form_of, write_arrays
from nncli.data.builtin_sets import builtin_name, builtin_text
from nncli.data.cache import as_columns, write_document
from nncli.data.dataset import PARTS, Data, Part, PartName
from nncli.data.fitting import drawn_shares, resolved
from nncli.data.rows import torch_index
from nncli.data.sharing import Shared, shared_columns
from nncli.data.stretches import parts_by_position, text_samples
from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.sources import text_files
from nncli.sources.data_files import DataFile
from nncli.sources.tables import Reading, Rows
from nncli.sources.text_files import TEXT, between, pieces_of, text_blocks
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

STEPS: Final = 128
"""How long a stretch is where `length` is not stated."""
NO_STRATIFY: Final = "none"
_NOT_DIVIDED: Final = ("stratify", "group", "time", "folds")
_NOT_TAKEN: Final = ("begin", "end", "truncate", "pad", "missing")

Texts = Mapping[PartName, Sequence[DataFile]]


@dataclass(frozen=True, slots=True)
class Segment:
    """The characters `first` to `last` of a text that belong to one part."""

    part: PartName
    file: DataFile
    first: int
    last: int

    def pieces(self, encoding: str) -> Iterator[str]:
        """Reads the segment in pieces."""
        return pieces_of(between(text_blocks(self.file, encoding), self.first, self.last))


def find_texts(spec: Spec, data: DataSpec, problems: list[Problem]) -> Texts:
    """Finds the text files of every part, and adds what is wrong with them."""
    found: dict[PartName, Sequence[DataFile]] = {}
    for part in PARTS:
        source = getattr(data, part)
        if source is None:
            continue
        name = builtin_name(source)
        content = builtin_text(name) if name else None
        files: Sequence[DataFile] | Problem
        if content is not None:
            files = [DataFile(Path(source), source, content)]
        else:
            files = text_files.find_texts(spec.origin.folder, source)
        if isinstance(files, Problem):
            place = spec.place("data", part)
            problems.append(Problem(files.code, place, f"data.{part}", files.facts))
        else:
            found[part] = files
    return found


def digest_of(texts: Texts) -> str:
    """Digests the bytes of all texts; which part they are for counts as well."""
    digest = hashlib.sha256()
    for part, files in texts.items():
        for file in files:
            digest.update(f"{part} {file.digest()}\n".encode())
    return digest.hexdigest()


def column_problems(spec: Spec, data: DataSpec) -> list[Problem]:
    """Finds columns that cannot be stretches of a text.

    Problems: `column-missing`, `stretch-type`, `stretch-word`, `stretch-shift`, `stretch-split`.
    """
    problems = []
    columns, fields = shared_columns(data), ColumnSpec.model_fields
    for word in _NOT_DIVIDED:
        if getattr(data.split, word) not in (None, NO_STRATIFY):
            path = f"data.split.{word}"
            problems.append(Problem("stretch-split", spec.place(*path.split(".")), path, {"word": word}))
    owner = next((each for each in columns if each.owner is None), columns[0])
    for each in columns:
        column, declared = each.column, each.declared
        at = spec.place(*column.path.split("."))
        facts: dict[str, object] = {"name": column.name, "type": declared.type}
        if column.header != TEXT:
            near = nearest(column.header, [TEXT])
            missing = {"header": column.header, "file": data.train, "nearest": near, "found": [TEXT]}
            problems.append(Problem("column-missing", at, column.path, missing))
        elif declared.type != "text":
            problems.append(Problem("stretch-type", at, column.path, facts))
        elif declared.shift > 0:
            problems.append(Problem("stretch-shift", at, column.path, facts))
        else:
            words = [word for word in _NOT_TAKEN if getattr(declared, word) != fields[word].default]
            if column != owner.column:
                words += ["tokenizer"] if each.owner != owner.column else []
                words += ["length"] if declared.length not in (None, owner.declared.length) else []
            for word in words:
                place = spec.place(*column.path.split("."), word)
                path = f"{column.path}.{word}"
                problems.append(Problem("stretch-word", place, path, facts | {"word": word}))
    return problems


def open_texts(data: DataSpec, texts: Texts, entry: Path | None) -> Data | Problem:
    """Divides, fits and tokenises texts; with `entry`, what is opened is written there as well.

    Problems without a place: `text-short`. Raises what reading a text raises.
    """
    segments = _segments(data, texts)
    columns = shared_columns(data)
    tokenizer = _fitted(columns, segments, data.encoding)
    if isinstance(tokenizer, Problem):
        return tokenizer
    stated = next(each.declared.length for each in columns if each.owner is None)
    length = stated if isinstance(stated, int) else STEPS
    encoders = _encoders(data, columns, tokenizer, length)
    encoder = encoders.input_encoders[0]
    assert isinstance(encoder, TextEncoder)
    characters = sum(segment.last - segment.first for segment in segments)
    with Pieces(entry, "texts", max(characters, 1)) as pieces:
        counts = [_tokenise(encoder, segment.pieces(data.encoding), pieces) for segment in segments]
        stored, document = pieces.finish()
    ahead = max(-each.declared.shift for each in columns)
    indices = _samples(segments, counts, length + ahead, data.stride or length)
    for name in dict.fromkeys(segment.part for segment in segments):
        if name not in indices:
            facts = {"part": name, "length": length, "needed": counted(length + ahead, "token")}
            return Problem("text-short", None, f"data.{name}" if getattr(data, name) else "data.split", facts)
    every = [
        each
        for each in (*encoders.input_encoders, *encoders.target_encoders)
        if isinstance(each, TextEncoder)
    ]
    found = stretched_columns(every, stored["tokens"].tensors()["values"])
    whole = as_columns(encoders, found)
    opened = _opened(data, texts, encoders, indices, whole)
    if entry is not None:
        arrays = {"arrays": document["tokens"]["arrays"]}
        forms = {name: form_of(column) | arrays for name, column in found.items()}
        places = write_arrays(entry / "index.arrays", {str(name): rows for name, rows in indices.items()})
        parts = {str(name): {"columns": 0, "index": asdict(places[name])} for name in indices}
        write_document(entry, opened, [forms], parts)
    return opened


def _segments(data: DataSpec, texts: Texts) -> list[Segment]:
    """Finds what belongs to each part: of the training texts together by position, of others all."""
    segments: list[Segment] = []
    counts = [_characters(file, data) for file in texts["train"]]
    for name, (first, last) in parts_by_position(sum(counts), drawn_shares(data)).items():
        at = 0
        for file, count in zip(texts["train"], counts, strict=True):
            inside = (max(first - at, 0), min(last - at, count))
            if inside[0] < inside[1]:
                segments.append(Segment(name, file, *inside))
            at += count
    for name, files in texts.items():
        if name != "train":
            segments += [Segment(name, file, 0, _characters(file, data)) for file in files]
    return segments


def _characters(file: DataFile, data: DataSpec) -> int:
    return sum(map(len, text_blocks(file, data.encoding)))


def _fitted(columns: Sequence[Shared], segments: Sequence[Segment], encoding: str) -> Tokenizer | Problem:
    owner = next(each for each in columns if each.owner is None)
    plan = tokenizer_of(owner.declared, owner.column.path)
    if not isinstance(plan, TokenizerPlan):
        return plan
    lower = owner.declared.lowercase
    training = (each for segment in segments if segment.part == "train" for each in segment.pieces(encoding))
    return fit_tokenizer(plan, (piece.lower() if lower else piece for piece in training))


def _encoders(data: DataSpec, columns: Sequence[Shared], tokenizer: Tokenizer, length: int) -> Encoders:
    made = [
        TextEncoder(
            each.column,
            tokenizer,
            Layout(length, shift=each.declared.shift),
            each.declared.lowercase,
            is_stretched=True,
        )
        for each in columns
    ]
    inputs = tuple(each for each in made if each.column.role == "input")
    targets = tuple(each for each in made if each.column.role == "target")
    return Encoders(inputs, targets, Reading(data.delimiter, data.encoding, data.nulls))


def _tokenise(encoder: TextEncoder, texts: Iterator[str], pieces: Pieces) -> int:
    """Adds the tokens of a text to the array, and counts them."""
    import torch

    from nncli.columns.stored import Dense

    count = 0
    for piece in texts:
        tokens = encoder.tokenizer.encode([encoder.spelt(piece)])[0]
        stored = Dense(torch.from_numpy(tokens.astype(narrowest(encoder.tokenizer.size - 1))))
        pieces.add({"tokens": stored}, len(piece))
        count += len(tokens)
    return count


def _samples(
    segments: Sequence[Segment], counts: Sequence[int], steps: int, stride: int
) -> dict[PartName, Rows]:
    """Finds the first token of every sample, by part."""
    starts = np.cumsum([0, *counts])
    found: dict[PartName, list[Rows]] = {}
    documents, firsts = text_samples(counts, steps, stride)
    for number, segment in enumerate(segments):
        rows = firsts[documents == number] + starts[number]
        if len(rows):
            found.setdefault(segment.part, []).append(rows)
    return {name: np.concatenate(rows) for name, rows in found.items()}


def _opened(
    data: DataSpec, texts: Texts, encoders: Encoders, indices: Mapping[PartName, Rows], whole: Columns
) -> Data:
    parts = {name: Part(name, torch_index(indices[name]), whole) for name in PARTS if name in indices}
    stated = resolved(data, encoders, NO_STRATIFY)
    return Data(parts, encoders, stated, digest_of(texts))
