"""The steps of a session, in the order that each family of devices wants them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

from ingest.ble import clock, records
from ingest.ble.box import Box, pause
from ingest.ble.decode import date_time, user_data
from ingest.ble.link import Link, OtherDevice, Refused
from ingest.errors import BadPayload, Transient
from ingest.series import Reject

MEASURED: Final = {
    "180D": ("2A37",),
    "1810": ("2A35",),
    "1809": ("2A1C",),
    "181D": ("2A9D",),
    "181B": ("2A9C",),
    "1822": ("2A5E", "2A5F"),
    "1808": ("2A18", "2A34"),
    "181F": ("2AA7",),
}
"""Service -> what is listened to. Cuff pressures and temperatures that are still rising are never asked for."""
STREAMS: Final = frozenset({"180D", "1822", "181F"})
NOTICE: Final = 3.0
"""Seconds in which a device that tells its time does so."""
NEVER_SET: Final = frozenset({"1808", "181F"})
"""The clock of a glucose meter is the patient's: setting it would move later records."""
_TEXTS: Final = {"2A29": "maker", "2A24": "model", "2A25": "serial", "2A26": "firmware"}


async def run(link: Link, box: Box) -> AsyncGenerator[None, None]:
    """All steps of one session; pauses where a portion of a stream is ripe."""
    services = link.services() & MEASURED.keys()
    if not services:
        raise Transient("the device shows no service that is understood")
    stored = sorted(service for service in services if link.can(records.CONTROL, "write", service))
    await verify(link, box)
    if box.plan.family.bond == "first":
        await link.pair()
    if box.plan.family.clock_within:
        await in_a_hurry(link, box)
    else:
        await in_order(link, box)
    for service in stored:
        await records.fetch(link, box, service)
    if services & STREAMS:
        async for _ in stream(link, box):
            yield
    elif box.expected is None:
        await drain(link, box)


async def in_a_hurry(link: Link, box: Box) -> None:
    """The device leaves unless its time is set and it is listened to at once; everything else can wait."""
    await set_clock(link, box)
    await listen(link, box)
    await identify(link, box)


async def in_order(link: Link, box: Box) -> None:
    """Who it is and its clock; then it is listened to, and only then asked for what its users have left."""
    await identify(link, box)
    waits = box.plan.family.clock_when == "after-notice"
    if not waits:
        await set_clock(link, box)
    await know_sensor(link, box)
    await listen(link, box)
    await open_users(link, box)
    if waits:
        await after_notice(link, box)


async def verify(link: Link, box: Box) -> None:
    """Another device at the address of an enrolled one is left alone, before anything is taken from it."""
    wanted = box.plan.system_id
    if not link.can("2A23", "read"):
        if wanted:
            raise OtherDevice("the device does not say who it is")
        return
    if wanted or not box.plan.family.clock_within:
        box.facts.system_id = _system_id(await link.read("2A23"))
    if wanted and box.facts.system_id != wanted:
        raise OtherDevice("another device answers at this address")


def _system_id(payload: bytes) -> str:
    """Sixteen digits in the order of the wire; nothing where the maker left it empty."""
    return payload.hex().upper() if len(payload) == 8 and any(payload) else ""


async def identify(link: Link, box: Box) -> None:
    """Device information and battery. None of it may fail a session."""
    try:
        for characteristic, name in _TEXTS.items():
            if link.can(characteristic, "read"):
                text = (await link.read(characteristic)).decode("utf-8", "replace").strip("\0 ")
                setattr(box.facts, name, text[:100])
        if not box.facts.system_id and link.can("2A23", "read"):
            box.facts.system_id = _system_id(await link.read("2A23"))
        if link.can("2A19", "read"):
            level = await link.read("2A19")
            box.facts.battery = level[0] if level and level[0] <= 100 else None
    except Transient:
        box.rejects.append(Reject("no-device-information", "180A"))


