"""Google Health v4: real answers decode, bad points cost only themselves, the quick way equals the slow one."""

import copy
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import google_health
from ingest.series import MANUAL, ZONE_ASSUMED

TOKYO = ZoneInfo("Asia/Tokyo")
SAMPLES = Path(__file__).resolve().parents[2] / ".." / "shared" / "samples" / "google-health"
SOURCE = {"recordingMethod": "PASSIVELY_MEASURED", "device": {"displayName": "W"}, "platform": "FITBIT"}


def beat(second=0, bpm="60", **time):
    time = {"physicalTime": f"2026-09-25T10:04:{second:02}Z", "utcOffset": "32400s"} | time
    return {"dataSource": SOURCE, "heartRate": {"sampleTime": time, "beatsPerMinute": bpm}}


def page(*points, **more):
    return json.dumps({"dataPoints": list(points), **more}).encode()


def decode(payload, **how):
    return google_health.decode(payload, zone=TOKYO, **how)


def sample(name):
    file = SAMPLES / name
    if not file.exists():
        pytest.skip("sample payloads are not here")
    return json.loads(file.read_text())


def only(payload):
    series, rejects = decode(payload)
    assert rejects == []
    (found,) = series
    return found


def reasons(rejects):
    return [(reject.reason, reject.field, reject.count) for reject in rejects]


def test_heart_rate_becomes_instants_values_and_offsets():
    """int64 values are strings; the offset is the one that the point names."""
    found = only(page(beat(1, "61"), beat(2, "62")))
    assert found.code == "8867-4"
    assert found.channels["value"].tolist() == [61.0, 62.0]
    assert found.start.tolist() == [1790330641_000_000, 1790330642_000_000]
    assert found.offset.tolist() == [32400, 32400]
    assert found.quality.tolist() == [0, 0]
    assert found.source.key == "FITBIT|W||passive"


def test_fractions_up_to_nanoseconds_are_read():
    """Timestamps carry 0 to 9 fractional digits, and they mix within a page."""
    texts = ["00Z", "00.5Z", "00.123Z", "00.123456Z", "00.123456789Z"]
    found = only(page(*(beat(physicalTime=f"2026-09-25T10:04:{text}") for text in texts)))
    assert (found.start - found.start[0]).tolist() == [0, 500_000, 123_000, 123_456, 123_456]


def test_a_missing_offset_is_taken_from_the_zone_and_said_so():
    """A missing offset is data: the row is kept with a flag."""
    point = beat(3)
    del point["heartRate"]["sampleTime"]["utcOffset"]
    found = only(page(beat(2), point))
    assert found.offset.tolist() == [32400, 32400]
    assert found.quality.tolist() == [0, ZONE_ASSUMED]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_doubles_that_are_no_numbers_have_no_value(value):
    """A double may be the text NaN or Infinity."""
    point = {"bodyFat": {"sampleTime": beat()["heartRate"]["sampleTime"], "percentage": value}}
    assert decode(page(point)) == ([], [google_health.Reject("no-value", "dataPoints[0].bodyFat.percentage")])


def test_an_omitted_count_is_zero_steps_but_an_omitted_pulse_is_nothing():
    """Proto3 omits zero scalars; zero steps are a value, a pulse of zero is not."""
    times = {"startTime": "2026-09-25T14:58:00Z", "endTime": "2026-09-25T14:59:00Z", "startUtcOffset": "0s"}
    found = only(page({"dataSource": SOURCE, "steps": {"interval": times}}))
    assert found.channels["value"].tolist() == [0.0]
    assert found.duration.tolist() == [60_000_000]
    point = beat()
    del point["heartRate"]["beatsPerMinute"]
    _, rejects = decode(page(point))
    assert reasons(rejects) == [("no-value", "dataPoints[0].heartRate.beatsPerMinute", 1)]


