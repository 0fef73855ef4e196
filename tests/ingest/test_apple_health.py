"""Apple Health exports: units, clocks, sources, pairs of blood pressure, and what is left out."""

import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import apple_health
from ingest.files.apple_source import source_of
from ingest.series import MANUAL, ZONE_ASSUMED
from tests.ingest import apple_export as made
from tests.ingest.samples import instants_of, reasons_of, rows_of, spans_of, values_of

TOKYO = ZoneInfo("Asia/Tokyo")
FIXTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "wearable-fixtures" / "apple"
UTC = made.timezone.utc


@pytest.fixture
def read(tmp_path):
    """The batches of an export made of these elements."""

    def reader(*elements, zone=TOKYO, **how):
        file = tmp_path / "export.xml"
        file.write_text(made.export(*elements), encoding="utf-8")
        return list(apple_health.read(file, zone=zone, **how))

    return reader


@pytest.mark.parametrize(
    ("kind", "unit", "value", "code", "expected"),
    [
        ("HeartRate", "count/min", "72", "8867-4", 72),
        ("HeartRate", "count/s", "1.2", "8867-4", 72),
        ("RespiratoryRate", "count/min", "15.5", "9279-1", 15.5),
        ("HeartRateVariabilitySDNN", "ms", "45.25", "80404-7", 45.25),
        ("OxygenSaturation", "%", "0.97", "59408-5", 97),
        ("OxygenSaturation", "%", "97", "59408-5", 97),
        ("OxygenSaturation", "%", "1", "59408-5", 100),
        ("BodyFatPercentage", "%", "0.223", "41982-0", 22.3),
        ("BodyMass", "lb", "150", "29463-7", 68.039),
        ("BodyMass", "kg", "68.05", "29463-7", 68.05),
        ("BodyMass", "st", "10", "29463-7", 63.503),
        ("Height", "ft", "5.5", "8302-2", 167.64),
        ("Height", "cm", "167.6", "8302-2", 167.6),
        ("BodyMassIndex", "count", "22.5", "39156-5", 22.5),
        ("WaistCircumference", "in", "34", "8280-0", 86.36),
        ("BodyTemperature", "degF", "98.6", "8310-5", 37),
        ("BodyTemperature", "degC", "36.6", "8310-5", 36.6),
        ("BloodGlucose", "mg/dL", "105", "2339-0", 105),
        ("BloodGlucose", "mmol<180.1558800000541>/L", "5.5", "2339-0", 99.086),
        ("VO2Max", "mL/min·kg", "38.2", "vo2max", 38.2),
    ],
)
def test_units_of_the_record_become_ours(read, kind, unit, value, code, expected):
    """The unit is read from each record: the export writes what the person's phone prefers."""
    assert values_of(read(made.record(kind, value, unit)), code) == [expected]


@pytest.mark.parametrize(
    ("kind", "unit", "value", "code", "expected"),
    [
        ("StepCount", "count", "412", "55423-8", 412),
        ("FlightsClimbed", "count", "3", "floors", 3),
        ("DistanceWalkingRunning", "mi", "1", "55430-3", 1609.344),
        ("DistanceWalkingRunning", "km", "0.00288", "55430-3", 2.88),
        ("ActiveEnergyBurned", "kcal", "1.5", "55424-6", 1.5),
        ("ActiveEnergyBurned", "Cal", "1.5", "55424-6", 1.5),
        ("ActiveEnergyBurned", "kJ", "418.4", "55424-6", 100),
    ],
)
def test_what_lasts_keeps_its_length(read, kind, unit, value, code, expected):
    """Steps, ways and energy belong to a stretch of time."""
    batches = read(made.record(kind, value, unit, at=100, lasts=590))
    assert values_of(batches, code) == [pytest.approx(expected)]
    assert spans_of(batches, code) == [590]


@pytest.mark.parametrize(("kind", "unit"), [("BodyMass", "stone"), ("HeartRate", ""), ("StepCount", "km")])
def test_a_unit_is_never_assumed(read, kind, unit):
    """A missing or strange unit refuses the value instead of guessing."""
    batches = read(made.record(kind, "70", unit))
    assert rows_of(batches) == []
    assert reasons_of(batches)["bad-unit", f"{kind}.unit"] == 1


