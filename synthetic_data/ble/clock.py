"""The clock of a device: local wall time without a zone, often wrong, and the services that show and set it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from bumble.att import ATT_Error

from synthetic_data.ble import wire
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.peripheral import IGNORED, Link, Peripheral

EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a device has wall time only
INVALID_LENGTH: Final = 0x0D

UNKNOWN_ZONE: Final = b"\x80\xff"
QUARTER: Final = timedelta(minutes=15)

Now = Callable[[], datetime]
"""The true local time; with a zone, the device knows its zone."""


class DeviceClock:
    """Wall time as the device believes it to be, now and when it took its readings."""

    def __init__(self, faults: Faults, taken: Iterable[datetime | None], now: Now | None = None) -> None:
        """``taken`` are the true times of the readings; without ``now`` it stays at the last of them."""
        known = [moment for moment in taken if moment is not None]
        first = min(known, default=EPOCH)
        last = max(known, default=EPOCH)
        self._now = now or (lambda: last)
        self._refuses = faults.refuses_time
        shift = EPOCH - first if faults.clock == "reset" else timedelta(0)
        self._wrong = shift + timedelta(seconds=faults.drift_seconds)
        self._ahead = self._wrong
        self.was_set = False

    def read(self) -> datetime:
        """What the device shows now."""
        return self._now().replace(tzinfo=None) + self._ahead

    def local_information(self) -> bytes:
        """Local Time Information 2A0F: the zone in quarters of an hour without summer time, and summer time."""
        now = self._now()
        offset, summer = now.utcoffset(), now.dst() or timedelta(0)
        if offset is None:
            return UNKNOWN_ZONE
        return wire.i8((offset - summer) // QUARTER) + wire.u8(summer // QUARTER)

    def stamp(self, taken: datetime | None) -> datetime | None:
        """What it stored beside a reading; setting the clock later does not change that."""
        return None if taken is None else taken + self._wrong

    def write(self, value: bytes, length: int) -> None:
        """A central sets the time; 0x80 if the device does not take it."""
        if self._refuses:
            raise ATT_Error(IGNORED)
        if len(value) != length:
            raise ATT_Error(INVALID_LENGTH)
        moment = wire.read_date_time(value)
        if moment is None:
            raise ATT_Error(IGNORED)
        self._ahead = moment - self._now().replace(tzinfo=None)
        self.was_set = True


def date_time(
    device: Peripheral, clock: DeviceClock, after_write: Callable[[Link], None] | None = None
) -> Any:
    """Date Time 2A08, which some devices have inside their measurement service; ``after_write`` whatever came."""

    def write(link: Link, value: bytes) -> None:
        try:
            clock.write(value, 7)
        finally:
            if after_write is not None:
                after_write(link)

    return device.characteristic(0x2A08, "READ,WRITE", lambda: wire.date_time(clock.read()), on_write=write)


def current_time_service(device: Peripheral, clock: DeviceClock) -> Any:
    """1805: the time (told once on subscription), and the zone."""

    def subscribed(link: Link) -> None:
        device.start(device.tell(link, current, wire.current_time(clock.read())))

    current = device.characteristic(
        0x2A2B,
        "READ,WRITE,NOTIFY",
        lambda: wire.current_time(clock.read()),
        on_write=lambda _link, value: clock.write(value, 10),
        on_subscribe=subscribed,
    )
    local = device.characteristic(0x2A0F, "READ", clock.local_information)
    return device.service(0x1805, [current, local])
