"""environment.json: the software, machine and choices that the bits of a run depend on.

Nothing in it names a person, a host or an absolute path.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

import torch

from nncli.cores import usable_cores
from nncli.messages.catalogue import failure
from nncli.runs.atomic import read_own

VERSION: Final = 1

_PACKAGES: Final = ("nncli", "torch", "numpy", "polars", "safetensors")
_DECIDES_BITS: Final = (
    "nncli",
    "python",
    "torch",
    "numpy",
    "polars",
    "platform",
    "cpu",
    "cpu_capability",
    "device",
    "device_name",
    "threads",
    "precision",
    "choices",
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def describe_environment(
    *,
    device: str,
    threads: int,
    precision: str,
    seed: int,
    spec_folder: Path | None,
    choices: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Describes where and how a run is trained, ready to be written as JSON.

    `device` is what was resolved, such as `cpu` or `cuda:0`; `cores` counts those that this
    process may use; `git_commit` is that of the spec's folder, null where there is none. `choices` are what
    differs from torch's own way to compute.
    """
    cpu = cpu_name()
    return {
        "version": VERSION,
        **{package: _version(package) for package in _PACKAGES},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": usable_cores(),
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if device.startswith("cuda") else cpu,
        "threads": threads,
        "precision": precision,
        **({"choices": dict(choices)} if choices else {}),
        "seed": seed,
        "git_commit": git_commit(spec_folder) if spec_folder else None,
    }


def environment_differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Lists what differs between two environments and can change bits: `threads: 2, now 4`."""
    return [
        f"{key}: {_said(old.get(key))}, now {_said(new.get(key))}"
        for key in _DECIDES_BITS
        if old.get(key) != new.get(key)
    ]


def read_environment(path: Path) -> dict[str, object]:
    """Reads environment.json, for the threads, device and choices that a resumed run keeps.

    Errors: run-damaged, file-linked, file-not-regular.
    """
    try:
        environment = json.loads(read_own(path))
    except (OSError, ValueError, RecursionError) as error:
        raise failure("run-damaged", run=path.parent, file=path.name) from error
    if not isinstance(environment, dict) or not _is_whole(environment):
        raise failure("run-damaged", run=path.parent, file=path.name)
    return environment


def _is_whole(environment: Mapping[str, object]) -> bool:
    threads = environment.get("threads")
    return (
        environment.get("version") == VERSION
        and type(threads) is int
        and threads > 0
        and all(isinstance(environment.get(key), str) for key in ("device", "precision"))
    )


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _version(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def cpu_name() -> str:
    """Names the processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def git_commit(folder: Path) -> str | None:
    """Reads the commit that is checked out around a folder, without starting git.

    Source: gitrepository-layout(5); a `.git` file points to the real folder, whose `commondir`
    points to the branches that it shares.
    """
    for parent in (folder.absolute(), *folder.absolute().parents):
        git = parent / ".git"
        if git.exists():
            with suppress(OSError, ValueError):
                return _head_commit(_git_folder(git))
            return None
    return None


def _git_folder(git: Path) -> Path:
    if git.is_dir():
        return git
    return git.parent / git.read_text().removeprefix("gitdir:").strip()


def _head_commit(git: Path) -> str | None:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head if _COMMIT.fullmatch(head) else None
    reference = head.removeprefix("ref:").strip()
    shared = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
    with suppress(FileNotFoundError):
        commit = (shared / reference).read_text().strip()
        return commit if _COMMIT.fullmatch(commit) else None
    for line in (shared / "packed-refs").read_text().splitlines():
        commit, _, name = line.partition(" ")
        if name == reference and _COMMIT.fullmatch(commit):
            return commit
    return None
