"""Whose a reading is, when it was taken, and whether it came before, for any session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.ble.clock import Check, Checkpoint
from ingest.ble.dedupe import Bookmark, SeenInMemory
from ingest.ble.gathered import Arrival
from ingest.ble.reading import Measured, Reading
from ingest.ble.settle import commit, settle
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED
from tests.ingest.ble.home import NOON, TOKYO, a_device, a_pressure, at, brought, moment, right

MORNING = NOON - timedelta(hours=5)
PEOPLE = {1: "mother", 2: "father"}


def settled(collected, device=None, seen=None, **more):
    more.setdefault("now", at(NOON))
    return settle(collected, device or a_device(), seen or SeenInMemory(), zone=TOKYO, **more)


def instants(found, person="mother"):
    return [each.placed.instant for each in found.people.get(person, ())]


def reasons(found):
    return [each.reason for each in found.quarantined]


def test_a_reading_goes_to_its_person_at_its_time():
    """The plain case: clock right, one person."""
    found = settled(brought(a_pressure(MORNING), check=right()))
    assert instants(found) == [at(MORNING)]
    assert found.quarantined == ()


def test_two_users_get_their_own_readings_and_a_guest_is_kept_aside():
    """User 3 is not enrolled, 255 is unknown: both wait for somebody to decide."""
    readings = [a_pressure(MORNING + timedelta(minutes=u), user=u) for u in (1, 2, 3, 255)]
    found = settled(brought(*readings, check=right()), a_device(PEOPLE))
    assert (len(instants(found, "mother")), len(instants(found, "father"))) == (1, 1)
    assert reasons(found) == ["user-not-enrolled", "user-unknown"]
    assert [each.person for each in found.quarantined] == ["", ""]


def test_readings_of_a_clock_that_was_never_set_are_kept_aside_with_their_person():
    """The times are unknown; whose they are is not."""
    reset = moment(2000, 1, 1, 0, 5)
    found = settled(
        brought(a_pressure(reset), a_pressure(reset + timedelta(hours=1)), check=Check(reset, at(NOON)))
    )
    assert reasons(found) == ["clock-not-set", "clock-not-set"]
    assert {each.person for each in found.quarantined} == {"mother"}


def test_only_the_newest_reading_of_a_live_session_takes_the_time_of_receipt():
    """The device was switched on a moment ago: its last record was taken then, the one before was not."""
    reset = moment(2000, 1, 1, 0, 5)
    collected = brought(a_pressure(reset, 120), a_pressure(reset + timedelta(hours=1), 121), check=None)
    found = settled(collected, live=True)
    [timed] = found.people["mother"]
    assert timed.reading.measured[0].values["systolic"] == 121
    assert timed.placed.quality == LOW_CONFIDENCE
    assert reasons(found) == ["clock-not-set"]


def test_a_stored_reading_of_a_session_that_is_not_live_never_takes_the_time_of_receipt():
    """The cuff may have been found a week after the measurement."""
    found = settled(brought(a_pressure(None)), live=False)
    assert reasons(found) == ["no-time"]


def test_the_newest_by_number_counts_not_the_last_to_arrive():
    """A meter may send its newest record first."""
    found = settled(brought(a_pressure(None, 9, sequence=9), a_pressure(None, 8, sequence=8)), live=True)
    assert [each.reading.sequence for each in found.people["mother"]] == [9]


def test_a_record_of_the_future_is_kept_aside():
    """More than ten minutes ahead."""
    found = settled(brought(a_pressure(NOON + timedelta(hours=1)), check=right()))
    assert reasons(found) == ["time-in-future"]


def test_what_is_live_is_as_old_as_its_arrival_and_never_a_repeat():
    """75 beats twice in two seconds are two measurements."""
    beat = Reading("2A37", b"\x00\x4b", (Measured("8867-4", {"value": Decimal(75)}),))
    collected = replace(
        brought(), arrivals=(Arrival(beat, at(NOON), True), Arrival(beat, at(NOON) + 1, True))
    )
    assert instants(settled(collected)) == [at(NOON), at(NOON) + 1]


def sensor_reading(start, minutes, **flags):
    return Reading(
        "2AA7",
        b"same",
        (Measured("99504-3", {"value": Decimal(120)}),),
        start + timedelta(minutes=minutes),
        None,
        minutes,
        {"session_start_day": start.date().isoformat(), **flags},
    )


def test_a_sensor_that_says_its_zone_is_taken_at_its_word():
    """06:05 at nine hours east, whatever the zone of the home."""
    six = moment(2026, 11, 21, 6)
    exact = settled(brought(sensor_reading(six, 5, utc_offset_seconds=32400)))
    assumed = settled(brought(sensor_reading(six, 5)))
    assert instants(exact) == instants(assumed) == [at(six) + 300_000_000]
    assert [each.placed.quality for each in exact.people["mother"]] == [0]
    assert [each.placed.quality for each in assumed.people["mother"]] == [ZONE_ASSUMED]


def test_the_same_minute_and_value_of_the_next_sensor_is_another_reading():
    """Numbers begin again with each sensor."""
    one, two = moment(2026, 11, 1, 6), moment(2026, 11, 11, 6)
    found = settled(brought(sensor_reading(one, 5), sensor_reading(two, 5), sensor_reading(two, 5)))
    assert len(instants(found)) == 2
    assert found.repeated == 1


@pytest.mark.parametrize(
    ("start", "reason"), [(moment(2000, 1, 1), "clock-not-set"), (NOON, "time-in-future")]
)
def test_a_sensor_with_an_impossible_start_is_kept_aside(start, reason):
    """It was started before its clock was set, or says that it will be."""
    assert reasons(settled(brought(sensor_reading(start, 60)))) == [reason]


@given(st.datetimes(), st.one_of(st.none(), st.integers(-86_400, 86_400)))
def test_no_start_of_a_sensor_makes_the_rule_fail(start, seconds_east):
    """An instant that is not in the future, or a reason."""
    flags = {} if seconds_east is None else {"utc_offset_seconds": seconds_east}
    found = settled(brought(sensor_reading(start, 0, **flags)))
    assert all(instant <= at(NOON) + 600_000_000 for instant in instants(found))
    assert len(instants(found)) + len(found.quarantined) == 1


def test_the_bookmark_goes_forward_only_by_what_the_session_says():
    """It is the session that knows whether anything is missing."""
    seen = SeenInMemory(bookmarks={"cuff": Bookmark(4, Checkpoint(1, 2, 3))})
    none = settled(brought(a_pressure(MORNING, sequence=9)), seen=seen)
    some = settled(brought(a_pressure(MORNING, sequence=9), sequence=9, check=right()), seen=seen)
    assert none.bookmark == Bookmark(4, Checkpoint(1, 2, 3))
    assert some.bookmark == Bookmark(9, Checkpoint(at(NOON), 0, 0))


def test_nothing_is_remembered_before_it_is_durable():
    """Settling changes nothing; committing does."""
    seen, device = SeenInMemory(), a_device()
    found = settled(brought(a_pressure(MORNING)), device, seen)
    assert seen == SeenInMemory()
    commit(found, device, seen)
    again = settled(brought(a_pressure(MORNING)), device, seen)
    assert again.people == {}
    assert [(each.reason, each.count) for each in again.rejects] == [("repeated", 1)]


def test_a_quarantined_reading_is_asked_about_once():
    """It is durable in its quarantine; the next replay does not bring it again."""
    seen, device = SeenInMemory(), a_device(PEOPLE)
    collected = brought(a_pressure(MORNING, user=7))
    commit(settled(collected, device, seen), device, seen)
    assert settled(collected, device, seen).quarantined == ()


records = st.lists(
    st.tuples(st.integers(0, 500), st.integers(90, 200), st.sampled_from([1, 2, 3, 255])),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(records, st.lists(st.lists(st.integers(0, 11), max_size=14), max_size=5), st.randoms())
@settings(max_examples=60)
def test_replays_of_any_part_in_any_order_give_the_same_final_set(stored, replays, chance):
    """Sessions that are cut, repeated and shuffled bring each reading exactly once, each to its own person."""
    readings = [a_pressure(MORNING - timedelta(minutes=m), value, user=user) for m, value, user in stored]
    everything = list(range(len(readings)))
    chance.shuffle(everything)
    seen, device = SeenInMemory(), a_device(PEOPLE)
    got: dict[str, list[tuple[int, bytes]]] = {}
    for replay in [*replays, everything]:
        collected = brought(*(readings[i % len(readings)] for i in replay), check=right())
        found = settled(collected, device, seen)
        for person, timed in found.people.items():
            got.setdefault(person, []).extend((each.placed.instant, each.reading.raw) for each in timed)
        got.setdefault("", []).extend((0, each.reading.raw) for each in found.quarantined)
        commit(found, device, seen)
    expected: dict[str, list[tuple[int, bytes]]] = {"": []}
    for reading in readings:
        person = PEOPLE.get(reading.user or 0, "")
        expected.setdefault(person, []).append((at(reading.at) if person and reading.at else 0, reading.raw))
    assert {person: sorted(rows) for person, rows in got.items()} == {
        person: sorted(rows) for person, rows in expected.items()
    }
