"""A continuous glucose sensor: a session with a start, stored records, and one live record after another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from bumble.att import ATT_Error

from synthetic_data.ble import cgm, wire
from synthetic_data.ble.cgm import SensorReading, protected
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.peripheral import IGNORED, Link, Peripheral
from synthetic_data.ble.records import Record, RecordAccess

SET_INTERVAL, GET_INTERVAL, INTERVAL, START_SESSION, STOP_SESSION, RESPONSE = (
    0x01,
    0x02,
    0x03,
    0x1A,
    0x1B,
    0x1C,
)
SUCCESS, OP_UNSUPPORTED, INVALID_OPERAND = 1, 2, 3
INVALID_CHECKSUM: Final = 0x81
MISSING_CHECKSUM: Final = 0x80
START_LENGTH: Final = 9
CGM: Final = Identity("Virtual Sensors", "CGM-1")


class GlucoseSensor(Peripheral):
    """Needs a bond. ``readings`` are stored already; ``live`` ones come while a collector listens."""

    kind: ClassVar[str] = "cgm"

    def __init__(
        self,
        readings: Sequence[SensorReading],
        *,
        live: Sequence[SensorReading] = (),
        live_every_seconds: float = 1.0,
        together: int = 1,
        started: datetime | None = None,
        zone_minutes: int = 540,
        run_hours: int = 336,
        interval_minutes: int = 5,
        checksum: bool = False,
        identity: Identity = CGM,
        name: str = "Virtual CGM",
        faults: Faults = NONE,
        passkey: int | None = None,
        battery: int = 100,
    ) -> None:
        """``together``: records in one notification; without ``started`` the collector has to set it."""
        security = Security(encrypted=True, passkey=passkey)
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._readings = list(readings)
        self._live = list(live)
        self._live_every_seconds = live_every_seconds
        self._together = together
        wrong = timedelta(seconds=faults.drift_seconds)
        self._started = None if started is None or faults.clock == "reset" else started + wrong
        self._zone_minutes = zone_minutes
        self._run_hours = run_hours
        self._interval_minutes = interval_minutes
        self._checksum = checksum
        self._running = True
        self._records: RecordAccess | None = None
        self._measurement: Any = None
        self._control: Any = None

    @property
    def advertised(self) -> tuple[int, ...]:
        """Continuous Glucose Monitoring."""
        return (0x181F,)

    def services(self) -> list[Any]:
        """181F."""
        check = self._checksum
        self._measurement = self.characteristic(0x2AA7, "NOTIFY", on_subscribe=self._subscribed)
        self._control = self.characteristic(0x2AAC, "WRITE,INDICATE", on_write=self._operate)
        self._records = RecordAccess(self, self._stored)
        parts = [
            self._measurement,
            self.characteristic(0x2AA8, "READ", cgm.feature(checksum=check)),
            self.characteristic(0x2AA9, "READ", self._status),
            self.characteristic(0x2AAA, "READ,WRITE", self._start_time, on_write=self._set_start),
            self.characteristic(0x2AAB, "READ", cgm.session_run_time(self._run_hours, checksum=check)),
            self._records.characteristic,
            self._control,
        ]
        return [self.service(0x181F, parts)]

    def connected(self, _link: Link) -> None:
        """No procedure survives a link."""
        if self._records is not None:
            self._records.reset()

    def _status(self) -> bytes:
        last = self._readings[-1] if self._readings else SensorReading(0, None)
        status = last.status or 0
        if not self._running:
            status |= cgm.SESSION_STOPPED
        if self.faults.battery_low:
            status |= cgm.BATTERY_LOW
        shown = SensorReading(last.minutes, None, status, last.calibration, last.warning)
        return cgm.session_status(shown, checksum=self._checksum)

    def _start_time(self) -> bytes:
        return cgm.session_start(self._started, self._zone_minutes, checksum=self._checksum)

    def _checked(self, value: bytes) -> bytes:
        """The value without its checksum, which must be right."""
        if not self._checksum:
            return value
        if len(value) < 3:
            raise ATT_Error(MISSING_CHECKSUM)
        if wire.crc16(value[:-2]) != value[-2:]:
            raise ATT_Error(INVALID_CHECKSUM)
        return value[:-2]

    def _set_start(self, _link: Link, value: bytes) -> None:
        """The collector writes its own time; the sensor works back to the real start."""
        content = self._checked(value)
        written = wire.read_date_time(content)
        if self.faults.refuses_time or written is None or len(content) != START_LENGTH:
            raise ATT_Error(IGNORED)
        elapsed = self._readings[-1].minutes if self._readings else 0
        self._started = written - timedelta(minutes=elapsed)
        self._zone_minutes = wire.read_i8(content[7:8]) * cgm.MINUTES_PER_ZONE

    def _operate(self, link: Link, request: bytes) -> None:
        content = self._checked(request)
        self.start(
            self.answer(link, self._control, protected(self._perform(content), checksum=self._checksum))
        )

    def _perform(self, request: bytes) -> bytes:
        op = request[0] if request else 0
        if op == GET_INTERVAL:
            return bytes((INTERVAL, self._interval_minutes))
        if op == SET_INTERVAL:
            if len(request) != 2:
                return bytes((RESPONSE, op, INVALID_OPERAND))
            self._interval_minutes = request[1]
        elif op in (START_SESSION, STOP_SESSION):
            self._running = op == START_SESSION
        else:
            return bytes((RESPONSE, op, OP_UNSUPPORTED))
        return bytes((RESPONSE, op, SUCCESS))

    def _stored(self) -> list[Record]:
        groups = [
            self._readings[first : first + self._together]
            for first in range(0, len(self._readings), self._together)
        ]
        return [Record(group[-1].minutes, ((self._measurement, self._packed(group)),)) for group in groups]

    def _packed(self, group: Sequence[SensorReading]) -> bytes:
        return b"".join(cgm.encode(one, checksum=self._checksum) for one in group)

    def _subscribed(self, _link: Link) -> None:
        self.start(self._tell_live())

    async def _tell_live(self) -> None:
        while self._live and self._running:
            await asyncio.sleep(self._live_every_seconds)
            reading = self._live.pop(0)
            self._readings.append(reading)
            await self.send(self._measurement, self._packed([reading]))
