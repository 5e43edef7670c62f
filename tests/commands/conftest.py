from __future__ import annotations

from tests.end_to_end.conftest import flowers, height, ripe

__all__ = ["flowers", "height", "ripe"]
