"""Every kind of device, heard by a plain bleak client over the whole stack."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from bleak.exc import BleakGATTProtocolError

from synthetic_data.ble import blood_pressure, oximeter, temperature, weight, wire
from synthetic_data.ble.activity_monitor import ActivityMonitor
from synthetic_data.ble.and_family import (
    DISCONNECT,
    SEND_ALL,
    VENDOR_COMMAND,
    AndCuff,
    AndScale,
    AndThermometer,
    Patience,
)
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.oximeter import Continuous, PulseOximeter, SpotCheck
from synthetic_data.ble.radio import Radio
from synthetic_data.ble.scale import UserScale
from synthetic_data.ble.temperature import Temperature, Thermometer
from synthetic_data.ble.user_data import Profile
from synthetic_data.ble.weight import Composition, Weighing
from tests.synthetic_data.ble.air import at, dump, linked, on_air

pytestmark = pytest.mark.ble

PRESSURES = [
    BloodPressure(128, 82, 97, 68, at(7), 1),
    BloodPressure(122, 80, 94, 72, at(7, 30), 1, blood_pressure.IRREGULAR_PULSE),
    BloodPressure(117, 74, 88, 64, at(21), 2),
]
BODY = Composition(23.1, 6684, 35.4, 24.86, 54.015, 51.0, 39.5, 500.4, 70.24, 1.75)
WEIGHINGS = [
    Weighing(70.24, at(6, 45, 10), 1, composition=BODY),
    Weighing(54.3, at(7), 2),
    Weighing(61.0, at(8), weight.UNKNOWN_USER),
]
PROFILES = {1: Profile(1234, height_centimetre=175, gender=0), 2: Profile(4321)}


def test_a_strap_says_who_it_is_and_sends_its_beats_in_order():
    """Device information, battery, sensor location, the control point's only command, then the stream."""
    beats = [Beat(75, (0.8,), contact=True), Beat(76, energy_kilojoule=12)]

    async def scene(ear):
        client = ear.client
        assert await client.read_gatt_char("2a29") == b"Virtual Sensors"
        assert await client.read_gatt_char("2a19") == b"\x51"
        assert await client.read_gatt_char("2a38") == b"\x01"
        await client.write_gatt_char("2a39", b"\x01", response=True)
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char("2a39", b"\x02", response=True)
        assert refused.value.code == 0x80
        await ear.listen("2a37")
        await ear.until(3)
        assert [value.hex() for value in ear.of("2a37")[:3]] == ["164b3303", "084c0c00", "164b3303"]

    on_air(HeartRateStrap(beats, per_second=200, battery=81), scene)


def test_a_stream_ends_with_its_beats_and_when_nobody_listens():
    """Without ``repeat`` each beat comes once."""

    async def scene(ear):
        await ear.listen("2a37")
        await ear.until(2)
        await asyncio.sleep(0.05)
        assert len(ear.heard) == 2
        await ear.client.stop_notify("2a37")

    on_air(HeartRateStrap([Beat(75), Beat(76)], per_second=500, repeat=False), scene)


@pytest.mark.parametrize(
    ("device", "measurement", "expected"),
    [
        (AndCuff(PRESSURES), "2a35", [blood_pressure.encode(replace(one, user=None)) for one in PRESSURES]),
        (AndScale(WEIGHINGS), "2a9d", [weight.encode_weight(replace(one, user=None)) for one in WEIGHINGS]),
        (
            AndThermometer([Temperature(36.4, at(6, 30), temperature.ARMPIT)]),
            "2a1c",
            [bytes.fromhex("066C0100FFEA070B15061E0001")],
        ),
    ],
    ids=["cuff", "scale", "thermometer"],
)
def test_an_and_device_tells_everything_oldest_first_and_leaves(device, measurement, expected):
    """After bond, subscription and time; a second visit finds nothing new; asking for all brings it back."""

    async def scenes():
        async with Radio() as radio:
            await radio.add(device)
            async with linked(radio, device, pair=True) as ear:
                assert await dump(ear, measurement) == expected
            async with linked(radio, device) as ear:
                assert await dump(ear, measurement) == []
            async with linked(radio, device) as ear:
                await ear.client.write_gatt_char(VENDOR_COMMAND, SEND_ALL, response=True)
                assert await dump(ear, measurement) == expected

    asyncio.run(scenes())


@pytest.mark.parametrize("step", ["pair", "subscribe", "time"])
def test_an_and_device_leaves_when_a_step_does_not_come_in_time(step):
    """Five seconds (here 3) after encryption for time and subscription, thirty (here 3) for pairing."""
    patience = Patience(encrypted_seconds=3, pairing_seconds=3 if step == "pair" else 30)

    async def scene(ear):
        if step != "pair":
            await ear.client.pair()
        if step == "time":
            await ear.listen("2a35")
        elif step == "subscribe":
            await ear.client.write_gatt_char("2a08", wire.date_time(at(8)), response=True)
        async with asyncio.timeout(30):
            await ear.gone.wait()
        assert ear.heard == []

    on_air(AndCuff(PRESSURES, patience=patience), scene)


def test_an_and_device_can_be_sent_away():
    """The vendor's own command ends the link; its name and its pairing mode are in the advertisement."""
    device = AndCuff(PRESSURES)
    assert device.name.startswith("A&D_UA-651BLE_")
    assert device.advertisement()[:3] == bytes((2, 1, 5))

    async def scene(ear):
        await ear.client.write_gatt_char(VENDOR_COMMAND, b"\x00", response=True)
        await ear.client.write_gatt_char(VENDOR_COMMAND, DISCONNECT, response=True)
        await ear.gone.wait()

    on_air(device, scene, pair=True)


