"""A whole sync against a small cloud: nothing skipped, nothing twice, stopped within a page."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cloud.answers import AccountNotLinked
from ingest.cloud.notices import Interval, Notice
from ingest.cloud.plan import Bookmark
from ingest.cloud.sync import fresh, sync
from ingest.cloud.types import TYPES
from ingest.errors import NeedsReauthorisation, Transient
from tests.ingest.cloud.build import NOW, SOURCE, TOKYO, answering, beat, client, page, problem

HEART, STEPS, SLEEP, WEIGHT = (TYPES[key] for key in ("heart-rate", "steps", "sleep", "weight"))
BOUND = re.compile(r'(>=|<) "([^"]+)"')
DAY = timedelta(days=1)


class Cloud:
    """Heart rates by moment and nights by their end, filtered and paged as the API does, newest first."""

    def __init__(self, beats=(), nights=(), size=3):
        self.beats, self.nights, self.size = dict(beats), list(nights), size
        self.asked = 0

    def __call__(self, request):
        self.asked += 1
        low, high = (datetime.fromisoformat(text) for _, text in BOUND.findall(request.url.params["filter"]))
        if "/sleep/" in request.url.path:
            found = [night_of(*each) for each in sorted(self.nights, reverse=True) if low <= each[1] < high]
        else:
            moments = sorted((each for each in self.beats if low <= each < high), reverse=True)
            found = [beat(each, str(self.beats[each])) for each in moments]
        begin = int(request.url.params.get("pageToken", "0"))
        more = begin + self.size < len(found)
        return httpx.Response(
            200, json=page(*found[begin : begin + self.size], token=str(begin + self.size) if more else "")
        )


def night_of(start, end):
    text = {"startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    offsets = {"startUtcOffset": "32400s", "endUtcOffset": "32400s"}
    stages = [text | {"startUtcOffset": "32400s", "type": "LIGHT"}]
    return {"dataSource": SOURCE, "sleep": {"interval": text | offsets, "stages": stages}}


class Store:
    """What a service would keep: rows by identity, and the bookmarks, changed together."""

    def __init__(self, types, start):
        self.rows, self.marks, self.conflicts = {}, fresh(types, start), 0

    def take(self, step, *, delete_missing=True):
        for series in step.batch.series:
            values = series.channels["value"].tolist()
            for start, value in zip(series.start.tolist(), values, strict=True):
                self.rows[series.code, series.source.key, start] = value
        if step.reread is not None and delete_missing:
            self.retract(step.reread)
        kept = json.dumps(step.bookmark_after.to_json())
        self.marks[step.type.key] = Bookmark.from_json(json.loads(kept))

    def retract(self, reread):
        seen = {(each.code, each.source, start) for each in reread.seen for start in each.starts.tolist()}
        for key in [
            key for key in self.rows if key[0] in reread.codes and reread.start <= key[2] < reread.end
        ]:
            if key not in seen:
                del self.rows[key]

    def starts(self, code="8867-4"):
        return sorted(start for found, _, start in self.rows if found == code)


def run(cloud, store, types=(HEART,), *, now=NOW, stop=lambda: False, **more):
    steps = sync(client(cloud), types, store.marks, zone=TOKYO, now=now, stop=stop, **more)
    for step in steps:
        store.take(step)


def micros(moments):
    return sorted(int(each.timestamp()) * 1_000_000 for each in moments)


moments = st.integers(0, 20 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds + 1))


@given(st.sets(moments, max_size=25), st.integers(1, 5))
@settings(max_examples=30)
def test_everything_arrives_whatever_the_size_of_the_pages(beats, size):
    """The first sync reads history back to the start, and no further."""
    cloud = Cloud(dict.fromkeys(beats, 60), size=size)
    store = Store([HEART], NOW - 10 * DAY)
    run(cloud, store)
    assert store.starts() == micros(each for each in beats if each >= NOW - 10 * DAY)


@given(st.sets(moments, min_size=1, max_size=25), st.data())
@settings(max_examples=30)
def test_a_crash_at_any_step_repeats_and_never_skips(beats, data):
    """The step that was not stored is read again; what was stored is not lost."""
    cloud = Cloud(dict.fromkeys(beats, 60), size=2)
    store = Store([HEART], NOW - 10 * DAY)
    now = NOW
    for _ in range(data.draw(st.integers(0, 4))):
        left = data.draw(st.integers(0, 20))
        for step in sync(client(cloud), [HEART], store.marks, zone=TOKYO, now=now, stop=lambda: False):
            if left == 0:
                break
            store.take(step)
            left -= 1
        now += timedelta(hours=data.draw(st.integers(0, 40)))
    run(cloud, store, now=now)
    assert store.starts() == micros(each for each in beats if each >= NOW - 10 * DAY)


@given(st.sets(moments, max_size=15), st.sets(moments, max_size=8), st.data())
@settings(max_examples=30)
def test_late_changed_and_deleted_data_is_found(beats, late, data):
    """A weekly sync finds what arrived, changed or vanished within its reach; a notice, everything."""
    cloud = Cloud(dict.fromkeys(beats, 60))
    store = Store([HEART], NOW - 30 * DAY)
    run(cloud, store)
    gone = data.draw(st.sets(st.sampled_from(sorted(beats)), max_size=4)) if beats else set()
    for each in gone:
        del cloud.beats[each]
    cloud.beats |= dict.fromkeys(late, 70)
    touched = tuple(Interval(each, each + timedelta(seconds=1)) for each in gone | late)
    notices = [Notice("10", "heart-rate", "DELETE", (each,)) for each in touched]
    run(cloud, store, now=NOW + timedelta(hours=1), notices=data.draw(st.permutations(notices)))
    assert store.starts() == micros(cloud.beats)
    assert {key[2]: value for key, value in store.rows.items()} == {
        int(moment.timestamp()) * 1_000_000: float(value) for moment, value in cloud.beats.items()
    }


def test_a_re_read_gives_the_same_identities():
    """Reading the same days again adds no row."""
    cloud = Cloud({NOW - timedelta(hours=each): 60 for each in range(1, 40)})
    store = Store([HEART], NOW - 5 * DAY)
    run(cloud, store)
    before = dict(store.rows)
    asked = cloud.asked
    run(cloud, store, now=NOW + timedelta(minutes=1))
    assert store.rows == before
    assert 0 < cloud.asked - asked < asked


def test_a_night_across_the_edge_of_a_window_is_whole_and_not_retracted():
    """Nights are found by their end, and kept by their start; a window never takes another's night away."""
    ends = [NOW - each * DAY + timedelta(hours=11) for each in range(1, 70)]
    nights = [(end - timedelta(hours=9), end) for end in ends]
    cloud = Cloud(nights=nights, size=25)
    store = Store([SLEEP], NOW - 80 * DAY)
    for hours in (0, 1, 30, 300):
        run(cloud, store, [SLEEP], now=NOW + timedelta(hours=hours))
        assert store.starts("93832-4") == store.starts("sleep-stage") == micros(start for start, _ in nights)


