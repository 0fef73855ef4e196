"""Each profile over the virtual radio: found, connected, bonded, listened to, decoded."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ingest.ble.devices import UnsupportedDevice
from ingest.ble.link import OtherDevice
from ingest.ble.session import Found, Scanner, discover
from synthetic_data.ble.activity_monitor import ActivityMonitor
from synthetic_data.ble.and_family import AndCuff, AndScale, AndThermometer
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.cgm import SensorReading
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.glucose import Context, GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.oximeter import ONGOING, Continuous, PulseOximeter, SpotCheck
from synthetic_data.ble.scale import UserScale
from synthetic_data.ble.sensor import GlucoseSensor
from synthetic_data.ble.temperature import ARMPIT, Temperature, Thermometer
from synthetic_data.ble.user_data import Profile
from synthetic_data.ble.weight import Composition, Weighing
from tests.ingest.ble.home import NOON, at, collect, found_on, gateway_now, on_radio, radio_now

pytestmark = pytest.mark.ble

MORNING = NOON - timedelta(hours=5)
BODY = Composition(23.1, 6684, 35.4, 24.86, 54.015, 51.0, 39.5, 500.4, 70.24, 1.75)
PRESSURES = [BloodPressure(128 - i, 82, 97, 68, MORNING + timedelta(minutes=i), 1 + i % 2) for i in range(3)]


def run(device, *, passkeys=None, **plan):
    """One session with one device."""

    async def scene():
        async with on_radio(device, passkeys=passkeys) as radio:
            return await collect(radio, **plan)

    return asyncio.run(scene())


def values(collected, code, channel="value"):
    return [
        float(measured.values[channel])
        for arrival in collected.arrivals
        for measured in arrival.reading.measured
        if measured.code == code
    ]


def test_a_chest_strap_streams_until_the_time_is_over():
    """Rate and intervals; nothing is bonded, nothing is written."""
    strap = HeartRateStrap([Beat(75, (0.8,), contact=True)], per_second=50)
    collected = run(strap, deadline=4)
    assert collected.ended == "deadline"
    assert collected.error is None
    assert set(values(collected, "8867-4")) == {75}
    assert len(values(collected, "8637-1")) == len(collected.arrivals) > 5
    assert all(arrival.is_live for arrival in collected.arrivals)


def test_a_strap_without_contact_measures_nothing():
    """Each such value is counted."""
    stop = asyncio.Event()
    strap = HeartRateStrap([Beat(75, contact=False)], per_second=50)
    collected = run(strap, stop=stop, keep=lambda _value: stop.set())
    assert collected.arrivals == ()
    assert [reject.reason for reject in collected.rejects] == ["no-contact"]


def test_a_cuff_of_a_and_d_is_set_to_time_and_emptied_before_it_leaves():
    """Bond, time in seven bytes, subscription, all within its patience; the end of the link is the normal end."""
    cuff = AndCuff(PRESSURES, now=radio_now)
    collected = run(cuff)
    assert (collected.ended, collected.error) == ("left", None)
    assert values(collected, "85354-9", "systolic") == [128, 127, 126]
    assert collected.check.write == "accepted"
    assert cuff.clock.was_set
    assert cuff.unsent == []


def test_a_cuff_whose_maker_shows_only_after_connecting_is_treated_as_its_family():
    """The first packet of an advertisement may lack the name; the service of A&D tells what it wants."""
    cuff = AndCuff(PRESSURES, now=radio_now, name="Cuff")
    collected = run(cuff)
    assert (collected.ended, len(collected.arrivals), cuff.clock.was_set) == ("left", 3, True)


def test_a_scale_and_a_thermometer_of_a_and_d_do_the_same():
    """One family, one behaviour."""
    scale = run(AndScale([Weighing(70.24, MORNING)], now=radio_now))
    warm = run(AndThermometer([Temperature(36.4, MORNING, ARMPIT)], now=radio_now))
    assert (values(scale, "29463-7"), values(warm, "8310-5")) == ([70.24], [36.4])


def test_a_cuff_of_omron_is_bonded_with_its_passkey_and_tells_its_users():
    """The clock is left alone, because it is right."""
    cuff = OmronCuff(PRESSURES, passkey=123456, now=radio_now, inflation=(40, 90))
    collected = run(cuff, passkeys={cuff.address: 123456})
    assert (collected.ended, collected.error) == ("left", None)
    assert [arrival.reading.user for arrival in collected.arrivals] == [1, 2, 1]
    assert (collected.check.write, cuff._clock.was_set) == ("none", False)
    assert (collected.facts.maker, collected.facts.battery) == ("OMRON HEALTHCARE", 100)


def test_a_cuff_of_omron_is_set_when_it_is_far_off():
    """It told its time first; eleven minutes are more than ten."""
    cuff = OmronCuff(PRESSURES, now=radio_now, faults=Faults(drift_seconds=-660))
    collected = run(cuff)
    assert collected.check.device == NOON - timedelta(minutes=11)
    assert (collected.check.write, cuff._clock.was_set) == ("accepted", True)


def test_a_scale_of_several_users_gives_what_was_consented_to():
    """Weight and composition in two packets, of slot 1 only; the composition does not say the weight again."""
    weighings = [Weighing(70.24, MORNING, 1, 22.9, 1.75, composition=BODY), Weighing(55.5, MORNING, 2)]
    scale = UserScale(weighings, {1: Profile(1234), 2: Profile(4321)}, now=radio_now)
    collected = run(scale, consents={1: 1234})
    assert values(collected, "29463-7") == [70.24]
    assert values(collected, "41982-0") == [23.1]
    assert {arrival.reading.user for arrival in collected.arrivals} == {1}


def test_a_wrong_consent_code_is_counted_and_gives_nothing():
    """The scale refuses; nobody's data is taken."""
    collected = run(UserScale([Weighing(70.24, MORNING, 1)], {1: Profile(1234)}), consents={1: 1})
    assert collected.arrivals == ()
    assert "consent-refused" in [reject.reason for reject in collected.rejects]


