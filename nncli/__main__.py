"""`python -m nncli`."""

from __future__ import annotations

from nncli.cli import main

main()
