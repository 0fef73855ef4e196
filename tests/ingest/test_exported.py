"""What the readers of exports share: folders of which some files are ours, tables, clocks, and the vocabulary."""

import json
from datetime import UTC, datetime
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import parallel
from ingest.codes import VITALS
from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import exported, fitbit_json, google_health
from ingest.files.epoch_rows import EpochRows
from ingest.files.exported import Findings, numbers, percent, tables
from ingest.files.moments import epochs, when, zone_named
from ingest.files.source import opened
from ingest.registry import FORMATS
from ingest.series import Source
from tests.ingest.exports import BERLIN, FIXTURES, TOKYO, laid, reasons, series

FITBIT = json.dumps({"activities-steps": [{"dateTime": "2019-05-08", "value": "100"}]})
GOOGLE = json.dumps({
    "dataPoints": [{"heartRate": {"sampleTime": {"physicalTime": "2026-09-25T10:04:59Z"}, "beatsPerMinute": "60"}}]
})  # fmt: skip
READERS = {"fitbit-json": (fitbit_json, FITBIT), "google-health-json": (google_health, GOOGLE)}
FOLDERS = {
    "withings": "withings-aiowithings", "garmin-fit": "fit", "garmin-json": "garmin-connect-garth",
    "samsung-csv": "samsung-davidmosiah",
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_folder_with_other_files_is_read_and_they_are_counted(tmp_path, name):
    """One file of another format must not keep a person from the rest of her data."""
    reader, sound = READERS[name]
    folder = laid(
        tmp_path, {"1.json": '{"other":1}', "2.json": sound, "3.json": '{"other":1}', "4.json": sound}
    )
    every = list(reader.read(folder, zone=TOKYO))
    assert reasons(every) == {"not-of-this-format": 2}
    assert sum(len(rows) for rows in series(every).values()) == 2
    for place, batch in enumerate(every):
        assert series(reader.read(folder, zone=TOKYO, mark=batch.mark)) == series(every[place + 1 :])


@pytest.mark.parametrize("name", READERS)
def test_a_folder_without_any_file_of_the_format_is_refused(tmp_path, name):
    """So is one file that is not of it, at once."""
    reader, _ = READERS[name]
    folder = laid(tmp_path / "a", {"1.json": '{"other":1}', "2.json": '{"other":1}'})
    with pytest.raises(NotOfThisFormat):
        list(reader.read(folder, zone=TOKYO))
    with pytest.raises(NotOfThisFormat):
        list(reader.read(laid(tmp_path / "b", {"1.json": '{"other":1}'}), zone=TOKYO))


@pytest.mark.parametrize("name", READERS)
def test_damage_still_refuses_a_folder(tmp_path, name):
    """A cut file may have been ours: to leave it out would lose data in silence."""
    reader, sound = READERS[name]
    with pytest.raises(BadPayload):
        list(reader.read(laid(tmp_path, {"1.json": sound, "2.json": sound[:-3]}), zone=TOKYO))


@pytest.mark.parametrize("name", READERS)
def test_several_processes_forgive_the_same_files(tmp_path, monkeypatch, name):
    """The batches of the decoder processes are those of one process."""
    monkeypatch.setattr(parallel, "STARTING", 1)
    monkeypatch.setattr(parallel, "WORTHWHILE", 1)
    _, sound = READERS[name]
    mixed = laid(tmp_path / "a", {"1.json": '{"other":1}', "2.json": sound})
    found = list(parallel.read(name, mixed, zone=TOKYO))
    plain = list(FORMATS[name].read(mixed, zone=TOKYO))
    assert (reasons(found), series(found)) == (reasons(plain), series(plain))
    strange = laid(tmp_path / "b", {"1.json": '{"other":1}', "2.json": '{"other":1}'})
    with pytest.raises(BadPayload, match="no file of this format"):
        list(parallel.read(name, strange, zone=TOKYO))


def test_a_strange_line_in_a_sound_file_is_damage(tmp_path):
    """A file that began as ours is not of another format."""
    folder = laid(tmp_path, {"1.ndjson": GOOGLE + '\n{"other":1}\n', "2.json": GOOGLE})
    with pytest.raises(BadPayload):
        list(google_health.read(folder, zone=TOKYO))


def test_an_empty_folder_is_refused(tmp_path):
    """There is nothing to import."""
    with pytest.raises(BadPayload, match="holds no file"):
        list(exported.batches(tmp_path, lambda _: iter(())))


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("name", FOLDERS)
def test_what_readers_deliver_is_declared_and_of_its_kind(name):
    """Only declared codes; intervals last, samples and days do not; every channel is of the vocabulary."""
    for path in sorted((FIXTURES / FOLDERS[name]).iterdir()):
        if path.stat().st_size > 80_000:  # read elsewhere, and slow
            continue
        try:
            batches = list(FORMATS[name].read(path, zone=TOKYO))
        except BadPayload:
            continue
        for each in (one for batch in batches for one in batch.series):
            vital = VITALS[each.code]
            assert each.code in FORMATS[name].coverage
            assert (each.duration is not None) is (vital.kind == "interval")
            assert set(each.channels) <= {channel.name for channel in vital.channels}


@pytest.mark.parametrize(
    "name", ["garmin-fit", "garmin-json", "withings", "oura", "omron-csv", "samsung-csv", "fitbit-takeout"]
)
def test_every_declared_code_is_of_the_vocabulary(name):
    """A reader cannot promise what nobody can store."""
    assert set(VITALS) >= import_module(FORMATS[name].module).COVERAGE


def table_of(folder, text, **how):
    with opened(laid(folder, {"t.csv": text})) as (entry,):
        return list(tables(entry, **how))


def test_a_large_table_comes_in_parts_with_its_line_numbers(tmp_path, monkeypatch):
    """Memory stays bounded; a refusal names the line of the file."""
    monkeypatch.setattr(exported, "ROWS", 2)
    parts = table_of(tmp_path, "a,b,\n" + "1,2,\n" * 3 + "short\n1,2,3\n\n" + '1,"x\ny"\n')
    assert [(table.lines, [r.reason for r in found.rejects]) for table, found in parts] == [
        ([2, 3], []),
        ([4, 9], ["bad-row"]),
        ([], []),
    ]
    assert parts[1][1].rejects[0].count == 2
    assert parts[0][0].column("b") == ["2", "2"]
    assert parts[0][0].cells("c") == ["", ""]
    with pytest.raises(KeyError):
        parts[0][0].column("c")


def test_long_cells_end_a_part_as_many_rows_do(tmp_path, monkeypatch):
    """Twenty thousand rows of long lists would be gigabytes."""
    monkeypatch.setattr(exported, "CHARACTERS", 10)
    assert [len(table.rows) for table, _ in table_of(tmp_path, "a,b\n" + "12345,6\n" * 5)] == [2, 2, 1]


def test_an_open_quote_does_not_swallow_the_file(tmp_path):
    """A cell has a longest length."""
    with pytest.raises(BadPayload, match="not a table"):
        table_of(tmp_path, 'a\n"' + "x" * 200_000)


def test_words_for_none_are_no_mistakes():
    """A dash, NaN and null stand for a missing value; text and infinities are wrong."""
    values, wrong = numbers(["1.5", "-", " NaN ", "null", "1_0", "1e999", "x" * 99, "１"])
    assert np.isnan(values).tolist() == [False, *[True] * 7]
    assert wrong.tolist() == [False, False, False, False, True, True, True, True]
    assert percent(np.array([0.0, 1.0, 1.01])).tolist() == [0.0, 100.0, 1.01]


@pytest.mark.parametrize(("text", "clock", "offset", "assumed"), [
    ("2026-10-04T22:40:00.000+02:00", "2026-10-04T20:40", 7200, False),
    ("2026-10-04 22:40:00+0200", "2026-10-04T20:40", 7200, False),
    ("2026-10-04T20:40:00Z", "2026-10-04T20:40", 32_400, False),
    ("2026-10-04T20:40:00+00:00", "2026-10-04T20:40", 32_400, False),
    ("2026/10/04 20:40", "2026-10-04T11:40", 32_400, True),
    (" 2026-10-04T20:40:00 ", "2026-10-04T11:40", 32_400, True),
])  # fmt: skip
def test_clock_text_of_all_exports(text, clock, offset, assumed):
    """A written offset is the person's, UTC names no place, and no offset is the zone's wall clock."""
    found = when([text], TOKYO)
    assert found.good.all()
    assert datetime.fromtimestamp(found.start[0] / 1e6, UTC).strftime("%Y-%m-%dT%H:%M") == clock
    assert (found.offset[0], found.assumed[0]) == (offset, assumed)


@given(st.lists(st.text(max_size=45), max_size=4))
def test_any_text_is_an_instant_or_none(texts):
    """And the others of the column do not suffer."""
    found = when([*texts, "2026-10-25T02:30:00"], BERLIN)
    assert found.good[-1]
    assert found.start[-1] == 1_792_888_200_000_000
    assert (found.start[~found.good] == 0).all()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5))
