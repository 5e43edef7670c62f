"""Names that a spec may use for the headers of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nncli.spec.names import NAME, RESERVED
from nncli.spec.network_spec import FEATURES


def names_of(headers: Sequence[str]) -> dict[str, str]:
    """Gives every header a name that a spec may use: itself where it can."""
    names: dict[str, str] = {}
    for header in headers:
        taken = {*names.values(), *RESERVED, FEATURES}
        names[header] = next(each for each in _candidates(header) if each not in taken and NAME.match(each))
    return names


def _candidates(header: str) -> Iterator[str]:
    yield header
    stem = re.sub(r"[^A-Za-z0-9]+", "_", header).strip("_")[:50]
    stem = stem if stem[:1].isalpha() else f"column_{stem}".rstrip("_")
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1
