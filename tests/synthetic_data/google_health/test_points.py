"""List, reconcile, get, paging and filters of the invented cloud, over loopback HTTP."""

from __future__ import annotations

import pytest

from synthetic_data.google_health.kinds import KINDS
from tests.synthetic_data.google_health.visitor import a_cloud, instant, seconds, visiting

WHOLE = (0, 4_000_000_000)


@pytest.fixture(scope="module")
def visitor():
    cloud = a_cloud()
    with visiting(cloud) as found:
        yield found


def start_of(point, kind):
    payload = point[KINDS[kind].member]
    if "date" in payload:
        return tuple(payload["date"].values())
    return (
        payload["sampleTime"]["physicalTime"] if "sampleTime" in payload else payload["interval"]["startTime"]
    )


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if "L" in kind.ops])
def test_a_list_holds_the_truth_newest_first(visitor, kind):
    """Every point that is held comes once, descending by start."""
    points = visitor.all(kind, pageSize=700)
    truth = visitor.cloud.truth(1, kind, *WHOLE)
    starts = [start_of(point, kind) for point in points]
    assert len(points) == len(truth)
    assert starts == sorted(starts, reverse=True)
    if points and not kind.startswith("daily"):
        assert [seconds(start[:19] + "+00:00") for start in starts] == truth.start.tolist()
    if kind == "respiratory-rate-sleep-summary":
        assert {point.get("name") for point in points} <= {None, "users/x/dataPoints/"}
    else:
        assert all(("name" in point) == KINDS[kind].named for point in points)


@pytest.mark.parametrize(("kind", "field"), [("heart-rate", "beatsPerMinute"), ("steps", "count")])
def test_values_on_the_wire_are_the_values_held(visitor, kind, field):
    """int64 values are strings."""
    values = [point[KINDS[kind].member][field] for point in visitor.all(kind, pageSize=10_000)]
    assert values == [str(int(value)) for value in visitor.cloud.truth(1, kind, *WHOLE).value]


def test_phone_and_watch_overlap_in_the_list_and_not_in_the_reconciled_view(visitor):
    """A sum of raw points counts twice; the merged view has no data source and no instant twice."""
    raw, merged = visitor.all("steps", pageSize=10_000), visitor.all("steps", merged=True, pageSize=10_000)
    sums = [sum(int(point["steps"]["count"]) for point in points) for points in (raw, merged)]
    watch = [p for p in raw if p["dataSource"]["platform"] == "FITBIT"]
    best = sum(int(point["steps"]["count"]) for point in watch)
    assert best < sums[1] < sums[0]
    assert all(set(point) == {"steps"} for point in merged)
    assert len({start_of(point, "steps") for point in merged}) == len(merged)


def test_a_family_of_wearables_has_no_scale(visitor):
    """What came through Health Connect or by hand is not of the wearables; an unknown family is refused."""
    family = "users/me/dataSourceFamilies/"
    assert visitor.all("weight", merged=True)
    assert visitor.reconcile("weight", dataSourceFamily=f"{family}google-wearables").json() == {}
    assert visitor.reconcile("weight", dataSourceFamily=f"{family}google-sources").json() != {}
    refused = visitor.reconcile("weight", dataSourceFamily=f"{family}health-connect")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "Data family is missing or is not supported"


def test_civil_times_leave_out_zeros_and_midnight_is_an_empty_object(visitor):
    """proto3 JSON: ``"time":{}`` is 00:00."""
    points = visitor.all("heart-rate", pageSize=10_000)
    times = [p["heartRate"]["sampleTime"]["civilTime"]["time"] for p in points]
    assert {} in times
    assert all(0 not in time.values() for time in times)


def test_sessions_have_no_civil_times_and_sleep_covers_its_period(visitor):
    """Seen live: session intervals came without them; stages touch each other."""
    for point in visitor.all("sleep") + visitor.all("exercise"):
        assert set(next(iter(v for k, v in point.items() if k in {"sleep", "exercise"}))["interval"]) == {
            "startTime", "startUtcOffset", "endTime", "endUtcOffset",
        }  # fmt: skip
    for point in visitor.all("sleep"):
        spans = point["sleep"]["stages"]
        assert [s["endTime"] for s in spans[:-1]] == [s["startTime"] for s in spans[1:]]
        assert spans[0]["startTime"] == point["sleep"]["interval"]["startTime"]


