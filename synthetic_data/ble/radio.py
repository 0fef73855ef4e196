"""A virtual radio: what is put on the air there can be found, connected and heard through bleak."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeVar

from bumble.link import LocalLink

from synthetic_data.ble.backend import VirtualClient, VirtualScanner, backends
from synthetic_data.ble.central import Central
from synthetic_data.ble.peripheral import Peripheral

Device = TypeVar("Device", bound=Peripheral)


class Radio:
    """``async with Radio() as radio``: devices with ``add``, a collector with the two back ends.

    ``passkeys`` are what a person would type, by address of the device that shows them.
    """

    client_backend: type[VirtualClient]
    scanner_backend: type[VirtualScanner]

    def __init__(self, passkeys: Mapping[str, int] | None = None) -> None:
        self.passkeys = dict(passkeys or {})
        self._link = LocalLink()
        self._devices: list[Peripheral] = []
        self._central: Central | None = None

    async def __aenter__(self) -> Self:
        self._central = Central(self._link, self.passkeys)
        await self._central.power_on()
        self.client_backend, self.scanner_backend = backends(self._central)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._central is not None:
            await self._central.power_off()
        for device in list(self._devices):
            await self.remove(device)

    async def add(self, device: Device) -> Device:
        """The device advertises from now on."""
        await device.on_air(self._link)
        self._devices.append(device)
        return device

    async def remove(self, device: Peripheral) -> None:
        """The device is switched off: its link is gone and it no longer advertises."""
        self._devices.remove(device)
        await device.off_air()