async def look(link: Link, box: Box) -> clock.Check | None:
    """What the device's clock shows, at the middle of the question and the answer."""
    for characteristic in ("2A2B", "2A08"):
        if link.can(characteristic, "read"):
            before = box.now()
            try:
                payload = await link.read(characteristic)
                reading = _shown(characteristic, payload)
            except (Refused, BadPayload):
                box.rejects.append(Reject("bad-time", characteristic))
                continue
            return clock.Check(reading, (before + box.now()) // 2)
    return None


def _shown(characteristic: str, payload: bytes) -> datetime | None:
    if characteristic == "2A08" or len(payload) < 10:
        return date_time.date_time(payload[:7]).at
    return date_time.current_time(payload).at


async def set_clock(link: Link, box: Box) -> None:
    """Looks at the clock, then sets it where the family allows it."""
    box.check = await look(link, box)
    family = box.plan.family
    if not family.clock or family.clock_when == "never" or link.services() & NEVER_SET:
        return
    await write_clock(link, box)


async def write_clock(link: Link, box: Box) -> None:
    """Writes the local time once; a device that does not take it is left in peace."""
    family = box.plan.family
    characteristic = family.clock if link.can(family.clock, "write") else ""
    if not characteristic:
        return
    instant = box.now()
    wall = clock.local(instant, box.plan.zone)
    if characteristic == "2A08" or family.clock_length == 7:
        value = date_time.encode_date_time(wall)
    else:
        value = date_time.encode_current_time(wall)
    taken: clock.Write = "accepted"
    try:
        await link.write(characteristic, value)
    except Refused:  # 0x80 by the specification; Android shows 0x85; all mean no
        taken = "ignored"
    shown = box.check.device if box.check else None
    seen = box.check.gateway if box.check else instant
    box.check = clock.Check(shown, seen, taken, is_read=box.check is not None)


async def after_notice(link: Link, box: Box) -> None:
    """Waits for the device to tell its time, and sets it only if it is far off."""
    told = asyncio.Event()

    def heard(payload: bytes) -> None:
        try:
            box.check = clock.Check(_shown("2A2B", payload), box.now())
        except BadPayload:
            box.rejects.append(Reject("bad-time", "2A2B"))
        told.set()

    if link.can("2A2B", "notify"):
        await link.listen("2A2B", heard)
        await pause(link, box, min(box.plan.timeouts.step, NOTICE, box.left()), told)
    if box.check is None:
        box.check = await look(link, box)
    if box.check is not None and _is_far_off(box):
        await write_clock(link, box)


def _is_far_off(box: Box) -> bool:
    state = clock.judge(box.check, zone=box.plan.zone, now=box.now())
    return state.state == "unset" or abs(state.drift) > box.plan.family.clock_if_off


async def open_users(link: Link, box: Box) -> None:
    """Gives the consent code of each slot, so that a scale hands over the data of its users."""
    if not (box.plan.consents and link.can("2A9F", "write")):
        return
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    await link.listen("2A9F", answers.put_nowait)
    if link.can("2A99", "notify"):  # some scales give nothing to a listener who does not listen to this too
        await link.listen("2A99", lambda _payload: None)
    for slot, code in sorted(box.plan.consents.items()):
        await link.write("2A9F", user_data.encode_consent(slot, code))
        try:
            async with asyncio.timeout(box.plan.timeouts.step):
                answer = user_data.control_point(await answers.get())
        except (TimeoutError, BadPayload):
            box.rejects.append(Reject("no-answer", "2A9F"))
            continue
        if not answer.flags.get("success"):
            box.rejects.append(Reject("consent-refused", "2A9F"))


async def know_sensor(link: Link, box: Box) -> None:
    """When the session of a glucose sensor began, and whether its records end with a checksum."""
    for characteristic in ("2AA8", "2AAA"):
        if link.can(characteristic, "read", "181F"):
            box.features[characteristic] = await link.read(characteristic, "181F")


async def listen(link: Link, box: Box) -> None:
    """Subscribes to the measurements, after everything that must be ready before them."""
    box.heard_at = asyncio.get_running_loop().time()
    for service, characteristics in sorted(MEASURED.items()):
        for characteristic in characteristics:
            if link.can(characteristic, "notify", service) or link.can(characteristic, "indicate", service):
                await link.listen(characteristic, box.hear(characteristic), service)


async def drain(link: Link, box: Box) -> None:
    """Takes what the device sends until it leaves, falls silent, or the time is over."""
    loop = asyncio.get_running_loop()
    while True:
        wait = min(box.heard_at + box.plan.timeouts.quiet - loop.time(), box.left())
        if link.gone.is_set():
            box.ended = "left"
        elif box.left() <= 0:
            box.ended = "deadline"
        elif wait <= 0:
            box.ended = "quiet"
        elif box.plan.stop is not None and box.plan.stop.is_set():
            box.ended = "stopped"
        else:
            await pause(link, box, wait)
            continue
        return


async def stream(link: Link, box: Box) -> AsyncGenerator[None, None]:
    """Takes a stream in portions until the device leaves, somebody stops it, or the time is over."""
    loop = asyncio.get_running_loop()
    while True:
        ripe = loop.time() + min(box.plan.listen, box.left())
        while loop.time() < ripe and not _is_over(link, box):
            await pause(link, box, ripe - loop.time())
        if link.gone.is_set():
            box.ended = "lost"
            return
        if box.plan.stop is not None and box.plan.stop.is_set():
            box.ended = "stopped"
            return
        if box.left() <= 0:
            box.ended = "deadline"
            return
        yield


def _is_over(link: Link, box: Box) -> bool:
    return link.gone.is_set() or (box.plan.stop is not None and box.plan.stop.is_set())
