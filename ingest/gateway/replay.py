"""What arrived before the box stopped, and no session has told: it is sorted once more from the bytes as they came.

The procedure is the collector's own. What is not known any more (the device's clock, whether the device had just been
switched on) makes the result more careful, never bolder.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from ingest.ble import profiles
from ingest.ble.box import Box
from ingest.ble.collector import Delivery, batches
from ingest.ble.dedupe import Bookmark
from ingest.ble.devices import CATALOGUE, Advert, Catalogue, Family
from ingest.ble.gathered import Facts, Plan, Received
from ingest.ble.interpret import STREAMED, portion
from ingest.ble.procedure import MEASURED
from ingest.ble.settle import Device, settle
from ingest.gateway.clock import BoxClock
from ingest.gateway.readings import Kept, sort_out
from ingest.gateway.spool import Spool

NOT_KEPT: Final = frozenset({"2AA7"})
"""A glucose sensor gives its records again; without the start of its session their bytes have no time."""


def worth_keeping(characteristic: str) -> bool:
    """Whether a value must be written down as it arrives."""
    return characteristic not in NOT_KEPT


def replay(spool: Spool, devices: Sequence[Device], zone: ZoneInfo, catalogue: Catalogue = CATALOGUE) -> int:
    """Stores what was kept and not sorted, of devices whose family is known by now; the number of values."""
    known = {device.key: device for device in devices}
    names = spool.notes()
    total = 0
    for key in spool.unsorted():
        left = spool.left(key)
        family = _family(names.get(f"name:{key}"), left, catalogue)
        if family is None:
            continue
        device = known.get(key, Device(key, "", {}, label=key))
        for (boot, anchor), group in groupby(left, _run):
            kept = list(group)
            clock = BoxClock(anchor or 0, anchor is None, boot, last=kept[-1].at)
            delivery = _delivery(device, family, kept, spool, zone)
            spool.store(delivery, sort_out(delivery, kept, clock), kept, boot)
            total += len(kept)
    return total


def _run(kept: Kept) -> tuple[str, int | None]:
    return kept.boot, kept.anchor


def _family(name: str | None, kept: Sequence[Kept], catalogue: Catalogue) -> Family | None:
    """The family by the name that the device had; without one only streams can be read, which all write alike."""
    found = None if name is None else catalogue.match(Advert(name, frozenset(_services(kept))))
    if isinstance(found, Family):
        return found
    if all(each.characteristic in STREAMED for each in kept):
        found = catalogue.match(Advert("", frozenset(_services(kept))))
    return found if isinstance(found, Family) else None


def _services(kept: Sequence[Kept]) -> set[str]:
    heard = {each.characteristic for each in kept}
    return {service for service, values in MEASURED.items() if heard & set(values)}


def _delivery(device: Device, family: Family, kept: Sequence[Kept], spool: Spool, zone: ZoneInfo) -> Delivery:
    last = kept[-1].at
    box = Box(
        Facts(device.address, device.label),
        lambda: last,
        Plan(family, zone, device.system_id, Bookmark(), device.consents),
        0.0,
        profiles.decode,
        received=[Received(each.characteristic, each.payload, each.at, each.is_stored) for each in kept],
    )
    collected = portion(box)
    settled = settle(collected, device, spool, zone=zone, now=last, session=f"kept {kept[0].at}")
    made = batches(collected, settled, device)
    return Delivery(
        device,
        collected.facts,
        made,
        settled.quarantined,
        collected.ended,
        collected.error,
        settled,
        spool,
    )
