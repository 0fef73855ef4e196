"""The common half of every virtual device: advertising, GATT server, security, faults, battery and identity."""

from __future__ import annotations

import asyncio
import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar, Final

from bumble import att, gatt
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate

from synthetic_data.ble import wire
from synthetic_data.ble.ending import AS_ITS_USER_WANTS, end_link
from synthetic_data.ble.faults import LOST, NONE, OUT_OF_BATTERY, Faults
from synthetic_data.ble.identity import OPEN, Identity, Security
from synthetic_data.ble.outgoing import Outgoing

ADVERTISING_MILLISECONDS: Final = 20
ADVERTISING_LIMIT: Final = 62
"""Advertising data and scan response together."""

WRITE_NOT_PERMITTED: Final = 0x03
IGNORED: Final = 0x80
"""ATT application error "data field ignored"; the health services use it for values they do not take."""

Link = Any
"""A connection as bumble knows it."""
Handler = Callable[[Link, bytes], Awaitable[None] | None]


class Peripheral(ABC):
    """A device that can be put on a radio. Sub-classes add services and behaviour."""

    kind: ClassVar[str]
    mtu: ClassVar[int] = 23
    appearance_flags: ClassVar[int] = 0x06
    has_battery: ClassVar[bool] = True

    def __init__(
        self,
        identity: Identity,
        name: str,
        *,
        faults: Faults = NONE,
        security: Security = OPEN,
        battery: int = 100,
    ) -> None:
        self.identity = identity
        self.name = name
        self.address = identity.address
        self.faults = faults
        self.security = security
        self.battery = OUT_OF_BATTERY if faults.battery_low else battery
        self.sent = 0
        self.connections = 0
        self._device: Any = None
        self._controller: Any = None
        self._keys = MemoryKeyStore()
        self._tasks: set[asyncio.Task[None]] = set()
        self._farewells: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._outgoing: Outgoing | None = None

    # What a kind of device says about itself

    @abstractmethod
    def services(self) -> list[Any]:
        """The services beside battery and device information."""

    @property
    @abstractmethod
    def advertised(self) -> tuple[int, ...]:
        """The 16-bit services in the advertisement."""

    def manufacturer_data(self) -> bytes | None:
        """Company number and data for the advertisement."""
        return None

    def connected(self, link: Link) -> None:  # noqa: B027 - most kinds wait for a subscription instead
        """Called when a central has connected."""

    # On and off the air

    async def on_air(self, link: LocalLink) -> None:
        """Powers up and advertises; a bond from before is still known."""
        self._controller = Controller(self.name, link=link)
        host = Host(self._controller, self._controller)
        configuration = DeviceConfiguration(name=self.name, address=Address(self.address))
        self._device = Device(config=configuration, host=host)
        self._device.keystore = self._keys
        self._device.gatt_server.max_mtu = self.mtu
        self._device.pairing_config_factory = self._pairing
        for service in [*self.services(), *self._common_services()]:
            self._device.add_service(service)
        if self.security.encrypted:
            self._protect_subscriptions()
        self._device.on("connection", self._on_connection)
        await self._device.power_on()
        await self.advertise()

    async def off_air(self) -> None:
        """Drops the link, stops advertising, ends every task and leaves the radio."""
        if self._device is None:
            return
        await self.hide()
        for connection in list(self._device.connections.values()):
            self.leave(connection)
        await self._end_tasks()
        await self._device.power_off()
        self._controller.link.remove_controller(self._controller)
        self._device = None
        if self._failures:
            raise self._failures.pop()

    async def advertise(self) -> None:
        """Can be found and connected (again after each link)."""
        await self._device.start_advertising(
            auto_restart=True,
            advertising_data=self.advertisement(),
            advertising_interval_min=ADVERTISING_MILLISECONDS,
            advertising_interval_max=ADVERTISING_MILLISECONDS,
        )

    async def hide(self) -> None:
        """Stops advertising: out of reach, or its time is over."""
        await self._device.stop_advertising()

    def advertisement(self) -> bytes:
        """Flags, services, name and manufacturer data."""
        uuids = b"".join(wire.u16(uuid) for uuid in self.advertised)
        parts = [
            (AdvertisingData.FLAGS, bytes((self.appearance_flags,))),
            (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, uuids),
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
        ]
        extra = self.manufacturer_data()
        if extra is not None:
            parts.append((AdvertisingData.MANUFACTURER_SPECIFIC_DATA, extra))
        data = bytes(AdvertisingData(parts))
        if len(data) > ADVERTISING_LIMIT:
            raise ValueError(f"{self.kind}: the advertisement does not fit into {ADVERTISING_LIMIT} bytes")
        return data

    async def forget_bonds(self) -> None:
        """As after a reset: the central's key no longer fits."""
        self._keys = MemoryKeyStore()
        if self._device is not None:
            self._device.keystore = self._keys

    # Building services

    def characteristic(
        self,
        uuid: int | str,
        properties: str,
        value: bytes | Callable[[], bytes] = b"",
        *,
        on_write: Handler | None = None,
        on_subscribe: Callable[[Link], None] | None = None,
    ) -> Any:
        """A characteristic; measurements and control points of a secured device need encryption."""
        flags = gatt.Characteristic.Properties.from_string(properties)
        secured = self.security.encrypted
        permissions = gatt.Characteristic.READABLE | gatt.Characteristic.WRITEABLE
        if secured:
            permissions |= gatt.Characteristic.READ_REQUIRES_ENCRYPTION
            permissions |= gatt.Characteristic.WRITE_REQUIRES_ENCRYPTION

        async def read(_link: Link) -> bytes:
            await self.pause()
            return value() if callable(value) else value

        async def write(link: Link, data: bytes) -> None:
            await self.pause()
            if on_write is None:
                raise att.ATT_Error(WRITE_NOT_PERMITTED)
            done = on_write(link, data)
            if done is not None:
                await done

        holder = att.AttributeValue(read=read, write=write)
        made = gatt.Characteristic(_uuid(uuid), flags, permissions, holder)
        if on_subscribe is not None:
            made.on(
                made.EVENT_SUBSCRIPTION,
                lambda link, notify, indicate: on_subscribe(link) if notify or indicate else None,
            )
        return made

    @staticmethod
    def service(uuid: int | str, characteristics: Sequence[Any]) -> Any:
        """A primary service."""
        return gatt.Service(_uuid(uuid), list(characteristics))

    def _common_services(self) -> list[Any]:
        identity = self.identity
        open_value = gatt.Characteristic.READABLE
        read = gatt.Characteristic.Properties.READ

        def plain(uuid: int, value: bytes) -> Any:
            return gatt.Characteristic(UUID.from_16_bits(uuid), read, open_value, value)

        information = [
            plain(0x2A29, identity.maker.encode()),
            plain(0x2A24, identity.model.encode()),
            plain(0x2A25, identity.serial.encode()),
            plain(0x2A26, identity.firmware.encode()),
            plain(0x2A23, wire.system_id(identity.organisation, identity.unit)),
        ]
        services = [self.service(0x180A, information)]
        if self.has_battery:
            level = att.AttributeValue(read=lambda _link: bytes((self.battery,)))
            properties = read | gatt.Characteristic.Properties.NOTIFY
            battery = gatt.Characteristic(UUID.from_16_bits(0x2A19), properties, open_value, level)
            services.append(self.service(0x180F, [battery]))
        return services

    def _protect_subscriptions(self) -> None:
        """Subscribing needs encryption too; the library leaves the descriptor open."""
        descriptor = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
        for attribute in self._device.gatt_server.attributes:
            if attribute.type == descriptor:
                attribute.permissions |= att.Attribute.WRITE_REQUIRES_ENCRYPTION

    # Links

    def _pairing(self, _link: Link) -> PairingConfig:
        return PairingConfig(
            sc=True,
            mitm=self.security.passkey is not None,
            bonding=True,
            delegate=_Display(self.security.passkey, refuses=self.faults.fails_pairing),
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )

    def _on_connection(self, link: Link) -> None:
        self.connections += 1
        self._outgoing = Outgoing(
            self.faults, functools.partial(self._emit, link), functools.partial(self.leave, link, LOST)
        )
        link.on("disconnection", lambda _reason: self._cancel_tasks())
        self.connected(link)

    def is_subscribed(self, link: Link, characteristic: Any) -> bool:
        """Whether the central of this link wants the values of the characteristic."""
        return any(self._device.gatt_server.read_cccd(link, characteristic))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs the device's own behaviour until it ends or the link does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def leave(self, link: Link, reason: int = AS_ITS_USER_WANTS) -> None:
        """The device ends the link, and with it everything that it was doing there."""
        task = asyncio.create_task(self._drop(link, reason))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _drop(self, link: Link, reason: int) -> None:
        if link.handle in self._device.connections:
            await link.drain()
            await end_link(link, reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._failures.append(failure)

    def _cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _end_tasks(self) -> None:
        self._cancel_tasks()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._farewells)

    # Sending

    async def pause(self) -> None:
        """The slowness of the device."""
        if self.faults.delay_seconds:
            await asyncio.sleep(self.faults.delay_seconds)

    async def send(self, characteristic: Any, value: bytes) -> None:
        """Sends one measurement value, after its faults; an indication returns once it is confirmed."""
        if self._outgoing is not None:
            await self._outgoing.send(characteristic, value)

    async def flush(self) -> None:
        """Sends what an exchange of places still holds back; call it at the end of a burst."""
        if self._outgoing is not None:
            await self._outgoing.flush()

    async def answer(self, link: Link, characteristic: Any, value: bytes) -> None:
        """Answers on a control point; a silent device never does."""
        await self.flush()
        if self._outgoing is None or not self._outgoing.is_silent:
            await self.tell(link, characteristic, value)

    async def _emit(self, link: Link, characteristic: Any, value: bytes) -> None:
        self.sent += 1
        await self.tell(link, characteristic, value)

    async def tell(self, link: Link, characteristic: Any, value: bytes) -> None:
        """Sends a value that no fault touches, if the central has subscribed to it."""
        await self.pause()
        if characteristic.properties & gatt.Characteristic.Properties.INDICATE:
            await self._device.indicate_subscriber(link, characteristic, value)
        else:
            await self._device.notify_subscriber(link, characteristic, value)
            await link.drain()


def _uuid(value: int | str) -> UUID:
    return UUID(value) if isinstance(value, str) else UUID.from_16_bits(value)


class _Display(PairingDelegate):  # type: ignore[misc]  # the library has no types
    """A device that shows a passkey, or nothing."""

    def __init__(self, passkey: int | None, *, refuses: bool) -> None:
        shown = self.NO_OUTPUT_NO_INPUT if passkey is None else self.DISPLAY_OUTPUT_ONLY
        only_key = self.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
        super().__init__(shown, only_key, only_key)
        self._passkey = passkey
        self._refuses = refuses

    async def accept(self) -> bool:
        return not self._refuses

    async def generate_passkey(self) -> int:
        return self._passkey or 0