def test_reconciled_sleep_repeats_its_summary_and_names_the_point(visitor):
    """Seen live: each entry of the summary of stages comes twice."""
    point = visitor.all("sleep", merged=True)[0]
    kinds = [row["type"] for row in point["sleep"]["summary"]["stagesSummary"]]
    assert set(point) == {"dataPointName", "sleep"}
    assert kinds[: len(kinds) // 2] == kinds[len(kinds) // 2 :]


def test_a_named_point_can_be_fetched_alone(visitor):
    """Get gives the listed point; an unknown id is 404, a type without get 400."""
    point = visitor.all("sleep")[0]
    path = point["name"].replace(visitor.cloud.person(1).health_user_id, "me")
    assert visitor.get(path).json() == point
    assert visitor.get(path[:-3] + "000").status_code == 404
    assert visitor.get("users/me/dataTypes/sleep/dataPoints/x").status_code == 404
    assert visitor.get("users/me/dataTypes/steps/dataPoints/8800000000000000001").status_code == 400


@pytest.mark.parametrize(
    ("kind", "size", "wanted"),
    [
        ("heart-rate", None, 50),
        ("steps", None, 1440),
        ("sleep", 9999, 25),
        ("steps", 20_000, 10_000),
        ("steps", 0, 1440),
    ],
)
def test_page_sizes_have_a_default_and_a_maximum(kind, size, wanted):
    """1440 and 10000; 25 for sessions; 50 was seen for heart rate without a size."""
    cloud = a_cloud(days=60)
    with visiting(cloud) as visitor:
        page = visitor.list(kind, **({} if size is None else {"pageSize": size})).json()
        assert len(page["dataPoints"]) == wanted
        assert page["nextPageToken"]


def test_a_token_is_bound_to_its_request(visitor):
    """All other parameters must be the same with a token."""
    token = visitor.list("steps", pageSize=5).json()["nextPageToken"]
    assert visitor.list("steps", pageSize=9, pageToken=token).status_code == 200
    for other in ("distance", "steps"):
        wrong = token if other == "distance" else "bm90LWEtdG9rZW4"
        assert visitor.list(other, pageToken=wrong).json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("kind", "member", "literal", "moment"),
    [
        ("heart-rate", "sample_time.physical_time", "2026-11-18T09:00:00Z", "2026-11-18T09:00:00+00:00"),
        (
            "heart-rate",
            "sample_time.physical_time",
            "2026-11-18T18:00:00.5+09:00",
            "2026-11-18T09:00:01+00:00",
        ),
        ("heart-rate", "sample_time.civil_time", "2026-11-18T18:00:00", "2026-11-18T09:00:00+00:00"),
        ("steps", "interval.start_time", "2026-11-18T09:00:00Z", "2026-11-18T09:00:00+00:00"),
        ("steps", "interval.civil_start_time", "2026-11-18", "2026-11-17T15:00:00+00:00"),
        ("sleep", "interval.end_time", "2026-11-18T09:00:00Z", "2026-11-18T09:00:00+00:00"),
        ("sleep", "interval.civil_end_time", "2026-11-18", "2026-11-17T15:00:00+00:00"),
        ("exercise", "interval.civil_start_time", "2026-11-18", "2026-11-17T15:00:00+00:00"),
        ("daily-resting-heart-rate", "date", "2026-11-18", "2026-11-18T00:00:00+00:00"),
    ],
)
def test_filters_cut_where_the_grammar_says(visitor, kind, member, literal, moment):
    """Both sides of a filter together are everything, and each side is the truth."""
    name = f"{KINDS[kind].prefix}.{member}"
    at = seconds(moment)
    after = visitor.all(kind, pageSize=10_000, filter=f'{name} >= "{literal}"')
    before = visitor.all(kind, pageSize=10_000, filter=f'{name} < "{literal}"')
    assert len(after) == len(visitor.cloud.truth(1, kind, at, WHOLE[1]))
    assert len(before) == len(visitor.cloud.truth(1, kind, WHOLE[0], at))
    assert after + before == visitor.all(kind, pageSize=10_000)


