"""FIT files: real ones compared row by row, each message, clocks that roll over, people, damage."""

import csv
from datetime import datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import garmin_fit
from tests.ingest.exports import FIXTURES, TOKYO, column, damaged, laid, reasons, series, total
from tests.ingest.fit_bytes import ENUM, FLOAT32, SINT16, UINT8, UINT16, UINT32, fit, message, seconds

NOON = seconds(1_750_000_000)  # 2025-06-15T15:06:40Z
TIME = (253, UINT32, NOON)
CLOCK = "2025-06-15T15:06:40"
MIDNIGHT = seconds(1_749_913_200)  # 2025-06-15T00:00:00+09:00
FIT = FIXTURES / "fit"
shared = pytest.mark.shared
here = pytest.mark.skipif(not FIT.is_dir(), reason="the shared data is not here")


def read(folder, *messages, zone=TOKYO):
    return list(garmin_fit.read(laid(folder, {"a.fit": fit(*messages)}), zone=zone))


def local(offset, number=34, field=5):
    """An activity message that tells the wall clock."""
    return message(number, TIME, (field, UINT32, NOON + offset))


def test_a_record_is_a_heart_rate_at_the_offset_of_the_activity(tmp_path):
    """The activity message at the end tells the wall clock; positions are never read."""
    record = message(20, TIME, (3, UINT8, 120), (0, UINT32, 495280430), (108, UINT16, 1450))
    batches = read(tmp_path, record, local(-14_400 + 3))
    assert series(batches) == {"8867-4": [(CLOCK, 120, None)], "9279-1": [(CLOCK, 14.5, None)]}
    assert column(batches, "offset")["8867-4"] == [-14_400]


@pytest.mark.parametrize(("sent", "code", "ours"), [
    (message(269, TIME, (0, UINT8, 97)), "59408-5", 97.0),
    (message(297, TIME, (0, SINT16, 1410)), "9279-1", 14.1),
    (message(371, TIME, (0, UINT16, 128 * 42)), "hrv-rmssd", 42.0),
    (message(229, (0, UINT32, NOON), (2, UINT16, 465)), "vo2max", 46.5),
])  # fmt: skip
def test_single_values_have_our_units(tmp_path, sent, code, ours):
    """Scales are those of the profile."""
    assert series(read(tmp_path, sent)) == {code: [(CLOCK, ours, None)]}


@pytest.mark.parametrize(("sent", "code", "ours"), [
    (message(211, TIME, (0, UINT8, 60), (1, UINT8, 52)), "40443-4", 52.0),
    (message(370, TIME, (1, UINT16, 128 * 40)), "hrv-day", 40.0),
    (message(398, TIME, (1, FLOAT32, -0.5)), "skin-temp-dev", -0.5),
])  # fmt: skip
def test_values_of_a_day_begin_at_its_midnight(tmp_path, sent, code, ours):
    """Of the place that the file tells, else of the city."""
    assert series(read(tmp_path, sent)) == {code: [("2025-06-15T15:00:00", ours, None)]}
    assert series(read(tmp_path, sent, local(0))) == {code: [("2025-06-15T00:00:00", ours, None)]}


def test_a_weighing_and_a_blood_pressure_of_one_person(tmp_path):
    """Hundredths of kilograms and of per cent."""
    weight = message(30, TIME, (0, UINT16, 7580), (1, UINT16, 2230), (13, UINT16, 245))
    pressure = message(51, TIME, (0, UINT16, 130), (1, UINT16, 85), (6, UINT8, 64), (8, ENUM, 0))
    assert series(read(tmp_path, weight, pressure)) == {
        "29463-7": [(CLOCK, 75.8, None)], "41982-0": [(CLOCK, 22.3, None)], "39156-5": [(CLOCK, 24.5, None)],
        "85354-9": [(CLOCK, 130, 85, 64, None)],
    }  # fmt: skip


