"""Lets bleak work on a virtual radio: its scanner and client back ends over a central controller of bumble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

from bleak import BleakClient, BleakScanner
from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_16, normalize_uuid_str
from bumble.att import ATT_Error
from bumble.core import AdvertisingData, BaseBumbleError
from bumble.device import Peer

from synthetic_data.ble.central import Central
from synthetic_data.ble.ending import AS_ITS_USER_WANTS, end_link

MTU: Final = 517
_WRITE_HEADER: Final = 3
LINK_ERRORS: Final = (BleakError, TimeoutError)
"""What a client has to expect of a device."""

_PROPERTIES: Final[tuple[tuple[int, CharacteristicPropertyName], ...]] = (
    (0x01, "broadcast"),
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
    (0x40, "authenticated-signed-writes"),
    (0x80, "extended-properties"),
)


def backends(central: Central) -> tuple[type[VirtualClient], type[VirtualScanner]]:
    """The classes to give to bleak as ``backend=``, bound to one radio."""
    client = type("RadioClient", (VirtualClient,), {"central": central})
    scanner = type("RadioScanner", (VirtualScanner,), {"central": central})
    return client, scanner


def client_on(backend: type[VirtualClient], device: BLEDevice | str, **options: Any) -> BleakClient:
    """A plain bleak client on the radio."""
    return BleakClient(device, backend=backend, **options)


def scanner_on(backend: type[VirtualScanner], **options: Any) -> BleakScanner:
    """A plain bleak scanner on the radio."""
    return BleakScanner(backend=backend, **options)


class VirtualScanner(BaseBleakScanner):
    """Hears what is advertised on the radio."""

    central: ClassVar[Central]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        **_options: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._scanning_mode = scanning_mode

    async def start(self) -> None:
        """Starts scanning for devices."""
        self.seen_devices = {}
        await self.central.observe(self._heard)

    async def stop(self) -> None:
        """Stops scanning for devices."""
        await self.central.ignore(self._heard)

    def _heard(self, advertisement: Any) -> None:
        data = _advertisement_data(advertisement)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        name = data.local_name or address.replace(":", "-")
        device = self.create_or_update_device(address, address, name, advertisement.address, data)
        self.call_detection_callbacks(device, data)


def _advertisement_data(advertisement: Any) -> AdvertisementData:
    data = advertisement.data
    uuids = [
        normalize_uuid_str(str(uuid.to_hex_str("-")))
        for kind in (
            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        )
        for found in data.get_all(kind)
        for uuid in found
    ]
    makers = data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
    return AdvertisementData(
        local_name=data.get(AdvertisingData.COMPLETE_LOCAL_NAME),
        manufacturer_data={company: bytes(value) for company, value in makers},
        service_data={},
        service_uuids=list(dict.fromkeys(uuids)),
        tx_power=None,
        rssi=advertisement.rssi,
        platform_data=(),
    )


class VirtualClient(BaseBleakClient):
    """One link to one device, over the real ATT, L2CAP and HCI layers."""

    central: ClassVar[Central]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **options: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._known = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._wanted_services: set[str] | None = options.get("services")
        self._connection: Any = None
        self._peer: Any = None

    @property
    def name(self) -> str:
        """The name that was advertised, else the address."""
        return (self._known.name if self._known else None) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """The agreed ATT MTU."""
        return int(self._connection.att_mtu) if self._connection else 23

    @property
    def is_connected(self) -> bool:
        """Whether there is a link."""
        return self._connection is not None

    # Connectivity

    async def connect(self, pair: bool, **_options: Any) -> None:
        """Waits for the device, connects, pairs if asked and not bonded, and discovers the services."""
        if self.is_connected:
            raise BleakError("Client is already connected")
        if self._known is None:
            await self._find()
        try:
            async with asyncio.timeout(self._timeout), _bleak_errors():
                connection = await self.central.connect(self.address)
                self._adopt(connection)
                await self.central.secure(connection, self.address, pair=pair)
                await self._discover()
        except BaseException:
            await self.disconnect()
            raise

    async def _find(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self.central.wait_for(self.address)
        except TimeoutError:
            raise BleakDeviceNotFoundError(
                self.address, f"Device with address {self.address} was not found."
            ) from None

    def _adopt(self, connection: Any) -> None:
        self._connection = connection
        self._peer = Peer(connection)
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, _reason: int) -> None:
        if self._connection is None:
            return
        self._connection = None
        self._peer = None
        self.services = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """Ends the link; without one nothing happens."""
        if self._connection is None:
            return
        connection = self._connection
        async with _bleak_errors():
            await end_link(connection)
        if self._connection is connection:
            self._on_disconnection(AS_ITS_USER_WANTS)

    async def pair(self, *_arguments: Any, **_options: Any) -> None:
        """Pairs and bonds; a bonded device only has its link encrypted."""
        connection = self._linked()
        async with _bleak_errors():
            await self.central.secure(connection, self.address, pair=True)

    async def unpair(self) -> None:
        """Forgets the bond and ends the link."""
        await self.central.forget(self.address)
        await self.disconnect()

    def _linked(self) -> Any:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    # Discovery

    async def _discover(self) -> None:
        await self._peer.request_mtu(MTU)
        found = await self._peer.discover_services()
        services = BleakGATTServiceCollection()
        for service in found:
            uuid = _uuid(service.uuid)
            if self._wanted_services is not None and uuid not in self._wanted_services:
                continue
            services.add_service(BleakGATTService(service, service.handle, uuid))
            for characteristic in await self._peer.discover_characteristics(service=service):
                await self._add_characteristic(services, service, characteristic)
        self.services = services

    async def _add_characteristic(
        self, services: BleakGATTServiceCollection, service: Any, characteristic: Any
    ) -> None:
        owner = services.get_service(service.handle)
        if owner is None:
            return
        made = BleakGATTCharacteristic(
            characteristic,
            characteristic.handle,
            _uuid(characteristic.uuid),
            [name for bit, name in _PROPERTIES if characteristic.properties & bit],
            lambda: self.mtu_size - _WRITE_HEADER,
            owner,
        )
        services.add_characteristic(made)
        for descriptor in await self._peer.discover_descriptors(characteristic):
            services.add_descriptor(
                BleakGATTDescriptor(descriptor, descriptor.handle, _uuid(descriptor.type), made)
            )

    # Values

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002 - the interface has it
        **_options: Any,
    ) -> bytearray:
        """Reads a characteristic; nothing is cached."""
        return await self._read(characteristic.obj)

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - the interface has it
        **_options: Any,
    ) -> bytearray:
        """Reads a descriptor; nothing is cached."""
        return await self._read(descriptor.obj)

    async def _read(self, attribute: Any) -> bytearray:
        self._linked()
        async with _bleak_errors():
            return bytearray(await _to_its_end(attribute.read_value()))
        raise BleakError("Not connected")

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Writes a characteristic, with or without response."""
        await self._write(characteristic.obj, data, response=response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Writes a descriptor."""
        await self._write(descriptor.obj, data, response=True)

    async def _write(self, attribute: Any, data: SizedBuffer, *, response: bool) -> None:
        self._linked()
        async with _bleak_errors():
            await _to_its_end(attribute.write_value(bytes(data), with_response=response))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_options: Any
    ) -> None:
        """Subscribes: notifications if the characteristic has them, else indications."""
        connection = self._linked()
        if characteristic.get_descriptor(normalize_uuid_16(0x2902)) is None:
            raise BleakError("The characteristic cannot be subscribed to")
        gatt = connection.gatt_client
        if characteristic.handle in gatt.notification_subscribers | gatt.indication_subscribers:
            raise BleakError("Characteristic notifications already started")
        try:
            async with _bleak_errors():
                await _to_its_end(
                    gatt.subscribe(
                        characteristic.obj, lambda value: callback(bytearray(value)), prefer_notify=True
                    )
                )
        except BleakError:
            gatt.notification_subscribers.pop(characteristic.handle, None)
            gatt.indication_subscribers.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Ends the subscription."""
        connection = self._linked()
        async with _bleak_errors():
            await _to_its_end(connection.gatt_client.unsubscribe(characteristic.obj))


def _uuid(value: Any) -> str:
    return normalize_uuid_str(value.to_hex_str("-"))


async def _to_its_end(request: Coroutine[Any, Any, Any]) -> Any:
    """A caller that gives up must not leave an answer behind that the next request would take for its own."""
    task = asyncio.create_task(request)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise


@asynccontextmanager
async def _bleak_errors() -> AsyncIterator[None]:
    """What bumble raises becomes what real back ends raise."""
    try:
        yield
    except ATT_Error as problem:
        raise BleakGATTProtocolError(int(problem.error_code)) from problem
    except BaseBumbleError as problem:
        raise BleakError(f"{type(problem).__name__}: {problem}") from problem
    except asyncio.CancelledError as problem:
        # The library cancels what waits on a link that ends; a real cancellation is counted by the task.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BleakError("The device disconnected") from problem