@pytest.mark.parametrize("payload", [b"{}", b'{"nextPageToken":"T"}', b'{"dataPoints":[]}', b"[]"])
def test_an_empty_page_is_a_page(payload):
    """The last page may be an empty object, and an empty page may carry a token."""
    assert decode(payload) == ([], [])


def test_one_bad_point_costs_only_itself():
    """A page with a bad point goes the slow way; the refusal names the place and never the value."""
    series, rejects = decode(page(beat(1), beat(2, "much"), beat(3), 7, {"dataSource": SOURCE}))
    assert [len(each) for each in series] == [2]
    assert reasons(rejects) == [
        ("bad-value", "dataPoints[1].heartRate.beatsPerMinute", 1),
        ("bad-value", "dataPoints[3]", 1),
        ("unknown-type", "dataPoints[4]", 1),
    ]


def test_types_may_mix_in_a_page_and_unknown_ones_are_counted():
    """A type that did not exist when this was written is counted, never an error."""
    weight = {"weight": {"sampleTime": beat()["heartRate"]["sampleTime"], "weightGrams": 80200}}
    series, rejects = decode(page(beat(), weight, {"mood": {}}, {"mood": {}}, {"exercise": {}}))
    assert {(each.code, each.channels["value"][0]) for each in series} == {
        ("8867-4", 60.0),
        ("29463-7", 80.2),
    }
    assert reasons(rejects) == [
        ("unknown-type", "dataPoints[2]", 2),
        ("unsupported-type", "dataPoints[4]", 1),
    ]


def test_sources_stay_apart_and_manual_values_are_marked():
    """Series are grouped by platform, device, package and method."""
    typed = beat(5)
    typed["dataSource"] = {"recordingMethod": "MANUAL", "platform": "FITBIT"}
    odd = beat(6)
    odd["dataSource"] = {"recordingMethod": "GUESSED_BY_STARS"}
    series, rejects = decode(page(beat(1), typed, beat(2), odd))
    assert rejects == []
    assert [(each.source.key, each.quality.tolist()) for each in series] == [
        ("FITBIT|W||passive", [0, 0]),
        ("FITBIT|||manual", [MANUAL]),
        ("|||unknown", [0]),
    ]


@pytest.mark.parametrize("year", ["0001", "1969", "2201", "9999"])
def test_years_that_no_device_lives_in_are_refused(year):
    """Years outside 1970 to 2200 are mistakes of a clock."""
    series, rejects = decode(page(beat(physicalTime=f"{year}-01-01T00:00:00Z")))
    assert series == []
    assert reasons(rejects) == [("bad-time", "dataPoints[0].heartRate.sampleTime.physicalTime", 1)]


def test_daily_types_are_civil_days_at_local_midnight():
    """A date is a label: never a UTC midnight."""
    point = {"dailyRestingHeartRate": {"date": {"year": 2026, "month": 8, "day": 11}, "beatsPerMinute": "54"}}
    found = only(page(point))
    assert found.code == "40443-4"
    assert str(found.start.astype("datetime64[us]")[0]) == "2026-08-10T15:00:00.000000"
    assert found.source.key == "google-health|reconciled||unknown"


def test_an_interval_that_ends_before_it_begins_is_refused():
    """Durations are never negative."""
    times = {"startTime": "2026-09-25T14:58:00Z", "endTime": "2026-09-25T14:57:00Z"}
    _, rejects = decode(page({"steps": {"interval": times, "count": "1"}}))
    assert reasons(rejects) == [("bad-time", "dataPoints[0].steps.interval.endTime", 1)]


def test_an_unfinished_night_waits_for_its_final_form():
    """``processed: false`` says that the stages come later, with other numbers."""
    times = {"startTime": "2026-09-25T14:58:00Z", "endTime": "2026-09-25T22:57:00Z"}
    sleep = {"interval": times, "metadata": {"processed": False}, "summary": {"minutesAsleep": "400"}}
    series, rejects = decode(page({"sleep": sleep}))
    assert series == []
    assert reasons(rejects) == [("not-final", "dataPoints[0].sleep.metadata.processed", 1)]


