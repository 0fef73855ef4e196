"""The vault of addresses: sealed with whose and what they are, found by a keyed hash."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from phr.domain.keys import derive, seal
from phr.domain.sealing import Box


class AddressVault:
    """Seals addresses with the newest secret; hashes and codes are made with the oldest, which stays."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._box = Box([derive(key, "contact-address") for key in keys])
        self._lasting = derive(keys[-1], "contact-address-hash")
        self.words = derive(keys[-1], "contact-address-words")
        """The key of codes and links."""

    def seal(self, person: UUID, channel: str, address: str) -> bytes:
        """The address, readable with the secrets only."""
        return self._box.seal(address.encode(), f"{person}|{channel}")

    def open(self, person: UUID, channel: str, sealed: bytes) -> str:
        """The address. Raises Unopenable."""
        return self._box.open(sealed, f"{person}|{channel}").decode()

    def hash(self, channel: str, address: str) -> str:
        """What an address is found by."""
        return seal(self._lasting, f"{channel}|{address}")
