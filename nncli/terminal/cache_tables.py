"""What `nncli data --cache` shows: entries of the cache with their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from nncli.cache_folder import Entry
from nncli.counted import counted
from nncli.errors import printable
from nncli.network.graph.sizing import readable_bytes
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table


def show_cache(streams: Streams, folder: str, entries: Sequence[Entry]) -> None:
    """Prints what is kept, used last first, and the total."""
    if entries:
        table = plain_table()
        for header in ("kind", "size", "last used", "belongs to"):
            table.add_column(header, justify="right" if header == "size" else "left")
        for entry in entries:
            used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
            about = Text(printable(entry.about))
            table.add_row(entry.kind, readable_bytes(entry.size_bytes), used, about)
        streams.table(table)
        streams.data("\n")
    streams.data(f"{_sum(entries)} in {folder}\n")


def show_cleared(streams: Streams, removed: Sequence[Entry], left: Sequence[Entry]) -> None:
    """Says what was freed, and what is in use by others."""
    streams.data(f"removed {_sum(removed)}\n")
    if left:
        streams.data(f"left {_sum(left)}, which other processes use\n")


def _sum(entries: Sequence[Entry]) -> str:
    words = counted(len(entries), "entry")
    return f"{words}, {readable_bytes(sum(entry.size_bytes for entry in entries))}"
