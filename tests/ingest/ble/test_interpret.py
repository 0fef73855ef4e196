"""Values as they came become readings: joined, straightened and counted, whatever the bytes are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble import profiles
from ingest.ble.devices import CATALOGUE, Advert
from ingest.ble.gathered import Received
from ingest.ble.interpret import interpreted, straightened
from ingest.ble.sensor import Sensor
from tests.ingest.ble.home import moment

PLAIN = CATALOGUE.match(Advert("", frozenset({"1810"})))
TURNED = CATALOGUE.match(Advert("BM59", frozenset({"1810"})))
CUFF = bytes.fromhex("1E7A0050005E00EA070B15071E00480001 0400".replace(" ", ""))
WEIGHT = bytes.fromhex("0EE036EA070B15062D0A02E500D606")
FAT = bytes.fromhex("1E06E700EA070B15062D0A021C1A62018C13E036")
HALVES = (
    bytes.fromhex("3E10E700EA070B15062D0A021C1A62016C13"),
    bytes.fromhex("C01FE700332AD827DC1E8C13E036D606"),
)
SUGAR = bytes.fromhex("1B0500EA070B150700000F005FB0110000")
MEAL = bytes.fromhex("0305000132D001")
LATER = bytes.fromhex("060600EA070B150C1E0035C012")
SENSOR_START = {"2AAA": bytes.fromhex("EA070B1506000024 00D5BC".replace(" ", ""))}


def read(*values, family=PLAIN, sensor=None, step=1_000_000):
    received = [Received(name, payload, i * step) for i, (name, payload) in enumerate(values)]
    arrivals, rejects = interpreted(received, family, profiles.decode, sensor or Sensor())
    return [each.reading for each in arrivals], {(each.reason, each.field): each.count for each in rejects}


def test_a_pulse_written_the_wrong_way_round_is_turned():
    """Beurer BM59: big-endian pulse and status, and a user that no flag announces."""
    sent = bytes.fromhex("167A0050005E00EA070B15071E00" + "0048" + "01" + "0004")
    assert straightened(sent, "2A35", TURNED) == CUFF
    [reading], _ = read(("2A35", sent), family=TURNED)
    assert (reading.user, reading.measured[0].values["pulse"], reading.raw) == (1, 72, sent)


def test_other_families_and_other_values_are_left_as_they_are():
    """A quirk of one maker touches nobody else."""
    assert straightened(CUFF, "2A35", PLAIN) is CUFF
    assert straightened(WEIGHT, "2A9D", TURNED) is WEIGHT
    assert straightened(b"\x1e", "2A35", TURNED) == b"\x1e"


def test_garbage_is_counted_by_the_field_that_is_wrong_and_the_rest_is_kept():
    """One bad value costs one value."""
    readings, rejects = read(("2A35", CUFF), ("2A35", CUFF[:-1]), ("2A35", b""))
    assert len(readings) == 1
    assert rejects == {("bad-payload", "2A35.status"): 1, ("bad-payload", "2A35.flags"): 1}


def test_a_failed_measurement_is_counted_not_kept():
    """All NaN: the cuff says that it measured nothing."""
    failed = bytes.fromhex("16FF07FF07FF07EA070B15071F0500080300")
    assert read(("2A35", failed)) == ([], {("no-value", "2A35"): 1})


def test_two_packets_of_a_weighing_are_one_reading():
    """The first waits for the second; a packet sent twice is still the first."""
    readings, rejects = read(("2A9C", HALVES[0]), ("2A9C", HALVES[0]), ("2A9C", HALVES[1]))
    assert len(readings) == 1
    assert readings[0].user == 2
    assert rejects == {}


def test_half_a_weighing_is_none():
    """The link was lost between the two, or the other half belongs to another weighing."""
    assert read(("2A9C", HALVES[0])) == ([], {("half-packet", "2A9C"): 1})
    late = read(("2A9C", HALVES[0]), ("2A9C", HALVES[1]), step=6_000_000)
    assert late == ([], {("half-packet", "2A9C"): 2})


def test_halves_of_two_users_are_no_whole():
    """Users are never mixed."""
    other = HALVES[0].replace(b"\x0a\x02", b"\x0a\x03")
    readings, rejects = read(("2A9C", HALVES[0]), ("2A9C", other))
    assert readings == []
    assert rejects == {("half-packet", "2A9C"): 2}


def test_a_composition_takes_user_and_time_from_its_weight_and_does_not_repeat_it():
    """Scales send the weight first and the composition after it."""
    bare = bytes.fromhex("0004E7008C36")  # weight, neither time nor user
    readings, _ = read(("2A9D", WEIGHT), ("2A9C", bare))
    composition = next(each for each in readings if each.characteristic == "2A9C")
    weight = next(each for each in readings if each.characteristic == "2A9D")
    assert (composition.user, composition.at) == (2, weight.at)
    assert [each.code for each in composition.measured] == ["41982-0"]


def test_a_composition_of_another_user_or_time_stays_alone():
    """Two people weighed themselves one after the other."""
    other = FAT.replace(b"\x0a\x02", b"\x0a\x03")
    readings, _ = read(("2A9D", WEIGHT), ("2A9C", other))
    assert {each.user for each in readings} == {2, 3}
    distant, _ = read(("2A9D", WEIGHT), ("2A9C", bytes.fromhex("0004E7008C36")), step=6_000_000)
    assert next(each for each in distant if each.characteristic == "2A9C").user is None


def test_a_meal_is_joined_to_its_glucose_even_if_it_overtook_it():
    """The number says what belongs together."""
    for order in ((SUGAR, MEAL), (MEAL, SUGAR)):
        values = [("2A18" if each is SUGAR else "2A34", each) for each in order]
        readings, rejects = read(*values)
        assert len(readings) == 1
        assert any(name.startswith("context_") and name != "context_follows" for name in readings[0].flags)
        assert rejects == {}


def test_a_meal_without_its_glucose_is_counted():
    """There is nothing to join it to."""
    assert read(("2A34", MEAL)) == ([], {("context-without-measurement", "2A34"): 1})


def test_records_come_in_the_order_of_their_numbers():
    """Whatever order they arrived in."""
    readings, _ = read(("2A18", LATER), ("2A18", SUGAR))
    assert [each.sequence for each in readings] == [5, 6]


def test_readings_without_numbers_come_in_the_order_of_their_times():
    """A cuff may send the newest first."""
    early = CUFF.replace(b"\x07\x1e\x00", b"\x06\x1e\x00")
    readings, _ = read(("2A35", CUFF), ("2A35", early))
    assert readings[0].at < readings[1].at


def test_an_oximeter_on_a_finger_is_one_measurement_not_a_row_a_second():
    """The median of the portion; a reading without a finger is left out and counted."""
    values = [("2A5F", bytes((0, spo2, 0, pulse, 0))) for spo2, pulse in ((97, 70), (98, 72), (96, 74))]
    readings, rejects = read(*values, ("2A5F", bytes.fromhex("00FF07FF07")))
    assert len(readings) == 1
    assert {each.code: int(each.values["value"]) for each in readings[0].measured} == {
        "59408-5": 97,
        "8867-4": 72,
    }
    assert rejects == {("no-value", "2A5F"): 1}


def test_one_value_of_an_oximeter_stays_as_it_is():
    """There is nothing to sum up."""
    readings, _ = read(("2A5F", bytes((0, 97, 0, 70, 0))))
    assert "summary_of" not in readings[0].flags


def test_a_sensor_counts_from_its_start_in_its_own_zone():
    """06:00 in Japan and five minutes; two records in one notification are two readings."""
    sensor = Sensor.known(SENSOR_START)
    readings, _ = read(("2AA7", bytes.fromhex("06000C10050006000C100600")), sensor=sensor)
    assert [each.sequence for each in readings] == [5, 6]
    assert [each.at.isoformat() for each in readings] == ["2026-11-21T06:05:00", "2026-11-21T06:06:00"]
    assert readings[0].flags["utc_offset_seconds"] == 9 * 3600


def test_a_record_whose_checksum_is_wrong_is_counted():
    """The sensor says that its records end with one."""
    feature = bytes.fromhex("00900159C45C")
    sensor = Sensor.known({"2AA8": feature})
    assert sensor.checksum is True
    readings, rejects = read(
        ("2AA7", bytes.fromhex("0800780005000DE8")),
        ("2AA7", bytes.fromhex("0800790005000DE8")),
        sensor=sensor,
    )
    assert len(readings) == 1
    assert rejects == {("bad-payload", "2AA7.e2e_crc"): 1}


@pytest.mark.parametrize("payload", ["", "05", "0600", "0600780005", "FF0078000500"])
def test_a_record_of_another_size_than_it_says_is_counted(payload):
    """Truncated notifications of a sensor."""
    _, rejects = read(("2AA7", bytes.fromhex(payload)))
    assert rejects == {("bad-payload", "2AA7.size"): 1}


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_record_of_a_sensor_without_a_start_has_a_time_only_if_it_is_measured_now(is_stored):
    """What it kept has none; what it notifies is as old as its arrival."""
    value = Received("2AA7", bytes.fromhex("060078000500"), 7, is_stored)
    [arrival], _ = interpreted([value], PLAIN, profiles.decode, Sensor())
    assert (arrival.is_live, arrival.reading.at) == (not is_stored, None)


def test_a_sensor_that_began_at_the_end_of_the_calendar_has_no_times():
    """No date of any device makes the rule fail."""
    sensor = Sensor(moment(9999, 12, 31, 23, 59))
    [reading], _ = read(("2AA7", bytes.fromhex("060078000500")), sensor=sensor)
    assert reading.at is None


def test_a_sensor_whose_start_cannot_be_read_is_live_only():
    """Without a start a record has no time but that of its arrival."""
    assert Sensor.known({"2AAA": b"\x01", "2AA8": b""}) == Sensor()
    assert Sensor.known({"2AAA": bytes(9)}).start is None


@given(st.lists(st.tuples(st.sampled_from(sorted(profiles.PROFILES)), st.binary(max_size=24)), max_size=6))
def test_no_bytes_of_any_characteristic_make_it_fail(values):
    """Every value becomes a reading or is counted; nothing else is raised."""
    for family in (PLAIN, replace(TURNED, user_always=False)):
        readings, rejects = read(*values, family=family)
        assert {one.raw for one in readings} <= {payload for _name, payload in values}
        assert all(count > 0 for count in rejects.values())