def test_a_thermometer_tells_what_it_stored_and_not_what_is_still_rising():
    """Several indications in one link; the end is silence."""
    thermometer = Thermometer(
        [Temperature(36.4, MORNING), Temperature(36.7, NOON)], rising=(35.9,), now=radio_now
    )
    collected = run(thermometer)
    assert (collected.ended, values(collected, "8310-5")) == ("quiet", [36.4, 36.7])


def test_a_glucose_meter_is_asked_for_what_is_not_stored_yet():
    """Its clock is looked at and never set; meals are joined; the second visit asks from the next number on."""
    readings = [
        GlucoseReading(5, MORNING, 95, offset_minutes=15, status=0, context=Context((1, 0.05), meal=1)),
        GlucoseReading(6, NOON, 5.3, molar=True),
    ]
    meter = GlucoseMeter(readings, passkey=271828, now=radio_now, faults=Faults(drift_seconds=90))

    async def scene():
        async with on_radio(meter, passkeys={meter.address: 271828}) as radio:
            first = await collect(radio)
            again = await collect(radio, bookmark=_bookmark(6))
            return first, again

    first, again = asyncio.run(scene())
    assert values(first, "2339-0") == [95, pytest.approx(95.48, abs=0.1)]
    assert (first.ended, first.sequence, first.expected) == ("complete", 6, 2)
    assert first.check.device == NOON + timedelta(seconds=90)
    assert (first.check.write, meter._clock.was_set) == ("none", False)
    assert (again.arrivals, again.expected, again.error) == ((), 0, None)


def _bookmark(sequence):
    from ingest.ble.dedupe import Bookmark

    return Bookmark(sequence)


def test_a_meter_whose_numbers_began_again_is_read_from_the_start():
    """After an empty battery its newest number is below the one that is stored."""
    meter = GlucoseMeter(
        [GlucoseReading(n, MORNING + timedelta(minutes=n), 90 + n) for n in (1, 2)], now=radio_now
    )
    collected = run(meter, bookmark=_bookmark(700))
    assert [arrival.reading.sequence for arrival in collected.arrivals] == [1, 2]
    assert collected.sequence == 2


def test_a_glucose_sensor_gives_what_it_stored_and_then_what_it_measures():
    """Its start and zone place each record; checksums are checked."""
    stored = [SensorReading(5 * step, 110 + step) for step in range(4)]
    live = [SensorReading(20 + 5 * step, 120 + step) for step in range(60)]
    sensor = GlucoseSensor(stored, live=live, live_every_seconds=0.1, started=MORNING, checksum=True)
    stop = asyncio.Event()
    collected = run(sensor, stop=stop, keep=lambda value: value.is_stored or stop.set())
    assert values(collected, "99504-3")[:5] == [110, 111, 112, 113, 120]
    assert collected.arrivals[1].reading.at == MORNING + timedelta(minutes=5)
    assert collected.arrivals[0].reading.flags["utc_offset_seconds"] == 9 * 3600
    assert collected.expected == 4


