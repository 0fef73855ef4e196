"""Where check-ups come from (R2-2): one interface for files and for Mynaportal, to which no connection exists.

Fetching from Mynaportal (医療保険情報取得API) needs a review by the Digital Agency, a client certificate and the person's
consent there, which holds for 90 days. None of this is part of this software: ``MynaportalStub`` has the shape of such a
source, so that a city with an approval can put its own in the place, and refuses every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from ingest.errors import Permanent
from ingest.registry import FORMATS
from ingest.series import Batch


class NotConnected(Permanent):
    """There is no connection to this source; nothing was asked and nothing was sent."""


@runtime_checkable
class CheckupSource(Protocol):
    """A source of one person's or many people's check-ups."""

    @property
    def connected(self) -> bool:
        """Whether ``fetch`` can give anything at all."""

    def fetch(self, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
        """The check-ups after a mark. Raises the errors of ``ingest.errors``."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file, folder or archive in one of the check-up formats."""

    format: str
    path: Path

    @property
    def connected(self) -> bool:
        """A file is there when it is there."""
        return self.path.exists()

    def fetch(self, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
        """The batches of the format's reader."""
        return FORMATS[self.format].read(self.path, zone=zone, mark=mark)


class MynaportalStub:
    """Not a connection: it has the shape of one and refuses. It opens no socket and takes no credential."""

    connected = False

    def fetch(self, *, zone: ZoneInfo, mark: str = "") -> NoReturn:  # noqa: ARG002 - the interface
        """Refuses. Raises: NotConnected, always and at once."""
        raise NotConnected(
            "Mynaportal is not connected: this software holds no approval and no certificate for it"
        )
