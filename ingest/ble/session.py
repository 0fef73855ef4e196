"""The one place that speaks to a radio: finds devices, connects, bonds, and runs one session with one of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from ingest.ble.box import Box, Decode
from ingest.ble.devices import CATALOGUE, Advert, Catalogue, Family, Refusal, UnsupportedDevice, short
from ingest.ble.gathered import Collected, Facts, Plan
from ingest.ble.interpret import added_up, portion
from ingest.ble.link import BondFailed, LinkLost, NoAnswer, Refused
from ingest.ble.procedure import run
from ingest.errors import IngestError, Transient

T = TypeVar("T")
NEEDS_BOND: Final = frozenset({0x05, 0x08, 0x0C, 0x0F})
"""ATT errors of a device that wants an encrypted link: authentication, authorisation, key size, encryption."""
BLUEZ_NEEDS_BOND: Final = ("NotPermitted", "NotAuthorized", "Insufficient")

BOND_LOST: Final = ("KEY_MISSING", "KEY MISSING", "AUTHENTICATION")
"""Words of the radio, of BlueZ and of the controller, for a device that no longer knows its bond."""


def microseconds() -> int:
    """The gateway's clock."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A device that is heard, and the row of devices.toml that fits it."""

    address: str
    name: str
    advert: Advert
    row: Family | Refusal | None
    handle: BLEDevice

    @property
    def family(self) -> Family:
        """The row of a supported device; UnsupportedDevice for the others."""
        if isinstance(self.row, Refusal):
            raise UnsupportedDevice(self.row)
        if self.row is None:
            raise UnsupportedDevice(Refusal(self.name or "device", "it shows no health service", _NO_MARKS))
        return self.row


_NO_MARKS: Final = CATALOGUE.refusals[0].marks


def found(device: BLEDevice, data: AdvertisementData, catalogue: Catalogue = CATALOGUE) -> Found:
    """What an advertisement says."""
    advert = Advert(
        data.local_name or "",
        frozenset(short(uuid) for uuid in data.service_uuids),
        frozenset(data.manufacturer_data),
    )
    name = advert.name or device.name or ""
    return Found(device.address.upper(), name, advert, catalogue.match(advert), device)


async def discover(
    seconds: float, *, scanner_backend: type[BaseBleakScanner] | None = None, catalogue: Catalogue = CATALOGUE
) -> list[Found]:
    """Listens so long and tells every device that some row fits; the others are nobody's business."""
    async with Scanner(scanner_backend, catalogue) as scanner:
        await asyncio.sleep(seconds)
        return [each for each in scanner.heard.values() if each.row is not None]


class Scanner:
    """Listens all the time: devices of this kind are heard for seconds after a measurement.

    Who listens with ``on_heard`` decides what is remembered; strangers' devices are nobody's business.
    """

    def __init__(
        self,
        backend: type[BaseBleakScanner] | None = None,
        catalogue: Catalogue = CATALOGUE,
        on_heard: Callable[[Found], None] | None = None,
    ) -> None:
        self.heard: dict[str, Found] = {}
        self.failed: Transient | None = None
        self._catalogue = catalogue
        self._on_heard = on_heard
        self._quiet = asyncio.Lock()
        self._scanner = BleakScanner(self._note, **_backend(backend))

    def _note(self, device: BLEDevice, data: AdvertisementData) -> None:
        each = found(device, data, self._catalogue)
        if self._on_heard is None:
            self.heard[each.address] = each
        else:
            self._on_heard(each)

    async def __aenter__(self) -> Self:
        try:
            await self._scanner.start()
        except BleakError as error:
            raise Transient("no Bluetooth radio is ready") from error
        return self

    async def __aexit__(self, *_reason: object) -> None:
        try:
            await self._scanner.stop()
        except BleakError:  # the radio went away, and with it the scan
            return

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """No scan while a connection is being made; one connection at a time."""
        async with self._quiet:
            await self.__aexit__()
            try:
                yield
            finally:
                try:
                    await self.__aenter__()
                except Transient as error:
                    self.failed = error