def test_a_deleted_night_is_retracted():
    """Its minutes and its stages."""
    night = (NOW - timedelta(hours=20), NOW - timedelta(hours=12))
    cloud = Cloud(nights=[night])
    store = Store([SLEEP], NOW - 5 * DAY)
    run(cloud, store, [SLEEP])
    assert len(store.rows) == 2
    cloud.nights.clear()
    run(cloud, store, [SLEEP], now=NOW + timedelta(minutes=5))
    assert store.rows == {}


@pytest.mark.parametrize("bad", [{"sleep": {"interval": 5}}, None])
def test_a_window_with_a_point_that_cannot_be_read_retracts_nothing(bad):
    """A night whose stages are computed anew, or a broken point, is no deletion."""
    pending = night_of(NOW - timedelta(hours=20), NOW - timedelta(hours=12))
    pending["sleep"]["metadata"] = {"processed": False}
    answer = answering(page(bad or pending))
    (step,) = sync(
        client(answer), [SLEEP], fresh([SLEEP], NOW - DAY), zone=TOKYO, now=NOW, stop=lambda: False
    )
    assert step.reread is None
    assert step.complete
    assert step.bookmark_after.until == NOW


def test_a_type_does_not_speak_for_another_with_the_same_code():
    """Three types deliver VO2 max; a window of one says nothing about the rows of the others."""
    kinds = [TYPES[key] for key in ("vo2-max", "run-vo2-max", "daily-vo2-max")]
    marks = fresh(kinds, NOW - DAY)
    steps = list(sync(client(answering({})), kinds, marks, zone=TOKYO, now=NOW, stop=lambda: False))
    assert all(each.complete and each.reread is None for each in steps)
    assert len({each.type.key for each in steps}) == 3


def test_only_the_last_page_of_a_window_tells_what_is_gone():
    """After an earlier page nothing is known about the rest."""
    cloud = Cloud({NOW - timedelta(minutes=each): 60 for each in range(1, 8)})
    marks = {"heart-rate": Bookmark(NOW - timedelta(hours=2))}
    steps = list(sync(client(cloud), [HEART], marks, zone=TOKYO, now=NOW, stop=lambda: False))
    assert [each.reread is not None for each in steps] == [False, False, True]
    assert [each.bookmark_after.until for each in steps] == [None, None, NOW]
    (seen,) = steps[-1].reread.seen
    assert (seen.code, seen.source, len(seen.starts)) == ("8867-4", "FITBIT|W||passive", 7)
    assert np.all(np.diff(seen.starts) > 0)