def test_another_substance_is_no_glucose(read):
    """The molar mass in the unit tells what was measured."""
    batches = read(made.record("BloodGlucose", "5.5", "mmol<386.65>/L"))
    assert reasons_of(batches)["bad-unit", "BloodGlucose.unit"] == 1


def test_times_are_instants_and_the_offset_is_that_of_the_import(read):
    """The offset in the file is the phone's at export; the same record exported in Paris stays the same."""
    at_home = read(made.record("HeartRate", "60", "count/min", at=3600))
    abroad = read(made.record("HeartRate", "60", "count/min", at=3600, zone=UTC))
    assert rows_of(at_home) == rows_of(abroad)
    (row,) = rows_of(at_home)
    assert row[5:7] == (32_400, ZONE_ASSUMED)
    assert instants_of(at_home, "8867-4") == ["2020-01-01T01:00:00"]


def test_a_record_that_names_its_zone_keeps_it(read):
    """HKTimeZone is where the person was."""
    batches = read(made.sleep("AsleepDeep", 0, 1800, children=made.entry("HKTimeZone", "America/New_York")))
    assert rows_of(batches)[0][5:7] == (-18_000, 0)


@pytest.mark.parametrize("name", ["../../etc/passwd", "Mars/Olympus", "", "/etc/localtime", "A" * 500])
def test_a_zone_that_is_none_is_assumed(read, name):
    """A name of a zone never opens another file."""
    batches = read(made.sleep("Awake", 0, 60, children=made.entry("HKTimeZone", name)))
    assert rows_of(batches)[0][5:7] == (32_400, ZONE_ASSUMED)


def test_a_night_without_an_hour_is_not_shorter(read):
    """Instants know no summer time: 00:30 to 04:30 in New York is three hours on the night of the change."""
    night = made.element(
        "Record",
        type="HKCategoryTypeIdentifierSleepAnalysis",
        sourceName="Watch",
        startDate="2026-03-08 00:30:00 -0500",
        endDate="2026-03-08 04:30:00 -0400",
        value="HKCategoryValueSleepAnalysisAsleepCore",
    )
    batches = read(night, zone=ZoneInfo("America/New_York"))
    assert spans_of(batches, "sleep-stage") == [3 * 3600]
    assert instants_of(batches, "sleep-stage") == ["2026-03-08T05:30:00"]


def test_a_resting_heart_rate_belongs_to_a_civil_day(read):
    """Its start is the local midnight of the day, also when the record names another zone."""
    plain = made.record("RestingHeartRate", "58", "count/min", at=20 * 3600)
    abroad = made.record(
        "RestingHeartRate", "59", "count/min", at=20 * 3600, children=made.entry("HKTimeZone", "Europe/Paris")
    )
    batches = read(plain, abroad)
    assert instants_of(batches, "40443-4") == ["2020-01-01T15:00:00", "2019-12-31T23:00:00"]


def test_sleep_stages_have_our_numbers_and_being_in_bed_is_counted(read):
    """Old exports say Asleep, new ones the stages; in bed is no stage."""
    stages = ["Awake", "AsleepCore", "AsleepDeep", "AsleepREM", "Asleep", "AsleepUnspecified"]
    batches = read(*(made.sleep(stage, at * 600, 600) for at, stage in enumerate([*stages, "InBed", "Odd"])))
    assert values_of(batches, "sleep-stage") == [1, 2, 3, 4, 5, 5]
    assert reasons_of(batches)["in-bed", "SleepAnalysis.value"] == 1
    assert reasons_of(batches)["no-value", "SleepAnalysis.value"] == 1


def test_what_a_person_typed_says_so(read):
    """HKWasUserEntered is 1 for typed values."""
    batches = read(
        made.record("BodyMass", "60", "kg", at=1, children=made.entry("HKWasUserEntered", "1")),
        made.record("BodyMass", "61", "kg", at=2, children=made.entry("HKWasUserEntered", "0")),
    )
    assert [row[6] for row in rows_of(batches)] == [MANUAL | ZONE_ASSUMED, ZONE_ASSUMED]


