"""Decodes a Parquet file in a process of its own: `python -P parquet_child.py COLUMNS ROWS [FILE]`.

Damaged bytes can make Polars ask for more memory than there is, and then the process ends at once. Here it
is this one. Rows come out as Arrow streams, each behind its length in 8 bytes; what is wrong with the file
goes to standard error, with exit code 3. Without FILE its bytes come from standard input.
"""

from __future__ import annotations

import io
import json
import os
import sys

WRONG = 3
LENGTH_BYTES = 8
_SPARE_BYTES = 8 * 2**30
"""Programs ask for more memory than they use; but nothing sensible asks for this much more than there is."""


def main() -> int:
    """Reads the columns of the numbers COLUMNS, a JSON list, and writes ROWS rows at a time."""
    _bound_memory()
    import polars as pl

    columns, rows = json.loads(sys.argv[1]), int(sys.argv[2])
    source = sys.argv[3] if len(sys.argv) > 3 else io.BytesIO(sys.stdin.buffer.read())
    try:
        scanned = pl.scan_parquet(source, glob=False).select(pl.nth(columns))
        for frame in scanned.collect_batches(chunk_size=rows):
            stream = io.BytesIO()
            frame.write_ipc_stream(stream)
            sys.stdout.buffer.write(len(stream.getbuffer()).to_bytes(LENGTH_BYTES, "little"))
            sys.stdout.buffer.write(stream.getbuffer())
        sys.stdout.buffer.flush()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        # Behind what Polars has written of a panic.
        sys.stderr.write(f"\n{error}".splitlines()[1] if str(error) else "\n")
        return WRONG
    return 0


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    resource.setrlimit(resource.RLIMIT_AS, (there_is + _SPARE_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())
