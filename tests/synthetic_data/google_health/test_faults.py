"""Faults, late points, changed points and limits of the invented cloud."""

from __future__ import annotations

import json
import math
import time

import httpx
import pytest

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health.faults import NAMES, TRAITS
from tests.synthetic_data.google_health.visitor import Clock, a_cloud, seconds, visiting

WHOLE = (0, 4_000_000_000)
NOON, ONE = seconds("2026-11-19T03:00:00Z"), seconds("2026-11-19T04:00:00Z")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visitor(clock):
    with visiting(a_cloud(clock=clock)) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        ("unauthorized", 401, "UNAUTHENTICATED"),
        ("forbidden", 403, "PERMISSION_DENIED"),
        ("rate-limit", 429, "RESOURCE_EXHAUSTED"),
        ("server-error", 500, "INTERNAL"),
        ("unavailable", 503, "UNAVAILABLE"),
        ("not-linked", 400, "FAILED_PRECONDITION"),
    ],
)
def test_a_status_comes_when_it_was_asked_for(visitor, name, status, word):
    """After one good answer, twice, for one person and one type."""
    visitor.cloud.inject(name, user=1, kind="steps", skip=1, times=2, retry_after=3)
    assert visitor.list("distance").status_code == 200
    answers = [visitor.list("steps") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert answers[1].json()["error"]["status"] == word
    assert answers[1].headers.get("Retry-After") == ("3" if status == 429 else None)
    visitor.sign_in(2)
    assert visitor.list("steps").status_code == 200


def test_named_faults_hit_every_so_many_th_request():
    """The same requests meet the same faults."""
    with visiting(a_cloud(faults=["unavailable"])) as visitor:
        statuses = [visitor.list("steps").status_code for _ in range(15)]
        assert [n for n, status in enumerate(statuses, 1) if status == 503] == [7, 14]
        visitor.cloud.heal()
        assert {visitor.list("steps").status_code for _ in range(8)} == {200}


def test_each_named_fault_can_be_switched_on_and_no_other():
    """An unknown name is refused by name."""
    for name in NAMES:
        a_cloud(faults=[name])
    with pytest.raises(BadOptionError, match="bad-luck"):
        a_cloud(faults=["bad-luck"])
    assert set(NAMES) > TRAITS


def test_a_slow_answer_is_slow(visitor):
    """And right."""
    visitor.cloud.inject("slow", seconds=0.3, times=1)
    before = time.monotonic()
    assert visitor.list("steps").status_code == 200
    assert time.monotonic() - before >= 0.3


def test_a_truncated_answer_is_no_json(visitor):
    """Once, then whole."""
    visitor.cloud.inject("truncated", times=1)
    with pytest.raises(json.JSONDecodeError):
        visitor.list("steps").json()
    assert visitor.list("steps").json()["dataPoints"]


def test_a_token_may_repeat_for_ever(visitor):
    """A client that only looks for the end would never stop."""
    visitor.cloud.inject("repeated-token")
    token = visitor.list("steps", pageSize=5).json()["nextPageToken"]
    for _ in range(3):
        assert visitor.list("steps", pageSize=5, pageToken=token).json()["nextPageToken"] == token


@pytest.mark.parametrize("kind", ["steps", "sleep"])
def test_odd_pages_lose_nothing(visitor, kind):
    """An empty page with a token in the middle, ``{}`` at the end, and all points."""
    plain = visitor.all(kind, pageSize=2 if kind == "sleep" else 500)
    visitor.cloud.inject("odd-pages")
    pages, token = [], None
    while True:
        size = 2 if kind == "sleep" else 500
        pages.append(visitor.list(kind, pageSize=size, **({"pageToken": token} if token else {})).json())
        token = pages[-1].get("nextPageToken")
        if not token:
            break
    assert set(pages[1]) == {"nextPageToken"}
    assert pages[-1] == {}
    assert [point for page in pages for point in page.get("dataPoints", [])] == plain


def test_pages_may_be_smaller_than_asked(visitor):
    """Seen: far fewer points than the page size, and still more pages."""
    visitor.cloud.inject("small-pages")
    page = visitor.list("heart-rate", pageSize=10_000).json()
    assert len(page["dataPoints"]) == 500
    assert len(visitor.all("heart-rate", pageSize=10_000)) == len(
        visitor.cloud.truth(1, "heart-rate", *WHOLE)
    )


def test_civil_filters_may_find_nothing(visitor):
    """Seen once: 200 without a point."""
    text = 'steps.interval.civil_start_time >= "2026-11-18"'
    assert visitor.list("steps", filter=text).json() != {}
    visitor.cloud.inject("civil-filters-empty")
    assert visitor.list("steps", filter=text).json() == {}


def test_each_person_has_an_allowance_a_minute():
    """As many requests a minute as the limit says, each person for himself."""
    clock = Clock()
    with visiting(a_cloud(clock=clock, rate_limit=3, retry_after=7)) as visitor:
        statuses = [visitor.list("steps").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert visitor.list("steps").headers["Retry-After"] == "7"
        visitor.sign_in(2)
        assert visitor.list("steps").status_code == 200
        clock.now += 61
        visitor.sign_in(1)
        assert visitor.list("steps").status_code == 200


def test_late_points_appear_at_their_instant(visitor, clock):
    """The phone was off: the points of the hour come days later, the rest is there."""
    whole = visitor.all("heart-rate", pageSize=10_000)
    visitor.cloud.late(1, "heart-rate", NOON, ONE, until=clock.now + 3_000)
    early = visitor.all("heart-rate", pageSize=10_000)
    assert 0 < len(whole) - len(early) <= 60
    assert len(visitor.cloud.truth(1, "heart-rate", NOON, ONE)) == 0
    clock.now += 3_000
    assert visitor.all("heart-rate", pageSize=10_000) == whole
    visitor.cloud.late(1, "heart-rate", NOON, ONE, until=math.inf)
    assert visitor.all("heart-rate", pageSize=10_000) == early
    visitor.cloud.release(1, "heart-rate")
    assert visitor.all("heart-rate", pageSize=10_000) == whole


def test_a_value_may_be_written_anew_and_points_deleted(visitor):
    """A change reaches list, roll-up and truth; other people keep theirs."""
    day = seconds("2026-11-19T00:00:00Z")
    before = visitor.all("daily-resting-heart-rate")
    visitor.cloud.rewrite(1, "daily-resting-heart-rate", day, day + 86_400, 99)
    after = visitor.all("daily-resting-heart-rate")
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [point["dailyRestingHeartRate"]["beatsPerMinute"] for point in changed] == ["99"]
    last = visitor.all("sleep")[0]
    end = seconds(last["sleep"]["interval"]["endTime"])
    visitor.cloud.delete(visitor.cloud.person(1).health_user_id, "sleep", end, end + 1)
    assert last not in visitor.all("sleep")
    assert len(visitor.cloud.truth(2, "sleep", *WHOLE)) > 4


def test_traits_change_what_all_people_hold():
    """NaN, enum values that nobody knows, and a night whose stages are still computed."""
    with visiting(a_cloud(faults=sorted(TRAITS))) as visitor:
        texts = [visitor.list(kind).text for kind in ("daily-oxygen-saturation", "sleep", "active-minutes")]
        assert '"averagePercentage":"NaN"' in texts[0]
        assert '"type":"DEEPER"' in texts[1]
        assert '"recordingMethod":"EXTRAPOLATED"' in texts[2]
        newest = visitor.all("sleep")[0]["sleep"]
        assert newest["metadata"] == {}
        assert "stages" not in newest


@pytest.mark.parametrize(
    "wrong",
    [
        {"residents": 0},
        {"days": 0},
        {"heart_seconds": 0},
        {"consent": "maybe"},
        {"zone": "Moon/Tycho"},
        {"zone": "../x"},
    ],
)
def test_a_cloud_that_cannot_be_is_refused(wrong):
    """One error that names the option."""
    with pytest.raises(BadOptionError):
        a_cloud(**wrong)


def test_ten_thousand_people_start_at_once_and_are_served_fast():
    """A backlog of 10,000 people is made when asked for; pages of 10,000 heart rates come from memory."""
    before = time.process_time()
    cloud = a_cloud(residents=10_000, days=30, heart_seconds=5)
    with visiting(cloud, user=9_999) as visitor:
        page = visitor.list("heart-rate", pageSize=10_000)
        assert time.process_time() - before < 10
        assert len(page.json()["dataPoints"]) == 10_000
        before = time.process_time()
        for _ in range(5):
            assert len(visitor.list("heart-rate", pageSize=10_000).content) == len(page.content)
        assert 50_000 / (time.process_time() - before) > 30_000  # a floor for a busy machine, not the figure


def test_a_port_that_is_taken_is_one_error(visitor):
    """BadOptionError, and the first cloud goes on."""
    port = httpx.URL(visitor.urls["api"]).port
    for wrong in (port, -1, 99_999):
        with pytest.raises(BadOptionError), visiting_at(wrong):
            pass


def visiting_at(port):
    from synthetic_data.google_health.server import serve

    return serve(a_cloud(), port)
