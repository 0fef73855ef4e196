"""Who a virtual device says it is, and how it wants to be paired."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Identity:
    """What Device Information 180A says, and where the address comes from."""

    maker: str
    model: str
    serial: str = "1"
    organisation: int = 0x001C05
    firmware: str = "1.0.0"

    @property
    def unit(self) -> int:
        """A number of 40 bits that only this unit has."""
        text = f"{self.maker}/{self.model}/{self.serial}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:5], "big")

    @property
    def address(self) -> str:
        """A static random address: the two top bits are set."""
        raw = bytes((0xC0 | self.organisation & 0x3F,)) + self.unit.to_bytes(5, "big")
        return raw.hex(":").upper()


@dataclass(frozen=True, slots=True)
class Security:
    """How the device wants to be paired; the default asks for nothing."""

    encrypted: bool = False
    """Measurements need an encrypted link."""
    passkey: int | None = None
    """Six digits shown on the device; without it pairing is "just works"."""


OPEN: Final = Security()
"""No pairing."""
