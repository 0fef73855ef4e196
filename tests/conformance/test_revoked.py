"""When somebody else ends it: a grant that is taken back at the cloud, a bond that is removed, a home that forgets."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from ingest.ble.collector import collect_home
from ingest.ble.dedupe import SeenInMemory
from ingest.ble.link import BondFailed
from ingest.ble.settle import Device
from phr.errors import NotAllowed
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.glucose import GlucoseMeter, GlucoseReading
from tests.conformance.record import count, fingerprint
from tests.conformance.registered import ADAPTERS
from tests.ingest.ble.home import NOON, PATIENCE, TOKYO, gateway_now, on_radio, radio_now
from tests.phr.services.scenes import a_person


@pytest.fixture
def cloud():
    return ADAPTERS["google-health"]


def test_a_grant_that_is_taken_back_at_the_cloud_ends_the_reading(cloud, system, admin, who, tmp_path):
    """invalid_grant: the person is asked to connect again, and what was stored stays as it was."""
    rows = cloud.rows(12)
    held = cloud.write(tmp_path, rows)
    cloud.receive(system, who[0], held)
    before = fingerprint(system, admin, who[0])
    held.end_grant()
    held.rows = cloud.rows(24)[::-1]
    assert system.syncing.sync_one(who[0], request="test").ended == "needs-reconnect"
    assert fingerprint(system, admin, who[0]) == before
    assert system.syncing.sync_one(who[0], request="test").ended == "none"
    assert count(admin, who[0]) == 12


def test_nobody_connects_a_cloud_without_consent(cloud, system, tmp_path):
    """There is nothing to revoke, and no request leaves the city."""
    nobody = a_person(system, agreed=False)
    held = cloud.write(tmp_path, cloud.rows(12))
    with pytest.raises(NotAllowed):
        cloud.receive(system, nobody[0], held)
    assert held.requests == []


MORNING = NOON - timedelta(hours=5)
PRESSURES = [BloodPressure(120 + i, 80, 93, 70, MORNING + timedelta(minutes=i), 1) for i in range(4)]


def taken(deliveries):
    """The systolic values of some deliveries, in order."""
    return [
        value
        for delivery in deliveries
        for batch in delivery.batches
        for series in batch.series
        for value in series.channels.get("systolic", series.channels.get("value")).tolist()
    ]


async def at_home(radio, device, people, seen, count, *, commit=True):
    """The first so many deliveries of a home with one device."""
    found = []
    bindings = [Device(device.address, device.address, people)]
    home = collect_home(
        bindings, seen, zone=TOKYO, now=gateway_now, patience=PATIENCE,
        client_backend=radio.client_backend, scanner_backend=radio.scanner_backend,
    )  # fmt: skip
    async with asyncio.timeout(60), aclosing(home):
        async for delivery in home:
            found.append(delivery)
            if commit:
                delivery.commit()
            if len(found) == count:
                break
    return found


@pytest.mark.ble
def test_a_bond_that_was_removed_takes_nothing_and_says_why():
    """The cuff was paired with another phone: its owner is asked, and what was collected before stays collected."""

    async def scene():
        cuff, seen = OmronCuff(PRESSURES, now=radio_now), SeenInMemory()
        async with on_radio(cuff) as radio:
            before = await at_home(radio, cuff, {1: "mother"}, seen, 1)
            await cuff.forget_bonds()
            return before, await at_home(radio, cuff, {1: "mother"}, seen, 1)

    before, after = asyncio.run(scene())
    assert taken(before) == [120, 121, 122, 123]
    assert [type(each.error) for each in after] == [BondFailed]
    assert taken(after) == []


@pytest.mark.ble
def test_a_gateway_that_died_before_it_had_written_collects_again():
    """Over the air: nothing is lost when a delivery was not committed, nothing is doubled when it was."""
    sugars = [GlucoseReading(n, MORNING + timedelta(minutes=n), 90 + n) for n in range(1, 6)]

    async def scene():
        meter, seen = GlucoseMeter(sugars, now=radio_now), SeenInMemory()
        async with on_radio(meter) as radio:
            lost = await at_home(radio, meter, {None: "mother"}, seen, 1, commit=False)
            kept = await at_home(radio, meter, {None: "mother"}, seen, 1)
            return lost, kept, await at_home(radio, meter, {None: "mother"}, seen, 1)

    lost, kept, again = asyncio.run(scene())
    assert taken(lost) == taken(kept) == [91, 92, 93, 94, 95]
    assert taken(again) == []
