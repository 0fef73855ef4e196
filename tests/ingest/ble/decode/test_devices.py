"""What devices say of themselves, their users and their stored records; and quirks that a decoder must survive."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ingest.ble.decode import body_composition, racp, user_data
from ingest.ble.decode.glucose import with_contexts
from ingest.ble.profiles import PROFILES, decode
from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.series import MANUAL
from tests.ingest.ble.decode import wire

AT = datetime.fromisoformat("2026-11-21T07:00:00")


def read(characteristic, text):
    return decode(characteristic, bytes.fromhex(text))


def refused(characteristic, text):
    with pytest.raises(BadPayload) as caught:
        read(characteristic, text)
    return caught.value.field


def test_every_vital_that_a_profile_promises_is_in_the_vocabulary():
    """The table of coverage cannot promise what cannot be stored."""
    for profile in PROFILES.values():
        assert profile.coverage <= VITALS.keys()
        assert profile.name
        assert profile.service


def test_promised_intervals_that_are_not_there_make_a_packet_cut_off():
    """Nothing is filled up."""
    assert refused("2A37", "17 01 01") == "rr_interval"
    assert refused("2A37", "10 39 23") == "rr_interval"


def test_the_intervals_of_a_heart_that_nobody_touched_are_dropped_with_its_rate():
    """A strap on a table measures nothing, but the raw ticks stay visible."""
    reading = read("2A37", "14 4A 0D 03")
    assert (reading.measured, reading.unusable) == ((), "no-contact")
    assert reading.flags["rr_1024"] == "781"


def test_an_interval_of_no_length_is_a_filler():
    """No two beats come at once."""
    assert [one.code for one in read("2A37", "10 48 00 00 00 04").measured] == ["8867-4", "8637-1"]


@pytest.mark.parametrize(
    "text", ["00 70 7F 50 00 5E 00", "00 FF 0F 50 00 5E 00", "04 7A 00 50 00 5E 00 FF F8"]
)
def test_a_pressure_that_no_cuff_can_hold_is_no_blood_pressure(text):
    """Vendor bytes under the standard number give nonsense, which is refused rather than kept."""
    assert refused("2A35", text) in {"systolic", "pulse_rate"}


def test_a_systolic_pressure_alone_is_kept_with_a_reason_for_the_other():
    """A high upper value matters even when the lower one was lost."""
    reading = read("2A35", "00 BE 00 FF 07 FF 07")
    assert reading.measured[0].values == {"systolic": Decimal(190)}
    assert reading.measured[0].absent == {"diastolic": "not-a-number"}


@pytest.mark.parametrize(("status", "beyond"), [(0x08, "above"), (0x10, "below"), (0x18, None), (0x20, None)])
def test_the_pulse_range_has_two_bits_and_the_position_the_next(status, beyond):
    """Public decoders moved them by one."""
    flags = decode("2A35", wire.blood_pressure(Decimal(120), Decimal(80), "nan", status=status)).flags
    assert flags.get("pulse_rate_range") == beyond
    assert flags.get("improper_position", False) is (status == 0x20)


def test_an_enhanced_blood_pressure_counts_from_1900_unless_it_says_2000():
    """Bit 6 names the epoch; without a time for the user the wall clock is unknown."""
    reading = read("2B34", "02 7A 00 50 00 5E 00 00 00 00 00")
    assert reading.flags["utc"] == "1900-01-01T00:00:00+00:00"
    assert reading.at is None


def test_a_stored_record_brings_the_measurement_that_it_contains():
    """With its sequence number, and with a check where one follows."""
    inner = wire.blood_pressure(Decimal(122), Decimal(80), Decimal(94), at=AT)
    stored = bytes.fromhex("03 07 00 35 2A") + inner
    for payload in (stored, stored + wire.crc(stored)):
        reading = decode("2B36", payload)
        assert reading.measured == decode("2A35", inner).measured
        assert (reading.sequence, reading.at, reading.raw) == (7, AT, payload)
    assert refused("2B36", (stored + b"\x00\x00").hex()) == "e2e_crc"
    assert refused("2B36", "03 07 00 37 2A 00") == "uuid"
    assert read("2B36", "01 07 00 35 2A 1E 7A").unusable == "segment"


def test_features_are_named_and_kept_raw():
    """A status bit means something only where its feature bit is set."""
    assert read("2A49", "05 00").flags == {
        "features": 5,
        "body_movement_detection": True,
        "irregular_pulse_detection": True,
    }
    assert read("2A9E", "BF 00 00 00").flags["weight_resolution"] == 7
    assert read("2A9E", "BF 00 00 00").flags["height_resolution"] == 1
    assert read("2A9B", "00 38 00 00").flags["mass_resolution"] == 7
    assert read("2A51", "20 00").flags["high_low_detection"] is True
    assert read("2A60", "03 00 20 00 01 02 03").flags["device_status_known"] == 0x030201
    assert read("2A60", "00 00").flags == {"features": 0}
    assert read("2A38", "01").flags["location_name"] == "chest"
    assert "location_name" not in read("2A38", "09").flags
    assert read("2A1D", "06").flags["site"] == "mouth"
    assert read("2A1D", "60").flags == {"temperature_type": 96}
    assert read("2A21", "3C 00").flags["interval_seconds"] == 60


def test_a_height_was_typed_and_not_measured():
    """The scale only repeats what the person told it."""
    reading = decode("2A9D", wire.weight(14048, bmi=229, height=1750))
    assert {one.code: one.quality for one in reading.measured} == {
        "29463-7": 0,
        "39156-5": 0,
        "8302-2": MANUAL,
    }
    assert len(decode("2A9D", wire.weight(14048, bmi=0, height=0)).measured) == 1


def test_a_stub_without_fat_keeps_the_weight_and_nothing_that_needs_bare_feet():
    """A fat of 0 is a scale without contact; its other figures are fillers."""
    fields = {"muscle_percent": 0, "impedance": 0, "basal_metabolism": 9110, "weight": 16000}
    reading = decode("2A9C", wire.composition(0, fields))
    assert [one.code for one in reading.measured] == ["29463-7"]
    assert decode("2A9C", wire.composition(0, {"basal_metabolism": 9110})).unusable == "no-value"
    missing = decode("2A9C", wire.composition(231, {"muscle_mass": 0xFFFF}))
    assert [one.code for one in missing.measured] == ["41982-0"]


def test_two_packets_that_do_not_belong_together_are_not_joined():
    """A whole result, another unit or another user is not the other half."""
    half = decode("2A9C", wire.composition(231, {"weight": 14000}, user=1, multiple=True))
    for other in (
        wire.composition(231, {"height": 1750}, user=1),
        wire.composition(231, {"height": 689}, user=1, multiple=True, pounds=True),
        wire.composition(231, {"height": 1750}, user=2, multiple=True),
    ):
        with pytest.raises(BadPayload):
            body_composition.merge(half, decode("2A9C", other))


def test_a_height_in_inches_comes_in_both_forms():
    """Tenths of an inch."""
    reading = decode("2A9C", wire.composition(231, {"height": 689}, pounds=True))
    assert reading.flags["height"] == "68.9"
    assert reading.measured[-1].values == {"value": Decimal("175.01")}


def test_the_user_of_a_shared_scale_is_an_index_and_255_is_nobody():
    """A slot is no person."""
    assert read("2A9A", "02").user == 2
    assert read("2A9A", "FF").user == 255
    assert read("2A99", "01 00 00 00").flags["database_change_increment"] == 1


def test_answers_of_the_user_control_point_are_read():
    """Registered with a new index, a list of users, deleted, refused."""
    assert read("2A9F", "20 01 01 03").user == 3
    assert read("2A9F", "20 04 01 02 01 03").flags["users"] == "1 3"
    assert read("2A9F", "20 05 01 02").user == 2
    assert read("2A9F", "20 01 04").flags["result_name"] == "operation-failed"
    assert read("2A9F", "20 99 77").flags["success"] is False
    assert read("2A9F", "01 D2 04").flags["op"] == "register_user"
    assert refused("2A9F", "20 04 01 02 01") == "user_index"
    assert "1234" not in str(read("2A9F", "02 01 D2 04").flags)


def test_requests_to_the_user_control_point_are_written_and_checked():
    """A consent code has at most four digits."""
    assert user_data.encode_register(1234).hex() == "01d204"
    assert user_data.encode_consent(1, 1234).hex() == "0201d204"
    with pytest.raises(BadPayload):
        user_data.encode_register(10_000)
    with pytest.raises(BadPayload):
        user_data.encode_consent(255, 1)


def test_records_are_asked_for_and_never_deleted():
    """Every request that can be written reads back as itself."""
    said = {
        racp.encode_report_all(): ("report_records", "all", None),
        racp.encode_report_from(6): ("report_records", "at_least", 6),
        racp.encode_report_within(6, 9): ("report_records", "within", 6),
        racp.encode_count_all(): ("report_number", "all", None),
        racp.encode_count_from(6): ("report_number", "at_least", 6),
        racp.encode_abort(): ("abort", "null", None),
    }
    for request, expected in said.items():
        flags = decode("2A52", request).flags
        assert (flags["op"], flags["operator_name"], flags.get("operand")) == expected
    assert not [name for name in dir(racp) if "delete" in name]


def test_answers_about_records_are_read():
    """No records is a normal end; a count may have one, two or four bytes."""
    assert read("2A52", "06 00 01 06").flags["success"] is True
    assert read("2A52", "06 00 04 03").flags["result_name"] == "invalid-operator"
    assert [read("2A52", f"05 00 {n}").flags["records"] for n in ("0C", "0C 00", "0C 00 00 00")] == [
        12,
        12,
        12,
    ]
    assert refused("2A52", "05 00") == "number_of_records"
    assert read("2A52", "01 03 02 EA 07 0B 15 07 00 00").flags["operand"] == "ea070b15070000"
    assert read("2A52", "63 63").flags == {"op_code": 99, "operator": 99}
    assert "request_op" not in read("2A52", "06 00 63 63").flags


def test_a_context_is_joined_to_the_measurement_with_its_number():
    """Before or after others; a context without a measurement stays, and a number may be used again."""
    one = decode("2A18", wire.glucose(5, AT, value=Decimal("0.00095"), context=True))
    two = decode("2A18", wire.glucose(6, AT, value=Decimal("0.00120")))
    meal = decode("2A34", wire.context(5, meal=1, carbohydrate=Decimal("0.050"), extended=0))
    lonely = decode("2A34", wire.context(9, meal=2))
    again = decode("2A18", wire.glucose(5, AT, value=Decimal("0.00080")))
    late = decode("2A34", wire.context(5, meal=3))
    joined = with_contexts([one, two, meal, lonely, again, late])
    assert [each.sequence for each in joined] == [5, 6, 9, 5]
    assert joined[0].flags["context_meal"] == "before"
    assert joined[0].measured == one.measured
    assert joined[2] is lonely
    assert joined[3].flags["context_meal"] == "fasting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01 05 00 01 32 00", {"carbohydrate_kg": "0.05", "carbohydrate_adjusted": True}),
        ("10 05 00 01 32 00", {"medication_kg": "0.00005", "medication_adjusted": True}),
        ("30 05 00 01 05 00", {"medication_l": "0.005", "medication_adjusted": True}),
        ("01 05 00 09 FF 07", {"carbohydrate_sent_absent": "not-a-number"}),
        ("08 05 00 FF FF 32", {"exercise_overrun": True}),
        ("42 05 00 09 FF 07", {"hba1c_percent_absent": "not-a-number", "meal_id": 9}),
        ("04 05 00 99", {"tester_id": 9, "health_id": 9}),
    ],
)
def test_amounts_of_old_devices_are_taken_for_what_they_can_only_mean(text, expected):
    """Fifty kilograms of carbohydrate are fifty grams; the correction is marked."""
    flags = read("2A34", text).flags
    assert expected == {name: flags.get(name) for name in expected}


@pytest.mark.parametrize("offset", [0x7FFF, -0x8000])
def test_an_offset_that_ran_over_gives_no_time(offset):
    """The base time alone would be wrong by an unknown amount."""
    assert decode("2A18", wire.glucose(1, AT, offset=offset)).at is None


def test_a_meter_with_a_time_fault_or_at_the_end_of_time_has_no_time():
    """The value stands, its time does not."""
    fault = decode("2A18", wire.glucose(1, AT, value=Decimal("0.001"), status=1 << 11))
    assert (fault.at, len(fault.measured)) == (None, 1)
    last = datetime.fromisoformat("9999-12-31T23:59:00")
    assert decode("2A18", wire.glucose(1, last, offset=5)).at is None


def test_names_of_a_device_are_text_without_padding():
    """NUL bytes and blanks fall away; what is no text is refused."""
    assert decode("2A29", b"OMRON\x00\x00 ").flags == {"manufacturer": "OMRON"}
    assert decode("2A25", "番号 1".encode()).flags == {"serial_number": "番号 1"}
    assert refused("2A24", "FF FE") == "model"


def test_identities_that_are_none_are_not_taken_for_one():
    """An empty System ID would make two devices the same; a strange list stays opaque."""
    assert read("2A23", "00 " * 8).flags == {"system_id_unknown": True}
    assert "address" not in read("2A23", "01 02 03 04 05 06 07 08").flags
    assert read("2A2A", "00 01 00 09 02").flags["opaque"] is True
    assert read("2A2A", "00 01 00 05 03 01 00 01 AA").flags == {
        "regulatory_list": "000100050301 0001aa".replace(" ", "")
    }
    assert "vendor_source_name" not in read("2A50", "07 0D 00 00 00 10 01").flags
    assert read("2A19", "65").flags == {"battery_unknown": True}


def test_an_advertisement_of_a_cuff_tells_which_users_have_records():
    """A gateway connects only when there is something to fetch."""
    flags = read("omron-advertisement", "01 05 0A 00 02 0B 00 00").flags
    assert (flags["users"], flags["user_1_sequence"], flags["user_1_records"]) == (2, 10, 2)
    assert (flags["user_2_records"], flags["time_not_set"], flags["pairing_mode"]) == (0, True, False)
    assert refused("omron-advertisement", "02 00") == "type"
    assert refused("omron-advertisement", "01 01 0A 00 02") == "sequence_number"


def test_a_record_in_a_cuffs_memory_may_have_no_date():
    """Month 0 is no month."""
    reading = read("omron-eeprom-14", "65 58 54 1A 33 02 DE 18 00 00 4C 00 BA 00")
    assert reading.at is None
    assert reading.flags["time_unknown"] == "2026-00-17T19:35:30"


def test_a_stable_frame_of_a_scale_counts_once():
    """While the person stands on it, and with the impedance where the scale measures it."""
    assert read("181B", "02 26 EA 07 0B 15 06 2D 0A F4 01 C0 36").measured[0].values == {
        "value": Decimal("70.080")
    }
    pounds = read("181D", "23 7C 3C EA 07 0B 15 06 2D 0A")
    assert pounds.measured[0].values == {"value": Decimal("70.234")}
    catty = read("181D", "32 C0 36 EA 07 0B 15 06 2D 0A")
    assert (catty.flags["unit"], catty.measured[0].values) == ("catty", {"value": Decimal("70.080")})
