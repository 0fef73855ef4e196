"""What goes wrong at home: links that end, garbage, silence, slow and stubborn devices."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.ble import records
from ingest.ble.dedupe import Bookmark, SeenInMemory
from ingest.ble.link import BondFailed, LinkLost, NoAnswer
from ingest.ble.settle import commit, settle
from ingest.errors import Permanent, Transient
from synthetic_data.ble.and_family import AndCuff
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.glucose import GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.temperature import Temperature, Thermometer
from tests.ingest.ble.home import (
    NOON,
    QUICK,
    TOKYO,
    a_device,
    at,
    collect,
    found_on,
    on_radio,
    radio_now,
)

pytestmark = pytest.mark.ble

MORNING = NOON - timedelta(hours=5)
PRESSURES = [BloodPressure(120 + i, 80, 93, 70, MORNING + timedelta(minutes=i)) for i in range(6)]
SUGARS = [GlucoseReading(n, MORNING + timedelta(minutes=n), 90 + n) for n in range(1, 7)]


def cuff(**faults):
    return AndCuff(PRESSURES, now=radio_now, faults=Faults(**faults))


def meter(**faults):
    return GlucoseMeter(SUGARS, now=radio_now, faults=Faults(**faults))


def run(device, **plan):
    async def scene():
        async with on_radio(device) as radio:
            return await collect(radio, **plan)

    return asyncio.run(scene())


def visits(device, *faults):
    """One session under each of the faults, as a home runs them; every reading that was handed over."""

    async def scene():
        seen, home, got, all_collected = SeenInMemory(), a_device(), [], []
        async with on_radio(device) as radio:
            for fault in faults:
                device.faults = fault
                collected = await collect(radio, bookmark=seen.bookmark(home.key))
                all_collected.append(collected)
                found = settle(collected, home, seen, zone=TOKYO, now=at(NOON))
                got += [each.reading for each in found.people.get("mother", ())]
                commit(found, home, seen)
        return got, all_collected, seen.bookmark(home.key)

    return asyncio.run(scene())


def systolics(readings):
    return [int(each.measured[0].values["systolic"]) for each in readings]


def test_a_link_lost_in_the_middle_of_a_replay_costs_nothing():
    """The cuff keeps what was not confirmed; after the next visit each reading is there exactly once."""
    got, collected, _ = visits(cuff(), Faults(lose_link_after=3), Faults())
    assert sorted(systolics(got)) == [120, 121, 122, 123, 124, 125]
    assert [each.ended for each in collected] == ["left", "left"]


def test_records_lost_with_the_link_are_asked_for_again_from_where_nothing_is_missing():
    """The first visit brings three of six; the second begins behind them, and none comes twice."""
    got, collected, bookmark = visits(meter(), Faults(lose_link_after=3), Faults())
    assert sorted(each.sequence for each in got) == [1, 2, 3, 4, 5, 6]
    assert isinstance(collected[0].error, LinkLost)
    assert (collected[0].ended, collected[0].sequence) == ("lost", None)
    assert bookmark.sequence == 6


def test_a_bookmark_moves_over_what_came_without_a_gap_though_the_link_was_lost():
    """Number 2 was stored; 3 and 4 came; the next visit begins with 5."""

    async def scene():
        async with on_radio(meter(lose_link_after=2)) as radio:
            return await collect(radio, bookmark=Bookmark(2))

    assert asyncio.run(scene()).sequence == 4


@pytest.mark.parametrize("fault", ["truncated", "garbage"])
def test_a_spoiled_value_of_a_cuff_is_counted_and_the_others_are_kept(fault):
    """One byte short, or noise: five of six, and one reject at least."""
    collected = run(cuff(**{fault: frozenset({2})}))
    assert set(systolics(each.reading for each in collected.arrivals)) >= {120, 122, 123, 124, 125}
    assert (
        len(collected.arrivals) + sum(each.count for each in collected.rejects if each.field[:4] == "2A35")
        == 6
    )


def test_a_spoiled_record_is_asked_for_again():
    """Six were announced and five were sound: a meter keeps its records, so all six come."""
    collected = run(meter(truncated=frozenset({2})))
    assert sorted({each.reading.sequence for each in collected.arrivals}) == [1, 2, 3, 4, 5, 6]
    assert ("bad-payload", 1) in [(each.reason, each.count) for each in collected.rejects]
    assert collected.ended == "complete"


def test_records_that_never_come_are_counted_after_three_attempts(monkeypatch):
    """A meter that announces more than it has is not asked for ever."""
    number = records._count

    async def one_more(*arguments):
        return (await number(*arguments)) + 1

    monkeypatch.setattr(records, "_count", one_more)
    collected = run(meter())
    assert ("records-missing", 1) in [(each.reason, each.count) for each in collected.rejects]
    assert collected.sequence == 6


def test_values_that_change_places_end_in_order():
    """By number for a meter, by time for a cuff."""
    swapped = frozenset({1, 4})
    assert [each.reading.sequence for each in run(meter(swapped=swapped)).arrivals] == [1, 2, 3, 4, 5, 6]
    assert systolics(each.reading for each in run(cuff(swapped=swapped)).arrivals) == [
        120,
        121,
        122,
        123,
        124,
        125,
    ]


def test_values_that_come_twice_count_once():
    """The same bytes with the same time are the same reading."""
    got, collected, _ = visits(cuff(), Faults(duplicated=frozenset({1, 5})))
    assert len(collected[0].arrivals) == 8
    assert sorted(systolics(got)) == [120, 121, 122, 123, 124, 125]


def test_a_procedure_that_never_ends_is_aborted():
    """Two records, then silence and no answer: what came is kept, the session can be resumed."""
    collected = run(meter(silent_after=2))
    assert isinstance(collected.error, NoAnswer)
    assert isinstance(collected.error, Transient)
    assert [each.reading.sequence for each in collected.arrivals] == [1, 2]
    assert collected.ended == "failed"


def test_a_flood_of_records_is_aborted(monkeypatch):
    """Far more than were announced: a device that repeats itself for ever does not hold the radio."""
    monkeypatch.setattr(records, "SURPLUS", -20)
    collected = run(meter(delay_seconds=0.05))
    assert isinstance(collected.error, NoAnswer)


def test_a_cuff_that_falls_silent_ends_with_the_silence():
    """Nothing more comes, the link stays: it is closed from this side."""
    collected = run(cuff(silent_after=2))
    assert (collected.ended, len(collected.arrivals)) == ("quiet", 2)


def test_a_slow_cuff_is_waited_for_as_long_as_something_comes():
    """A fifth of a second before each value."""
    collected = run(cuff(delay_seconds=0.2))
    assert len(collected.arrivals) == 6


def test_a_deadline_ends_a_session_with_what_came():
    """The radio is needed elsewhere."""
    collected = run(cuff(delay_seconds=1), deadline=5, timeouts=replace(QUICK, quiet=10))
    assert collected.ended == "deadline"
    assert 0 < len(collected.arrivals) < 6


def test_a_device_that_does_not_bond_is_a_matter_for_its_owner():
    """Permanent: it has to be put into pairing mode; nothing was taken."""
    collected = run(OmronCuff(PRESSURES, now=radio_now, faults=Faults(fails_pairing=True)))
    assert isinstance(collected.error, BondFailed)
    assert isinstance(collected.error, Permanent)
    assert (collected.ended, collected.arrivals) == ("failed", ())


def test_a_device_that_forgot_its_bond_is_a_matter_for_its_owner():
    """It was paired with another phone meanwhile."""

    async def scene():
        device = OmronCuff(PRESSURES, now=radio_now)
        async with on_radio(device) as radio:
            await collect(radio)
            await device.forget_bonds()
            return await collect(radio)

    assert isinstance(asyncio.run(scene()).error, BondFailed)


def test_a_bond_is_made_when_a_device_asks_for_it():
    """The fallback rows do not bond first; a protected characteristic makes them."""
    from ingest.ble.devices import CATALOGUE

    generic = next(row for row in CATALOGUE.families if row.name.startswith("any glucose"))
    async_meter = GlucoseMeter(SUGARS, now=radio_now, name="Unknown meter")
    collected = run(async_meter, family=generic)
    assert (collected.error, len(collected.arrivals)) == (None, 6)


def test_a_device_may_be_bonded_before_its_services_are_looked_at():
    """Contour meters want it so."""
    from ingest.ble.devices import CATALOGUE

    row = replace(
        next(row for row in CATALOGUE.families if row.name.startswith("any glucose")), bond="connect"
    )
    assert len(run(GlucoseMeter(SUGARS, now=radio_now, name="x"), family=row).arrivals) == 6
    refuses = GlucoseMeter(SUGARS, now=radio_now, name="x", faults=Faults(fails_pairing=True))
    assert isinstance(run(refuses, family=row).error, BondFailed)


def test_a_clock_that_was_never_set_is_seen_before_it_is_set():
    """What the readings were stamped with must be known; the write comes after the look."""
    collected = run(cuff(clock="reset"))
    assert collected.check.device.year == 2000
    assert collected.check.write == "accepted"
    found = settle(collected, a_device(), SeenInMemory(), zone=TOKYO, now=at(NOON))
    assert {each.reason for each in found.quarantined} == {"clock-not-set"}
    assert len(found.quarantined) == 6


def test_a_device_that_refuses_the_time_is_left_in_peace_and_corrected():
    """ATT error 0x80 is no fault; the error of its clock is taken off its readings."""
    thermometer = Thermometer(
        [Temperature(36.4, MORNING)], now=radio_now, faults=Faults(refuses_time=True, drift_seconds=-300)
    )
    collected = run(thermometer)
    assert (collected.check.write, collected.error) == ("ignored", None)
    found = settle(collected, a_device(), SeenInMemory(), zone=TOKYO, now=at(NOON))
    [timed] = found.people["mother"]
    assert (timed.placed.instant, timed.placed.shift) == (at(MORNING), 300)


def test_a_stream_whose_link_is_lost_says_so():
    """A strap that walks out of the room."""
    collected = run(HeartRateStrap([Beat(75)], per_second=100, faults=Faults(lose_link_after=30)))
    assert collected.ended == "lost"
    assert len(collected.arrivals) == 30


def test_a_device_that_has_gone_cannot_be_connected():
    """It was heard a moment ago; the result says that trying again may help."""

    async def scene():
        async with on_radio(cuff()) as radio:
            found = (await found_on(radio))[0]
            await radio.remove(radio._devices[0])
            return await collect(radio, found=found, timeouts=replace(QUICK, connect=0.2))

    collected = asyncio.run(scene())
    assert isinstance(collected.error, NoAnswer)
    assert (collected.ended, collected.arrivals) == ("failed", ())


def test_a_device_that_answers_too_slowly_is_given_up():
    """Every step has its limit."""
    collected = run(meter(delay_seconds=0.5), timeouts=replace(QUICK, step=0.2))
    assert isinstance(collected.error, NoAnswer)