def test_the_address_in_a_device_and_its_software_make_no_new_source():
    """Otherwise each export and each update would store everything again."""
    sources = {
        source_of("Hanako's Watch", made.WATCH.format(address=address, software=software))
        for address, software in [(1, "9.1"), (2, "9.1"), (3, "10.0")]
    }
    (source,) = sources
    assert source.label == "Apple Watch"
    assert source.device == "Apple Inc. Apple Watch"
    assert "Hanako" not in source.key + source.label


def test_watch_phone_and_apps_are_kept_apart(read):
    """Watch and phone both count steps; adding them up would double them."""
    watch = made.WATCH.format(address=1, software="9")
    phone = "<<HKDevice: 0x1>, name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,4>"
    batches = read(
        made.record("StepCount", "10", "count", lasts=60, sourceName="花子のApple Watch", device=watch),
        made.record("StepCount", "12", "count", lasts=60, sourceName="花子のiPhone", device=phone),
        made.record("StepCount", "11", "count", lasts=60, sourceName="Pedometer++", device=phone),
    )
    sources = {each.source.key: each.source.label for batch in batches for each in batch.series}
    assert sorted(sources.values()) == ["Apple Watch", "iPhone", "iPhone"]
    assert not any("花子" in key + label for key, label in sources.items())


def test_who_the_person_is_is_never_kept(read):
    """Date of birth, sex and blood type, and the names of types that tell too much, are counted only."""
    batches = read(
        made.record("HKCategoryTypeIdentifierPregnancyTestResult", "1"),
        made.record("DietaryWater", "1", "mL"),
        made.element("ClinicalRecord", type="Condition", resourceFilePath="/clinical-records/x.json"),
        made.element("Strange", made.record("HeartRate", "99", "count/min")),
    )
    assert rows_of(batches) == []
    assert reasons_of(batches) == {
        ("unsupported-element", "Me"): 1,
        ("unsupported-element", "ClinicalRecord"): 1,
        ("unsupported-element", "other"): 1,
        ("unsupported-type", "Record.type"): 1,
        ("unsupported-type", "HKQuantityTypeIdentifierDietaryWater"): 1,
    }


def test_bad_values_and_times_cost_only_themselves(read):
    """Each is counted with the name of its type."""
    odd = made.record("HeartRate", "60", "count/min").replace(
        "2020-01-01 09:00:00 +0900", "2020-02-30 09:00:00 +0900"
    )
    batches = read(
        made.record("HeartRate", "61", "count/min", at=5),
        *(made.record("HeartRate", value, "count/min") for value in ("", "nan", "1_0", "1e999", "9" * 5000)),
        odd,
        made.record("HeartRate", "60", "count/min").replace("+0900", "+9999"),
        made.record("HeartRate", "60", "count/min").replace("2020-01-01 09:00:00 +0900", "soon"),
        made.record("StepCount", "5", "count", at=100, lasts=-50),
    )
    assert values_of(batches, "8867-4") == [61]
    counts = reasons_of(batches)
    assert counts["no-value", "HeartRate.value"] == 5
    assert counts["bad-time", "HeartRate.startDate"] == 3
    assert counts["bad-time", "StepCount.startDate"] == 1


