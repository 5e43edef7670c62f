"""Neural networks from a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nncli.models.model import load as load

__version__: Final = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """Imports `load` where it is asked for, so that the command line starts without torch."""
    if name == "load":
        from nncli.models.model import load

        return load
    raise AttributeError(f"module 'nncli' has no attribute {name!r}")
