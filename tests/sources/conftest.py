from __future__ import annotations

from pathlib import Path

import pytest

from nncli.cache_folder import FOLDER_VARIABLE
from nncli.sources import data_files, text_pieces


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture
def no_file_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every file one that is read in pieces."""
    monkeypatch.setattr(data_files, "LARGE_BYTES", 0)
    monkeypatch.setattr(text_pieces, "PIECE_BYTES", text_pieces.PIECE_BYTES)
