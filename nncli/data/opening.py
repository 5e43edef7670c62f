"""A spec's `data:` to encoded parts: the one door of this folder for training.

What reads files is imported where they are read: most starts find their data in the cache.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from nncli.cache_folder import new_entry
from nncli.data.builtin_sets import builtin_file, builtin_name, builtin_table
from nncli.data.cache import KIND, cache_key, read_cached
from nncli.data.dataset import PARTS, Data, PartName
from nncli.data.declarations import declare, is_long_text, placed, raise_placed, stand_in
from nncli.data.folders import files_digest, reads_files, with_part_folders
from nncli.errors import DataError, Problem
from nncli.messages.catalogue import failures
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.files import DataSource, find_source
from nncli.sources.folders import DataFolder, find_folder
from nncli.sources.hub_folders import is_hub_folder
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec

if TYPE_CHECKING:
    from nncli.data.dividing import Division

__all__ = ["open_cells", "open_data", "source_digest", "stand_in"]

Found: TypeAlias = DataSource | DataFolder


def open_data(spec: Spec) -> Data:
    """Reads, checks, splits and encodes the data of a spec.

    Raises every problem that is found up to the step that cannot be done: first those of
    declarations, files and columns, then those of cells, then those of classes.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        return _open_long_text(spec, data, problems)
    data = with_part_folders(spec, data)
    files = _read_files(spec, data, problems)
    key = cache_key(data, files_digest(files), [file.shown for file in files.values()])
    opened = None if problems else read_cached(key)
    if opened is None:
        from nncli.data.first_opening import open_and_keep

        opened = open_and_keep(spec, data, files, problems, key)
    # Kept warnings have no place in the spec yet: its lines may have moved since.
    return replace(opened, warnings=tuple(placed(spec, opened.warnings)))


def _open_long_text(spec: Spec, data: DataSpec, problems: list[Problem]) -> Data:
    from nncli.data import long_texts

    texts = long_texts.find_texts(spec, data, problems)
    problems += long_texts.column_problems(spec, data)
    raise_placed(spec, problems)
    key = cache_key(
        data, long_texts.digest_of(texts), [file.shown for files in texts.values() for file in files]
    )
    opened: Data | Problem | None = read_cached(key)
    if opened is None:
        try:
            with new_entry(KIND, key, f"{spec.name}: {data.train}") as entry:
                opened = long_texts.open_texts(data, texts, entry)
                if isinstance(opened, Problem):
                    raise failures(placed(spec, [opened]))
        except OSError:
            # Where nothing can be kept, it is all held in memory.
            opened = long_texts.open_texts(data, texts, None)
    if isinstance(opened, Problem):
        raise failures(placed(spec, [opened]))
    return opened


def open_cells(spec: Spec) -> Division | None:
    """Reads the cells of data that can be opened, divided into parts as `open_data` does it.

    None where the samples are stretches of long texts, which have no cells. Raises the problems of
    declarations, of files and of the split; cells are not checked.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        return None
    from nncli.data.dividing import divide
    from nncli.data.first_opening import read_tables

    data = with_part_folders(spec, data)
    tables = read_tables(data, _read_files(spec, data, problems), problems)
    raise_placed(spec, problems)
    return divide(spec, data, tables, [])


def source_digest(spec: Spec) -> str:
    """Digests the source files of a spec, as tables only where these name files; equals `Data.digest`.

    Raises the problems of declarations and of files that cannot be read.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        from nncli.data import long_texts

        texts = long_texts.find_texts(spec, data, problems)
        raise_placed(spec, problems)
        return long_texts.digest_of(texts)
    if reads_files(data):
        # Which files those are, only the table tells.
        return open_data(spec).digest
    files = _read_files(spec, data, problems)
    raise_placed(spec, problems)
    return files_digest(files)


def _read_files(spec: Spec, data: DataSpec, problems: list[Problem]) -> dict[PartName, Found]:
    files: dict[PartName, Found] = {}
    refused = {problem.path for problem in problems}
    for part in PARTS:
        source = getattr(data, part)
        if source is None or f"data.{part}" in refused:
            continue
        found = _found(spec, source, data)
        if not isinstance(found, list):
            files[part] = found
        else:
            place, path = spec.place("data", part), f"data.{part}"
            problems += [replace(each, place=each.place or place, path=each.path or path) for each in found]
    return files


def _found(spec: Spec, source: str, data: DataSpec) -> Found | list[Problem]:
    """Finds a source, or says what is wrong with it, without a place unless that is in a file."""
    name = builtin_name(source)
    made = builtin_table(name) if name else None
    found: Found | Problem
    try:
        path = spec.origin.folder / source
        if name is not None:
            path = builtin_file(name)
            found = DataFile(path, source, made) if made else find_file(path, source)
        elif path.is_dir() and reads_files(data) and not is_hub_folder(path):
            found = find_folder(path, str(path))
        else:
            found = find_source(spec.origin.folder, source)
    except DataError as error:
        return list(error.problems)
    return [found] if isinstance(found, Problem) else found
