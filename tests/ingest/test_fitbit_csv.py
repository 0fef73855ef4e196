"""The public 2016 Fitbit tables: each table's columns, every row accounted for, resumable."""

import datetime as dt
import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import fitbit_csv, source
from ingest.series import LOW_CONFIDENCE, MANUAL, ZONE_ASSUMED

TOKYO = ZoneInfo("Asia/Tokyo")
TABLES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "fitbit-mobius-2016"
MINUTE = 60_000_000

WALL_CLOCKS = st.builds(dt.datetime.combine, st.dates(dt.date(1971, 1, 1), dt.date(2199, 1, 1)), st.times())


def read(tmp_path, text, name="t.csv", **how):
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(fitbit_csv.read(file, zone=TOKYO, **how))


def totals(batches):
    samples, refused = {}, {}
    for batch in batches:
        for each in batch.series:
            samples[each.code] = samples.get(each.code, 0) + len(each)
        for each in batch.rejects:
            refused[each.reason] = refused.get(each.reason, 0) + each.count
    return samples, refused


def stamps(series):
    return [str(moment) for moment in series.start.astype("datetime64[us]").astype("datetime64[s]")]


def test_seconds_are_split_by_person(tmp_path):
    """One batch per Id; wall clocks stand in the zone of the import, which is assumed."""
    batches = read(
        tmp_path,
        "Id,Time,Value\n7,4/1/2016 7:54:00 AM,93\n8,4/1/2016 12:00:05 PM,91\n7,12/31/2016 12:00:09 AM,94\n",
    )
    assert [batch.person_key for batch in batches] == ["7", "8"]
    first = batches[0].series[0]
    assert stamps(first) == ["2016-03-31T22:54:00", "2016-12-30T15:00:09"]
    assert first.channels["value"].tolist() == [93.0, 94.0]
    assert first.quality.tolist() == [ZONE_ASSUMED, ZONE_ASSUMED]


def test_wide_hours_become_sixty_minutes(tmp_path):
    """StepsNN is the minute NN of the hour."""
    header = "Id,ActivityHour," + ",".join(f"Steps{m:02}" for m in range(60))
    row = "7,4/13/2016 1:00:00 PM," + ",".join(str(m) for m in range(60))
    (batch,) = read(tmp_path, f"{header}\n{row}\n")
    (found,) = batch.series
    assert found.channels["value"].tolist() == list(range(60))
    assert (found.start - found.start[0]).tolist() == [m * MINUTE for m in range(60)]
    assert set(found.duration.tolist()) == {MINUTE}


def test_hours_and_days_are_sources_of_their_own(tmp_path):
    """An hourly table repeats the minutes: it may never be added to them."""
    (hours,) = read(tmp_path, "Id,ActivityHour,StepTotal\n7,4/12/2016 12:00:00 AM,373\n")
    assert hours.series[0].source.key == "fitbit-2016|hourly"
    assert hours.series[0].duration.tolist() == [60 * MINUTE]
    (days,) = read(tmp_path, "Id,ActivityDate,TotalSteps,Calories\n7,4/12/2016,13162,1985\n")
    assert [(each.code, each.source.key, each.duration) for each in days.series] == [
        ("41950-7", "fitbit-2016|daily", None),
        ("41979-6", "fitbit-2016|daily", None),
    ]
    assert stamps(days.series[0]) == ["2016-04-11T15:00:00"]


def test_tables_that_repeat_or_are_unknown_are_counted(tmp_path):
    """Never a value twice, never a row lost silently."""
    assert totals(read(tmp_path, "Id,ActivityDay,StepTotal\n7,4/12/2016,1\n8,4/12/2016,2\n")) == (
        {},
        {"repeated-table": 2},
    )
    assert totals(read(tmp_path, "Name,Mood\nx,1\n")) == ({}, {"unknown-table": 1})


def test_a_weight_says_whether_it_was_typed(tmp_path):
    """IsManualReport parts the scale from the person; an empty fat is no fault."""
    header = "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\n"
    rows = "7,5/2/2016 11:59:59 PM,52.5,115.9,22,22.6,True,1\n7,5/3/2016 6:00:00 AM,52.6,116,,22.7,False,2\n"
    (batch,) = read(tmp_path, header + rows)
    assert batch.rejects == ()
    found = {(each.code, each.source.key): each.quality.tolist() for each in batch.series}
    assert found["29463-7", "fitbit-2016|typed"] == [ZONE_ASSUMED | MANUAL]
    assert found["29463-7", "fitbit-2016|scale"] == [ZONE_ASSUMED]
    assert ("41982-0", "fitbit-2016|scale") not in found


