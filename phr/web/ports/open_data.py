"""What everybody sees of open data, without signing in."""

from __future__ import annotations

from typing import Protocol

from phr.web.views.open_data import OpenData


class OpenPages(Protocol):
    """Open data. Nothing here knows a session."""

    def open_data(self) -> OpenData:
        """What is out."""
        ...

    def open_file(self, edition: str, name: str) -> bytes:
        """A file of an edition. NotFound when there is none."""
        ...