elements = st.lists(
    st.one_of(
        st.builds(
            made.record,
            st.just("HeartRate"),
            st.integers(30, 220).map(str),
            st.just("count/min"),
            st.integers(0, 5),
        ),
        st.builds(
            made.record,
            st.just("StepCount"),
            st.just("7"),
            st.just("count"),
            st.integers(0, 5),
            st.integers(0, 90),
            children=st.sampled_from(
                ["", made.entry("HKWasUserEntered", "1"), made.entry("HKTimeZone", "Asia/Seoul")]
            ),
        ),
        st.builds(made.sleep, st.sampled_from(["Awake", "InBed"]), st.integers(0, 5), st.just(60)),
        st.integers(0, 3).map(lambda at: "".join(made.pressure_halves("120", "80", at, sourceName="Cuff"))),
        st.integers(0, 3).map(
            lambda at: made.correlation(*made.pressure_halves("120", "80", at, sourceName="Cuff"), at=at)
        ),
        st.just(made.element("Workout", made.entry("a", "b"))),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(parts=elements, order=st.randoms(use_true_random=False))
def test_order_and_repeats_of_elements_change_nothing(read, parts, order):
    """What is read is a set of samples, whatever way the phone sorts them."""
    shuffled = [*parts, *parts]
    order.shuffle(shuffled)
    assert set(rows_of(read(*shuffled))) == set(rows_of(read(*parts)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(parts=elements, size=st.integers(1, 400), data=st.data())
def test_pieces_batches_and_a_fresh_start_after_any_mark_give_the_same(read, monkeypatch, parts, size, data):
    """Nothing is lost, stored twice or told twice wherever a piece or a batch ends."""
    whole = read(*parts)
    monkeypatch.setattr("ingest.files.apple_xml.pieces.__defaults__", (size,))
    cut = read(*parts, rows=1)
    assert rows_of(cut) == rows_of(whole)
    assert reasons_of(cut) == reasons_of(whole)
    stop = data.draw(st.integers(0, len(cut) - 1))
    rest = read(*parts, rows=1, mark=cut[stop].mark)
    assert rows_of([*cut[: stop + 1], *rest]) == rows_of(whole)
    assert reasons_of([*cut[: stop + 1], *rest]) == reasons_of(whole)


def test_progress_grows_to_the_end(read):
    """For a progress bar: bytes read of bytes in all."""
    batches = read(made.record("HeartRate", "61", "count/min"))
    assert batches[-1].done == batches[-1].total > 1000


@pytest.mark.shared
def test_real_exports_are_read_or_refused_for_a_reason(tmp_path):
    """Public samples of several iOS versions."""
    if not FIXTURES.exists():
        pytest.skip("the public fixtures are not here")
    counts, refused = {}, {}
    for file in sorted(FIXTURES.glob("*.xml")):
        batches = list(apple_health.read(file, zone=TOKYO))
        counts[file.stem] = len(rows_of(batches))
        refused[file.stem] = reasons_of(batches)
    assert counts == {
        "dogsheep-export": 2,
        "paulstaab-export": 0,
        "tagbug-example": 4,
        "tagbug-export": 5,
        "tdda-export6s3sample": 15,
    }
    # These heart rates have no unit.
    assert refused["paulstaab-export"] == {
        ("bad-unit", "HeartRate.unit"): 5,
        ("unsupported-element", "Workout"): 8,
    }


@pytest.mark.parametrize(
    "name", ["apple_health_export/export.xml", "apple_health_export/書き出したデータ.xml", "x/é.xml"]
)
def test_a_zip_is_read_whatever_the_phone_calls_its_files(tmp_path, name):
    """Names depend on the language of the phone; the root element does not."""
    archive = tmp_path / "書き出したデータ.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made_zip:
        made_zip.writestr(name, made.export(made.record("HeartRate", "61", "count/min")))
        made_zip.writestr("apple_health_export/export_cda.xml", "<ClinicalDocument/>")
        made_zip.writestr("apple_health_export/electrocardiograms/ecg_2020.csv", "Name,Hanako")
    batches = list(apple_health.read(archive, zone=TOKYO))
    assert values_of(batches, "8867-4") == [61]
    assert reasons_of(batches)["unsupported-file", "file"] == 2
    assert list(apple_health.read(archive, zone=TOKYO, mark=batches[-1].mark)) == []
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as unpack:
        unpack.extractall(folder)
    assert values_of(apple_health.read(folder, zone=TOKYO), "8867-4") == [61]


def test_a_file_without_export_is_refused(tmp_path):
    """Another kind of XML, and nothing at all."""
    for body in (b"", b"<ClinicalDocument/>", b"{}"):
        file = tmp_path / "other.xml"
        file.write_bytes(body)
        with pytest.raises(BadPayload, match="no Apple Health export"):
            list(apple_health.read(file, zone=TOKYO))
