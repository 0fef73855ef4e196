"""Roll-ups of the invented cloud: windows from the request's start, civil days, limits."""

from __future__ import annotations

import pytest

from synthetic_data.google_health.kinds import KINDS
from synthetic_data.google_health.rollups import SUMMARIES
from tests.synthetic_data.google_health.visitor import a_cloud, seconds, visiting

DAY = ("2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z")


@pytest.fixture(scope="module")
def visitor():
    with visiting(a_cloud()) as found:
        yield found


def test_windows_begin_at_the_request_and_not_at_the_hour(visitor):
    """Two runs with other starts make other windows; the last one is cut at the end of the range."""
    rows = visitor.roll(
        "heart-rate", "2026-11-19T00:17:00Z", "2026-11-19T05:00:00Z", windowSize="3600s"
    ).json()
    starts = [row["startTime"][11:] for row in rows["rollupDataPoints"]]
    assert set(starts) <= {f"0{hour}:17:00Z" for hour in range(5)}
    assert starts == sorted(starts, reverse=True)
    assert rows["rollupDataPoints"][0]["endTime"] == "2026-11-19T05:00:00Z"


def test_a_roll_up_is_of_the_merged_points(visitor):
    """Steps of phone and watch are not added."""
    found = visitor.roll("steps", *DAY, windowSize="86400s").json()["rollupDataPoints"]
    truth = visitor.cloud.truth(1, "steps", seconds(DAY[0]), seconds(DAY[1]), merged=True)
    assert found[0]["steps"] == {"countSum": str(int(truth.value.sum()))}


def test_a_civil_day_begins_at_the_persons_midnight(visitor):
    """dailyRollUp: newest first, one per day, midnight as an empty time."""
    found = visitor.daily("heart-rate", "2026-11-17", "2026-11-20").json()["rollupDataPoints"]
    truth = visitor.cloud.truth(
        1, "heart-rate", seconds("2026-11-18T15:00:00Z"), seconds("2026-11-19T15:00:00Z")
    )
    assert found[0]["civilStartTime"]["date"]["day"] == 19
    assert found[0]["civilEndTime"] == {"date": {"year": 2026, "month": 11, "day": 20}, "time": {}}
    assert found[0]["heartRate"]["beatsPerMinuteMax"] == truth.value.max()
    assert found[0]["heartRate"]["beatsPerMinuteAvg"] == pytest.approx(truth.value.mean(), abs=1e-3)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if "D" in kind.ops])
def test_every_type_with_a_daily_roll_up_answers(visitor, kind):
    """A type without data gives an empty object, else its own member."""
    answer = visitor.daily(kind, "2026-11-14", "2026-11-21")
    assert answer.status_code == 200
    for row in answer.json().get("rollupDataPoints", []):
        assert set(row) == {"civilStartTime", "civilEndTime", KINDS[kind].member}
        assert kind in SUMMARIES


def test_zero_sums_of_zone_minutes_are_written(visitor):
    """Seen live: the peak zone came as "0"."""
    found = visitor.daily("active-zone-minutes", "2026-11-14", "2026-11-21").json()["rollupDataPoints"]
    for row in found:
        assert set(row["activeZoneMinutes"]) == {
            "sumInFatBurnHeartZone", "sumInCardioHeartZone", "sumInPeakHeartZone",
        }  # fmt: skip


def test_windows_come_in_pages(visitor):
    """The token goes on after the last window."""
    whole = visitor.roll("steps", *DAY, windowSize="1800s").json()["rollupDataPoints"]
    first = visitor.roll("steps", *DAY, windowSize="1800s", pageSize=4).json()
    token = first["nextPageToken"]
    rest = visitor.roll("steps", *DAY, windowSize="1800s", pageSize=1000, pageToken=token).json()
    assert first["rollupDataPoints"] + rest["rollupDataPoints"] == whole
    assert "nextPageToken" not in rest
    for wrong in ("x", token[:-4]):
        assert visitor.roll("steps", *DAY, windowSize="900s", pageToken=wrong).status_code == 400


@pytest.mark.parametrize(("kind", "last", "status"), [("heart-rate", "2026-11-15", 200), ("heart-rate", "2026-11-16", 400),
                                                      ("steps", "2027-01-30", 200), ("steps", "2027-01-31", 400),
                                                      ("steps", "2026-11-01", 400)])  # fmt: skip
def test_a_range_has_a_limit(visitor, kind, last, status):
    """14 days for heart rate and three others, 90 for the rest."""
    answer = visitor.daily(kind, "2026-11-01", last)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["details"][0]["reason"] == "INVALID_ROLLUP_QUERY_DURATION"


def test_a_physical_range_in_a_daily_request_is_refused_as_seen_live(visitor):
    """The words of the real answer."""
    path = "users/me/dataTypes/steps/dataPoints:dailyRollUp"
    answer = visitor.post(path, {"range": {"startTime": DAY[0], "endTime": DAY[1]}})
    text = "Invalid JSON payload received. Unknown name \"startTime\" at 'range': Cannot find field."
    assert answer.json()["error"]["message"] == text
    assert answer.json()["error"]["details"][0]["fieldViolations"] == [
        {"field": "range", "description": text}
    ]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"range": 5},
        {"range": {}},
        {"range": {"startTime": DAY[0], "endTime": "soon"}, "windowSize": "60s"},
        {"range": {"startTime": DAY[0], "endTime": DAY[1]}},
        {"range": {"startTime": DAY[0], "endTime": DAY[1]}, "windowSize": "0s"},
        {"range": {"startTime": DAY[0], "endTime": DAY[1]}, "windowSize": "60s", "dataSourceFamily": "x"},
        {"range": {"startTime": DAY[0], "endTime": DAY[1]}, "windowSize": "60s", "extra": 1},
    ],
)
def test_a_wrong_roll_up_is_refused(visitor, body):
    """400 and nothing else."""
    assert visitor.post("users/me/dataTypes/steps/dataPoints:rollUp", body).status_code == 400


@pytest.mark.parametrize("more", [{"windowSizeDays": 0}, {"windowSizeDays": "1"}, {"range": {"start": {}, "end": {}}},
                                  {"range": {"start": {"date": {"year": 2026, "month": 2, "day": 30}}, "end": {}}}])  # fmt: skip
def test_a_wrong_daily_roll_up_is_refused(visitor, more):
    """400 and nothing else."""
    assert visitor.daily("steps", "2026-11-18", "2026-11-19", **more).status_code == 400
    noon = {"date": {"year": 2026, "month": 11, "day": 18}, "time": {"hours": 12}}
    body = {"range": {"start": noon, "end": noon}}
    assert visitor.post("users/me/dataTypes/steps/dataPoints:dailyRollUp", body).status_code == 400
