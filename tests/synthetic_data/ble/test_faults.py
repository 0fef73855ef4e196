"""Each fault of a device, seen by a plain client; the same fault is the same each time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from bleak.exc import BleakError, BleakGATTProtocolError

from synthetic_data.ble import glucose, oximeter, wire
from synthetic_data.ble.and_family import AndCuff
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.faults import Faults, noise
from synthetic_data.ble.glucose import GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.oximeter import PulseOximeter, SpotCheck
from synthetic_data.ble.radio import Radio
from synthetic_data.ble.sensor import GlucoseSensor
from tests.synthetic_data.ble.air import at, dump, linked, on_air

pytestmark = pytest.mark.ble

BEATS = [Beat(60 + number) for number in range(6)]
PRESSURES = [BloodPressure(120 + number, 80, time=at(7, number), user=1) for number in range(5)]
RECORDS = [GlucoseReading(number, at(7, number), 90 + number) for number in range(6)]


def beats_with(count=6, **faults):
    """So many values, and all that come besides: what a client hears of six beats."""

    async def scene(ear):
        await ear.listen("2a37")
        await ear.until(count)
        await asyncio.sleep(0.1)
        return ear.of("2a37")

    device = HeartRateStrap(BEATS, per_second=1000, repeat=False, faults=Faults(**faults))
    return on_air(device, scene)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, ["60", "61", "62", "63", "64", "65"]),
        ({"swapped": frozenset({2})}, ["60", "62", "61", "63", "64", "65"]),
        ({"swapped": frozenset({6})}, ["60", "61", "62", "63", "64", "65"]),
        ({"duplicated": frozenset({1, 3})}, ["60", "60", "61", "62", "62", "63", "64", "65"]),
        ({"silent_after": 2}, ["60", "61"]),
        (
            {"swapped": frozenset({1}), "duplicated": frozenset({2})},
            ["61", "61", "60", "62", "63", "64", "65"],
        ),
    ],
)
def test_values_come_late_twice_or_not_at_all(faults, expected):
    """Exchanged, duplicated and missing values, alone and together."""
    assert [str(value[1]) for value in beats_with(len(expected), **faults)] == expected


def test_a_value_arrives_short_or_as_nonsense():
    """One byte short; or bytes of the same length that are the same each time."""
    heard = beats_with(truncated=frozenset({1}), garbage=frozenset({2}))
    assert heard[:3] == [bytes((0,)), noise(2, 2), bytes((0, 62))]
    assert noise(2, 2) != noise(3, 2)


def test_a_lost_link_loses_nothing_that_was_not_confirmed():
    """After two values in each link the cuff needs three links for five readings; none comes twice."""
    device = AndCuff(PRESSURES, faults=Faults(lose_link_after=2))

    async def scenes():
        told = []
        async with Radio() as radio:
            await radio.add(device)
            for _ in range(3):
                async with linked(radio, device, pair=True) as ear:
                    told.append(len(await dump(ear, "2a35")))
        return told

    assert asyncio.run(scenes()) == [2, 2, 1]
    assert device.sent == 5
    assert device.connections == 3


def test_a_lost_link_in_a_procedure_can_be_taken_up_again():
    """The meter keeps its records: asking from the next number brings the rest."""
    device = GlucoseMeter(RECORDS, faults=Faults(lose_link_after=4))

    async def scenes():
        numbers = []
        async with Radio() as radio:
            await radio.add(device)
            for request in ("0101", "0103010400"):
                async with linked(radio, device, pair=True) as ear:
                    await ear.listen("2a18", "2a52")
                    await ear.client.write_gatt_char("2a52", bytes.fromhex(request), response=True)
                    await ear.until(4 if request == "0101" else 3)
                    numbers.append([value[1] for value in ear.of("2a18")])
        return numbers

    assert asyncio.run(scenes()) == [[0, 1, 2, 3], [4, 5]]


def test_a_device_that_stops_answering_never_completes_its_procedure():
    """The link stays, the answer does not come, other values can still be read."""
    device = GlucoseMeter(RECORDS, faults=Faults(silent_after=3))

    async def scene(ear):
        await ear.listen("2a18", "2a52")
        with pytest.raises(TimeoutError):
            await ear.ask(b"\x01\x01", seconds=0.2)
        assert len(ear.of("2a18")) == 3
        assert ear.of("2a52") == []
        assert await ear.client.read_gatt_char("2a19") == b"\x64"

    on_air(device, scene, pair=True)


def test_a_device_that_never_answers_leaves_even_a_count_open():
    """Silent from the start."""

    async def scene(ear):
        await ear.listen("2a52")
        with pytest.raises(TimeoutError):
            await ear.ask(b"\x04\x01", seconds=0.2)

    on_air(GlucoseMeter(RECORDS, faults=Faults(silent_after=0)), scene, pair=True)


def test_a_clock_that_was_reset_counts_from_2000():
    """The first reading was at 2000-01-01 00:00 for the device; the distances between readings stay."""
    device = AndCuff(PRESSURES, faults=Faults(clock="reset"))
    expected = [wire.date_time(at(0, number).replace(year=2000, month=1, day=1)) for number in range(5)]

    async def scene(ear):
        assert (await ear.client.read_gatt_char("2a08"))[:4] == bytes.fromhex("D0070101")
        return await dump(ear, "2a35")

    assert [value[7:14] for value in on_air(device, scene, pair=True)] == expected


def test_a_clock_that_drifts_is_wrong_in_readings_until_it_is_set():
    """Setting it corrects what it shows, never what it stored."""
    device = GlucoseMeter(RECORDS, faults=Faults(drift_seconds=-90))

    async def scene(ear):
        client = ear.client
        assert await client.read_gatt_char("2a08") == wire.date_time(at(7, 3, 30))
        await client.write_gatt_char("2a08", wire.date_time(at(9)), response=True)
        assert await client.read_gatt_char("2a08") == wire.date_time(at(9))
        await ear.listen("2a18", "2a52")
        await ear.ask(b"\x01\x05")
        earlier = GlucoseReading(0, at(7) - timedelta(seconds=90), 90)
        assert ear.of("2a18") == [glucose.encode(earlier)]

    on_air(device, scene, pair=True)


def test_a_clock_can_refuse_to_be_set():
    """ATT error 0x80 and nothing changes; a device that waits for the time goes on all the same."""
    device = AndCuff(PRESSURES, faults=Faults(refuses_time=True))

    async def scene(ear):
        await ear.listen("2a35")
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ear.client.write_gatt_char("2a08", wire.date_time(at(9)), response=True)
        assert refused.value.code == 0x80
        await ear.gone.wait()
        assert len(ear.of("2a35")) == 5

    on_air(device, scene, pair=True)


@pytest.mark.parametrize(("value", "code"), [(b"\x00" * 10, 0x80), (wire.date_time(at(9)), 0x0D)])
def test_a_clock_refuses_impossible_times_and_other_lengths(value, code):
    """Ten bytes for 2A2B; the device's advertisement says whether its time is set."""
    device = OmronCuff(PRESSURES, faults=Faults(clock="reset"))
    assert device.manufacturer_data()[3] == 0b101

    async def scene(ear):
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ear.client.write_gatt_char("2a2b", value, response=True)
        assert refused.value.code == code
        await ear.client.write_gatt_char("2a2b", wire.current_time(at(9)), response=True)
        assert await ear.client.read_gatt_char("2a2b") == wire.current_time(at(9))

    on_air(device, scene, pair=True)
    assert device.manufacturer_data()[3] == 0b001


