"""The listening side of a virtual radio: one central controller that scans, connects, pairs and keeps bonds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate

from synthetic_data.ble.ending import end_link

ADDRESS: Final = "C0:00:00:00:00:01"

SETTLE_SECONDS: Final = 0.02

Observer = Callable[[Any], None]


class Central:
    """Shared by all clients and scanners of a radio, as one Bluetooth adapter is."""

    def __init__(self, link: LocalLink, passkeys: dict[str, int]) -> None:
        self.passkeys = passkeys
        self._controller = _CentralController("central", link=link)
        self._device = Device(
            config=DeviceConfiguration(name="central", address=Address(ADDRESS)),
            host=Host(self._controller, self._controller),
        )
        self._device.keystore = MemoryKeyStore()
        self._device.pairing_config_factory = self._pairing
        self._device.on("advertisement", self._heard)
        self._observers: list[Observer] = []
        self._scanning = asyncio.Lock()
        self._connecting = asyncio.Lock()

    async def power_on(self) -> None:
        """Ready to scan and connect."""
        await self._device.power_on()

    async def power_off(self) -> None:
        """Drops every link and leaves the radio."""
        for connection in list(self._device.connections.values()):
            await end_link(connection)
        if self._device.is_scanning:
            await self._device.stop_scanning()
        await self._device.power_off()
        self._controller.link.remove_controller(self._controller)

    # Scanning

    async def observe(self, observer: Observer) -> None:
        """Scans as long as anybody observes."""
        self._observers.append(observer)
        async with self._scanning:
            if self._observers and not self._device.is_scanning:
                await self._device.start_scanning()

    async def ignore(self, observer: Observer) -> None:
        """Ends what ``observe`` began; twice is once."""
        if observer in self._observers:
            self._observers.remove(observer)
        async with self._scanning:
            if not self._observers and self._device.is_scanning:
                await self._device.stop_scanning()

    def _heard(self, advertisement: Any) -> None:
        for observer in list(self._observers):
            observer(advertisement)

    @asynccontextmanager
    async def _next_advertisement(self, address: str) -> AsyncIterator[asyncio.Event]:
        heard = asyncio.Event()
        wanted = Address(address)

        def observer(advertisement: Any) -> None:
            if advertisement.address == wanted:
                heard.set()

        await self.observe(observer)
        try:
            yield heard
        finally:
            await self.ignore(observer)

    async def wait_for(self, address: str) -> None:
        """Returns when the device has advertised."""
        async with self._next_advertisement(address) as heard:
            await heard.wait()

    # Connecting

    async def connect(self, address: str) -> Any:
        """A connection; waits for the device as long as the caller allows."""
        peer = Address(address)
        await self.wait_for(address)
        async with self._connecting:
            try:
                return await self._device.connect_le(peer, timeout=None)
            except asyncio.CancelledError:
                self._controller.give_up_connecting()
                await self._end_unowned(peer)
                raise

    async def _end_unowned(self, peer: Address) -> None:
        """The link may have come up in the moment in which it was given up; nobody would ever end it."""
        await asyncio.sleep(SETTLE_SECONDS)
        for connection in list(self._device.connections.values()):
            if connection.peer_address == peer:
                await end_link(connection)

    async def secure(self, connection: Any, address: str, *, pair: bool) -> None:
        """Encrypts the link to a bonded device; pairs with another one if asked."""
        if await self.has_bond(address):
            if not connection.is_encrypted:
                await connection.encrypt()
        elif pair:
            await connection.pair()

    # Bonds

    async def has_bond(self, address: str) -> bool:
        """Whether a key is kept for the device."""
        return await self._device.keystore.get(_key(address)) is not None

    async def forget(self, address: str) -> None:
        """Deletes the key."""
        await self._device.keystore.delete(_key(address))

    def _pairing(self, connection: Any) -> PairingConfig:
        passkey = self.passkeys.get(connection.peer_address.to_string(with_type_qualifier=False))
        return PairingConfig(
            sc=True,
            mitm=passkey is not None,
            bonding=True,
            delegate=_Keyboard(passkey),
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )


def _key(address: str) -> str:
    return str(Address(address))


class _Keyboard(PairingDelegate):  # type: ignore[misc]  # the library has no types
    """The person who types the passkey that a device shows."""

    def __init__(self, passkey: int | None) -> None:
        only_key = self.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
        super().__init__(self.DISPLAY_OUTPUT_AND_KEYBOARD_INPUT, only_key, only_key)
        self._passkey = passkey

    async def get_number(self) -> int | None:
        return self._passkey


class _CentralController(Controller):  # type: ignore[misc]  # the library has no types
    """A controller that can give up a pending connection, as real ones do."""

    def give_up_connecting(self) -> None:
        """Forgets the request; nothing is connected."""
        self.pending_le_connection = None