def test_sleep_may_be_filtered_with_or(visitor):
    """Only sleep knows OR."""
    ends = [point["sleep"]["interval"]["endTime"] for point in visitor.all("sleep")]
    text = f'sleep.interval.end_time >= "{ends[0]}" OR sleep.interval.end_time < "{ends[-1]}"'
    assert [p["sleep"]["interval"]["endTime"] for p in visitor.all("sleep", filter=text)] == [ends[0]]
    refused = visitor.list("steps", filter='steps.interval.start_time >= "2026-11-18T00:00:00Z" OR x')
    assert "OR" in refused.json()["error"]["details"][1]["fieldViolations"][0]["description"]


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("sleep", 'sleep.interval.civil_start_time >= "2026-09-25"', "DATA_TYPE_MEMBER"),
        ("exercise", 'exercise.interval.start_time >= "2026-09-25T00:00:00Z"', "DATA_TYPE_MEMBER"),
        (
            "daily-resting-heart-rate",
            'daily_resting_heart_rate.civil_date >= "2026-09-25"',
            "DATA_TYPE_MEMBER",
        ),
        ("steps", 'heart_rate.sample_time.physical_time >= "2026-09-25T00:00:00Z"', "DATA_TYPE_MEMBER"),
        ("steps", 'steps.interval.start_time > "2026-09-25T00:00:00Z"', "DATA_TYPE_OPERATOR"),
        (
            "electrocardiogram",
            'electrocardiogram.interval.start_time < "2026-09-25T00:00:00Z"',
            "DATA_TYPE_OPERATOR",
        ),
        ("steps", 'steps.interval.start_time >= "2026-09-25"', "DATA_TYPE_LITERAL"),
        ("steps", 'steps.interval.start_time >= "2026-13-25T00:00:00Z"', "DATA_TYPE_LITERAL"),
        ("steps", 'steps.interval.civil_start_time >= "2026-02-30"', "DATA_TYPE_LITERAL"),
        ("steps", "steps.interval.start_time >=", "MISSING_TOKEN"),
        ("steps", 'steps.interval.start_time >= "2026-09-25T00:00:00Z" AND', "MISSING_TOKEN"),
        ("steps", 'steps.interval.start_time >= "2026-09-25T00:00:00Z" and x', "SYNTAX"),
        ("steps", "steps.interval.start_time >= 5", "SYNTAX"),
        ("steps", '(steps.interval.start_time >= "2026-09-25T00:00:00Z")', "SYNTAX"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_reason(visitor, kind, text, reason):
    """400 INVALID_DATA_POINT_FILTER with the detailed reason."""
    answer = visitor.list(kind, filter=text)
    info = answer.json()["error"]["details"][0]
    assert answer.status_code == 400
    assert info["reason"] == "INVALID_DATA_POINT_FILTER"
    assert info["metadata"]["detailedReasons"] == f"INVALID_DATA_POINT_FILTER_{reason}"


def test_unknown_parameters_types_users_and_sizes_are_refused(visitor):
    """A client that invents something is told so."""
    assert "Cannot bind query parameter" in visitor.list("steps", page_size=5).json()["error"]["message"]
    assert visitor.list("steps", dataSourceFamily="x").status_code == 400
    assert (
        visitor.list("blood-pressure").json()["error"]["details"][0]["reason"]
        == "INVALID_PARENT_DATA_TYPE_COLLECTION"
    )
    assert visitor.list("floors").status_code == 400
    assert visitor.list("steps", pageSize="many").status_code == 400
    assert visitor.list("steps", pageSize=-1).status_code == 400
    assert visitor.get("users/1000000300000007919/dataTypes/steps/dataPoints").status_code == 400
    assert visitor.get("users/me/nothing").json()["error"]["status"] == "NOT_FOUND"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    """A test that fails can be run again."""
    bodies = []
    for seed in (3, 3, 4):
        with visiting(a_cloud(seed=seed)) as visitor:
            bodies.append(
                b"".join(visitor.list(k, pageSize=200).content for k in ("heart-rate", "sleep", "weight"))
            )
    assert bodies[0] == bodies[1] != bodies[2]


def test_a_traveller_has_other_offsets_and_no_point_twice():
    """Number 4 flies over the date line: offsets change with the place, and filters by instant still hold."""
    with visiting(a_cloud(), user=4) as visitor:
        points = visitor.all("heart-rate", pageSize=10_000)
        times = [p["heartRate"]["sampleTime"] for p in points]
        assert {time["utcOffset"] for time in times} == {"32400s", "-28800s"}
        assert len({time["physicalTime"] for time in times}) == len(times)
        for time in times[::500]:
            local = seconds(time["physicalTime"]) + int(time["utcOffset"][:-1])
            date, clock = time["civilTime"]["date"], time["civilTime"]["time"]
            wall = instant(local)
            assert wall == (
                f"{date['year']}-{date['month']:02d}-{date['day']:02d}T{clock.get('hours', 0):02d}:"
                f"{clock.get('minutes', 0):02d}:{clock.get('seconds', 0):02d}Z"
            )


def test_a_night_of_a_clock_change_has_two_offsets():
    """Clocks go back in New York on 2026-11-01: the sleep starts at -4 h and ends at -5 h."""
    with visiting(a_cloud(zone="America/New_York", days=25)) as visitor:
        sleeps = [point["sleep"]["interval"] for point in visitor.all("sleep")]
        assert [s["endTime"][:10] for s in sleeps if s["startUtcOffset"] != s["endUtcOffset"]] == [
            "2026-11-01"
        ]
        start, end = seconds("2026-11-01T04:00:00Z"), seconds("2026-11-02T05:00:00Z")
        truth = visitor.cloud.truth(1, "total-calories", start, end)
        found = visitor.daily("total-calories", "2026-11-01", "2026-11-02").json()["rollupDataPoints"]
        assert len(truth) == 25 * 60
        assert found[0]["totalCalories"]["kcalSum"] == pytest.approx(truth.value.sum(), abs=1e-3)
