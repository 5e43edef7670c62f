"""`python -m tests.end_to_end.phases PHASE PIPE train …`: nncli that waits in a phase.

It waits until a signal breaks in, or until its input is closed. The phase writes its
name to the pipe of that number as soon as it is reached; nothing else is changed.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

# Where each phase begins: the module, the class or nothing, the function, and its how manieth call.
PHASES = {
    "importing": ("nncli.commands.train", "", "", 0),
    "reading": ("nncli.data.first_opening", "", "read_tables", 1),
    "fitting": ("nncli.data.first_opening", "", "fit_encoders", 1),
    "caching": ("nncli.data.first_opening", "", "write_document", 1),
    "compiling": ("nncli.preparing.prepared", "", "compile_networks", 1),
    "training": ("nncli.training.updating", "Updater", "step", 30),
    "evaluating": ("nncli.objectives.objectives", "Objective", "mean_loss", 2),
    "saving": ("nncli.runs.checkpoints", "", "write_new", 4),
}


def main() -> None:
    phase, pipe = sys.argv.pop(1), int(sys.argv.pop(1))
    module, owner, name, number = PHASES[phase]
    if name:
        holder: Any = importlib.import_module(module)
        if owner:
            holder = getattr(holder, owner)
        setattr(holder, name, _waiting(phase, pipe, getattr(holder, name), number))
    else:
        sys.meta_path.insert(0, _WaitingFinder(phase, pipe, module))
    from nncli.__main__ import main

    main()


def _wait(phase: str, pipe: int) -> None:
    os.write(pipe, phase.encode() + b"\n")
    # A signal raises here or is noted; else the wait ends with the input.
    while os.read(0, 1):
        pass


def _waiting(phase: str, pipe: int, function: Callable[..., Any], number: int) -> Callable[..., Any]:
    calls = 0

    def waiting(*positions: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            _wait(phase, pipe)
        return function(*positions, **keywords)

    return waiting


class _WaitingFinder:
    """Waits where a module is about to be imported."""

    def __init__(self, phase: str, pipe: int, module: str) -> None:
        self._phase = phase
        self._pipe = pipe
        self._module = module

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self._module:
            sys.meta_path.remove(self)  # type: ignore[arg-type]
            _wait(self._phase, self._pipe)


if __name__ == "__main__":
    main()
