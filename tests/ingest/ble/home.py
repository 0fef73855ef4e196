"""A home on a virtual radio: quick time-outs, plans, sessions, and readings made without a device."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ingest.ble import profiles
from ingest.ble.clock import Check, micros
from ingest.ble.collector import Patience
from ingest.ble.gathered import Arrival, Collected, Facts, Plan, Timeouts
from ingest.ble.reading import Measured, Reading
from ingest.ble.session import Found, Session, discover
from ingest.ble.settle import Device
from synthetic_data.ble.radio import Radio

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
QUICK = Timeouts(connect=30, bond=30, step=30, quiet=2, idle=3, late=0.05)
"""Long enough for a machine that is busy with other things."""
PATIENCE = Patience(
    session=30, listen=0.3, again=0.05, first_retry=0.05, last_retry=0.2, refused=30, steps=QUICK
)


def moment(*parts: int) -> datetime:
    """A wall time; devices have no zone."""
    return datetime(*parts)  # noqa: DTZ001 - a device has wall time only


NOON = moment(2026, 11, 22, 12, 0)
"""Local time in Japan, at which the gateway lives."""


def at(wall: datetime, zone: ZoneInfo = TOKYO) -> int:
    """Microseconds of a wall time."""
    return micros(wall.replace(tzinfo=zone))


def gateway_now() -> int:
    return at(NOON)


def radio_now() -> datetime:
    """The true wall time, for virtual devices."""
    return NOON


async def found_on(radio: Radio, count: int = 1) -> list[Found]:
    """Waits until so many devices are heard."""
    for _ in range(600):
        found = await discover(0.05, scanner_backend=radio.scanner_backend)
        if len(found) >= count:
            return found
    raise AssertionError("the devices were not heard")


def session_on(radio: Radio) -> Session:
    return Session(decode=profiles.decode, client_backend=radio.client_backend, now=gateway_now)


async def collect(
    radio: Radio, *, deadline: float = 60.0, found: Found | None = None, **plan: Any
) -> Collected:
    """One session with the first device that is heard."""
    found = found or (await found_on(radio))[0]
    plan.setdefault("timeouts", QUICK)
    plan.setdefault("listen", 0.3)
    whole = Plan(plan.pop("family", None) or found.family, TOKYO, **plan)
    return await session_on(radio).collect(found, plan=whole, deadline=deadline)


def on_radio(*devices: Any, passkeys: dict[str, int] | None = None) -> Any:
    """A radio with these devices on it, for ``async with``."""
    return _OnRadio(devices, passkeys)


class _OnRadio:
    def __init__(self, devices: tuple[Any, ...], passkeys: dict[str, int] | None) -> None:
        self._devices = devices
        self._radio = Radio(passkeys)

    async def __aenter__(self) -> Radio:
        radio = await self._radio.__aenter__()
        for device in self._devices:
            await radio.add(device)
        return radio

    async def __aexit__(self, *reason: object) -> None:
        await self._radio.__aexit__(*reason)


def a_pressure(
    wall: datetime | None, systolic: int = 120, *, user: int | None = None, sequence: int | None = None
) -> Reading:
    """A blood pressure as a decoder gives it; its bytes say what it is, so that equal readings are equal."""
    raw = f"{wall}|{systolic}|{user}|{sequence}".encode()
    values = {"systolic": Decimal(systolic), "diastolic": Decimal(80)}
    return Reading("2A35", raw, (Measured("85354-9", values),), wall, user, sequence)


def brought(
    *readings: Reading, check: Check | None = None, arrived: int | None = None, sequence: int | None = None
) -> Collected:
    """What a session brought, one reading a second."""
    first = at(NOON) if arrived is None else arrived
    arrivals = tuple(Arrival(reading, first + i * 1_000_000) for i, reading in enumerate(readings))
    return Collected(Facts("C0:00:00:00:00:09"), arrivals, (), check, "left", sequence)


def a_device(people: dict[int | None, str] | None = None, **more: Any) -> Device:
    people = {None: "mother"} if people is None else people
    return Device(more.pop("key", "cuff"), more.pop("address", "C0:00:00:00:00:09"), people, **more)


def right(wall: datetime = NOON) -> Check:
    """A clock that shows the gateway's time."""
    return Check(wall, at(wall))
