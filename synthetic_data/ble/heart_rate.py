"""A chest strap: heart rate and RR intervals once a second, or as fast as the link carries them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

from bumble.att import ATT_Error

from synthetic_data.ble import wire
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import OPEN, Identity, Security
from synthetic_data.ble.peripheral import IGNORED, Link, Peripheral

STRAP: Final = Identity("Virtual Sensors", "HR-1")
CHEST: Final = 1
_UNSIGNED_BYTE: Final = 255
_CONTACT_SUPPORTED, _CONTACT, _ENERGY, _RR, _WIDE = 0x04, 0x02, 0x08, 0x10, 0x01
_RESET_ENERGY: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Beat:
    """One notification's worth: beats per minute, the RR intervals in seconds, oldest first."""

    bpm: int
    rr_seconds: tuple[float, ...] = ()
    contact: bool | None = None
    """``None``: the strap cannot tell."""
    energy_kilojoule: int | None = None


def encode(beat: Beat) -> bytes:
    """Heart Rate Measurement 2A37."""
    wide = beat.bpm > _UNSIGNED_BYTE
    flags = _WIDE if wide else 0
    if beat.contact is not None:
        flags |= _CONTACT_SUPPORTED | (_CONTACT if beat.contact else 0)
    value = wire.u16(beat.bpm) if wide else wire.u8(beat.bpm)
    if beat.energy_kilojoule is not None:
        flags |= _ENERGY
        value += wire.u16(min(beat.energy_kilojoule, 0xFFFF))
    if beat.rr_seconds:
        flags |= _RR
        value += b"".join(_rr(seconds) for seconds in beat.rr_seconds)
    return wire.u8(flags) + value


def _rr(seconds: float) -> bytes:
    return wire.u16(round(Decimal(str(seconds)) * 1024))


class HeartRateStrap(Peripheral):
    """Sends its beats in order, again and again if ``repeat``, while a collector is subscribed."""

    kind: ClassVar[str] = "heart-rate"

    def __init__(
        self,
        beats: Sequence[Beat],
        *,
        per_second: float | None = 1.0,
        repeat: bool = True,
        identity: Identity = STRAP,
        name: str = "Virtual HR Strap",
        faults: Faults = NONE,
        security: Security = OPEN,
        battery: int = 100,
    ) -> None:
        """``per_second=None`` sends as fast as the link takes the values."""
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._beats = tuple(beats)
        self._per_second = per_second
        self._repeat = repeat
        self._measurement: Any = None

    @property
    def advertised(self) -> tuple[int, ...]:
        """Heart Rate."""
        return (0x180D,)

    def services(self) -> list[Any]:
        """180D: measurement, body sensor location, control point."""
        self._measurement = self.characteristic(0x2A37, "NOTIFY", on_subscribe=self._subscribed)
        location = self.characteristic(0x2A38, "READ", wire.u8(CHEST))
        control = self.characteristic(0x2A39, "WRITE", on_write=self._control)
        return [self.service(0x180D, [self._measurement, location, control])]

    def _control(self, _link: Link, value: bytes) -> None:
        if value != _RESET_ENERGY:
            raise ATT_Error(IGNORED)

    def _subscribed(self, _link: Link) -> None:
        self.start(self._stream())

    def _values(self) -> Iterator[bytes]:
        encoded: Iterable[bytes] = [encode(beat) for beat in self._beats]
        return itertools.cycle(encoded) if self._repeat else iter(encoded)

    async def _stream(self) -> None:
        clock = asyncio.get_running_loop().time
        started = clock()
        for number, value in enumerate(self._values()):
            if self._per_second is not None:
                await asyncio.sleep(max(0.0, started + number / self._per_second - clock()))
            await self.send(self._measurement, value)
        await self.flush()