def test_an_omron_cuff_needs_a_bond_tells_all_users_and_leaves():
    """Subscribing without encryption is refused; users are in the readings; the waiting count is advertised."""
    device = OmronCuff(PRESSURES, inflation=(40, 140), linger_seconds=0.01)
    assert device.manufacturer_data().hex() == "0e0201010200020100" + "01"

    async def scene(ear):
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ear.listen("2a35")
        assert refused.value.code == 0x0F
        await ear.client.pair()
        await ear.listen("2a2b", "2a36", "2a35")
        await ear.client.write_gatt_char("2a2b", wire.current_time(at(22), 1), response=True)
        await ear.gone.wait()
        return ear

    ear = on_air(device, scene)
    assert ear.of("2a35") == [blood_pressure.encode(one) for one in PRESSURES]
    assert ear.of("2a36") == [blood_pressure.encode_cuff_pressure(pressure) for pressure in (40, 140)]
    assert ear.of("2a2b") == [wire.current_time(at(21))]
    assert device.unsent == []
    assert device.manufacturer_data().hex() == "0e02010102000001" + "0000"


def test_a_scale_releases_a_users_results_after_that_users_code():
    """A wrong code is not authorised; the profile is closed before consent; weight comes before composition."""

    async def scene(ear):
        client = ear.client
        await ear.listen("2a9f", "2a9c", "2a9d")
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.read_gatt_char("2a8e")
        assert refused.value.code == 0x80
        assert await client.read_gatt_char("2a9a") == b"\xff"
        assert await ear.ask(bytes.fromhex("02010100"), control="2a9f") == bytes.fromhex("200205")
        assert await ear.ask(bytes.fromhex("0201D204"), control="2a9f") == bytes.fromhex("200201")
        await ear.until(4 + 2)
        assert await client.read_gatt_char("2a8e") == wire.u16(175)
        assert await client.read_gatt_char("2a8c") == b"\x00"
        assert await client.read_gatt_char("2a85") == bytes(4)
        await client.write_gatt_char("2a99", wire.u32(7), response=True)
        assert await client.read_gatt_char("2a99") == wire.u32(7)
        return ear

    ear = on_air(UserScale(WEIGHINGS, PROFILES), scene, pair=True)
    told = [(uuid, value) for uuid, value in ear.heard if uuid != "2a9f"]
    first, last = WEIGHINGS[0], WEIGHINGS[2]
    assert told == [
        ("2a9d", weight.encode_weight(first)),
        *[("2a9c", packet) for packet in weight.encode_composition(first)],
        ("2a9d", weight.encode_weight(last)),
    ]


@pytest.mark.parametrize(
    ("request_hex", "answer"),
    [
        ("04", "2004010201" + "02"),
        ("010F27", "20010103"),
        ("011027", "200103"),
        ("01", "200103"),
        ("0201", "200203"),
        ("03", "200305"),
        ("0501", "200505"),
        ("40", "204002"),
        ("", "200002"),
    ],
)
def test_the_user_control_point_answers_each_request(request_hex, answer):
    """List, register, consent with too few bytes, deletion without consent, an operation of another maker."""

    async def scene(ear):
        await ear.listen("2a9f")
        assert await ear.ask(bytes.fromhex(request_hex), control="2a9f") == bytes.fromhex(answer)

    on_air(UserScale([], PROFILES), scene, pair=True)


def test_a_scale_with_all_slots_taken_registers_nobody():
    """Operation failed."""

    async def scene(ear):
        await ear.listen("2a9f")
        assert await ear.ask(bytes.fromhex("010100"), control="2a9f") == bytes.fromhex("200104")

    on_air(UserScale([], {slot: Profile(slot) for slot in range(1, 9)}), scene, pair=True)


def test_a_thermometer_tells_what_it_stored_without_a_request():
    """The rising value comes as a notification first and is no measurement."""
    readings = [Temperature(36.4, at(6, 30)), Temperature(37.9, at(20))]
    device = Thermometer(readings, rising=(35.9,), site=temperature.EAR)

    async def scene(ear):
        assert await ear.client.read_gatt_char("2a1d") == b"\x03"
        assert await ear.client.read_gatt_char("2a21") == b"\x00\x00"
        assert await ear.client.read_gatt_char("2a0f") == b"\x80\xff"
        await ear.listen("2a1e", "2a1c")
        await ear.until(3)
        return ear

    ear = on_air(device, scene)
    assert ear.of("2a1e") == [temperature.encode(Temperature(35.9))]
    assert ear.of("2a1c") == [temperature.encode(one) for one in readings]
    assert device.unsent == []


def test_an_oximeter_tells_stored_spot_checks_and_a_running_reading():
    """Spot checks on request; the continuous reading on subscription, ended by its own end."""
    spot = SpotCheck(97, 72, at(8))
    running = [Continuous(96, 70 + step, status=oximeter.ONGOING) for step in range(3)]

    async def scene(ear):
        assert len(await ear.client.read_gatt_char("2a60")) == 7
        await ear.listen("2a5e", "2a52")
        assert await ear.ask(b"\x01\x01") == bytes.fromhex("06000101")
        assert ear.of("2a5e") == [oximeter.encode_spot(spot)]
        await ear.listen("2a5f")
        await ear.until(3, "2a5f")
        assert ear.of("2a5f") == [oximeter.encode_continuous(one) for one in running]

    on_air(PulseOximeter([spot], running, per_second=200), scene)


def test_an_activity_monitor_can_be_recognised():
    """183E with its features; nothing can be subscribed there."""

    async def scene(ear):
        assert await ear.client.read_gatt_char("2b3b") == bytes.fromhex("8010000040000000")

    on_air(ActivityMonitor(), scene)