def test_an_oximeter_gives_its_stored_checks_and_one_value_a_portion():
    """Seconds of a finger in the clip are summed up; the stored check keeps its own time."""
    running = [Continuous(97, 72 + step % 3, status=ONGOING) for step in range(60)]
    oximeter = PulseOximeter([SpotCheck(96, 70, MORNING)], running, per_second=20, now=radio_now)
    collected = run(oximeter, deadline=5, listen=1.25)
    stored = [arrival for arrival in collected.arrivals if arrival.reading.characteristic == "2A5E"]
    live = [arrival for arrival in collected.arrivals if arrival.reading.characteristic == "2A5F"]
    assert [arrival.reading.at for arrival in stored] == [MORNING]
    assert 1 <= len(live) <= 6
    assert {float(each.reading.measured[0].values["value"]) for each in live} == {97}


def test_an_activity_monitor_is_not_offered():
    """No row knows the profile, so a scan does not even tell it."""

    async def scene():
        async with on_radio(ActivityMonitor()) as radio:
            return await discover(0.2, scanner_backend=radio.scanner_backend)

    assert asyncio.run(scene()) == []


def test_two_devices_of_one_name_are_two():
    """Told apart by their addresses and their System IDs."""
    from synthetic_data.ble.identity import Identity

    one = AndCuff(
        PRESSURES[:1], identity=Identity("A&D", "UA-651BLE", "1"), name="A&D_UA-651BLE_X", now=radio_now
    )
    two = AndCuff(
        PRESSURES[1:], identity=Identity("A&D", "UA-651BLE", "2"), name="A&D_UA-651BLE_X", now=radio_now
    )

    async def scene():
        async with on_radio(one, two) as radio:
            found = await found_on(radio, 2)
            return {each.address: await collect(radio, found=each) for each in found}

    collected = asyncio.run(scene())
    assert {address: len(each.arrivals) for address, each in collected.items()} == {
        one.address: 1,
        two.address: 2,
    }


def test_another_device_at_the_address_is_left_alone():
    """Its System ID is not the one that was enrolled; nothing is taken from it."""
    cuff = OmronCuff(PRESSURES, now=radio_now)
    collected = run(cuff, system_id="0000000000000000")
    assert isinstance(collected.error, OtherDevice)
    assert (collected.arrivals, len(cuff.unsent)) == ((), 3)


def test_the_device_that_was_enrolled_is_known_by_its_system_id():
    """Read before anything else, whatever the family."""
    who = run(OmronCuff(PRESSURES, now=radio_now)).facts.system_id
    again = run(OmronCuff(PRESSURES, now=radio_now), system_id=who)
    other = run(AndCuff(PRESSURES, now=radio_now), system_id=who)
    assert len(who) == 16
    assert (again.error, len(again.arrivals)) == (None, 3)
    assert isinstance(other.error, OtherDevice)


def test_a_value_is_kept_before_it_is_looked_at():
    """A cuff forgets what was confirmed, so the bytes are written down first, garbage included."""
    kept = []
    cuff = AndCuff(PRESSURES, now=radio_now, faults=Faults(truncated=frozenset({2})))
    collected = run(cuff, keep=kept.append)
    assert [value.characteristic for value in kept] == ["2A35"] * 3
    assert len(collected.arrivals) == 2
    assert all(value.at == gateway_now() == at(NOON) for value in kept)


def test_a_stream_ends_when_somebody_stops_it():
    """What came until then is there."""

    async def scene():
        stop = asyncio.Event()
        async with on_radio(HeartRateStrap([Beat(75)], per_second=50)) as radio:
            return await collect(radio, stop=stop, keep=lambda _value: stop.set())

    collected = asyncio.run(scene())
    assert collected.ended == "stopped"
    assert collected.arrivals


def test_a_device_without_a_health_service_is_refused():
    """Somebody enrolled their headphones."""

    async def scene():
        async with on_radio(ActivityMonitor()) as radio:
            heard: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
            async with Scanner(
                radio.scanner_backend, on_heard=lambda each: heard.done() or heard.set_result(each)
            ):
                return await heard

    found = asyncio.run(scene())
    with pytest.raises(UnsupportedDevice, match="no health service"):
        _ = found.family