def test_an_unknown_stage_is_refused_alone():
    """An enum value that this version does not know costs that stage, not the night."""
    day = "2026-09-25T"
    times = {"startTime": f"{day}14:00:00Z", "endTime": f"{day}15:00:00Z"}
    stages = [
        {"startTime": f"{day}14:00:00Z", "endTime": f"{day}14:30:00Z", "type": "LIGHT"},
        {"startTime": f"{day}14:30:00Z", "endTime": f"{day}15:00:00Z", "type": "FLOATING"},
    ]
    series, rejects = decode(page({"sleep": {"interval": times, "stages": stages}}))
    assert {each.code: each.channels["value"].tolist() for each in series} == {
        "93832-4": [30.0],
        "sleep-stage": [2.0],
    }
    assert reasons(rejects) == [("unknown-code", "dataPoints[0].sleep.stages[1].type", 1)]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", "document"),
        (b"null", "document"),
        (b'"text"', "document"),
        (b'{"dataPoints":5}', "dataPoints"),
        (b'{"dataPoints":[{]}', "document"),
        (page(beat())[:-20], "document"),
        (b'{"error":{"code":401}}', "dataPoints"),
        (b"[[]]", "[0]"),
        (b'{"dataPoints":[' + b"[" * 100_000, "document"),
        (b"\xff\xfe{}", "document"),
    ],
)
def test_bytes_that_are_no_page_are_refused_as_a_whole(payload, field):
    """Broken JSON and wrong top levels name their field and file."""
    with pytest.raises(BadPayload) as refused:
        decode(payload, file="p.json")
    assert (refused.value.field, refused.value.file) == (field, "p.json")


SHAPES = [
    ("list_heart_rate.json", None, {"8867-4": 2}),
    ("list_interval_types.json", "steps", {"55423-8": 2}),
    ("list_interval_types.json", "distance", {"55430-3": 1}),
    ("list_interval_types.json", "active-minutes", {"active-minutes": 1}),
    ("list_interval_types.json", "active-zone-minutes", {"azm": 1}),
    ("list_interval_types.json", "active-energy-burned", {"55424-6": 1}),
    ("list_sleep.json", None, {"93832-4": 1, "sleep-stage": 2}),
    ("reconcile_sleep.json", None, {"93832-4": 1, "sleep-stage": 2}),
    ("list_weight_body_fat.json", "weight", {"29463-7": 2}),
    ("daily_types.json", "daily-sleep-temperature-derivations", {"skin-temp-dev": 1}),
    ("proto_derived_types.json", "heart-rate-variability", {"hrv-rmssd": 1, "80404-7": 1}),
    ("proto_derived_types.json", "height", {"8302-2": 1}),
    ("proto_derived_types.json", "blood-glucose", {"2339-0": 1}),
    ("proto_derived_types.json", "nutrition-log", {"meal": 1}),
    ("proto_derived_types.json", "hydration-log", {"8999-5": 1}),
    ("rollups.json", "dailyRollUp steps response", {"41950-7": 2}),
    ("rollups.json", "dailyRollUp total-calories response", {"41979-6": 3}),
]


@pytest.mark.shared
@pytest.mark.parametrize(("file", "key", "wanted"), SHAPES)
def test_captured_answers_give_what_they_hold(file, key, wanted):
    """Shapes captured from the real service and derived from its protos."""
    body = sample(file)
    series, _ = decode(json.dumps(body if key is None else body[key]).encode())
    counts = {}
    for each in series:
        counts[each.code] = counts.get(each.code, 0) + len(each)
    assert counts == wanted
    assert counts.keys() <= google_health.COVERAGE


def columns(found):
    series, rejects = found
    rows = [
        (each.code, each.source.key, *row)
        for each in series
        for row in zip(
            each.start.tolist(),
            each.channels["value"].tolist(),
            each.offset.tolist(),
            each.quality.tolist(),
            strict=True,
        )
    ]
    return sorted(rows), sorted(reasons(rejects))