def test_a_sleep_day_knows_its_minutes_but_not_its_beginning(tmp_path):
    """The session begins at midnight for want of better, and says that it is unsure."""
    header = "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed\n"
    (batch,) = read(tmp_path, header + "7,4/12/2016 12:00:00 AM,1,327,346\n")
    (found,) = batch.series
    assert found.channels["value"].tolist() == [327.0]
    assert found.duration.tolist() == [346 * MINUTE]
    assert found.quality.tolist() == [ZONE_ASSUMED | LOW_CONFIDENCE]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,4/1/2016 7:54:00 AM,93", "bad-row"),
        ("7,4/1/2016 7:54:00 AM", "bad-row"),
        ("7,4/1/2016 7:54:00 AM,93,1", "bad-row"),
        ("7,13/1/2016 7:54:00 AM,93", "bad-time"),
        ("7,2/30/2016 7:54:00 AM,93", "bad-time"),
        ("7,4/1/0001 7:54:00 AM,93", "bad-time"),
        ("7,4/1/9999 7:54:00 AM,93", "bad-time"),
        ("7,4/1/2016 13:54:00 PM,93", "bad-time"),
        ("7,4/1/2016 7:54:00 AM ,93", "bad-time"),
        ("7,,93", "bad-time"),
        ("7,4/1/2016 7:54:00 AM,", "bad-value"),
        ("7,4/1/2016 7:54:00 AM,NaN", "bad-value"),
        ("7,4/1/2016 7:54:00 AM,much", "bad-value"),
    ],
)
def test_a_bad_row_is_counted_with_its_line_and_the_others_stay(tmp_path, row, reason):
    """The refusal names the first line, and no value."""
    batches = read(tmp_path, f"Id,Time,Value\n7,4/1/2016 7:54:00 AM,93\n{row}\n7,4/1/2016 7:54:05 AM,94\n")
    samples, refused = totals(batches)
    assert (samples, refused) == ({"8867-4": 2}, {reason: 1})
    assert batches[0].rejects[0].field == "line 3"


def test_windows_line_ends_and_a_byte_order_mark_are_harmless(tmp_path):
    """Spreadsheets write both."""
    text = b"\xef\xbb\xbfId,Time,Value\r\n7,4/1/2016 7:54:00 AM,93\r\n"
    assert totals(read(tmp_path, text)) == ({"8867-4": 1}, {})


def test_reading_goes_on_after_its_mark(tmp_path):
    """The rest after any mark is the same as in one go."""
    rows = "".join(f"{person},4/1/2016 7:54:0{s} AM,9{s}\n" for person in (7, 8, 9) for s in range(5))
    every = read(tmp_path, "Id,Time,Value\n" + rows)
    rest = list(fitbit_csv.read(tmp_path / "t.csv", zone=TOKYO, mark=every[0].mark))
    assert [batch.person_key for batch in rest] == ["8", "9"]
    assert every[-1].done == every[-1].total


@pytest.mark.parametrize("mark", ["x", "1", "0:-1", "²:1", "0:" + "9" * 99])
def test_a_mark_of_another_reader_is_refused(tmp_path, mark):
    """A mark is opaque, but not trusted."""
    with pytest.raises(BadPayload, match="mark"):
        read(tmp_path, "Id,Time,Value\n", mark=mark)


lines = st.one_of(
    st.builds(
        lambda moment, bpm: f"7,{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p},{bpm}",
        WALL_CLOCKS,
        st.integers(0, 300),
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30).filter(str.strip),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=20))
def test_every_row_is_a_sample_or_counted(tmp_path, some):
    """Whatever the rows hold."""
    samples, refused = totals(read(tmp_path, "Id,Time,Value\n" + "\n".join(some) + "\n"))
    assert sum(samples.values()) + sum(refused.values()) == len(some)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WALL_CLOCKS)
def test_the_wall_clock_of_a_row_is_the_one_of_the_zone(tmp_path, moment):
    """Both hours of the half-day clock, one digit or two."""
    moment = moment.replace(microsecond=0)
    text = f"{moment.month}/{moment.day}/{moment.year} {int(moment.strftime('%I'))}:{moment:%M:%S %p}"
    (batch,) = read(tmp_path, f"Id,Time,Value\n7,{text},60\n")
    assert batch.series[0].start.tolist() == [round(moment.replace(tzinfo=TOKYO).timestamp()) * 1_000_000]


@pytest.mark.shared
def test_every_row_of_the_real_tables_is_accounted_for(monkeypatch):
    """1.4 million heart rates of seven people and all the smaller tables; small blocks change nothing."""
    if not TABLES.exists():
        pytest.skip("the 2016 tables are not here")
    for file in sorted(TABLES.rglob("*.csv*")):
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rt") as text:
            header = next(text)
            rows = sum(1 for _ in text)
        samples, refused = totals(fitbit_csv.read(file, zone=TOKYO))
        width = 60 if "Wide" in file.name else 1
        counted = max(samples.values(), default=0) // width + sum(refused.values())
        assert counted == rows, file.name
        if header == "Id,Time,Value\n":
            assert (samples, refused) == ({"8867-4": rows}, {})
            assert rows > 1_400_000


def test_blocks_cut_a_table_anywhere_without_a_difference(tmp_path, monkeypatch):
    """Rows cut by the end of a block belong to the next one."""
    rows = "".join(f"7,4/1/2016 7:{m:02}:00 AM,{60 + m}\n" for m in range(60))
    whole = totals(read(tmp_path, "Id,Time,Value\n" + rows))
    monkeypatch.setattr(source.Entry.blocks, "__defaults__", (100,))
    assert totals(read(tmp_path, "Id,Time,Value\n" + rows)) == whole == ({"8867-4": 60}, {})
