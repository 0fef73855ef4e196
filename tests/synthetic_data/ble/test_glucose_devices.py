"""The two glucose devices: a meter with its record access control point, and a sensor with its session."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bleak.exc import BleakGATTProtocolError

from synthetic_data.ble import cgm, glucose, wire
from synthetic_data.ble.cgm import SensorReading
from synthetic_data.ble.glucose import Context, GlucoseMeter, GlucoseReading
from synthetic_data.ble.sensor import GlucoseSensor
from tests.synthetic_data.ble.air import at, on_air

pytestmark = pytest.mark.ble

RECORDS = [
    GlucoseReading(5, at(7), 95, offset_minutes=15, status=0, context=Context((1, 0.05), meal=1)),
    GlucoseReading(6, at(12, 30), 5.3, molar=True),
    GlucoseReading(7, at(18), 140),
]


@pytest.mark.parametrize(
    ("request_hex", "answer", "told"),
    [
        ("0401", "05000300", []),
        ("0403010600", "05000200", []),
        ("0101", "06000101", [5, 6, 7]),
        ("0103010600", "06000101", [6, 7]),
        ("0102010500", "06000101", [5]),
        ("0104010600" + "0700", "06000101", [6, 7]),
        ("0105", "06000101", [5]),
        ("0106", "06000101", [7]),
        ("0103010900", "06000106", []),
        ("0201", "06000202", []),
        ("01", "06000103", []),
        ("0100", "06000103", []),
        ("010A", "06000104", []),
        ("010100", "06000105", []),
        ("01030106", "06000105", []),
        ("01040107000600", "06000105", []),
        ("0103020600", "06000109", []),
        ("0300", "06000301", []),
    ],
)
def test_a_glucose_meter_answers_each_request_for_records(request_hex, answer, told):
    """Counts, all, from, up to, within, first, last; no records is a normal end; deletion is not offered."""

    async def scene(ear):
        await ear.listen("2a18", "2a34", "2a52")
        assert await ear.ask(bytes.fromhex(request_hex)) == bytes.fromhex(answer)
        return ear

    ear = on_air(GlucoseMeter(RECORDS), scene, pair=True)
    expected = [one for one in RECORDS if one.sequence in told]
    assert ear.of("2a18") == [glucose.encode(one) for one in expected]
    assert len(ear.of("2a34")) == (5 in told)


def test_a_context_follows_its_measurement_at_once():
    """And the answer of the procedure is last."""

    async def scene(ear):
        await ear.listen("2a18", "2a34", "2a52")
        await ear.ask(b"\x01\x01")
        assert [uuid for uuid, _ in ear.heard] == ["2a18", "2a34", "2a18", "2a18", "2a52"]
        assert await ear.client.read_gatt_char("2a51") == b"\x21\x00"
        assert await ear.client.read_gatt_char("2a08") == wire.date_time(at(18))

    on_air(GlucoseMeter(RECORDS), scene, pair=True)


def test_the_record_control_point_must_be_subscribed_and_does_one_thing_at_a_time():
    """ATT errors 0xFD and 0xFE; an abort ends the procedure."""
    many = [GlucoseReading(number, at(7), 95) for number in range(200)]

    async def scene(ear):
        write = ear.client.write_gatt_char
        with pytest.raises(BleakGATTProtocolError) as refused:
            await write("2a52", b"\x01\x01", response=True)
        assert refused.value.code == 0xFD
        await ear.listen("2a52", "2a18")
        await write("2a52", b"\x01\x01", response=True)
        with pytest.raises(BleakGATTProtocolError) as refused:
            await write("2a52", b"\x01\x01", response=True)
        assert refused.value.code == 0xFE
        assert await ear.ask(b"\x03\x00") == bytes.fromhex("06000301")
        heard = len(ear.of("2a18"))
        assert heard < 200
        assert await ear.ask(b"\x04\x01") == bytes.fromhex("0500C800")

    on_air(GlucoseMeter(many), scene, pair=True)


@pytest.mark.parametrize("checksum", [False, True])
def test_a_glucose_sensor_tells_stored_and_live_records(checksum):
    """Session characteristics, records by time offset, two in one notification, then live ones that are kept."""
    stored = [SensorReading(minutes, 100 + minutes) for minutes in (0, 5, 10, 15)]
    live = SensorReading(20, 130, trend=0.2)
    device = GlucoseSensor(
        stored, live=[live], live_every_seconds=2, together=2, started=at(6), checksum=checksum
    )

    def record(reading):
        return cgm.encode(reading, checksum=checksum)

    async def scene(ear):
        read = ear.client.read_gatt_char
        assert await read("2aa8") == cgm.feature(checksum=checksum)
        assert await read("2aaa") == cgm.session_start(at(6), 540, checksum=checksum)
        assert await read("2aab") == cgm.session_run_time(336, checksum=checksum)
        assert await read("2aa9") == cgm.session_status(SensorReading(15, None), checksum=checksum)
        await ear.listen("2a52", "2aac", "2aa7")
        assert await ear.ask(bytes.fromhex("0103010A00")) == bytes.fromhex("06000101")
        assert ear.of("2aa7") == [record(stored[2]) + record(stored[3])]
        await ear.until(2, "2aa7")
        assert ear.of("2aa7")[1] == record(live)
        assert await ear.ask(bytes.fromhex("0103011400")) == bytes.fromhex("06000101")
        assert ear.of("2aa7")[2] == record(live)

    on_air(device, scene, pair=True)


@pytest.mark.parametrize(
    ("request_hex", "answer"),
    [
        ("02952C", "03057D8D"),
        ("1A", "1C1A01"),
        ("1B", "1C1B01"),
        ("0103", "1C0101"),
        ("01", "1C0103"),
        ("04", "1C0402"),
    ],
)
def test_the_specific_operations_of_a_sensor(request_hex, answer):
    """The interval with its checksum as in the specification; the rest without."""
    checksum = len(request_hex) == 6

    async def scene(ear):
        await ear.listen("2aac")
        assert await ear.ask(bytes.fromhex(request_hex), control="2aac") == bytes.fromhex(answer)
        stopped = request_hex == "1B"
        assert (await ear.client.read_gatt_char("2aa9"))[2] == int(stopped)

    on_air(GlucoseSensor([], checksum=checksum), scene, pair=True)


def test_a_sensor_with_checksums_refuses_what_has_none_or_a_wrong_one():
    """ATT errors 0x80 and 0x81."""

    async def scene(ear):
        for value, code in ((b"\x02", 0x80), (b"\x02\x00\x00", 0x81)):
            with pytest.raises(BleakGATTProtocolError) as refused:
                await ear.client.write_gatt_char("2aac", value, response=True)
            assert refused.value.code == code

    on_air(GlucoseSensor([], checksum=True), scene, pair=True)


def test_a_sensor_works_its_start_out_from_the_time_it_is_given():
    """Now, minus the last record's offset; other lengths and impossible dates are refused."""
    device = GlucoseSensor([SensorReading(90, 120)])

    async def scene(ear):
        client = ear.client
        assert await client.read_gatt_char("2aaa") == bytes(9)
        now = wire.date_time(at(9)) + bytes((36, 0))
        await client.write_gatt_char("2aaa", now, response=True)
        assert await client.read_gatt_char("2aaa") == cgm.session_start(
            at(9) - timedelta(minutes=90), 540, checksum=False
        )
        for bad in (now[:8], bytes(9)):
            with pytest.raises(BleakGATTProtocolError):
                await client.write_gatt_char("2aaa", bad, response=True)

    on_air(device, scene, pair=True)