def test_a_blood_pressure_that_the_device_calls_an_error_is_refused(tmp_path):
    """Status 1: incomplete data."""
    batches = read(tmp_path, message(51, TIME, (0, UINT16, 130), (1, UINT16, 85), (8, ENUM, 1)))
    assert (series(batches), reasons(batches)) == ({}, {"device-error": 1})
    timeless = read(tmp_path, message(51, (0, UINT16, 130), (1, UINT16, 85)))
    assert (series(timeless), reasons(timeless)) == ({}, {"bad-time": 1})


def test_weights_of_several_people_go_to_nobody(tmp_path):
    """The scale does not say which of its users the file belongs to."""
    weights = [message(30, TIME, (0, UINT16, 7580), (12, UINT16, who)) for who in (0, 1)]
    batches = read(tmp_path, *weights, message(20, TIME, (3, UINT8, 70)))
    assert series(batches) == {"8867-4": [(CLOCK, 70, None)]}
    assert reasons(batches) == {"several-people": 2}
    assert "29463-7" in series(read(tmp_path, weights[0], weights[0]))
    profiles = [message(3, (254, UINT16, who)) for who in (0, 1)]
    assert reasons(read(tmp_path, *profiles, weights[0])) == {"several-people": 1}


def test_the_short_time_of_monitoring_rolls_over(tmp_path):
    """Sixteen bits last eighteen hours; each one is after the one before."""
    base = message(103, (253, UINT32, MIDNIGHT), (0, UINT32, MIDNIGHT + 32_400))
    beats = [
        message(55, (26, UINT16, (MIDNIGHT + later) & 0xFFFF), (27, UINT8, 60 + n))
        for n, later in enumerate((60, 40_000, 100_000))
    ]
    clocks = [row[0] for row in series(read(tmp_path, base, *beats))["8867-4"]]
    assert clocks == ["2025-06-14T15:01:00", "2025-06-15T02:06:40", "2025-06-15T18:46:40"]


def steps(later, count, way=6):
    return message(55, (253, UINT32, MIDNIGHT + later), (3, UINT32, count), (5, ENUM, way))


def test_counters_of_steps_become_steps_of_stretches(tmp_path):
    """Walking and running count apart and are added at each reading; cycling counts no steps."""
    start = message(
        103, (253, UINT32, MIDNIGHT), (0, UINT32, MIDNIGHT + 32_400 - (MIDNIGHT + 32_400) % 86_400)
    )
    batches = read(
        tmp_path, start, steps(600, 100), steps(600, 40, way=1), steps(900, 90, way=2), steps(1200, 150), steps(1800, 10)
    )  # fmt: skip
    assert series(batches) == {"55423-8": [("2025-06-14T15:00:00", 140, 10), ("2025-06-14T15:10:00", 50, 10)]}
    assert reasons(batches) == {"counter-reset": 1}


def test_a_counter_that_began_before_the_file_counts_from_its_first_reading(tmp_path):
    """A file that begins at noon would else give the morning's steps twice."""
    start = message(103, (253, UINT32, MIDNIGHT + 3600), (0, UINT32, MIDNIGHT + 36_000))
    batches = read(tmp_path, start, steps(4000, 5000), steps(4600, 5100))
    assert [row[1] for row in series(batches)["55423-8"]] == [100]
    assert reasons(read(tmp_path, steps(0, 1), steps(60, 5))) == {"bad-time": 1}


def test_stages_last_until_the_next_one(tmp_path):
    """How long the last one lasted is not said."""
    levels = [
        message(275, (253, UINT32, NOON + 60 * minute), (0, ENUM, level))
        for minute, level in ((0, 2), (10, 2), (20, 3), (30, 0), (40, 4), (2000, 1))
    ]
    batches = read(tmp_path, *levels)
    assert [row[1:] for row in series(batches)["sleep-stage"]] == [(2, 20), (3, 10)]
    assert reasons(batches) == {"no-value": 1, "bad-time": 1, "no-end": 1}


def test_time_since_power_on_is_no_time(tmp_path):
    """Small numbers count seconds of the device's life."""
    assert reasons(read(tmp_path, message(20, (253, UINT32, 16_441_241), (3, UINT8, 70)))) == {"bad-time": 1}
    assert reasons(read(tmp_path, message(20, (3, UINT8, 70)))) == {"bad-time": 1}