seconds = st.integers(0, 59)
points = st.builds(
    beat,
    second=seconds,
    bpm=st.one_of(st.integers(0, 300).map(str), st.integers(0, 300), st.just("NaN")),
    utcOffset=st.sampled_from(["32400s", "0s", "-14400s", "", "later"]),
    physicalTime=st.one_of(
        st.just("2026-09-25T10:04:59Z"),
        st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        st.text(max_size=22),
    ),
)


@given(st.lists(points, max_size=12))
def test_the_quick_way_and_the_slow_way_agree(some):
    """A point of an unknown type sends the page the slow way; all else must come out the same."""
    quick = columns(decode(page(*some)))
    series, rejects = decode(page(*some, {"mood": {}}))
    slow = columns((series, [each for each in rejects if each.reason != "unknown-type"]))
    assert quick == slow


@given(st.lists(points, max_size=8), st.integers(0, 3))
def test_every_point_is_a_sample_or_counted(some, pages):
    """Nothing is lost silently, however the points are cut into pages."""
    payload = b"[" + b",".join([page(*some)] * (pages + 1)) + b"]"
    series, rejects = decode(payload)
    assert sum(map(len, series)) + sum(each.count for each in rejects) == len(some) * (pages + 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["dataPoints", "heartRate", "sampleTime", "sleep", "stages", "date", "steps", "x"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode())))
def test_anything_gives_series_or_a_typed_refusal(payload):
    """The decoder is total."""
    series, field = [], "none"
    try:
        series, _ = decode(payload)
    except BadPayload as refused:
        field = refused.field
    assert field
    assert all(np.isfinite(each.channels["value"]).all() for each in series)


@given(st.data())
def test_a_damaged_answer_gives_series_or_a_typed_refusal(data):
    """Any value anywhere in a sound page may be replaced by anything."""
    body = json.loads(page(beat(1), beat(2)))
    target = body
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], (dict, list)) or not target[key]:
            break
        target = target[key]
    keys = list(target) if isinstance(target, dict) else list(range(len(target)))
    target[data.draw(st.sampled_from(keys))] = data.draw(json_values)
    field = "none"
    try:
        decode(json.dumps(body).encode())
    except BadPayload as refused:
        field = refused.field
    assert field


def test_reading_goes_on_after_its_mark(tmp_path):
    """A file of pages is one batch per page, and a mark skips what was handed over."""
    file = tmp_path / "pages.json"
    file.write_bytes(b"[" + page(beat(1)) + b"," + page(beat(2)) + b"," + page(beat(3)) + b"]")
    batches = list(google_health.read(file, zone=TOKYO))
    assert [len(batch.series[0]) for batch in batches] == [1, 1, 1]
    assert batches[-1].done == batches[-1].total == file.stat().st_size
    rest = list(google_health.read(file, zone=TOKYO, mark=batches[0].mark))
    assert [batch.series[0].start.tolist() for batch in rest] == [
        batch.series[0].start.tolist() for batch in batches[1:]
    ]


def test_lines_of_points_and_lines_of_pages_are_read(tmp_path):
    """NDJSON: a point per line becomes one batch, a page per line one batch each."""
    many, pages = tmp_path / "points.ndjson", tmp_path / "pages.json"
    many.write_text("\n".join(json.dumps(beat(second)) for second in range(5)) + "\n")
    pages.write_bytes(page(beat(1), beat(2)) + b"\n" + page(beat(3)) + b"\n")
    assert [len(batch.series[0]) for batch in google_health.read(many, zone=TOKYO)] == [5]
    assert [len(batch.series[0]) for batch in google_health.read(pages, zone=TOKYO)] == [2, 1]


def test_a_long_device_name_does_not_become_a_long_key():
    """Text from outside is bounded before it names a source."""
    point = copy.deepcopy(beat())
    point["dataSource"]["device"]["displayName"] = "x|y\n" * 3_000_000
    assert len(only(page(point)).source.key) < 200
