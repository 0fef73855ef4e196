"""What a session needs of a connection, and the ways in which a connection fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ingest.errors import Permanent, Transient


class LinkLost(Transient):
    """The link ended; what came before stands, the rest is asked for again."""


class NoAnswer(Transient):
    """A step took longer than it may."""


class Refused(Transient):
    """The device answered a request with an ATT error."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(f"{step}: refused with error 0x{code:02X}")
        self.code = code


class BondFailed(Permanent):
    """The device does not bond: somebody has to put it into pairing mode, or free it from another phone."""


class OtherDevice(Permanent):
    """The device at this address is not the one that was enrolled."""


class Link(Protocol):
    """A connection whose characteristics are named by four digits, as ``2A35``."""

    gone: asyncio.Event

    def services(self) -> frozenset[str]:
        """The services, standard ones by four digits."""

    def can(self, characteristic: str, what: str, service: str = "") -> bool:
        """Whether a characteristic is there and has the property: read, write, notify or indicate."""

    async def pair(self) -> None:
        """Bonds, or encrypts the link with the bond that there is."""

    async def read(self, characteristic: str, service: str = "") -> bytes:
        """The value of a characteristic."""

    async def write(self, characteristic: str, value: bytes, service: str = "") -> None:
        """Writes a value and waits until it is taken."""

    async def listen(self, characteristic: str, heard: Callable[[bytes], None], service: str = "") -> None:
        """Subscribes to notifications or indications."""