def test_any_number_is_an_instant_or_none(values):
    """Milliseconds taken for seconds are in no year of ours."""
    found = epochs(values, TOKYO)
    assert not found.good[[i for i, value in enumerate(values) if not 0 <= value < 1e10]].any()
    assert len(found) == len(values)


def test_a_zone_is_taken_by_its_exact_name_only():
    """A name from a file never becomes a path."""
    assert zone_named("Europe/Berlin") == BERLIN
    assert [zone_named(name) for name in (None, "", "../UTC", "europe/berlin\0")] == [None] * 4


def test_a_thousand_sources_are_more_than_a_person_has(monkeypatch):
    """The rest is counted, and costs nothing."""
    monkeypatch.setattr("ingest.files.epoch_rows.MOST_GROUPS", 2)
    found, rows = Findings(), EpochRows()
    for source in "abca":
        rows.add("8867-4", Source(source), TOKYO, 1_700_000_000, 60.0, place="p")
    rows.into(found)
    assert [len(each) for each in found.series] == [2, 1]
    assert [(each.reason, each.count) for each in found.rejects] == [("too-many-sources", 1)]


def test_a_length_that_cannot_be_refuses_its_row():
    """Longer than a month, or before its start."""
    found, rows = Findings(), EpochRows()
    for lasts in (60.0, -1.0, 1e9, float("nan")):
        rows.add("55423-8", Source("s"), TOKYO, 1_700_000_000, 5.0, place="p", lasts=lasts)
    rows.into(found)
    assert [len(each) for each in found.series] == [1]
    assert [(each.reason, each.count) for each in found.rejects] == [("bad-value", 3)]
