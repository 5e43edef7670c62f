from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nncli import cache_folder as cache_module
from nncli.cache_folder import (
    FOLDER_VARIABLE,
    SIZE_VARIABLE,
    cache_folder,
    clear_cache,
    find_entry,
    list_cache,
    most_bytes,
    new_entry,
)
from nncli.errors import UsageError

KEY = "ab" * 32
HOLD = """
import sys
from nncli.cache_folder import find_entry
assert find_entry("tables", sys.argv[1]) is not None
print("held", flush=True)
sys.stdin.read()
"""
DIE = """
import os, sys
from nncli.cache_folder import new_entry
with new_entry("tables", sys.argv[1], "rows.csv") as folder:
    (folder / "piece").write_bytes(b"half")
    os._exit(9)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(SIZE_VARIABLE, raising=False)
    return tmp_path / "cache"


def keep(key: str, size: int = 100, used: int | None = None, kind: str = "tables") -> Path:
    with new_entry(kind, key, f"{key}.csv") as folder:
        (folder / "piece").write_bytes(b"x" * size)
    found = find_entry(kind, key)
    assert found is not None
    if used is not None:
        os.utime(found / "lock", (used, used))
    return found


def let_go() -> None:
    """Ends the use of every entry, as the end of the process does."""
    for descriptor in cache_module._held.values():
        os.close(descriptor)
    cache_module._held.clear()


def run(script: str, key: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_an_entry_is_found_once_it_is_whole(cache: Path) -> None:
    assert find_entry("tables", KEY) is None
    with new_entry("tables", KEY, "rows.csv") as folder:
        (folder / "piece").write_bytes(b"whole")
        assert find_entry("tables", KEY) is None
    found = find_entry("tables", KEY)
    assert found == cache / "tables" / KEY
    assert (found / "piece").read_bytes() == b"whole"
    (entry,) = list_cache()
    assert (entry.kind, entry.key, entry.about, entry.path) == ("tables", KEY, "rows.csv", found)
    assert entry.size_bytes == sum(each.stat().st_size for each in found.iterdir())


def test_what_fails_or_dies_leaves_nothing_that_looks_finished(cache: Path) -> None:
    with pytest.raises(RuntimeError), new_entry("tables", KEY, "rows.csv") as folder:
        (folder / "piece").write_bytes(b"half")
        raise RuntimeError
    assert not any((cache / "tables").iterdir())
    assert run(DIE, KEY).wait() == 9
    (left,) = (cache / "tables").iterdir()
    assert left.suffix == ".partial" and find_entry("tables", KEY) is None and list_cache() == ()
    keep("other")  # The next one that is made clears it away.
    assert [each.name for each in (cache / "tables").iterdir()] == ["other"]


def test_the_second_of_two_builders_takes_what_the_first_made(cache: Path) -> None:
    with new_entry("tables", KEY, "rows.csv") as folder:
        (folder / "piece").write_bytes(b"late")
        keep(KEY, size=3)
    found = find_entry("tables", KEY)
    assert found is not None and (found / "piece").read_bytes() == b"xxx"
    assert [each.name for each in (cache / "tables").iterdir()] == [KEY]


def test_what_was_not_used_for_longest_goes_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for used, name in enumerate(["first", "second", "third"], 1):
        keep(name, 1000, used)
    let_go()
    assert [entry.key for entry in list_cache()] == ["third", "second", "first"]
    keep("first", 0)  # It is there already, and used now.
    let_go()
    monkeypatch.setenv(SIZE_VARIABLE, "3500")
    keep("fourth", 1000)
    assert sorted(entry.key for entry in list_cache()) == ["first", "fourth", "third"]


def test_nothing_that_is_in_use_is_removed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(KEY, 1000, used=1)
    let_go()
    other = run(HOLD, KEY)
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    monkeypatch.setenv(SIZE_VARIABLE, "1")
    keep("mine", 1000)
    assert {entry.key for entry in list_cache()} == {KEY, "mine"}
    assert [entry.key for entry in clear_cache()] == ["mine"]
    other.communicate("")
    assert [entry.key for entry in clear_cache()] == [KEY]
    assert list_cache() == () and find_entry("tables", KEY) is None


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    found = keep(KEY)
    assert (found / "piece").exists() and tmp_path not in found.parents
    assert list_cache() == ()
    shutil.rmtree(found)
    cache_module._own_alone.clear()


def test_a_damaged_entry_is_no_entry(cache: Path) -> None:
    found = keep(KEY)
    let_go()
    (found / "about.json").write_text(json.dumps(["no"]))
    assert list_cache() == ()
    (found / "about.json").unlink()
    assert find_entry("tables", KEY) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("3500", 3500), ("1.5 GB", 1_500_000_000), ("20g", 20_000_000_000), ("2 MiB", 2 * 2**20)],
)
def test_the_size_is_read_with_its_unit(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, text)
    assert most_bytes() == size


def test_a_size_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, "much")
    with pytest.raises(UsageError):
        most_bytes()


def test_without_a_size_a_tenth_of_the_free_disk_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, most in ((10**9, 10**8), (10**13, cache_module.MOST_BYTES)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, free))
        assert most_bytes() == most


def test_the_usual_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    for platform, folder in {
        "linux": "/caches/nncli",
        "darwin": f"{Path.home()}/Library/Caches/nncli",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == Path(folder)
