"""Clocks of requests and leaks, over any moment and in the city's zone (R8-4, R8-6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.days import day_at
from phr.domain.rights_rules import (
    BadRules,
    Leak,
    due_on,
    extended,
    must_report,
    parsed,
    represents,
    rules,
    timers,
    tone,
)
from phr.errors import Invalid

TOKYO = ZoneInfo("Asia/Tokyo")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as Hypothesis wants
TEXT = resources.files("phr.domain").joinpath("rights.toml").read_text(encoding="utf-8")


@given(MOMENTS, st.integers(1, 60), st.sampled_from(["Asia/Tokyo", "Pacific/Auckland", "America/New_York"]))
def test_the_due_day_is_counted_in_the_days_of_the_city(at, days, name):
    """Thirty days after the civil day of the request, whatever the weekday, the holiday or the server's zone."""
    zone = ZoneInfo(name)
    due = due_on(at, days, zone)
    assert (due - day_at(at, zone)).days == days
    assert tone(due, due, decided=False) in {"soon", "in-time"}
    assert tone(due, due + timedelta(days=1), decided=False) == "late"
    assert tone(due, due + timedelta(days=999), decided=True) == "done"


def test_a_request_a_minute_before_midnight_belongs_to_that_day():
    """23:59 in Tokyo is 14:59 in UTC; a minute later a day is gained."""
    before = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)
    assert due_on(before, 30, TOKYO) == date(2026, 12, 20)
    assert due_on(before + timedelta(minutes=1), 30, TOKYO) == date(2026, 12, 21)


@given(st.integers(-5, 80), st.integers(-5, 40))
def test_an_extension_is_later_never_beyond_the_law_and_only_in_time(more, elapsed):
    """One rule for every pair of days: accepted exactly inside the window."""
    due = date(2026, 12, 20)
    until, today = due + timedelta(days=more), due + timedelta(days=elapsed - 20)
    allowed = 0 < more <= 30 and today <= due
    if allowed:
        assert extended(due, until, "the hospital has not answered", today) == until
    else:
        with pytest.raises(Invalid):
            extended(due, until, "the hospital has not answered", today)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_an_extension_needs_a_reason(reason):
    """The person reads it."""
    with pytest.raises(Invalid) as caught:
        extended(date(2026, 12, 20), date(2026, 12, 30), reason, date(2026, 12, 1))
    assert caught.value.field == "reason"


@pytest.mark.parametrize(
    ("as_whom", "proof", "age", "field"),
    [
        ("self", "", None, ""),
        ("guardian", "戸籍", 30, ""),
        ("guardian", "戸籍", 31, "proof_day"),
        ("ward", "登記", -1, "proof_day"),
        ("proxy", "", 1, "proof"),
        ("proxy", "委任状", None, "proof_day"),
        ("neighbour", "", 1, "as_whom"),
    ],
)
def test_a_representative_shows_a_proof_not_older_than_thirty_days(as_whom, proof, age, field):
    """[S140]: a legal representative, an adult ward's, or one who was appointed."""
    today = date(2026, 11, 21)
    day = None if age is None else today - timedelta(days=age)
    if not field:
        represents(as_whom, proof, day, today)
        return
    with pytest.raises(Invalid) as caught:
        represents(as_whom, proof, day, today)
    assert caught.value.field == field


@given(MOMENTS, st.booleans())
def test_the_reports_of_a_leak_are_due_on_the_fifth_and_the_thirtieth_or_sixtieth_day(at, malicious):
    """The day on which it became known is the first day; nothing moves because of weekends."""
    found = {one.what: one for one in timers(Leak(at, 1, encrypted=False, malicious=malicious), TOKYO)}
    first = day_at(at, TOKYO)
    assert (found["preliminary"].due - first).days == 4
    assert (found["preliminary"].soon - first).days == 2
    assert (found["persons"].due - first).days == 4
    assert (found["final"].due - first).days == (59 if malicious else 29)


@given(MOMENTS, st.integers(0, 70), st.booleans())
def test_a_report_is_in_time_then_soon_then_late_and_done_stays_done(at, elapsed, done):
    """The walk over all days: the colours come in this order."""
    leak = Leak(
        at, 3, encrypted=False, malicious=False, preliminary_done=done, told_done=done, final_done=done
    )
    today = day_at(at, TOKYO) + timedelta(days=elapsed)
    for one in timers(leak, TOKYO):
        expected = "in-time" if today < one.soon else "soon" if today <= one.due else "late"
        assert one.tone(today) == ("done" if done else expected)


@pytest.mark.parametrize(("persons", "encrypted", "owed"), [(0, False, 0), (1, False, 3), (999, True, 0)])
def test_one_person_is_enough_and_highly_encrypted_data_are_not_reported(persons, encrypted, owed):
    """Health data are sensitive: one person's must be reported [S137]."""
    leak = Leak(datetime(2026, 11, 21, tzinfo=UTC), persons, encrypted=encrypted, malicious=False)
    assert len(timers(leak, TOKYO)) == owed
    assert must_report(leak) == bool(owed)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("preliminary_days = 5", "preliminary_days = 50"),
        ("preliminary_soon_days = 3", "preliminary_soon_days = 0"),
        ('table = "audit_event"', ""),
        ("extension_days = 30", "extension_days = 'x'"),
        ("[provision]", "[provisions]"),
        ("[request]", "[request"),
    ],
)
def test_rules_that_contradict_themselves_stop_the_service(was, now):
    """Better than a clock that runs wrong."""
    assert was in TEXT
    with pytest.raises(BadRules):
        parsed(TEXT.replace(was, now, 1))
    assert parsed(TEXT) == rules()
