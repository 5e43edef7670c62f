"""Which line of a file of `--code` raised an error, read from its traceback"""

from __future__ import annotations

from typing import Final

MODULE_PREFIX: Final = "nncli_own_code_"
"""How the names of modules begin that `--code` makes of files."""


def own_line(error: BaseException) -> str:
    """Finds the last line of a file of `--code` that was running: `layers.py:12`; empty where none was."""
    line, trace = "", error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__")
        if isinstance(module, str) and module.startswith(MODULE_PREFIX):
            line = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return line


def raised(error: BaseException) -> str:
    """Says what was raised in one line: `ValueError: 3 is odd`."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first[:300]}" if first else type(error).__name__