class BleakLink:
    """A connection through bleak: times every step and names every fault."""

    def __init__(self, client: BleakClient, plan: Plan, gone: asyncio.Event) -> None:
        self.gone = gone
        self._client = client
        self._plan = plan
        self._is_bonded = plan.family.bond == "connect"

    def services(self) -> frozenset[str]:
        """The services, standard ones by four digits."""
        if self.gone.is_set():
            raise LinkLost("the link ended")
        return frozenset(short(service.uuid) for service in self._client.services)

    def _find(self, characteristic: str, service: str) -> BleakGATTCharacteristic | None:
        try:
            known = list(self._client.services)
        except BleakError as error:
            raise LinkLost("the link ended") from error
        for each in known:
            if service and short(each.uuid) != service:
                continue
            for one in each.characteristics:
                if short(one.uuid) == characteristic:
                    return one
        return None

    def can(self, characteristic: str, what: str, service: str = "") -> bool:
        """Whether a characteristic is there and has the property."""
        one = self._find(characteristic, service)
        return one is not None and what in one.properties

    def _known(self, characteristic: str, service: str) -> BleakGATTCharacteristic:
        one = self._find(characteristic, service)
        if one is None:
            raise Transient(f"{characteristic}: the device does not have it")
        return one

    async def pair(self) -> None:
        """Bonds, or encrypts the link with the bond that there is."""
        try:
            async with asyncio.timeout(self._plan.timeouts.bond):
                await self._client.pair()
        except TimeoutError as error:
            raise NoAnswer("bonding took too long") from error
        except BleakError as error:
            raise BondFailed("the device does not bond; put it into pairing mode") from error
        self._is_bonded = True

    async def read(self, characteristic: str, service: str = "") -> bytes:
        """The value of a characteristic."""
        one = self._known(characteristic, service)
        return bytes(await self._step(characteristic, lambda: self._client.read_gatt_char(one)))

    async def write(self, characteristic: str, value: bytes, service: str = "") -> None:
        """Writes a value and waits until it is taken."""
        one = self._known(characteristic, service)
        await self._step(characteristic, lambda: self._client.write_gatt_char(one, value, response=True))

    async def listen(self, characteristic: str, heard: Callable[[bytes], None], service: str = "") -> None:
        """Subscribes to notifications or indications."""
        one = self._known(characteristic, service)

        def each(_sender: BleakGATTCharacteristic, payload: bytearray) -> None:
            heard(bytes(payload))

        await self._step(characteristic, lambda: self._client.start_notify(one, each))

    async def _step(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """One operation; a device that wants a bond gets one, and the operation is done again."""
        try:
            return await self._timed(name, act)
        except Refused as refused:
            if refused.code not in NEEDS_BOND or self._is_bonded:
                if refused.code in NEEDS_BOND:
                    raise BondFailed("the device no longer knows its bond") from refused
                raise
        await self.pair()
        return await self._timed(name, act)

    async def _timed(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        if self.gone.is_set():
            raise LinkLost("the link ended")
        try:
            async with asyncio.timeout(self._plan.timeouts.step):
                return await act()
        except TimeoutError as error:
            raise NoAnswer(f"{name}: no answer") from error
        except BleakGATTProtocolError as error:
            raise Refused(name, int(error.code)) from error
        except BleakError as error:
            if self.gone.is_set() or not self._client.is_connected:
                raise LinkLost("the link ended") from error
            if any(word in str(error) for word in BLUEZ_NEEDS_BOND):
                raise Refused(name, 0x05) from error
            raise Transient(f"{name}: the radio could not do it") from error


class Session:
    """Sessions with devices, one at a time. ``client_backend``: bleak's own for the platform when None."""

    def __init__(
        self,
        *,
        decode: Decode,
        client_backend: type[BaseBleakClient] | None = None,
        catalogue: Catalogue = CATALOGUE,
        now: Callable[[], int] = microseconds,
        undisturbed: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """``undisturbed``: held while a connection is being made; adapters cannot scan meanwhile."""
        self._undisturbed = undisturbed
        self._backend = client_backend
        self._catalogue = catalogue
        self._decode = decode
        self._now = now

    async def collect(self, device: Found, *, plan: Plan, deadline: float) -> Collected:
        """Everything that one session brings, within so many seconds; never raises for a faulty device."""
        parts: list[Collected] = []
        async with aclosing(self.portions(device, plan=plan, deadline=deadline)) as portions:
            parts.extend([part async for part in portions])
        last = parts[-1]
        return replace(
            last,
            arrivals=tuple(arrival for part in parts for arrival in part.arrivals),
            rejects=added_up(reject for part in parts for reject in part.rejects),
        )

    async def portions(
        self, device: Found, *, plan: Plan, deadline: float
    ) -> AsyncGenerator[Collected, None]:
        """The session as it comes: streams in portions of ``plan.listen`` seconds, everything else at its end."""
        ends = asyncio.get_running_loop().time() + deadline
        box = Box(Facts(device.address, device.name), self._now, plan, ends, self._decode)
        error: IngestError | None = None
        client: BleakClient | None = None
        try:
            client, link = await self._connect(device, plan, min(plan.timeouts.connect, deadline))
            advert = Advert(device.name, link.services() | device.advert.services, device.advert.company)
            box.plan = replace(plan, family=self._catalogue.after_connecting(plan.family, advert))
            async with aclosing(run(link, box)) as steps:
                async for _ in steps:
                    yield portion(box)
        except LinkLost as lost:
            box.ended, error = "lost", lost
        except IngestError as failure:
            box.ended, error = "failed", failure
        finally:
            if client is not None:
                await _close(client, plan)
        yield portion(box, error)

    async def _connect(self, device: Found, plan: Plan, seconds: float) -> tuple[BleakClient, BleakLink]:
        pair = plan.family.bond == "connect"
        gone = asyncio.Event()
        client = BleakClient(
            device.handle,
            disconnected_callback=lambda _client: gone.set(),
            timeout=seconds,
            pair=pair,
            **_backend(self._backend),
        )
        try:
            limit = seconds + (plan.timeouts.bond if pair else 0)
            async with self._undisturbed(), asyncio.timeout(limit):
                await client.connect()
        except (TimeoutError, BleakDeviceNotFoundError) as error:
            raise NoAnswer("the device could not be connected") from error
        except BleakError as error:
            if pair or any(word in str(error).upper() for word in BOND_LOST):
                raise BondFailed("the device does not bond; put it into pairing mode") from error
            raise LinkLost("the device could not be connected") from error
        return client, BleakLink(client, plan, gone)


def _backend(backend: type[Any] | None) -> dict[str, Any]:
    return {} if backend is None else {"backend": backend}


async def _close(client: BleakClient, plan: Plan) -> None:
    try:
        async with asyncio.timeout(plan.timeouts.step):
            await client.disconnect()
    except (TimeoutError, BleakError):  # it is gone already, or will be found gone
        return
