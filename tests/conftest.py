"""What all tests share: golden files, which `pytest --rewrite-golden` writes anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before torch is imported: several processes with threads on every core wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says more of what else runs on the machine.
settings.register_profile("nncli", deadline=None)
settings.load_profile("nncli")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the cache of encoded data out of the folder of whoever runs the tests."""
    before = os.environ.get("NNCLI_CACHE")
    os.environ["NNCLI_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("NNCLI_CACHE")
    if before is not None:
        os.environ["NNCLI_CACHE"] = before


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares a text with a golden file, or writes the file where `--rewrite-golden` was given."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: pytest --rewrite-golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return compare
