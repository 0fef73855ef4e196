"""The city as a whole: the same from the same seed, counted rightly, and honest about its faults."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from synthetic_data import faults
from synthetic_data.city import build
from synthetic_data.errors import BadOptionError

SAMPLE_KINDS = {
    "heart-rate": "8867-4",
    "steps": "55423-8",
    "active-zone-minutes": "azm",
    "sleep": "93832-4",
    "weight": "29463-7",
    "body-fat": "41982-0",
    "daily-resting-heart-rate": "40443-4",
    "daily-heart-rate-variability": "hrv-day",
    "daily-oxygen-saturation": "spo2-day",
    "daily-respiratory-rate": "rr-day",
    "daily-sleep-temperature-derivations": "skin-temp-dev",
}
JAPAN = timezone(timedelta(hours=9))


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    """A failing run must be repeatable anywhere."""
    for name in ("one", "two"):
        build(tmp_path / name, residents=25, days=3, seed=5, density="low")
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_another_seed_gives_other_people_and_other_values(tmp_path):
    """The seed reaches every file with personal content."""
    for seed in (5, 6):
        build(tmp_path / str(seed), residents=25, days=3, seed=seed, density="low")
    one, two = digest(tmp_path / "5"), digest(tmp_path / "6")
    same = [name for name in one.keys() & two.keys() if one[name] == two[name]]
    assert [name for name in same if "dataPoints" in (tmp_path / "5" / name).read_text("utf-8")] == []
    assert all(name.startswith("google-health/") for name in same)


def test_a_resident_is_the_same_in_a_larger_city(tmp_path):
    """A resident's dice are its own, so that a finding about one person survives a change of the city's size."""
    build(tmp_path / "small", residents=24, days=3, seed=5, density="low")
    build(tmp_path / "large", residents=31, days=3, seed=5, density="low")
    small, large = digest(tmp_path / "small"), digest(tmp_path / "large")
    per_person = {name: value for name, value in small.items() if "/" in name}
    assert per_person == {name: large[name] for name in per_person}
    people = [
        json.loads((tmp_path / size / "people.json").read_text("utf-8"))[:24] for size in ("small", "large")
    ]
    assert people[0] == people[1]


def test_the_truth_counts_every_google_point_once(city):
    """An importer is judged by these numbers, so they are counted again here from the files."""
    for person in city.people:
        counts = city.truth["people"][person["id"]]["counts"].get("google-health", {})
        for kind, code in SAMPLE_KINDS.items():
            points = city.points(person["id"], kind)
            told = counts.get(code, {"points": 0, "distinct": 0})
            assert len(points) == told["points"], (person["id"], kind)
            assert len({json.dumps(point) for point in points}) == told["distinct"], (person["id"], kind)


def test_the_truth_counts_legacy_minutes_and_stages(city):
    """Zero minutes are points too: the legacy interface sends them."""
    owners = [p["id"] for p in city.people if "fitbit-legacy" in p["devices"]]
    assert owners
    for person in owners:
        files = [json.loads(f.read_text("utf-8")) for f in (city.path / "fitbit" / person).glob("*.json")]
        found = Counter()
        for body in (f for f in files if isinstance(f, dict)):
            found["8867-4"] += len(body.get("activities-heart-intraday", {}).get("dataset", []))
            found["55423-8"] += len(body.get("activities-steps-intraday", {}).get("dataset", []))
            found["41950-7"] += len(body.get("activities-steps", []))
            found["93832-4"] += len(body.get("sleep", []))
            found["sleep-stage"] += sum(len(log["levels"]["data"]) for log in body.get("sleep", []))
            found["rr-day"] += len(body.get("br", []))
        told = city.truth["people"][person]["counts"]["fitbit"]
        assert {code: told[code]["points"] for code in found} == dict(found)


def test_the_totals_are_the_sums_of_the_people(city):
    """``samples`` is what a faultless importer ends with."""
    total = Counter()
    for entry in city.truth["people"].values():
        for codes in entry["counts"].values():
            for code, told in codes.items():
                total[code] += told["distinct"] - told["unusable"]
    assert {code: n for code, n in total.items() if n} == {
        c: n for c, n in city.summary.samples_by_code.items() if n
    }
    assert city.summary.samples == total.total()
    files = sum(1 for f in city.path.rglob("*") if f.is_file())
    assert files == city.summary.files == city.truth["totals"]["files"]


def test_every_kind_of_fault_is_planted_and_counted(city):
    """A fault that no test city holds defends nothing."""
    assert set(city.summary.faults) == set(faults.KINDS)
    for person in city.people:
        told = city.truth["people"][person["id"]]["faults"]
        assert sorted({fault["kind"] for fault in told}) == person["faults"]
        assert all(fault["count"] > 0 for fault in told)


def instants(city, person, kind, member):
    return [point[member]["sampleTime"]["physicalTime"] for point in city.points(person, kind)]


@pytest.mark.parametrize(("fault", "year"), [("clock-a-year-behind", 2025), ("clock-a-year-ahead", 2027)])
def test_a_wrong_clock_moves_as_many_points_as_the_truth_says(city, fault, year):
    """The device was a year off for two days; nothing else is from that year."""
    for person in city.having(fault):
        told = {f["code"]: f["count"] for f in city.truth["people"][person]["faults"]}
        wrong = [
            when for when in instants(city, person, "heart-rate", "heartRate") if when.startswith(str(year))
        ]
        assert len(wrong) == told["8867-4"] > 0


def test_repeated_points_are_exact_repeats(city):
    """A repeat has the same bytes, so that counting it twice is an importer's mistake."""
    for person in city.having("repeated-points"):
        told = {f["code"]: f["count"] for f in city.truth["people"][person]["faults"]}
        seen = Counter(json.dumps(point) for point in city.points(person, "heart-rate"))
        assert sum(n - 1 for n in seen.values()) == told["8867-4"] > 0