def test_a_sensor_whose_clock_was_reset_has_no_start_and_may_refuse_one():
    """All zero; 0x80."""
    device = GlucoseSensor(
        [], started=at(6), faults=Faults(clock="reset", refuses_time=True, battery_low=True)
    )

    async def scene(ear):
        assert await ear.client.read_gatt_char("2aaa") == bytes(9)
        assert (await ear.client.read_gatt_char("2aa9"))[2] == 0b10
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ear.client.write_gatt_char("2aaa", wire.date_time(at(9)) + b"\x24\x00", response=True)
        assert refused.value.code == 0x80

    on_air(device, scene, pair=True)


def test_an_oximeter_whose_clock_was_reset_says_so():
    """Flag "clock not set" beside the wrong time."""
    device = PulseOximeter([SpotCheck(97, 72, at(8))], faults=Faults(clock="reset"))
    wrong = SpotCheck(97, 72, at(0).replace(year=2000, month=1, day=1), clock_not_set=True)

    async def scene(ear):
        await ear.listen("2a5e", "2a52")
        await ear.ask(b"\x01\x01")
        assert ear.of("2a5e") == [oximeter.encode_spot(wrong)]

    on_air(device, scene)


def test_a_slow_device_takes_its_time_for_each_answer():
    """Reads and values wait; nothing is lost."""

    async def scene(ear):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await ear.client.read_gatt_char("2a38")
        assert loop.time() - started >= 0.05
        await ear.listen("2a37")
        await ear.until(2)
        assert loop.time() - started >= 0.15

    device = HeartRateStrap(BEATS, per_second=1000, repeat=False, faults=Faults(delay_seconds=0.05))
    on_air(device, scene)


def test_pairing_can_fail():
    """The error is bleak's, the link is closed, and the device can be tried again."""
    device = AndCuff(PRESSURES, faults=Faults(fails_pairing=True))

    async def scenes():
        async with Radio() as radio:
            await radio.add(device)
            for _ in range(2):
                with pytest.raises(BleakError, match="PAIRING_NOT_SUPPORTED"):
                    async with linked(radio, device, pair=True):
                        pass

    asyncio.run(scenes())
    assert device.connections == 2


def test_an_empty_battery_is_told_where_the_service_can():
    """Five percent; and the status of each glucose record."""
    device = GlucoseMeter(
        [GlucoseReading(1, at(7), 95, status=glucose.TOO_LOW)], faults=Faults(battery_low=True)
    )

    async def scene(ear):
        assert await ear.client.read_gatt_char("2a19") == b"\x05"
        await ear.listen("2a18", "2a52")
        await ear.ask(b"\x01\x01")
        assert int.from_bytes(ear.of("2a18")[0][-2:], "little") == glucose.TOO_LOW | glucose.BATTERY_LOW

    on_air(device, scene, pair=True)


def test_a_device_takes_its_faults_to_every_link():
    """Counted anew in each connection."""
    device = HeartRateStrap(BEATS, per_second=500, faults=Faults(lose_link_after=3))

    async def scenes():
        told = []
        async with Radio() as radio:
            await radio.add(device)
            for _ in range(2):
                async with linked(radio, device) as ear:
                    await ear.listen("2a37")
                    await ear.gone.wait()
                    told.append(len(ear.heard))
        return told

    assert asyncio.run(scenes()) == [3, 3]
