"""Every reader of files, given what no device writes: only samples, counted refusals, or BadPayload."""

import json
import zipfile
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import fitbit_csv, fitbit_json, fitbit_takeout, google_health

TOKYO = ZoneInfo("Asia/Tokyo")
LONG = "9" * 10_000_000
POINT = {"heartRate": {"sampleTime": {"physicalTime": "2026-09-25T10:04:59Z"}, "beatsPerMinute": "60"}}
DAY = {
    "activities-heart": [{"dateTime": "2019-05-08", "value": {}}],
    "activities-heart-intraday": {"dataset": [{"time": "10:00:00", "value": 64}]},
}
READERS = {
    "google-health": (google_health.read, "t.json", json.dumps({"dataPoints": [POINT, POINT]})),
    "fitbit-json": (fitbit_json.read, "t.json", json.dumps(DAY)),
    "fitbit-csv": (fitbit_csv.read, "t.csv", "Id,Time,Value\n7,4/1/2016 7:54:00 AM,93\n"),
    "fitbit-takeout": (
        fitbit_takeout.read,
        "Takeout/Fitbit/Global Export Data/heart_rate-2020-11-15.json",
        json.dumps([{"dateTime": "11/15/20 05:00:03", "value": {"bpm": 62}}]),
    ),
}
every_reader = pytest.mark.parametrize("reader", READERS)


def write(tmp_path, reader, data):
    """A file in its place under a folder, and the path to read."""
    _, name, _ = READERS[reader]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return tmp_path if "/" in name else file


def outcome(tmp_path, reader, data):
    """Samples and refusals; BadPayload must name a field and the file, and hold no value."""
    path = write(tmp_path, reader, data)
    batches, error = [], None
    try:
        batches = list(READERS[reader][0](path, zone=TOKYO))
    except BadPayload as refused:
        error = refused
    if error is not None:
        assert error.field
        assert error.file
        assert len(str(error)) < 500
        return "refused"
    for batch in batches:
        for each in batch.series:
            assert all(np.isfinite(column).any() for column in each.channels.values())
            assert each.start.min(initial=0) >= -86_400_000_000
        assert all(len(each.field) < 200 for each in batch.rejects)
    return sum(len(each) for batch in batches for each in batch.series)


@every_reader
def test_a_sound_file_is_read(tmp_path, reader):
    """Without this the other tests could pass on a reader that refuses everything."""
    assert outcome(tmp_path, reader, READERS[reader][2].encode()) >= 1


@every_reader
@pytest.mark.parametrize("data", [b"", b"   \n", b"\x00", b"\xff\xfe", b"null", b"true", b"1e999"])
def test_a_file_without_content_is_refused_or_counted(tmp_path, reader, data):
    """Nothing is read from nothing."""
    assert outcome(tmp_path, reader, data) in {"refused", 0}


@every_reader
def test_a_cut_file_never_gives_more_than_the_whole(tmp_path, reader):
    """A JSON document cut anywhere is refused; a table keeps its whole lines."""
    sound = READERS[reader][2].encode()
    whole = outcome(tmp_path, reader, sound)
    for cut in range(1, len(sound) - 1):
        found = outcome(tmp_path, reader, sound[:cut])
        assert found == "refused" or (reader == "fitbit-csv" and found <= whole)


@every_reader
def test_mixed_encodings_are_refused(tmp_path, reader):
    """UTF-8 that turns into Shift_JIS."""
    sound = READERS[reader][2].encode()
    assert outcome(tmp_path, reader, sound + b"\n\x93\xfa\x96{\n") == "refused"


@every_reader
def test_deep_nesting_is_refused_or_counted(tmp_path, reader):
    """A recursion that no parser survives by itself."""
    assert outcome(tmp_path, reader, b'{"dataPoints":[' * 200_000) in {"refused", 0}


@pytest.mark.parametrize("year", ["0001", "1900", "9999"])
def test_impossible_years_are_refused_by_all(tmp_path, year):
    """No clock of a device stands there."""
    point = json.dumps({"dataPoints": [POINT]}).replace("2026", year)
    assert outcome(tmp_path, "google-health", point.encode()) == 0
    assert outcome(tmp_path, "fitbit-json", json.dumps(DAY).replace("2019", year).encode()) == 0
    assert outcome(tmp_path, "fitbit-csv", READERS["fitbit-csv"][2].replace("2016", year).encode()) == 0


@pytest.mark.parametrize("member", ["physicalTime", "beatsPerMinute"])
def test_a_text_of_ten_megabytes_is_one_refusal(tmp_path, member):
    """Long texts are neither parsed nor repeated in an error."""
    point = json.loads(json.dumps(POINT))
    where = point["heartRate"]["sampleTime"] if member == "physicalTime" else point["heartRate"]
    where[member] = LONG
    body = json.dumps({"dataPoints": [POINT, point]}).encode()
    assert outcome(tmp_path, "google-health", body) == 1


def test_ten_megabytes_in_a_cell_and_in_a_tick_are_one_refusal(tmp_path):
    """As above, for the other readers."""
    text = READERS["fitbit-csv"][2] + f"7,4/1/2016 7:54:05 AM,{LONG}\n"
    assert outcome(tmp_path, "fitbit-csv", text.encode()) == 1
    body = json.loads(json.dumps(DAY))
    body["activities-heart-intraday"]["dataset"] += [{"time": LONG, "value": 5}, {"time": "1", "value": LONG}]
    assert outcome(tmp_path, "fitbit-json", json.dumps(body).encode()) == 1


@every_reader
def test_a_bomb_is_refused_before_it_unpacks(tmp_path, reader):
    """A zip of zeros, in the place of a file of each format."""
    read, name, sound = READERS[reader]
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, sound)
        archive.writestr("zeros.json", b"0" * 50_000_000)
    with pytest.raises(BadPayload) as refused:
        list(read(bomb, zone=TOKYO))
    assert refused.value.file == "zeros.json"


@every_reader
def test_an_entry_that_climbs_out_is_refused(tmp_path, reader):
    """Although readers write nothing."""
    read, name, sound = READERS[reader]
    archive = tmp_path / "climb.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"../../{name}", sound)
    with pytest.raises(BadPayload):
        list(read(archive, zone=TOKYO))


@every_reader
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, reader, data):
    """Bytes of a sound file replaced, inserted and removed."""
    body = bytearray(READERS[reader][2].encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        body = body or bytearray(b"x")
    outcome(tmp_path, reader, bytes(body))


@every_reader
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=80))
@example(data=b"Id,Time,Value\n\x00,\x00,\x00\n")
@example(data=b"Id,Time,Value\n,,\n7,4/1/2016 7:54:00 AM,1e400\n")
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, reader, data):
    """Readers are total."""
    outcome(tmp_path, reader, data)
