"""Memory that ran out, in figures: how much was asked for, and how much there is."""

from __future__ import annotations

import re
from typing import Final

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.graph.sizing import free_bytes, most_used_bytes, readable_bytes

CODE: Final = "memory-exhausted"
_ASKED: Final = re.compile(r"allocate (\d{1,18}) bytes")


def exhausted(text: str, batch_size: int = 0) -> NncliError:
    """Makes the error for what Python or torch said; `batch_size` is that of a training, 0 elsewhere.

    A GPU's own message has its figures: they are kept.
    """
    first = text.splitlines()[0][:200] if text else ""
    asked = _ASKED.search(text)
    wanted = f"{readable_bytes(int(asked[1]))} more were asked for" if asked else first or "no more was given"
    used = most_used_bytes()
    here = f"; this process had {readable_bytes(used)}, and {readable_bytes(free_bytes())} are free"
    reason = first if "CUDA" in first else wanted + (here if used else "")
    half, accumulate = (batch_size // 2, 2) if batch_size > 1 else ("", "")
    return failure(CODE, reason=reason, half=half, accumulate=accumulate)