def test_what_has_no_code_is_counted_by_its_message(tmp_path):
    """Stress is measured, and has no place in the vocabulary."""
    batches = read(tmp_path, message(227, (1, UINT32, NOON), (0, SINT16, 25)))
    assert [(each.reason, each.field) for each in batches[0].rejects] == [
        ("unsupported-type", "stress_level")
    ]


@pytest.mark.parametrize("value", [-3_00, 0])
def test_a_word_of_the_device_for_none_is_no_value(tmp_path, value):
    """Negative breathing rates say why there is none."""
    assert series(read(tmp_path, message(297, TIME, (0, SINT16, value)))) == {}


def test_chained_files_are_read_each_with_its_own_clock(tmp_path):
    """A watch that was off for a week writes on."""
    one = fit(message(20, TIME, (3, UINT8, 60)), local(32_400))
    two = fit(message(20, TIME, (3, UINT8, 61)), local(3600))
    batches = list(garmin_fit.read(laid(tmp_path, {"a.fit": one + two}), zone=TOKYO))
    assert column(batches, "offset")["8867-4"] == [32_400, 3600]


@pytest.mark.parametrize("offset", [86_400, -60_000])
def test_an_impossible_offset_is_ignored(tmp_path, offset):
    """A wall clock that was never set."""
    assert column(read(tmp_path, message(20, TIME, (3, UINT8, 60)), local(offset)), "offset")["8867-4"] == [
        32_400
    ]


def test_a_wrong_checksum_or_a_cut_refuses_the_file_as_a_whole(tmp_path):
    """Messages depend on those before them: nobody can say which of them are intact."""
    sound = fit(message(20, TIME, (3, UINT8, 60)))
    for broken, problem in (
        (sound[:-1] + b"\x00", "checksum"),
        (sound[:-4], "cut off"),
        (sound + b"\x0e" * 20, "damaged"),
    ):
        with pytest.raises(BadPayload, match=problem):
            list(garmin_fit.read(laid(tmp_path, {"a.fit": broken}), zone=TOKYO))


def test_insane_sizes_are_refused(tmp_path, monkeypatch):
    """Bytes and fields are bounded before they cost time."""
    path = laid(tmp_path, {"a.fit": fit(*[message(20, TIME, (3, UINT8, 60))] * 20)})
    monkeypatch.setattr(garmin_fit, "MAX_FIELDS", 30)
    with pytest.raises(BadPayload, match="more than 30 fields"):
        list(garmin_fit.read(path, zone=TOKYO))
    monkeypatch.setattr(garmin_fit, "MAX_BYTES", 30)
    with pytest.raises(BadPayload, match="larger than 30"):
        list(garmin_fit.read(path, zone=TOKYO))


def test_other_files_are_counted_and_reading_goes_on_after_each_mark(tmp_path):
    """The folder of a watch holds pictures and settings."""
    files = {f"{n}.fit": fit(message(20, TIME, (3, UINT8, 60 + n))) for n in (1, 3)}
    folder = laid(tmp_path, {**files, "2.txt": "no FIT file, although long enough"})
    every = list(garmin_fit.read(folder, zone=TOKYO))
    assert reasons(every) == {"not-of-this-format": 1}
    for place, batch in enumerate(every):
        assert series(garmin_fit.read(folder, zone=TOKYO, mark=batch.mark)) == series(every[place + 1 :])


@shared
@here
@pytest.mark.parametrize("name", ["garmin-fenix-5-run", "garmin-fenix-5-walk"])
def test_a_real_activity_is_what_another_decoder_says_row_by_row(name):
    """The tables were written by the maker's own converter; PDT is seven hours behind UTC."""
    with (FIT / f"{name}-records.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = [
        (
            datetime.strptime(row["timestamp"].replace("PDT", "-0700"), "%a %b %d %H:%M:%S %z %Y"),
            int(row["heart_rate"]),
        )
        for row in rows
    ]
    found = series(garmin_fit.read(FIT / f"{name}.fit", zone=TOKYO))["8867-4"]
    assert [(datetime.fromisoformat(clock + "+00:00"), beats) for clock, beats, _ in found] == expected
    offsets = column(garmin_fit.read(FIT / f"{name}.fit", zone=TOKYO), "offset")
    assert set(offsets["8867-4"]) == {-25_200}


