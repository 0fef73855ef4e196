"""FHIR dateTime texts, column-wise: each text against Python's own reading of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fhir_times import ASSUMED, BAD, DAY, OK, RICHER, parse

TOKYO = ZoneInfo("Asia/Tokyo")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START, END = datetime.fromisoformat("1901-01-01"), datetime.fromisoformat("2198-01-01")
zones = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.lists(st.datetimes(START, END, timezones=zones), max_size=6))
def test_any_mix_of_instants_is_read_exactly(instants):
    """With and without fraction, in any offset, in one column."""
    times = parse([instant.isoformat() for instant in instants], TOKYO)
    assert times.start.tolist() == [(instant - EPOCH) // timedelta(microseconds=1) for instant in instants]
    assert times.offset.tolist() == [int(instant.utcoffset().total_seconds()) for instant in instants]
    assert set(times.state.tolist()) <= {OK}


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_gets_a_state_and_never_an_error(texts):
    """Hostile text is BAD, not an exception."""
    assert len(parse(texts, TOKYO).state) == len(texts)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("2026-06-10T06:42:00Z", OK),
        ("2026-06-10T06:42:00.5Z", OK),
        ("2026-06-10T06:42:00", ASSUMED),
        ("2026-06-10T06:42:00.123", ASSUMED),
        ("2026-06-10", DAY),
        ("2026-06", RICHER),
        ("2026", RICHER),
        ("2026-06-10T06:42:00.1234567Z", RICHER),
        ("2026-13", BAD),
        ("2026-06-31", BAD),
        ("2025-02-29", BAD),
        ("2026-06-10T24:00:00Z", BAD),
        ("2026-06-10T06:42:60Z", BAD),
        ("2026-06-10T06:42Z", BAD),
        ("2026-06-10 06:42:00Z", BAD),
        ("2026-06-10T06:42:00.Z", BAD),
        ("2026-06-10T06:42:00+14:01", BAD),
        ("2026-06-10T06:42:00 09:00", BAD),
        ("1899-12-31T00:00:00Z", BAD),
        ("2200-01-01", BAD),
        ("２０２６-06-10", BAD),
        ("2026-06-10T06:42:00+09:00\0", BAD),
        ("9" * 1000, BAD),
        ("", BAD),
    ],
)
def test_each_form_has_its_state(text, state):
    """What FHIR allows but a column cannot hold is RICHER, the rest is BAD."""
    assert parse(["2026-06-10T06:42:00Z", text], TOKYO).state.tolist() == [OK, state]


def test_a_bare_date_begins_at_midnight_of_the_zone_of_that_day():
    """A zone with summer time has two midnights."""
    berlin = ZoneInfo("Europe/Berlin")
    times = parse(["2026-01-10", "2026-07-10"], berlin)
    assert times.offset.tolist() == [3600, 7200]
    assert times.start[0] == (datetime(2026, 1, 10, tzinfo=berlin) - EPOCH) // timedelta(microseconds=1)
