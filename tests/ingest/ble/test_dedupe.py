"""A reading that is sent again is the same reading, whoever sends it and however often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.clock import Checkpoint
from ingest.ble.dedupe import Bookmark, SeenInMemory, further, phd_identifier, reading_key
from ingest.ble.reading import Reading
from tests.ingest.ble.home import moment

SEVEN = moment(2026, 11, 21, 7, 30)
SYSTEM = "74E8FFFEFF051C00"


def a_reading(raw=b"\x01", at=SEVEN, user=1, sequence=None) -> Reading:
    return Reading("2A35", raw, at=at, user=user, sequence=sequence)


@pytest.mark.parametrize(
    ("code", "at", "supplemental", "expected"),
    [
        (150020, SEVEN, (), f"{SYSTEM}-p1-150020-848561400"),
        (149530, moment(2026, 11, 21, 8), (150588,), f"{SYSTEM}-p1-149530-848563200-150588"),
    ],
)
def test_the_identifier_of_the_hl7_guide(code, at, supplemental, expected):
    """The device's own seconds since 2000, never the corrected time: two gateways make the same identifier."""
    assert phd_identifier(SYSTEM.lower(), "p1", code, at, supplemental) == expected


def test_a_sent_offset_and_a_duration_are_part_of_the_identifier():
    """Nine hours east are 36 quarters; a measurement of two minutes lasts 120 seconds."""
    made = phd_identifier(SYSTEM, "p1", 1, SEVEN, east_minutes=540, duration=120)
    assert made == f"{SYSTEM}-p1-1-848561400+36..120"


def test_the_same_record_sent_twice_has_one_key():
    """Cuffs that resend everything are the rule."""
    assert reading_key("d", a_reading(), "monday") == reading_key("d", a_reading(), "tuesday")


@pytest.mark.parametrize(
    "other",
    [a_reading(raw=b"\x02"), a_reading(user=2), a_reading(sequence=3), a_reading(user=None)],
)
def test_another_record_has_another_key(other):
    """Value, user and number each tell records apart."""
    assert reading_key("d", a_reading()) != reading_key("d", other)


def test_another_device_has_another_key():
    """Two cuffs of one make in one home."""
    assert reading_key("d", a_reading()) != reading_key("e", a_reading())


def test_a_record_without_time_and_number_is_told_by_its_session():
    """120/80 without a date today is not 120/80 without a date tomorrow."""
    undated = a_reading(at=None)
    assert reading_key("d", undated, "monday") != reading_key("d", undated, "tuesday")
    numbered = a_reading(at=None, sequence=7)
    assert reading_key("d", numbered, "monday") == reading_key("d", numbered, "tuesday")


@given(st.text(max_size=5), st.text(max_size=5), st.integers(0, 255), st.integers(0, 65535))
def test_fields_cannot_run_into_each_other(one, two, user, sequence):
    """A key is equal only if every part is."""
    first = reading_key(one, a_reading(user=user, sequence=sequence))
    second = reading_key(two, a_reading(user=user, sequence=sequence))
    assert (first == second) == (one == two)


def test_a_bookmark_keeps_what_a_session_did_not_tell():
    """A session without records does not forget the last number."""
    before = Bookmark(12, Checkpoint(1, 2, 3))
    assert further(before, None, None) == before
    assert further(before, 15, Checkpoint(4, 5, 6)) == Bookmark(15, Checkpoint(4, 5, 6))


def test_the_memory_of_tests_remembers():
    """What was added is there; a new device has an empty bookmark."""
    seen = SeenInMemory()
    seen.add("k")
    seen.advance("d", Bookmark(3))
    assert seen.has("k")
    assert not seen.has("l")
    assert (seen.bookmark("d"), seen.bookmark("e")) == (Bookmark(3), Bookmark())
