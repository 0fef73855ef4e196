"""Blood pressures of an Apple Health export: one reading from a correlation and its twins, in any order."""

import itertools
from zoneinfo import ZoneInfo

import pytest

from ingest.errors import BadPayload
from ingest.files import apple_health, apple_pressure
from ingest.series import MANUAL, ZONE_ASSUMED
from tests.ingest import apple_export as made
from tests.ingest.samples import reasons_of, rows_of

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def read(tmp_path):
    def reader(*elements, **how):
        file = tmp_path / "export.xml"
        file.write_text(made.export(*elements), encoding="utf-8")
        return list(apple_health.read(file, zone=TOKYO, **how))

    return reader


def pressures(batches):
    """(diastolic, pulse, systolic), as the channels are sorted."""
    return [row[-1] for row in rows_of(batches)]


def test_a_correlation_and_its_twins_are_one_reading_wherever_they_stand(read):
    """The same records stand at the top level too, before or after."""
    one, other = made.pressure_halves("128", "81", 60)
    pair = made.correlation(one, other, at=60)
    for parts in itertools.permutations([one, other, pair]):
        assert pressures(read(*parts)) == [(81, None, 128)]


def test_halves_without_a_correlation_are_paired_by_source_and_second(read):
    """Some apps write no correlation."""
    batches = read(
        *made.pressure_halves("128", "81", 60),
        *made.pressure_halves("131", "85", 60, sourceName="Other"),
        made.pressure_halves("140", "90", 120)[0],
    )
    assert set(pressures(batches)) == {(85, None, 131), (81, None, 128), (None, None, 140)}


def test_two_readings_in_one_second_are_not_mixed(read):
    """Correlations say which halves belong together; without them nobody can know."""
    first, second = made.pressure_halves("128", "81", 60), made.pressure_halves("150", "95", 60)
    batches = read(*first, *second, made.correlation(*first), made.correlation(*second))
    assert pressures(batches) == [(81, None, 128), (95, None, 150)]
    batches = read(*first, *second)
    assert pressures(batches) == []
    assert reasons_of(batches)["ambiguous-pair", "BloodPressure"] == 4


def test_kilopascal_and_typed_values_are_understood(read):
    """The unit is read from each half; typing is told by either element."""
    typed = made.entry("HKWasUserEntered", "1")
    halves = (
        made.record("BloodPressureSystolic", "16", "kPa", 60, children=typed),
        made.record("BloodPressureDiastolic", "10", "kPa", 60),
    )
    (row,) = rows_of(read(made.correlation(*halves)))
    assert row[6:] == (MANUAL | ZONE_ASSUMED, (75.006, None, 120.01))
    (row,) = rows_of(read(*halves))
    assert row[6:] == (MANUAL | ZONE_ASSUMED, (75.006, None, 120.01))
    named = made.correlation(*made.pressure_halves("128", "81", 60), made.entry("HKTimeZone", "Asia/Seoul"))
    assert rows_of(read(named))[0][5:7] == (32_400, 0)


def test_a_broken_pair_is_counted(read):
    """Half a pair, a third half, no number, no time, and a meal."""
    one, other = made.pressure_halves("128", "81", 60)
    bad = made.record("BloodPressureSystolic", "?", "mmHg", 60)
    late = tuple(half.replace("2020-01-01", "2020-13-01") for half in (one, other))
    batches = read(
        made.correlation(one),
        made.correlation(one, other, one),
        made.correlation(bad, other),
        made.correlation(*late),
        made.correlation(one, kind="HKCorrelationTypeIdentifierFood"),
        bad,
    )
    assert pressures(batches) == []
    assert reasons_of(batches) == {
        ("unsupported-element", "Me"): 1,
        ("incomplete-pair", "BloodPressure"): 1,
        ("ambiguous-pair", "BloodPressure"): 1,
        ("no-value", "BloodPressure"): 1,
        ("bad-time", "BloodPressure.startDate"): 1,
        ("unsupported-element", "Correlation"): 1,
        ("no-value", "BloodPressure.value"): 1,
    }


def test_more_pressures_than_a_person_measures_are_refused(read, monkeypatch):
    """They wait for the end of the file, so their number has a maximum."""
    monkeypatch.setattr(apple_pressure, "MOST", 4)
    halves = [half for at in range(6) for half in made.pressure_halves("128", "81", at)]
    with pytest.raises(BadPayload, match="more than 4 blood pressures"):
        read(*halves)
    pairs = [made.correlation(*made.pressure_halves("128", "81", at)) for at in range(6)]
    with pytest.raises(BadPayload, match="more than 4 blood pressures"):
        read(*pairs)


def test_what_another_record_says_of_itself_is_not_said_of_a_pressure(read):
    """Also when reading goes on after that record, and only the pressures before it are still to come."""
    halves = made.pressure_halves("128", "81", 60)
    typed = made.record("HeartRate", "61", "count/min", 90, children=made.entry("HKWasUserEntered", "1"))
    (row,) = rows_of(read(*halves, typed, mark="0:5"))
    assert row[6:] == (ZONE_ASSUMED, (81, None, 128))


def test_halves_without_a_correlation_are_where_they_say(read):
    """HKTimeZone is where the person was, for a half on its own as for a correlation; a bad name says nothing."""
    for name, offset, quality in (
        ("America/New_York", -18_000, 0),
        ("Mars/Base", 32_400, ZONE_ASSUMED),
        ("x" * 99, 32_400, ZONE_ASSUMED),
    ):
        halves = made.pressure_halves("128", "81", 60, children=made.entry("HKTimeZone", name))
        (row,) = rows_of(read(*halves))
        assert row[5:7] == (offset, quality)
