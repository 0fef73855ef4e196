"""The Record Access Control Point 2A52: counts and reports stored records by their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bumble.att import ATT_Error

from synthetic_data.ble import wire
from synthetic_data.ble.peripheral import Link, Peripheral

REPORT, DELETE, ABORT, COUNT, COUNTED, RESPONSE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
NULL, ALL, AT_MOST, AT_LEAST, WITHIN, FIRST, LAST = range(7)
BY_NUMBER: Final = 0x01

SUCCESS: Final = 0x01
OP_UNSUPPORTED: Final = 0x02
INVALID_OPERATOR: Final = 0x03
OPERATOR_UNSUPPORTED: Final = 0x04
INVALID_OPERAND: Final = 0x05
NO_RECORDS: Final = 0x06
OPERAND_UNSUPPORTED: Final = 0x09

CCCD_NOT_CONFIGURED: Final = 0xFD
IN_PROGRESS: Final = 0xFE

_BOUNDS: Final = {AT_MOST: 1, AT_LEAST: 1, WITHIN: 2}


@dataclass(frozen=True, slots=True)
class Record:
    """A stored record: its number (a time offset, for CGM) and the values that tell it, in order."""

    number: int
    values: tuple[tuple[Any, bytes], ...]


class _Refused(Exception):
    """A request that is answered with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class RecordAccess:
    """One control point over the records of one device; one procedure at a time."""

    def __init__(self, device: Peripheral, records: Callable[[], Sequence[Record]]) -> None:
        """``records`` gives the stored records, oldest first, at the time of the request."""
        self._device = device
        self._records = records
        self._busy = False
        self._aborted = False
        self.characteristic = device.characteristic(0x2A52, "WRITE,INDICATE", on_write=self._write)

    def reset(self) -> None:
        """A new link has no procedure under way."""
        self._busy = False

    def _write(self, link: Link, request: bytes) -> None:
        if not self._device.is_subscribed(link, self.characteristic):
            raise ATT_Error(CCCD_NOT_CONFIGURED)
        if request[:1] == wire.u8(ABORT):
            self._aborted = True
            self._device.start(self._respond(link, ABORT, SUCCESS))
            return
        if self._busy:
            raise ATT_Error(IN_PROGRESS)
        self._busy = True
        self._aborted = False
        self._device.start(self._serve(link, request))

    async def _serve(self, link: Link, request: bytes) -> None:
        op = request[0] if request else 0
        try:
            chosen = self._choose(request)
        except _Refused as refused:
            self._busy = False
            await self._respond(link, op, refused.code)
            return
        if op == COUNT:
            self._busy = False
            await self._tell(link, wire.u8(COUNTED) + wire.u8(NULL) + wire.u16(len(chosen)))
            return
        for record in chosen:
            for characteristic, value in record.values:
                if not self._aborted:
                    await self._device.send(characteristic, value)
        self._busy = False
        if not self._aborted:
            await self._respond(link, op, SUCCESS if chosen else NO_RECORDS)

    async def _respond(self, link: Link, op: int, code: int) -> None:
        await self._tell(link, bytes((RESPONSE, NULL, op, code)))

    async def _tell(self, link: Link, value: bytes) -> None:
        await self._device.answer(link, self.characteristic, value)

    def _choose(self, request: bytes) -> list[Record]:
        if len(request) < 2:
            raise _Refused(INVALID_OPERATOR)
        op, operator, operand = request[0], request[1], request[2:]
        if op not in (REPORT, COUNT):
            raise _Refused(OP_UNSUPPORTED)
        records = list(self._records())
        if operator in (ALL, FIRST, LAST):
            if operand:
                raise _Refused(INVALID_OPERAND)
            return {ALL: records, FIRST: records[:1], LAST: records[-1:]}[operator]
        if operator == NULL:
            raise _Refused(INVALID_OPERATOR)
        if operator not in _BOUNDS:
            raise _Refused(OPERATOR_UNSUPPORTED)
        low, high = _range(operator, operand)
        return [record for record in records if low <= record.number <= high]


def _range(operator: int, operand: bytes) -> tuple[int, int]:
    if operand[:1] != wire.u8(BY_NUMBER):
        raise _Refused(OPERAND_UNSUPPORTED)
    if len(operand) != 1 + 2 * _BOUNDS[operator]:
        raise _Refused(INVALID_OPERAND)
    first = int.from_bytes(operand[1:3], "little")
    if operator == AT_MOST:
        return 0, first
    if operator == AT_LEAST:
        return first, 0xFFFF
    last = int.from_bytes(operand[3:5], "little")
    if last < first:
        raise _Refused(INVALID_OPERAND)
    return first, last
