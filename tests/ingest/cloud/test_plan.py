"""Planning: no gap, no window twice, the same windows whatever the order, within the limits of the type."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cloud.notices import Interval, Notice
from ingest.cloud.plan import DAY, Bookmark, Window, plan
from ingest.cloud.types import TYPES
from ingest.errors import BadPayload
from tests.ingest.cloud.build import NOW, TOKYO, day

HOUR = timedelta(hours=1)
START = NOW - timedelta(days=100)
moments = st.integers(0, 730 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
kinds = st.sampled_from([kind for kind in TYPES.values() if kind.vitals])
zones = st.sampled_from(["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
intervals = st.builds(
    lambda start, minutes, civil: Interval(
        start,
        start + timedelta(minutes=minutes),
        start.date() if civil else None,
        (start + timedelta(minutes=minutes)).date() if civil else None,
    ),
    moments,
    st.integers(0, 5000),
    st.booleans(),
)


def notices_for(kind):
    return st.lists(
        st.builds(
            lambda spans: Notice("1", kind.name, "UPSERT", tuple(spans)),
            st.lists(intervals, max_size=3),
        ),
        max_size=5,
    )


def covers(windows, low, high):
    """Whether the windows hold everything from low to high."""
    for each in sorted(windows, key=lambda one: one.start):
        if each.start > low:
            break
        low = max(low, each.end)
    return low >= high


def read_until(bookmark, windows):
    for each in windows:
        bookmark = bookmark.after(each)
    return bookmark


@given(kind=kinds, zone=zones, now=moments, days=st.integers(0, 800), data=st.data())
def test_everything_since_the_start_is_covered_once(kind, zone, now, days, data):
    """What was read before, and the windows, leave no gap up to now; two windows share no record."""
    zone = ZoneInfo(zone)
    start = now - timedelta(days=days)
    mark = Bookmark(start)
    if data.draw(st.booleans()):
        earlier = start + (now - start) * data.draw(st.floats(0, 1))
        first = plan(kind, mark, earlier, zone=zone)
        mark = read_until(mark, first[: data.draw(st.integers(0, len(first)))])
    windows = plan(kind, mark, now, data.draw(notices_for(kind)), zone=zone)
    ordered = sorted(windows, key=lambda one: one.start)
    assert all(one.start < one.end for one in ordered)
    assert all(one.end <= two.start for one, two in pairwise(ordered))
    had = [] if mark.until is None else [Window(mark.since, mark.until, "recent", now)]
    low, high = start, now
    if kind.by_day:
        low, high = day(str(start.astimezone(zone).date())), day(str(now.astimezone(zone).date()))
    assert covers([*had, *windows], low, high)


@given(kind=kinds, now=moments, data=st.data())
@settings(max_examples=60)
def test_a_crash_at_any_window_skips_nothing(kind, now, data):
    """What a bookmark says was read had been read, after any number of syncs that each ended early."""
    start = now
    mark, done = Bookmark(start), []
    for _ in range(data.draw(st.integers(1, 6))):
        now += timedelta(hours=data.draw(st.integers(0, 900)))
        windows = plan(kind, mark, now, data.draw(notices_for(kind)))
        windows = windows[: data.draw(st.integers(0, len(windows)))]
        done += windows
        mark = read_until(mark, windows)
        if mark.until is not None:
            assert covers(done, mark.since, mark.until)
    windows = plan(kind, mark, now)
    mark = read_until(mark, windows)
    assert covers(done + windows, start + (DAY if kind.by_day else timedelta()), now - DAY)
    rest = plan(kind, mark, now)
    assert not any(each.reason == "back-fill" for each in rest)


@given(kind=kinds, now=moments, data=st.data())
def test_any_order_of_notices_gives_the_same_windows(kind, now, data):
    """Notifications come in no order, and more than once."""
    mark = Bookmark(now - 300 * DAY, now - 300 * DAY, now - DAY, now - DAY, now - DAY)
    notices = data.draw(notices_for(kind))
    shuffled = data.draw(st.permutations(notices)) + notices[:1]
    assert plan(kind, mark, now, notices) == plan(kind, mark, now, shuffled)


@given(kind=kinds, now=moments, days=st.integers(1, 800))
def test_no_window_is_longer_than_the_type_allows(kind, now, days):
    """14 and 90 days for roll-ups; a day of heart rates at once."""
    windows = plan(kind, Bookmark(now - days * DAY), now)
    assert all(each.end - each.start <= timedelta(days=kind.window_days) for each in windows)


@given(kind=kinds, now=moments, later=st.integers(0, 400))
def test_windows_are_cut_at_fixed_places(kind, now, later):
    """Roll-ups are anchored at the start of the request; two syncs must not make overlapping windows."""
    start = now - 300 * DAY
    first = {each.start for each in plan(kind, Bookmark(start), now)}
    second = {each.start for each in plan(kind, Bookmark(start), now + later * HOUR)}
    assert first <= second


def test_history_is_read_backwards():
    """The last days matter most to the person who has just connected."""
    windows = plan(TYPES["heart-rate"], Bookmark(NOW - 3 * DAY), NOW)
    assert [each.end for each in windows] == sorted((each.end for each in windows), reverse=True)
    assert {each.reason for each in windows} == {"back-fill"}


@pytest.mark.parametrize(
    ("quiet", "reason", "reach"),
    [
        (HOUR, "recent", timedelta(hours=3)),
        (DAY, "overlap", timedelta(days=3)),
        (8 * DAY, "wide", timedelta(days=14)),
    ],
)
def test_each_sync_reads_again_as_far_as_is_due(quiet, reason, reach):
    """Data of a day may arrive days later: a margin each time, days about daily, weeks weekly."""
    last = NOW - quiet
    mark = Bookmark(START, START, last, last, last)
    windows = plan(TYPES["steps"], mark, NOW)
    assert {each.reason for each in windows} == {reason}
    assert windows[0].start == (last - reach).replace(minute=0)
    assert windows[-1].end == NOW
    after = read_until(mark, windows)
    assert after.until == NOW
    assert after.overlap == (last if reason == "recent" else NOW)
    assert after.wide == (NOW if reason == "wide" else last)


def test_a_wide_re_read_that_broke_off_is_due_again():
    """Only its last window says that it was done."""
    last = NOW - 8 * DAY
    mark = Bookmark(START, START, last, last, last)
    windows = plan(TYPES["steps"], mark, NOW)
    assert len(windows) > 1
    assert read_until(mark, windows[:-1]).wide == last


def test_a_notice_of_old_data_makes_a_window_for_it():
    """Back-dated data is found without reading everything again."""
    moment = NOW - 50 * DAY
    notice = Notice("1", "steps", "UPSERT", (Interval(moment, moment + timedelta(minutes=5)),))
    mark = Bookmark(START, START, NOW, NOW, NOW)
    *_, last = plan(TYPES["steps"], mark, NOW, [notice])
    assert (last.reason, last.start) == ("notice", moment)
    assert last.end - last.start <= 2 * HOUR
    assert mark.after(last) == mark


def test_a_notice_of_a_night_is_widened_by_a_day():
    """It may name any part of the night, and sleep is found by its end."""
    moment = NOW - 50 * DAY
    notice = Notice("1", "sleep", "DELETE", (Interval(moment, moment),))
    *_, last = plan(TYPES["sleep"], Bookmark(START, START, NOW, NOW, NOW), NOW, [notice])
    assert last.start <= moment - DAY
    assert last.end >= moment + DAY


def test_a_notice_of_a_day_is_read_by_its_date_and_the_days_beside_it():
    """Which interval a daily type carries is not known; the person may be in another zone."""
    spot = date(2026, 7, 10)
    notice = Notice("1", "daily-resting-heart-rate", "UPSERT", (Interval(None, None, spot, spot),))
    kind = TYPES["daily-resting-heart-rate"]
    windows = plan(kind, Bookmark(START, START, NOW, NOW, NOW), NOW, [notice])
    (last,) = (each for each in windows if each.reason == "notice")
    assert last.by_day
    assert last.start <= day("2026-07-09")
    assert last.end >= day("2026-07-12")


def test_a_notice_for_another_type_changes_nothing():
    """Each type reads its own."""
    notice = Notice("1", "weight", "UPSERT", (Interval(NOW - 50 * DAY, NOW),))
    mark = Bookmark(START, START, NOW, NOW, NOW)
    assert plan(TYPES["steps"], mark, NOW, [notice]) == plan(TYPES["steps"], mark, NOW)


def test_a_notice_without_a_stretch_makes_the_wide_re_read_due():
    """What changed somewhere is looked for in the widest usual place."""
    mark = Bookmark(START, START, NOW, NOW, NOW)
    windows = plan(TYPES["steps"], mark, NOW, [Notice("1", "steps", "UPSERT")])
    assert {each.reason for each in windows} == {"wide"}


def test_the_total_of_a_day_waits_for_its_end():
    """A total that still grows would be another value at each sync."""
    windows = plan(TYPES["steps-day"], Bookmark(START), NOW, zone=TOKYO)  # noon in Tokyo
    assert max(each.end for each in windows) == day("2026-09-26")


def test_the_total_of_a_day_waits_for_the_device():
    """A day whose device was not in touch after its end is not known yet."""
    synced = datetime(2026, 9, 24, 14, 0, tzinfo=UTC)  # 23:00 in Tokyo
    windows = plan(TYPES["steps-day"], Bookmark(START), NOW, zone=TOKYO, synced=synced)
    assert max(each.end for each in windows) == day("2026-09-24")


def test_today_is_asked_for_wherever_it_has_begun():
    """A traveller's day may have begun before that of the city, and before that of the server."""
    windows = plan(TYPES["daily-resting-heart-rate"], Bookmark(START), NOW, zone=TOKYO)
    late = plan(TYPES["daily-resting-heart-rate"], Bookmark(START), NOW + 8 * HOUR, zone=TOKYO)
    assert max(each.end for each in windows) == day("2026-09-27")
    assert max(each.end for each in late) == day("2026-09-28")


def test_a_day_of_a_change_of_clocks_is_whole():
    """The night has 23 hours in New York; the window's span is the civil day's."""
    zone = ZoneInfo("America/New_York")
    spring = Window(day("2026-03-08"), day("2026-03-09"), "recent", NOW, by_day=True)
    low, high = spring.span(zone)
    assert high - low == 23 * 3_600_000_000


def test_a_start_in_the_future_asks_for_nothing():
    """A consent may begin tomorrow."""
    assert plan(TYPES["steps"], Bookmark(NOW + DAY), NOW) == []


@given(st.builds(Bookmark, moments, *[st.none() | moments] * 4))
def test_a_bookmark_survives_being_kept(mark):
    """It is kept as JSON beside the data."""
    assert Bookmark.from_json(mark.to_json()) == mark


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"start": 5},
        {"start": "2026-01-01"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"start": "2026-01-01T00:00:00Z", "else": "x"},
        {"start": "2026-01-01T00:00:00Z", "until": "soon"},
    ],
)
def test_a_broken_bookmark_is_one_clear_error(raw):
    """It is never taken for a fresh one: that would read everything again."""
    with pytest.raises(BadPayload, match="bookmark"):
        Bookmark.from_json(raw)
