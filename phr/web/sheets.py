"""The files that pages are made of: as they lie in static/, and the one sheet that is joined from its parts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).resolve().parent / "static"
SITE: Final = "site.css"
"""Tokens, ground and frame, every component, and what screens and paper change: one request of each page."""


def site_sheets() -> tuple[Path, ...]:
    """The parts of the site's sheet in their order: special tables refine the table, no other part another one."""
    components = sorted(
        (STATIC / "components").glob("*.css"), key=lambda path: (path.stem != "table", path.stem)
    )
    return (STATIC / "tokens.css", STATIC / "base.css", *components, STATIC / "screens.css")


@lru_cache
def asset(name: str) -> bytes:
    """What is sent for /static/NAME; read once, since what is installed does not change."""
    if name == SITE:
        return b"".join(path.read_bytes() for path in site_sheets())
    return (STATIC / name).read_bytes()