@given(st.integers(0, 12))
@settings(max_examples=13)
def test_a_withdrawal_stops_the_sync_within_a_page(pages):
    """What was on its way when the consent ended is dropped, and nothing more is asked for."""
    cloud = Cloud({NOW - timedelta(hours=each): 60 for each in range(1, 60)}, size=2)
    withdrawn, taken = [], []

    def stop():
        return bool(withdrawn)

    def answer(request):
        if cloud.asked == pages:
            withdrawn.append(True)
        return cloud(request)

    marks = fresh([HEART], NOW - 5 * DAY)
    taken.extend(sync(client(answer), [HEART], marks, zone=TOKYO, now=NOW, stop=stop))
    assert cloud.asked == pages + 1
    assert len(taken) == pages


def test_nothing_is_asked_when_the_consent_has_ended_already():
    """Not even a first page."""
    cloud = Cloud()
    marks = fresh([HEART], NOW - DAY)
    assert list(sync(client(cloud), [HEART], marks, zone=TOKYO, now=NOW, stop=lambda: True)) == []
    assert cloud.asked == 0


@pytest.mark.parametrize(
    ("answer", "word", "field"),
    [
        (problem(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), "scope-missing", "weight"),
        (problem(400, "INVALID_DATA_POINT_FILTER"), "refused", "weight"),
        (problem(404), "refused", "weight"),
        (httpx.Response(200, text="<html>"), "bad-payload", "weight"),
        (httpx.Response(200, json={"dataPoints": 5}), "bad-payload", "dataPoints"),
    ],
)
def test_a_type_that_cannot_be_read_ends_alone_and_is_counted(answer, word, field):
    """The others go on; nobody finds an empty page without an error."""
    cloud = Cloud({NOW - timedelta(hours=1): 60})

    def mixed(request):
        return answer if "/weight/" in request.url.path else cloud(request)

    marks = fresh([WEIGHT, HEART], NOW - 200 * DAY)
    steps = list(sync(client(mixed), [WEIGHT, HEART], marks, zone=TOKYO, now=NOW, stop=lambda: False))
    (ended,) = [each for each in steps if each.type is WEIGHT]
    assert ended.problem == word
    assert [(each.reason, each.field) for each in ended.batch.rejects] == [(word, field)]
    assert ended.bookmark_after == marks["weight"]
    assert sum(len(series) for each in steps for series in each.batch.series) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(401), NeedsReauthorisation),
        (problem(403, "RESOURCE_PERMISSION_DENIED"), NeedsReauthorisation),
        (problem(400, "ACCOUNT_NOT_LINKED"), AccountNotLinked),
        (problem(503), Transient),
    ],
)
def test_what_concerns_the_whole_connection_ends_the_sync(answer, error):
    """Asking for the other types would fail in the same way."""
    marks = fresh([HEART, STEPS], NOW - DAY)
    with pytest.raises(error):
        list(sync(client(answering(answer)), [HEART, STEPS], marks, zone=TOKYO, now=NOW, stop=lambda: False))


def test_the_newest_days_of_all_types_come_before_the_older_of_any():
    """A person who has just connected sees today first."""
    marks = fresh([HEART, SLEEP], NOW - 90 * DAY)
    steps = list(sync(client(answering({})), [HEART, SLEEP], marks, zone=TOKYO, now=NOW, stop=lambda: False))
    ends = [each.window.end for each in steps]
    assert ends == sorted(ends, reverse=True)
    assert {each.type.key for each in steps[:2]} == {"heart-rate", "sleep"}


def test_new_data_comes_before_history():
    """An interrupted first sync goes on with what is new, then with the notices, then with history."""
    half = Bookmark(NOW - 20 * DAY, NOW - 10 * DAY, NOW - DAY, NOW - DAY, NOW - DAY)
    old = NOW - 8 * DAY
    notices = [Notice("10", "heart-rate", "UPSERT", (Interval(old, old),))]
    steps = sync(
        client(answering({})),
        [HEART],
        {"heart-rate": half},
        zone=TOKYO,
        now=NOW,
        notices=notices,
        stop=lambda: False,
    )
    reasons = [each.window.reason for each in steps]
    assert reasons == sorted(reasons, key=["overlap", "notice", "back-fill"].index)
    assert set(reasons) == {"overlap", "notice", "back-fill"}


def test_totals_of_days_wait_for_the_device():
    """A day that the device has not told to its end is not asked for."""
    bodies = []

    def answer(request):
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={})

    kind = TYPES["steps-day"]
    synced = datetime(2026, 9, 24, 3, tzinfo=UTC)
    marks = fresh([kind], NOW - 5 * DAY)
    list(sync(client(answer), [kind], marks, zone=TOKYO, now=NOW, stop=lambda: False, synced=synced))
    assert max(body["range"]["end"]["date"]["day"] for body in bodies) == 24
