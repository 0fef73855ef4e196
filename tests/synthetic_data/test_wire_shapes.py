"""The wire shapes, checked against the description of the interfaces by code of its own."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from fhir.resources.R4B.observation import Observation

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
DURATION = re.compile(r"-?\d+s")
INT64 = {
    "count", "beatsPerMinute", "activeZoneMinutes", "nonRemHeartRateBeatsPerMinute", "minutesInSleepPeriod",
    "minutesAfterWakeUp", "minutesToFallAsleep", "minutesAsleep", "minutesAwake", "minutes",
}  # fmt: skip
DOUBLES = {
    "weightGrams", "percentage", "averageHeartRateVariabilityMilliseconds", "entropy", "breathsPerMinute",
    "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds", "averagePercentage", "lowerBoundPercentage",
    "upperBoundPercentage", "nightlyTemperatureCelsius", "baselineTemperatureCelsius",
    "relativeNightlyStddev30dCelsius",
}  # fmt: skip
MEMBERS = {
    "heart-rate": "heartRate",
    "steps": "steps",
    "active-zone-minutes": "activeZoneMinutes",
    "sleep": "sleep",
    "weight": "weight",
    "body-fat": "bodyFat",
    "daily-resting-heart-rate": "dailyRestingHeartRate",
    "daily-heart-rate-variability": "dailyHeartRateVariability",
    "daily-oxygen-saturation": "dailyOxygenSaturation",
    "daily-respiratory-rate": "dailyRespiratoryRate",
    "daily-sleep-temperature-derivations": "dailySleepTemperatureDerivations",
}
NAMED = {"sleep", "weight", "body-fat"}


def scalars(value, key=""):
    """Every scalar below a JSON value with the key that holds it; civil times and dates are int32 and left out."""
    if isinstance(value, dict):
        for name, below in value.items():
            if not name.startswith("civil") and name != "date":
                yield from scalars(below, name)
    elif isinstance(value, list):
        for below in value:
            yield from scalars(below, key)
    else:
        yield key, value


@pytest.mark.parametrize("kind", MEMBERS)
def test_points_have_the_members_of_the_interface(city, kind):
    """One member of the type, a data source, and a name only where the interface has names."""
    points = [point for person in city.people for point in city.points(person["id"], kind)]
    assert points
    for point in points:
        assert set(point) == {"dataSource", MEMBERS[kind]} | ({"name"} if kind in NAMED else set())
        assert {"recordingMethod", "platform"} <= set(point["dataSource"])


@pytest.mark.parametrize("kind", MEMBERS)
def test_int64_are_strings_and_doubles_are_numbers_or_nan(city, kind):
    """proto3 JSON: an int64 is a string, a double is a number or the string NaN."""
    for person in city.people:
        for point in city.points(person["id"], kind)[:200]:
            for key, value in scalars(point[MEMBERS[kind]]):
                if key in INT64:
                    assert isinstance(value, str), key
                    assert value == str(int(value))
                if key in DOUBLES:
                    assert isinstance(value, int | float) or value == "NaN", key


def civil_of(moment):
    time = {
        k: v for k, v in (("hours", moment.hour), ("minutes", moment.minute), ("seconds", moment.second)) if v
    }
    return {"date": {"year": moment.year, "month": moment.month, "day": moment.day}, "time": time}


def local(instant, offset):
    return datetime.fromisoformat(instant) + timedelta(seconds=int(offset[:-1]))


def test_sample_times_agree_with_their_civil_times_and_omit_zeros(city):
    """Midnight is ``"time":{}``; a zero is never written."""
    midnights = 0
    for person in city.people:
        for point in city.points(person["id"], "heart-rate"):
            time = point["heartRate"]["sampleTime"]
            assert TIMESTAMP.fullmatch(time["physicalTime"])
            assert DURATION.fullmatch(time["utcOffset"])
            assert time["civilTime"] == civil_of(local(time["physicalTime"], time["utcOffset"]))
        for point in city.points(person["id"], "steps"):
            interval = point["steps"]["interval"]
            for end in ("start", "end"):
                moment = local(interval[f"{end}Time"], interval[f"{end}UtcOffset"])
                civil = interval[f"civil{end.capitalize()}Time"]
                assert civil == civil_of(moment)
                midnights += civil["time"] == {}
    assert midnights


def test_pages_are_newest_first_linked_by_tokens_and_not_too_large(city):
    """Only the last page has no token; sleep pages hold at most 25 and others at most 1440."""
    bare = 0
    for person in city.people:
        for kind, member in MEMBERS.items():
            pages = city.pages(person["id"], kind)
            if not pages:
                continue
            assert all(page.get("nextPageToken") for page in pages[:-1])
            assert "nextPageToken" not in pages[-1]
            assert len({page["nextPageToken"] for page in pages[:-1]}) == len(pages) - 1
            assert all(len(page.get("dataPoints", [])) <= (25 if kind == "sleep" else 1440) for page in pages)
            bare += pages[-1] == {}
            order = [order_key(point[member]) for point in city.points(person["id"], kind)]
            assert order == sorted(order, reverse=True), (person["id"], kind)
    assert bare


def order_key(payload):
    if "sampleTime" in payload:
        return payload["sampleTime"]["physicalTime"]
    if "interval" in payload:
        return payload["interval"]["startTime"]
    return date(**payload["date"]).isoformat()


def test_sleep_stages_cover_the_session_without_gaps(city):
    """Stages are contiguous and the summary says what they add up to; unprocessed sleep has neither."""
    seen = 0
    for person in city.people:
        for point in city.points(person["id"], "sleep"):
            sleep = point["sleep"]
            assert set(sleep["interval"]) == {"startTime", "startUtcOffset", "endTime", "endUtcOffset"}
            if "processed" not in sleep["metadata"]:
                assert "stages" not in sleep
                continue
            stages = sleep["stages"]
            assert stages[0]["startTime"] == sleep["interval"]["startTime"]
            assert stages[-1]["endTime"] == sleep["interval"]["endTime"]
            assert all(a["endTime"] == b["startTime"] for a, b in pairwise(stages))
            asleep = [s for s in stages if s["type"] in {"LIGHT", "DEEP", "REM", "ASLEEP"}]
            minutes = sum(
                local(s["endTime"], "0s").timestamp() - local(s["startTime"], "0s").timestamp()
                for s in asleep
            )
            assert sleep["summary"]["minutesAsleep"] == str(int(minutes // 60))
            seen += 1
    assert seen


def test_not_a_number_is_the_string(city):
    """The first nights have no temperature baseline."""
    values = [
        point["dailySleepTemperatureDerivations"]["baselineTemperatureCelsius"]
        for person in city.people
        for point in city.points(person["id"], "daily-sleep-temperature-derivations")
    ]
    assert "NaN" in values
    assert any(isinstance(value, float) for value in values)


def legacy(city, pattern):
    return [
        json.loads(file.read_text("utf-8")) for file in sorted((city.path / "fitbit").glob(f"*/{pattern}"))
    ]


def test_legacy_days_have_text_totals_and_naive_minutes(city):
    """The total of an activity series is text and belongs to its minutes; intraday values are numbers."""
    bodies = legacy(city, "steps-*.json")
    assert bodies
    for body in bodies:
        minutes = body["activities-steps-intraday"]["dataset"]
        assert body["activities-steps"][0]["value"] == str(sum(minute["value"] for minute in minutes))
        assert [minute["time"] for minute in minutes] == [
            f"{m // 60:02d}:{m % 60:02d}:00" for m in range(1440)
        ]
        assert body["activities-steps-intraday"]["datasetType"] == "minute"


def test_legacy_heart_days_may_lack_the_resting_rate_but_not_the_zones(city):
    """``restingHeartRate`` is absent on days without a worn night."""
    for body in legacy(city, "heart-*.json"):
        value = body["activities-heart"][0]["value"]
        assert set(value) - {"restingHeartRate"} == {"customHeartRateZones", "heartRateZones"}
        assert all(isinstance(m["value"], int) for m in body["activities-heart-intraday"]["dataset"])
        assert sum(zone["minutes"] for zone in value["heartRateZones"]) == len(
            body["activities-heart-intraday"]["dataset"]
        )


def test_legacy_sleep_belongs_to_the_day_it_ended(city):
    """``dateOfSleep`` is the local date of waking; times carry no zone."""
    logs = [log for body in legacy(city, "sleep-*.json") for log in body["sleep"]]
    assert logs
    for log in logs:
        assert log["endTime"].startswith(log["dateOfSleep"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000", log["startTime"])
        assert sum(part["seconds"] for part in log["levels"]["data"]) == log["duration"] / 1000
        assert log["minutesAsleep"] + log["minutesAwake"] == log["timeInBed"]


def test_legacy_breathing_uses_minus_one_for_no_value(city):
    """The sentinel is there, and the truth counts it as unusable."""
    for person in (p["id"] for p in city.people if "fitbit-legacy" in p["devices"]):
        (file,) = (city.path / "fitbit" / person).glob("br-*.json")
        rates = [day["value"]["breathingRate"] for day in json.loads(file.read_text("utf-8"))["br"]]
        assert rates.count(-1) == city.truth["people"][person]["counts"]["fitbit"]["rr-day"]["unusable"]


def test_home_blood_pressures_are_valid_fhir_panels(city):
    """Panel without a value of its own, UCUM units, an instant with the offset of Japan, and the right subject."""
    files = sorted((city.path / "fhir").glob("*/blood-pressure.ndjson"))
    assert files
    for file in files:
        for line in file.read_text("utf-8").splitlines()[:20]:
            body = json.loads(line)
            Observation.model_validate(body)
            assert body["subject"]["reference"] == f"Patient/{file.parent.name}"
            assert body["effectiveDateTime"].endswith("+09:00")
            assert "valueQuantity" not in body
            high, low, pulse = (part["valueQuantity"] for part in body["component"])
            assert (high["code"], low["code"], pulse["code"]) == ("mm[Hg]", "mm[Hg]", "/min")
            assert high["value"] > low["value"]


def test_hearts_beat_faster_when_walking_and_slower_at_night(city):
    """Values that a plausibility rule would refuse would hide what it should refuse."""
    for person in [p["id"] for p in city.people if "google-watch" in p["devices"] and not p["faults"]]:
        walking = {
            point["steps"]["interval"]["startTime"][:16]
            for point in city.points(person, "steps")
            if int(point["steps"]["count"]) > 60 and "displayName" in point["dataSource"].get("device", {})
        }
        hours, brisk = {"night": [], "day": []}, []
        for point in city.points(person, "heart-rate"):
            time, beats = point["heartRate"]["sampleTime"], int(point["heartRate"]["beatsPerMinute"])
            assert 35 <= beats <= 205
            hours["night" if time["civilTime"]["time"].get("hours", 0) in {2, 3, 4} else "day"].append(beats)
            if time["physicalTime"][:16] in walking:
                brisk.append(beats)
        night, day = (sum(hours[k]) / len(hours[k]) for k in ("night", "day"))
        assert night < day - 4
        if len(brisk) >= 10:
            assert sum(brisk) / len(brisk) > day + 5