@shared
@here
@pytest.mark.parametrize(("name", "counts", "refused"), [
    ("2013-02-06-12-11-14", {"8867-4": 590}, {"unsupported-type": 1}),
    ("Activity", {}, {"unsupported-type": 1}), ("Settings", {}, {}),
    ("MonitoringFile", {"55423-8": 79}, {}),
    ("WeightScaleMultiUser", {}, {"several-people": 4}),
    ("WeightScaleSingleUser", {"29463-7": 2, "41982-0": 2}, {}),
    ("activity-settings", {}, {"unsupported-type": 1}),
    ("antfs-dump.63", {}, {"unsupported-type": 1, "bad-time": 685}),
    ("compressed-speed-distance", {}, {"unsupported-type": 1, "bad-time": 754}),
    ("event_timestamp", {}, {"unsupported-type": 1416}),
    ("garmin-fenix-5-bike", {"8867-4": 19}, {"unsupported-type": 1}),
    ("sample-activity-indoor-trainer", {"8867-4": 2263}, {"unsupported-type": 1}),
])  # fmt: skip
def test_every_sound_file_gives_what_stands_in_it(name, counts, refused):
    """Counted with another decoder."""
    batches = list(garmin_fit.read(FIT / f"{name}.fit", zone=TOKYO))
    assert {code: len(rows) for code, rows in series(batches).items()} == counts
    assert reasons(batches) == refused


@shared
@here
def test_the_steps_of_a_real_day_add_up_to_its_own_summary():
    """3,142 walked and 31 run, as the last two messages of the file say."""
    found = series(garmin_fit.read(FIT / "MonitoringFile.fit", zone=TOKYO))["55423-8"]
    assert sum(count for _, count, _ in found) == 3142 + 31


@shared
@here
@pytest.mark.parametrize(("name", "problem"), [
    ("activity-filecrc", "checksum"), ("activity-settings-corruptheader", "damaged"),
    ("activity-settings-nodata", "cut off"),
])  # fmt: skip
def test_every_damaged_file_is_refused_for_its_reason(name, problem):
    """Each as a whole."""
    with pytest.raises(BadPayload, match=problem):
        list(garmin_fit.read(FIT / f"{name}.fit", zone=TOKYO))


SOUND = fit(
    message(0, (4, UINT32, NOON), (1, UINT16, 1), (2, UINT16, 2697)),
    message(103, (253, UINT32, MIDNIGHT), (0, UINT32, MIDNIGHT + 32_400)),
    steps(600, 100), message(55, (26, UINT16, 5), (27, UINT8, 60)), message(20, TIME, (3, UINT8, 60)),
    message(30, TIME, (0, UINT16, 7580)), message(51, TIME, (0, UINT16, 130), (1, UINT16, 85)),
    message(275, TIME, (0, ENUM, 2)), message(370, TIME, (1, UINT16, 128)), local(3600),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(data=st.data(), checked=st.booleans())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data, checked):
    """Also where a right checksum lets the damage through to the decoder."""
    path = laid(tmp_path, {"a.fit": damaged(data, SOUND)})
    with pytest.MonkeyPatch.context() as patch:
        if not checked:
            patch.setattr(garmin_fit, "CHECKSUMS", garmin_fit.fitdecode.CrcCheck.DISABLED)
        total(garmin_fit.read, path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=80))
@example(body=b"")
@example(body=fit())
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, body):
    """With and without the signature."""
    path = laid(tmp_path, {"a.fit": body})
    assert total(garmin_fit.read, path) in {"refused", 0}
    (tmp_path / "a.fit").write_bytes(body[:8].ljust(8, b"\x0e") + b".FIT" + body[8:])
    total(garmin_fit.read, path)


def test_a_file_that_is_no_fit_file_says_so(tmp_path):
    """By its signature."""
    with pytest.raises(NotOfThisFormat):
        list(garmin_fit.read(laid(tmp_path, {"a.fit": b"GIF89a" * 9}), zone=TOKYO))
