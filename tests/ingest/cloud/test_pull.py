"""Reading pages: every rule of the API that an importer has got wrong before."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud import google_health
from ingest.cloud.google_health import Identity
from ingest.cloud.types import COLLECTED, LIMITS, TYPES
from ingest.errors import BadPayload, IngestError
from ingest.series import Reject
from tests.ingest.cloud.build import (
    NOW,
    SOURCE,
    TOKYO,
    answering,
    beat,
    client,
    day,
    page,
    problem,
    sample,
    starts,
    window,
)

HEART = TYPES["heart-rate"]
MOMENT = datetime(2026, 9, 25, 10, 4, 59, tzinfo=UTC)


def pull(answer, kind=HEART, span=None, **more):
    return list(client(answer).pull(kind, span or window(), zone=TOKYO, **more))


def asked(request):
    return {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}


def micros(moment):
    return int(moment.timestamp()) * 1_000_000


def test_an_int64_is_text_and_a_double_may_say_nan():
    """Rule 1: both are read; NaN is no value."""
    kind = TYPES["daily-sleep-temperature-derivations"]
    when = {"date": {"year": 2026, "month": 9, "day": 25}, "nightlyTemperatureCelsius": 34.0}
    point = {"dataSource": SOURCE, "dailySleepTemperatureDerivations": when}
    first = point | {"dailySleepTemperatureDerivations": when | {"baselineTemperatureCelsius": "NaN"}}
    span = window(day("2026-09-20"), day("2026-09-27"), by_day=True)
    (found,) = pull(answering(page(first)), kind, span)
    assert found.batch.series == ()
    assert [reject.reason for reject in found.batch.rejects] == ["no-value"]
    (found,) = pull(answering(page(beat(MOMENT, "49"))))
    assert found.batch.series[0].channels["value"].tolist() == [49.0]


def test_midnight_is_an_empty_time_and_the_last_page_may_be_empty():
    """Rule 2: proto3 leaves zeros out."""
    day_of = {"date": {"year": 2026, "month": 9, "day": 24}, "time": {}}
    after = {"date": {"year": 2026, "month": 9, "day": 25}, "time": {}}
    answer = answering(
        {
            "rollupDataPoints": [
                {"civilStartTime": day_of, "civilEndTime": after, "steps": {"countSum": "6859"}}
            ]
        }
    )
    span = window(day("2026-09-20"), day("2026-09-27"), by_day=True)
    (found,) = pull(answer, TYPES["steps-day"], span)
    assert starts(found) == {"41950-7": [micros(datetime(2026, 9, 23, 15, tzinfo=UTC))]}
    (empty,) = pull(answering({}))
    assert (empty.complete, empty.batch.series) == (True, ())


@pytest.mark.parametrize("kind", COLLECTED, ids=lambda kind: kind.key)
def test_each_type_is_asked_for_in_its_own_way(kind):
    """Rule 3: a wrong member or a wrong form of range is a 400; the page size is always sent."""
    answer = answering({})
    span = window(day("2026-09-25"), day("2026-09-26"), by_day=kind.by_day)
    pull(answer, kind, span)
    (request,) = answer.asked
    path = f"/v4/users/me/dataTypes/{kind.name}/dataPoints"
    if kind.read == "dailyRollUp":
        body = json.loads(request.content)
        assert (request.method, request.url.path) == ("POST", f"{path}:dailyRollUp")
        assert body["range"]["start"] == {"date": {"year": 2026, "month": 9, "day": 25}, "time": {}}
        assert (body["windowSizeDays"], body["pageSize"]) == (1, kind.page_size)
        return
    reconcile = ":reconcile" if kind.read == "reconcile" else ""
    assert (request.method, request.url.path) == ("GET", path + reconcile)
    sent = asked(request)
    assert sent["pageSize"] == str(kind.page_size)
    end = "2026-09-27" if kind.record == "sleep" else "2026-09-26"
    tail = "T00:00:00.000000Z" if kind.literal == "instant" else ""
    assert sent["filter"] == (f'{kind.filter} >= "2026-09-25{tail}" AND {kind.filter} < "{end}{tail}"')


def test_an_electrocardiogram_is_filtered_from_below_only():
    """Rule 3: its filter has no upper bound; what is beyond the window is cut here."""
    answer = answering({})
    pull(answer, TYPES["electrocardiogram"], window(day("2026-09-25"), day("2026-09-26")))
    assert "AND" not in asked(answer.asked[0])["filter"]


def test_exercise_is_filtered_by_civil_days():
    """Rule 3: physical time is a 400 there."""
    answer = answering({})
    pull(answer, TYPES["exercise"], window(day("2026-09-25"), day("2026-09-26"), by_day=True))
    assert asked(answer.asked[0])["filter"] == (
        'exercise.interval.civil_start_time >= "2026-09-25" AND '
        'exercise.interval.civil_start_time < "2026-09-26"'
    )


def test_a_night_without_civil_times_is_read():
    """Rule 4: sessions come without them; the start and the offset say it all."""
    night = {
        "interval": {
            "startTime": "2026-09-25T14:00:00Z",
            "startUtcOffset": "32400s",
            "endTime": "2026-09-25T22:00:00Z",
            "endUtcOffset": "32400s",
        },
        "summary": {"minutesAsleep": "444"},
    }
    (found,) = pull(answering(page({"dataSource": SOURCE, "sleep": night})), TYPES["sleep"])
    (series,) = found.batch.series
    assert (series.code, series.channels["value"].tolist()) == ("93832-4", [444.0])


def test_points_of_several_sources_are_kept_apart():
    """Rule 5: lists overlap; the rows of a phone and a watch are never one series."""
    phone = SOURCE | {"device": {"displayName": "P"}}
    (found,) = pull(answering(page(beat(MOMENT), beat(MOMENT, "61", phone))))
    assert sorted(series.source.key for series in found.batch.series) == [
        "FITBIT|P||passive",
        "FITBIT|W||passive",
    ]


def test_the_same_point_read_twice_has_the_same_identity():
    """Rule 6: points have no name; code, source and start are what they are known by."""
    answer = answering(page(beat(MOMENT)))
    (one,), (two,) = pull(answer), pull(answer)
    first, second = one.batch.series[0], two.batch.series[0]
    assert (first.code, first.source) == (second.code, second.source)
    assert first.start.tolist() == second.start.tolist() == [micros(MOMENT)]


def test_a_date_is_a_day_of_the_city_and_never_an_instant():
    """Rule 7: midnight in Tokyo, not in UTC; and it is in the window of its date."""
    point = {
        "dataSource": SOURCE,
        "dailyRestingHeartRate": {
            "date": {"year": 2026, "month": 9, "day": 25},
            "beatsPerMinute": "54",
        },
    }
    span = window(day("2026-09-25"), day("2026-09-26"), by_day=True)
    (found,) = pull(answering(page(point)), TYPES["daily-resting-heart-rate"], span)
    assert starts(found) == {"40443-4": [micros(datetime(2026, 9, 24, 15, tzinfo=UTC))]}


def test_there_is_no_blood_pressure_to_ask_for():
    """Rule 10: it comes from cuffs and from check-ups."""
    assert "85354-9" not in {code for kind in COLLECTED for code in kind.vitals}


def test_an_empty_page_with_a_token_is_not_the_last():
    """Paging stops when the token is missing or empty, and at nothing else."""
    answer = answering(page(beat(MOMENT), token="A"), {"nextPageToken": "B"}, page(beat(MOMENT), token=""))
    pages = pull(answer)
    assert [(each.next_token, each.complete) for each in pages] == [
        ("A", False),
        ("B", False),
        ("", True),
    ]
    assert [asked(request).get("pageToken") for request in answer.asked] == [None, "A", "B"]
    same = [asked(request) | {"pageToken": ""} for request in answer.asked]
    assert same[0] == same[1] == same[2]


def test_a_roll_up_goes_on_with_a_token_too():
    """The documents show none there; one that comes is followed."""
    answer = answering({"nextPageToken": "A"}, {})
    pull(answer, TYPES["steps-day"], window(day("2026-09-25"), day("2026-09-26"), by_day=True))
    assert [json.loads(request.content).get("pageToken") for request in answer.asked] == [None, "A"]


def test_reading_goes_on_from_a_token():
    """The pages before it are not asked for again."""
    answer = answering({})
    pull(answer, page_token="A")
    assert asked(answer.asked[0])["pageToken"] == "A"


@pytest.mark.parametrize("turns", [["A", "A"], ["A", "B", "A"]])
def test_a_token_that_comes_twice_is_an_error(turns):
    """A loop of pages would never end."""
    with pytest.raises(BadPayload, match="twice"):
        pull(answering(*({"nextPageToken": token} for token in turns)))


def test_more_pages_than_any_window_has_are_an_error(monkeypatch):
    """An endless supply of fresh tokens ends too."""
    monkeypatch.setattr(google_health, "LIMITS", replace(LIMITS, pages=50))
    numbers = iter(range(10**6))
    with pytest.raises(BadPayload, match="too many pages"):
        pull(lambda _: httpx.Response(200, json={"nextPageToken": str(next(numbers))}))
    assert next(numbers) == 50


def test_a_page_is_asked_for_when_it_is_wanted():
    """Whoever stops between two pages has asked for no more than what they took."""
    answer = answering(page(token="A"), page())
    pages = client(answer).pull(HEART, window(), zone=TOKYO)
    assert answer.asked == []
    next(pages)
    assert len(answer.asked) == 1


@pytest.mark.parametrize("token", ["x" * 5000, 5, ["A"], {"a": 1}])
def test_a_token_that_is_none_is_refused(token):
    """It would be sent back as it is."""
    with pytest.raises(BadPayload) as caught:
        pull(answering({"nextPageToken": token}))
    assert "xxx" not in str(caught.value)


def test_points_outside_the_window_are_cut():
    """A filter that the cloud does not follow must not bring what was not asked for."""
    span = window(MOMENT, MOMENT + timedelta(seconds=1))
    points = [beat(MOMENT - timedelta(seconds=1)), beat(MOMENT), beat(MOMENT + timedelta(seconds=1))]
    (found,) = pull(answering(page(*points)), span=span)
    assert starts(found) == {"8867-4": [micros(MOMENT)]}
    (none,) = pull(answering(page(points[0])), span=span)
    assert none.batch.series == ()


def test_points_of_another_type_are_dropped_and_counted():
    """The person agreed to what was asked for, type by type."""
    (found,) = pull(answering(page(beat(MOMENT))), TYPES["weight"])
    assert found.batch.series == ()
    assert found.batch.rejects == (Reject("not-asked-for", "weight", 1),)


def test_what_is_not_known_yet_is_data_and_no_failure():
    """Unknown enum values, members and types, and a missing offset, cost nothing but themselves."""
    strange = beat(MOMENT) | {"later": {"x": 1}}
    strange["heartRate"] = strange["heartRate"] | {"metadata": {"motionContext": "FLYING"}}
    del strange["heartRate"]["sampleTime"]["utcOffset"]
    (found,) = pull(answering(page(strange, {"dataSource": SOURCE, "moodOfCat": {"x": 1}})))
    assert starts(found) == {"8867-4": [micros(MOMENT)]}
    assert [reject.reason for reject in found.batch.rejects] == ["unknown-type"]


def test_a_missing_scope_is_counted_and_the_window_stays_unread():
    """The person unticked it: the type is skipped, and nobody thinks that it was read."""
    answer = answering(problem(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
    (found,) = pull(answer)
    assert found.batch.rejects == (Reject("scope-missing", "heart-rate"),)
    assert not found.complete
    assert len(answer.asked) == 1


def refusals(body):
    """What each of the three reads says to an answer."""
    source = client(lambda _: httpx.Response(200, content=body))
    told = []
    for read in (
        lambda: list(source.pull(HEART, window(), zone=TOKYO)),
        source.identity,
        source.last_sync,
    ):
        try:
            read()
        except IngestError as error:
            told.append(str(error))
    return told


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_pages_or_one_clear_error(body):
    """A hostile answer never raises anything else, and its words are not repeated."""
    ours = refusals(b"\xff")  # these words are not the answer's, though it may hold the same
    text = body.decode("utf-8", "replace")
    assert all(len(text) < 6 or text not in each for each in refusals(body) if each not in ours)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dataPoints", "nextPageToken", "error", "heartRate"]), inner)
    ),
    max_leaves=8,
)


@given(json_values, st.sampled_from([200, 400, 401, 403, 404, 429, 500]))
def test_any_json_with_any_status_is_pages_or_one_clear_error(value, status):
    """An error body may have any form."""
    body = json.dumps(value).encode()
    source = client(lambda _: httpx.Response(status, content=body))
    try:
        list(source.pull(HEART, window(), zone=TOKYO))
    except IngestError:
        return
    assert status == 200 or (status == 403 and b"SCOPE" in body)


def test_the_identity_is_asked_for_once_and_must_be_whole():
    """The answer with the tokens names nobody; notifications are found by this id."""
    found = client(answering({"healthUserId": "10", "legacyUserId": "ABC"})).identity()
    assert found == Identity("10", "ABC")
    for bad in ({}, {"healthUserId": ""}, {"healthUserId": "x" * 500}, {"healthUserId": "a\nb"}):
        with pytest.raises(BadPayload, match="identity"):
            client(answering(bad)).identity()


def test_the_last_sync_is_that_of_the_latest_tracker():
    """A scale says nothing about a day's steps; a person without the scope is asked no more."""
    devices = [
        {"deviceType": "TRACKER", "lastSyncTime": "2026-01-08T02:26:07Z"},
        {"deviceType": "TRACKER", "lastSyncTime": "soon"},
        {"deviceType": "TRACKER", "lastSyncTime": "2026-01-09T02:26:07"},
        {"deviceType": "SCALE", "lastSyncTime": "2026-01-10T02:26:07Z"},
    ]
    source = client(answering({"pairedDevices": devices}))
    assert source.last_sync() == datetime(2026, 1, 8, 2, 26, 7, tzinfo=UTC)
    assert client(answering({})).last_sync() is None
    assert client(answering(problem(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"))).last_sync() is None


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "key", "rows"),
    [
        ("list_heart_rate.json", "heart-rate", {"8867-4": 2}),
        ("list_sleep.json", "sleep", {"93832-4": 1, "sleep-stage": 2}),
        ("reconcile_sleep.json", "sleep", {"93832-4": 1, "sleep-stage": 2}),
        ("list_exercise.json", "exercise", {}),
    ],
)
def test_published_pages_are_read(file, key, rows):
    """Payloads as the API gives them."""
    kind = TYPES[key]
    span = window(NOW - timedelta(days=400), NOW + timedelta(days=400), by_day=kind.by_day)
    (found,) = pull(answering(sample(file)), kind, span)
    assert {series.code: len(series) for series in found.batch.series} == rows
    assert found.complete


@pytest.mark.shared
@pytest.mark.parametrize(
    "file", ["daily_types.json", "list_interval_types.json", "list_weight_body_fat.json"]
)
def test_published_pages_of_many_types_are_read(file):
    """Each by the type that it belongs to; types without a place in the vocabulary give nothing."""
    for name, pages in sample(file).items():
        kind = TYPES[name]
        span = window(NOW - timedelta(days=400), NOW + timedelta(days=400), by_day=kind.by_day)
        (found,) = pull(answering(pages), kind, span)
        assert bool(found.batch.series) == bool(kind.vitals)
        assert {series.code for series in found.batch.series} <= set(kind.vitals)


@pytest.mark.shared
def test_the_published_sequence_of_pages_is_read_to_its_end():
    """An empty page in the middle, and a last page without any member."""
    turns = sample("pagination_pages.json").values()
    pages = pull(answering(*turns))
    assert [each.complete for each in pages] == [False, False, True]
    assert sum(len(series) for each in pages for series in each.batch.series) == 1


@pytest.mark.shared
def test_published_roll_ups_identity_and_devices_are_read():
    """The answers beside the lists."""
    rollups = sample("rollups.json")
    span = window(NOW - timedelta(days=400), NOW, by_day=True)
    (found,) = pull(
        answering(rollups["dailyRollUp total-calories response"]), TYPES["total-calories-day"], span
    )
    assert [len(series) for series in found.batch.series] == [3]
    about = sample("profile_settings_identity_devices.json")
    assert client(answering(about["identity (proto-derived)"])).identity() == Identity(
        "1000000000000000001", "ABC123"
    )
    assert client(answering(about["pairedDevices"])).last_sync() == datetime(2026, 1, 8, 2, 26, 7, tzinfo=UTC)