def test_an_empty_page_in_the_middle_still_has_a_token(city):
    """An empty page is not the last one."""
    for person in city.having("empty-page-with-token"):
        pages = city.pages(person, "heart-rate")
        assert list(pages[1]) == ["nextPageToken"]
        assert any("dataPoints" in page for page in pages[2:]) or pages[2] == {}


def test_a_traveller_has_points_with_two_offsets(city):
    """Days are told apart by the offset of the moment, not by that of home."""
    for person in city.having("travel"):
        offsets = Counter(
            p["heartRate"]["sampleTime"]["utcOffset"] for p in city.points(person, "heart-rate")
        )
        told = {f["code"]: f["count"] for f in city.truth["people"][person]["faults"]}
        assert set(offsets) == {"32400s", "-36000s"}
        assert offsets["-36000s"] == told["8867-4"]


def test_two_devices_on_one_wrist_overlap_under_two_names(city):
    """They must stay apart as sources and must not be added up."""
    for person in city.having("two-devices-one-wrist"):
        by_device = {}
        for point in city.points(person, "steps"):
            name = point["dataSource"].get("device", {}).get("displayName")
            by_device.setdefault(name, set()).add(point["steps"]["interval"]["startTime"])
        by_device.pop(None, None)
        first, second = sorted(by_device.values(), key=len)
        assert first
        assert first <= second


def test_phone_and_watch_steps_overlap(city):
    """The sum over sources is larger than what was walked; that is the trap."""
    both = [
        p["id"] for p in city.people if {"google-watch", "phone"} <= set(p["devices"]) and not p["faults"]
    ]
    assert both
    for person in both:
        total = sum(int(point["steps"]["count"]) for point in city.points(person, "steps"))
        assert total > 1.2 * sum(city.truth["people"][person]["steps_walked"])


def test_the_crisis_is_on_the_last_day_and_high(city):
    """An alarm must have something fresh to fire on, for somebody who agreed to guidance."""
    found = city.having("crisis-blood-pressure")
    for person in found:
        lines = (city.path / "fhir" / person / "blood-pressure.ndjson").read_text("utf-8").splitlines()
        high = [
            body["effectiveDateTime"][:10]
            for body in map(json.loads, lines)
            if body["component"][0]["valueQuantity"]["value"] >= 180
        ]
        assert high == [city.summary.end] * 3
    kinds = {p["id"]: p["consent_kind"] for p in city.people}
    assert any(kinds[person] in {"everything", "guidance-not-research"} for person in found)


def test_until_leaves_out_the_future_and_keeps_the_crisis(tmp_path):
    """A city that ends today holds nothing from the future but the planted clock."""
    until = datetime(2026, 11, 20, 5, 0, tzinfo=JAPAN)
    build(tmp_path / "c", residents=24, days=3, seed=11, density="low", until=until)
    people = {p["id"]: p for p in json.loads((tmp_path / "c" / "people.json").read_text("utf-8"))}
    limit = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for file in (tmp_path / "c" / "google-health").glob("*/heart-rate-*.json"):
        if "clock-a-year-ahead" not in people[file.parent.name]["faults"]:
            for point in json.loads(file.read_text("utf-8")).get("dataPoints", []):
                assert point["heartRate"]["sampleTime"]["physicalTime"] <= limit
    lines = (tmp_path / "c" / "fhir" / "r-000002" / "blood-pressure.ndjson").read_text("utf-8").splitlines()
    when = [datetime.fromisoformat(json.loads(line)["effectiveDateTime"]) for line in lines]
    assert all(until - timedelta(hours=1) < moment <= until for moment in when[-3:])


def test_density_changes_how_often_the_heart_is_read(tmp_path):
    """Low reads every ten minutes, normal every three."""
    counts = {
        density: build(tmp_path / density, residents=8, days=2, seed=3, density=density).samples_by_code[
            "8867-4"
        ]
        for density in ("low", "normal")
    }
    assert 2.5 < counts["normal"] / counts["low"] < 3.5


def test_checkup_rows_belong_to_residents_of_forty_and_more(city):
    """特定健診 begins at forty, and a row names a resident that exists."""
    known = {person["id"]: person for person in city.people}
    rows = list(csv.DictReader((city.path / "checkups.csv").read_text("utf-8").splitlines()))
    assert len(rows) == city.summary.checkups > 0
    for row in rows:
        person = known[row["atena_no"]]
        born, day = date.fromisoformat(person["birth_date"]), date.fromisoformat(row["checkup_date"])
        assert day.year - born.year - ((day.month, day.day) < (born.month, born.day)) >= 40
        assert (row["name_kana"], row["birth_date"]) == (person["kana"], person["birth_date"])


@pytest.mark.parametrize(
    "options",
    [
        {"residents": 0},
        {"residents": 1_000_000},
        {"days": 0},
        {"days": 4_000},
        {"seed": -1},
        {"density": "dense"},
        {"region": "atlantis"},
        {"until": datetime(2026, 11, 20, 5, 0)},  # noqa: DTZ001 - a naive instant is what is refused
    ],
)
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path, options):
    """One sentence names the option, and the folder is not made."""
    usable = {"residents": 1, "days": 1, "seed": 1}
    with pytest.raises(BadOptionError, match=f"--{next(iter(options))}"):
        build(tmp_path / "new", **(usable | options))
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    """Nothing of somebody else's is overwritten or mixed with a city."""
    (tmp_path / "letter.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(BadOptionError, match="empty folder"):
        build(tmp_path, residents=1, days=1, seed=1)
