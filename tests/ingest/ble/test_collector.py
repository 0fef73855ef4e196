"""A home over the virtual radio: from the scan to a Batch for each person."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta

import orjson
import pytest
from bleak.exc import BleakError

from ingest.ble import collector
from ingest.ble.collector import COVERAGE, Patience, collect_home, coverage, people_of, source_of
from ingest.ble.dedupe import SeenInMemory
from ingest.ble.devices import UnsupportedDevice
from ingest.ble.link import BondFailed, NoAnswer
from ingest.ble.settle import Device
from ingest.codes import VITALS
from ingest.errors import Transient
from synthetic_data.ble.activity_monitor import ActivityMonitor
from synthetic_data.ble.and_family import AndCuff
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.glucose import GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.identity import Identity
from tests.ingest.ble.home import NOON, PATIENCE, TOKYO, at, gateway_now, on_radio, radio_now

pytestmark = pytest.mark.ble

MORNING = NOON - timedelta(hours=5)
PRESSURES = [BloodPressure(120 + i, 80, 93, 70, MORNING + timedelta(minutes=i), 1 + i % 2) for i in range(4)]


def enrolled(device, people=None, **more):
    return Device(device.address, device.address, people or {None: "mother"}, label="cuff", **more)


async def deliveries(radio, bindings, seen, count, *, commit=True, patience=PATIENCE, **more):
    """The first so many deliveries of a home, or as many as make ``count`` true."""
    is_enough = count if callable(count) else lambda taken: len(taken) == count
    taken = []
    home = collect_home(
        bindings,
        seen,
        zone=TOKYO,
        now=gateway_now,
        client_backend=radio.client_backend,
        scanner_backend=radio.scanner_backend,
        patience=patience,
        **more,
    )
    async with asyncio.timeout(60), aclosing(home):
        async for delivery in home:
            taken.append(delivery)
            if commit:
                delivery.commit()
            if is_enough(taken):
                break
    return taken


def at_home(devices, bindings, count, **more):
    async def scene():
        seen = more.pop("seen", SeenInMemory())
        async with on_radio(*devices) as radio:
            return await deliveries(radio, bindings, seen, count, **more)

    return asyncio.run(scene())


def rows(taken, code="85354-9", channel="systolic"):
    """(person, instant, value) of everything that was handed over."""
    return sorted(
        (batch.person_key, int(start), float(value))
        for delivery in taken
        for batch in delivery.batches
        for series in batch.series
        if series.code == code
        for start, value in zip(series.start, series.channels[channel], strict=True)
    )


def test_readings_of_a_shared_cuff_become_a_batch_for_each_person():
    """Series with instants, offsets and one source; the cuff of Omron says who pressed which button."""
    cuff = OmronCuff(PRESSURES, now=radio_now)
    [delivery] = at_home([cuff], [enrolled(cuff, {1: "mother", 2: "father"})], 1)
    assert rows([delivery]) == [
        ("father", at(MORNING) + 60_000_000, 121),
        ("father", at(MORNING) + 180_000_000, 123),
        ("mother", at(MORNING), 120),
        ("mother", at(MORNING) + 120_000_000, 122),
    ]
    series = delivery.batches[0].series[0]
    assert set(series.offset) == {9 * 3600}
    assert series.source == source_of(delivery.device)
    assert cuff.address not in str(series.source)


def test_an_unknown_user_is_kept_aside_beside_the_batches():
    """Never guessed, though only one person is enrolled."""
    cuff = OmronCuff(PRESSURES, now=radio_now)
    [delivery] = at_home([cuff], [enrolled(cuff, {1: "mother"})], 1)
    assert {person for person, _, _ in rows([delivery])} == {"mother"}
    assert [each.reason for each in delivery.quarantined] == ["user-not-enrolled"] * 2


def test_a_link_lost_in_a_replay_is_taken_up_again_by_itself():
    """The meter is visited again; each record arrives exactly once."""
    sugars = [GlucoseReading(n, MORNING + timedelta(minutes=n), 90 + n) for n in range(1, 6)]
    meter = GlucoseMeter(sugars, now=radio_now, faults=Faults(lose_link_after=3))

    async def scene():
        seen = SeenInMemory()
        async with on_radio(meter) as radio:
            first = await deliveries(radio, [enrolled(meter)], seen, 1)
            meter.faults = Faults()
            second = await deliveries(radio, [enrolled(meter)], seen, 2)
            return first, second

    first, second = asyncio.run(scene())
    assert first[0].error is not None
    assert [value for _, _, value in rows([*first, *second], "2339-0", "value")] == [91, 92, 93, 94, 95]
    assert second[1].batches == ()


def test_what_was_not_committed_is_collected_again():
    """The gateway could not write it to its disk."""
    sugars = [GlucoseReading(1, MORNING, 91)]
    meter = GlucoseMeter(sugars, now=radio_now)
    seen = SeenInMemory()
    taken = at_home([meter], [enrolled(meter)], 2, commit=False, seen=seen)
    assert [len(rows([each], "2339-0", "value")) for each in taken] == [1, 1]
    taken = at_home([GlucoseMeter(sugars, now=radio_now)], [enrolled(meter)], 2, seen=seen)
    assert [len(rows([each], "2339-0", "value")) for each in taken] == [1, 0]


def test_a_correction_of_the_clock_is_recorded_with_the_readings():
    """Five minutes slow: the instants are right, and the Coincident Timestamp says by how much they were moved."""
    cuff = AndCuff(PRESSURES, now=radio_now, faults=Faults(drift_seconds=-300))
    [delivery] = at_home([cuff], [enrolled(cuff)], 1)
    assert rows([delivery])[0] == ("mother", at(MORNING), 120)
    document = orjson.loads(delivery.batches[0].documents[0])
    assert document["component"][0]["valueQuantity"]["value"] == 300


def test_two_cuffs_of_one_name_go_to_their_own_people():
    """One make, two bedrooms; the address tells them apart, and both are collected."""
    one = AndCuff(
        PRESSURES[:2], identity=Identity("A&D", "UA-651BLE", "1"), name="A&D_UA-651BLE_X", now=radio_now
    )
    two = AndCuff(
        PRESSURES[2:], identity=Identity("A&D", "UA-651BLE", "2"), name="A&D_UA-651BLE_X", now=radio_now
    )
    homes = [enrolled(one, {None: "mother"}), enrolled(two, {None: "father"})]
    patience = Patience(session=30, listen=1, again=60, steps=PATIENCE.steps)
    taken = at_home([one, two], homes, 2, patience=patience)
    assert [(person, value) for person, _, value in rows(taken)] == [
        ("father", 122),
        ("father", 123),
        ("mother", 120),
        ("mother", 121),
    ]


def test_the_cuff_of_the_neighbours_is_not_touched():
    """Nobody enrolled it: it is not connected, and nothing of it is told."""
    ours, theirs = OmronCuff(PRESSURES, now=radio_now), AndCuff(PRESSURES, now=radio_now)
    taken = at_home([theirs, ours], [enrolled(ours, {1: "mother"})], 1)
    assert {each.device.address for each in taken} == {ours.address}
    assert theirs.connections == 0


def test_a_stream_is_handed_over_in_portions_while_another_device_is_read():
    """A strap that is worn all day does not keep the cuff waiting."""
    strap = HeartRateStrap([Beat(75)], per_second=50)
    cuff = OmronCuff(PRESSURES, now=radio_now)
    patience = Patience(session=60, listen=0.2, again=60, steps=PATIENCE.steps)
    bindings = [enrolled(strap, {None: "father"}), enrolled(cuff, {1: "mother", 2: "father"})]

    def are_both_there(taken):
        addresses = [each.device.address for each in taken]
        return addresses.count(strap.address) >= 3 and cuff.address in addresses

    taken = at_home([strap, cuff], bindings, are_both_there, patience=patience)
    beats = [each for each in taken if each.device.address == strap.address]
    assert all(value == 75 for _, _, value in rows(beats, "8867-4", "value"))
    assert len(rows(taken)) == 4


def test_a_stop_hands_over_what_a_stream_has():
    """Nothing that arrived is thrown away."""
    strap = HeartRateStrap([Beat(75)], per_second=50)

    async def scene():
        stop, kept = asyncio.Event(), []
        long = Patience(session=60, listen=60, steps=PATIENCE.steps)

        def keep(_device, value):
            kept.append(value)
            if len(kept) == 20:
                stop.set()

        async with on_radio(strap) as radio:
            return await deliveries(
                radio, [enrolled(strap)], SeenInMemory(), 2, patience=long, stop=stop, keep=keep
            )

    [delivery] = asyncio.run(scene())
    assert delivery.ended == "stopped"
    assert len(rows([delivery], "8867-4", "value")) > 10


def test_a_refused_device_says_why_and_is_left_alone(monkeypatch):
    """The page of the device can show the reason; it is not tried again at once."""
    monkeypatch.setattr(collector, "NAMED_WITHIN", 0.2)
    monitor = ActivityMonitor()
    [delivery] = at_home([monitor], [enrolled(monitor)], 1)
    assert isinstance(delivery.error, UnsupportedDevice)
    assert (delivery.ended, delivery.batches, delivery.rejects) == ("failed", (), ())


def test_one_address_cannot_be_two_devices():
    """An enrolment that says so is refused at once."""
    cuff = AndCuff(PRESSURES, now=radio_now)
    with pytest.raises(ValueError, match="enrolled twice"):
        at_home([cuff], [enrolled(cuff), enrolled(cuff)], 1)


def test_without_a_radio_the_home_says_so():
    """Transient: somebody has to plug it in."""

    class NoRadio:
        def __init__(self, *_arguments, **_options):
            pass

        async def start(self):
            raise BleakError("no adapter")

    async def scene():
        async for _ in collect_home([], SeenInMemory(), zone=TOKYO, scanner_backend=NoRadio):
            raise AssertionError("nothing can be collected")

    with pytest.raises(Transient, match="no Bluetooth radio"):
        asyncio.run(scene())


def test_a_radio_that_goes_away_is_told():
    """The scan cannot go on after a connection was made."""
    cuff = OmronCuff(PRESSURES, now=radio_now)

    async def scene():
        async with on_radio(cuff) as radio:

            class Unplugged(radio.scanner_backend):
                started = 0

                async def start(self):
                    Unplugged.started += 1
                    if Unplugged.started > 1:
                        raise BleakError("gone")
                    await super().start()

                async def stop(self):
                    await super().stop()
                    if Unplugged.started > 1:
                        raise BleakError("gone")

            radio.scanner_backend = Unplugged
            return await deliveries(radio, [enrolled(cuff, {1: "mother"})], SeenInMemory(), 3)

    with pytest.raises(Transient, match="no Bluetooth radio"):
        asyncio.run(scene())


def test_a_device_that_does_not_bond_waits_for_its_owner():
    """Ten minutes of peace, not a request a second: while a lost link is tried again at once, this is not."""
    cuff = OmronCuff(PRESSURES, now=radio_now, faults=Faults(fails_pairing=True))
    meter = GlucoseMeter([GlucoseReading(1, MORNING, 91)], now=radio_now, faults=Faults(silent_after=0))
    taken = at_home([cuff, meter], [enrolled(cuff), enrolled(meter)], 3)
    assert [type(each.error) for each in taken if each.device.address == cuff.address] == [BondFailed]
    assert [type(each.error) for each in taken if each.device.address == meter.address] == [NoAnswer] * 2


def test_each_value_is_kept_with_its_device_before_anything_else():
    """The gateway writes it down in the callback."""
    kept = []
    cuff = OmronCuff(PRESSURES, now=radio_now)
    at_home(
        [cuff], [enrolled(cuff, {1: "m"})], 1, keep=lambda device, value: kept.append((device.key, value.at))
    )
    assert kept == [(cuff.address, gateway_now())] * 4


def test_the_collector_declares_what_it_can_deliver():
    """Every code is in the vocabulary; services that are not listened to give nothing."""
    assert set(VITALS) >= COVERAGE > coverage("1810") == {"85354-9"}
    assert coverage("183E") == frozenset()


def test_one_index_cannot_be_two_people():
    """An enrolment that says so is refused."""
    assert people_of([(1, "mother"), (2, "father"), (1, "mother")]) == {1: "mother", 2: "father"}
    with pytest.raises(ValueError, match="two persons"):
        people_of([(1, "mother"), (1, "father")])
