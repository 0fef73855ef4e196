"""Records that a device keeps and gives on request: counted, fetched from the last one on, asked for again."""

from __future__ import annotations

import asyncio
from typing import Final

from ingest.ble.box import Box
from ingest.ble.decode import racp
from ingest.ble.gathered import Received
from ingest.ble.link import Link, LinkLost, NoAnswer, Refused
from ingest.ble.reading import Reading
from ingest.ble.sensor import SENSOR, Sensor
from ingest.errors import BadPayload, IngestError
from ingest.series import Reject

CONTROL: Final = "2A52"
RECORDS: Final = {"1808": "2A18", "181F": "2AA7", "1822": "2A5E"}
"""Service -> what its records arrive as."""
NUMBERED: Final = frozenset({"1808", "181F"})
ATTEMPTS: Final = 3
LAST: Final = bytes((racp.REPORT, racp.LAST))
IN_PROGRESS: Final = 0xFE
SURPLUS: Final = 100
"""A device that sends so many more records than twice what it announced will never end."""
HIGHEST: Final = 0xFFFF


class _Control:
    """The control point of one service in one session."""

    def __init__(self, link: Link, box: Box, service: str) -> None:
        self._link = link
        self._box = box
        self._service = service
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._limit: int | None = None

    async def open(self) -> None:
        """Subscribes to the answers."""
        await self._link.listen(CONTROL, self._answers.put_nowait, self._service)

    def expect(self, number: int | None) -> None:
        """So many records were announced."""
        heard = len(self._box.received)
        self._limit = heard + 2 * (HIGHEST + 1 if number is None else number) + SURPLUS

    async def ask(self, request: bytes) -> Reading:
        """Sends a request and waits for its answer, while records arrive."""
        while not self._answers.empty():
            self._answers.get_nowait()
        try:
            await self._link.write(CONTROL, request, self._service)
        except Refused as refused:
            if refused.code != IN_PROGRESS:
                raise
            await self.abort()
            await self._link.write(CONTROL, request, self._service)
        asked = asyncio.get_running_loop().time()
        while True:
            answer = await self._answer(asked)
            if (
                answer.flags.get("op_code") == racp.COUNT_RESPONSE
                or answer.flags.get("request") == request[0]
            ):
                return answer

    async def _answer(self, asked: float) -> Reading:
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(self._link.gone.wait())
        answer = asyncio.ensure_future(self._answers.get())
        try:
            while not answer.done():
                if self._link.gone.is_set():
                    raise LinkLost("the link ended before all records had come")
                silence = max(asked, self._box.heard_at) + self._box.plan.timeouts.idle - loop.time()
                if silence <= 0 or self._box.left() <= 0 or self._is_endless() or self._is_stopped():
                    await self.abort()
                    raise NoAnswer("the device did not end its procedure; it was aborted")
                wait = min(silence, self._box.left(), 1.0)
                await asyncio.wait({gone, answer}, timeout=wait, return_when="FIRST_COMPLETED")
            return racp.control_point(answer.result())
        finally:
            gone.cancel()
            answer.cancel()

    def _is_endless(self) -> bool:
        return self._limit is not None and len(self._box.received) > self._limit

    def _is_stopped(self) -> bool:
        stop = self._box.plan.stop
        return stop is not None and stop.is_set()

    async def abort(self) -> None:
        """Ends whatever runs; a device that does not answer even this is left alone."""
        try:
            await self._link.write(CONTROL, racp.encode_abort(), self._service)
            async with asyncio.timeout(self._box.plan.timeouts.late):
                await self._answers.get()
        except (IngestError, TimeoutError):
            return


async def fetch(link: Link, box: Box, service: str) -> None:
    """Fetches the records that are not stored yet. They stay in the device: deleting is not ours to do."""
    control = _Control(link, box, service)
    await control.open()
    box.expected = 0
    stored = box.plan.bookmark.sequence if service in NUMBERED else None
    first = stored + 1 if stored is not None and stored < HIGHEST else None
    box.is_fetching = True
    try:
        announced = await _count(control, first)
        if first is not None and not announced:
            if not await _has_restarted(control, box, service, first):
                box.is_complete, box.ended = True, "complete"
                return
            first, box.restarted = None, True
            announced = await _count(control, None)
        box.expected = announced
        await _report(control, box, service, first, announced)
    except BadPayload as bad:
        raise NoAnswer("the control point answered with something else") from bad
    finally:
        box.is_fetching = False
    box.is_complete = True
    box.ended = "complete"


async def _count(control: _Control, first: int | None) -> int | None:
    """How many records there are; None where the device does not count."""
    request = racp.encode_count_all() if first is None else racp.encode_count_from(first)
    answer = await control.ask(request)
    number = answer.flags.get("records")
    if isinstance(number, int):
        return number
    return 0 if answer.flags.get("result") == racp.NO_RECORDS else None


async def _has_restarted(control: _Control, box: Box, service: str, first: int) -> bool:
    """Whether the numbers began again after an empty battery: the newest record is older than the stored one."""
    control.expect(1)
    await control.ask(LAST)
    await asyncio.sleep(min(box.plan.timeouts.late, max(0.0, box.left())))
    newest = max(good_numbers(box, service), default=None)
    # The newest record was only looked at: it is stored already, or will be sent again with all others.
    box.received[:] = [value for value in box.received if not _is_before(box, value, first)]
    return newest is not None and newest < first - 1


def _is_before(box: Box, value: Received, first: int) -> bool:
    try:
        readings = _readings(box, value.characteristic, value.payload)
    except BadPayload:
        return False
    return all(reading.sequence is not None and reading.sequence < first for reading in readings)


async def _report(
    control: _Control, box: Box, service: str, first: int | None, announced: int | None
) -> None:
    """Asks until as many sound records have come as were announced."""
    request = racp.encode_report_all() if first is None else racp.encode_report_from(first)
    missing = 0
    for _attempt in range(ATTEMPTS):
        control.expect(announced)
        answer = await control.ask(request)
        if not answer.flags.get("success"):
            raise NoAnswer("the device did not give its records")
        if answer.flags.get("result") == racp.NO_RECORDS:
            return
        await asyncio.sleep(min(box.plan.timeouts.late, max(0.0, box.left())))
        missing = (announced or 0) - len(good_records(box, service, first or 0))
        if missing <= 0:
            return
    box.rejects.append(Reject("records-missing", CONTROL, missing))


def good_records(box: Box, service: str, first: int = 0) -> set[tuple[int | None, bytes]]:
    """The sound records so far, each once."""
    found: set[tuple[int | None, bytes]] = set()
    for value in box.received:
        if value.characteristic != RECORDS[service]:
            continue
        try:
            readings = _readings(box, value.characteristic, value.payload)
        except BadPayload:
            continue
        for reading in readings:
            if service not in NUMBERED or reading.sequence is None or reading.sequence >= first:
                found.add((reading.sequence, reading.raw))
    return found


def _readings(box: Box, characteristic: str, payload: bytes) -> list[Reading]:
    if characteristic == SENSOR:
        return Sensor.known(box.features).records(payload)
    return [box.decode(characteristic, payload)]


def good_numbers(box: Box, service: str) -> set[int]:
    """The numbers of the sound records so far."""
    return {number for number, _payload in good_records(box, service) if number is not None}
