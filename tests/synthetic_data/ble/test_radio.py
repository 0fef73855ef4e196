"""Finding, connecting, pairing and losing devices through bleak, as on real hardware."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakCharacteristicNotFoundError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bleak.uuids import normalize_uuid_16

from synthetic_data.ble.backend import client_on, scanner_on
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.radio import Radio
from tests.synthetic_data.ble.air import at, linked, on_air

pytestmark = pytest.mark.ble

BEATS = [Beat(75, (0.8,), contact=True)]
SECRET = 271828
ENCRYPTED = Security(encrypted=True)
PASSKEY = Security(encrypted=True, passkey=SECRET)


def strap(serial="1", **options):
    return HeartRateStrap(BEATS, per_second=500, identity=Identity("Maker", "Strap", serial), **options)


async def heard(radio, count, **filters):
    """What a scan finds; it is repeated until so many devices were heard."""
    for _ in range(100):
        found = await BleakScanner.discover(timeout=0.15, backend=radio.scanner_backend, **filters)
        if len(found) >= count:
            break
    return found


def test_a_scan_finds_names_services_and_makers_data():
    """Also through a service filter; an advertisement of another service is not reported."""

    async def scenes():
        async with Radio() as radio:
            await radio.add(strap())
            cuff = await radio.add(OmronCuff([BloodPressure(120, 80, time=at(7), user=1)]))
            async with asyncio.timeout(30), scanner_on(radio.scanner_backend) as scanner:
                seen = {}
                async for device, advertised in scanner.advertisement_data():
                    seen[device.address] = advertised
                    if len(seen) == 2:
                        break
            found = await heard(radio, 1, service_uuids=[normalize_uuid_16(0x180D)])
            return cuff, seen, found

    cuff, seen, found = asyncio.run(scenes())
    assert [device.name for device in found] == ["Virtual HR Strap"]
    told = seen[cuff.address]
    assert told.local_name == cuff.name
    assert [uuid[4:8] for uuid in told.service_uuids] == ["1810", "1805"]
    assert told.manufacturer_data == {0x020E: cuff.manufacturer_data()[2:]}


def test_two_devices_of_one_name_have_different_addresses():
    """Both are found, and each address leads to its own device."""

    async def scenes():
        async with Radio() as radio:
            twins = [await radio.add(strap(serial)) for serial in ("1", "2")]
            found = await heard(radio, 2)
            serials = {}
            for device in found:
                async with client_on(radio.client_backend, device) as client:
                    serials[device.address] = bytes(await client.read_gatt_char("2a25"))
            return twins, found, serials

    twins, found, serials = asyncio.run(scenes())
    assert {device.name for device in found} == {"Virtual HR Strap"}
    assert serials == {twins[0].address: b"1", twins[1].address: b"2"}


def test_several_devices_are_connected_at_once():
    """Their streams do not mix."""

    async def one(radio, device):
        async with linked(radio, device) as ear:
            await ear.listen("2a37")
            await ear.until(20)
            return {value[1] for value in ear.of("2a37")}

    async def scenes():
        async with Radio() as radio:
            devices = [
                HeartRateStrap([Beat(60 + number)], per_second=200, identity=Identity("M", "S", str(number)))
                for number in range(4)
            ]
            for device in devices:
                await radio.add(device)
            return await asyncio.gather(*(one(radio, device) for device in devices))

    assert asyncio.run(scenes()) == [{60}, {61}, {62}, {63}]


def test_the_services_are_those_of_the_device_and_the_mtu_is_agreed():
    """Properties and descriptors have bleak's names; a service filter leaves the rest out."""

    async def scene(ear):
        client = ear.client
        assert client.is_connected
        assert client.mtu_size == 23
        assert client.name == client.address.replace(":", "-")
        measurement = client.services.get_characteristic("2a37")
        assert measurement.properties == ["notify"]
        assert measurement.max_write_without_response_size == 20
        (configuration,) = measurement.descriptors
        assert await client.read_gatt_descriptor(configuration) == b"\x00\x00"
        await ear.listen("2a37")
        assert await client.read_gatt_descriptor(configuration) == b"\x01\x00"
        with pytest.raises(BleakError, match="already"):
            await ear.listen("2a37")
        await client.stop_notify("2a37")
        assert await client.read_gatt_descriptor(configuration) == b"\x00\x00"
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char("2a35")
        with pytest.raises(BleakError, match="subscribed"):
            await client.start_notify("2a38", lambda *_: None)
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char("2a38", b"\x02", response=True)
        assert refused.value.code == 0x03
        with pytest.raises(BleakError, match="already"):
            await client.connect()

    on_air(strap(), scene)

    async def filtered(ear):
        assert [service.uuid[4:8] for service in ear.client.services] == ["180f"]

    on_air(strap(), filtered, services=["180f"])


def test_the_end_of_a_link_is_called_back_on_both_ways():
    """Asked for or not; after it every operation is an error of bleak; leaving twice is leaving once."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap())
            async with linked(radio, device) as ear:
                await ear.client.disconnect()
                assert ear.gone.is_set()
                await ear.client.disconnect()
            async with linked(radio, device) as ear:
                await radio.remove(device)
                await ear.gone.wait()
                assert not ear.client.is_connected
                assert ear.client.mtu_size == 23
                with pytest.raises(BleakError, match="Not connected"):
                    await ear.client.pair()
                with pytest.raises(BleakError):
                    await ear.client.read_gatt_char("2a19")

    asyncio.run(scenes())


def test_an_operation_under_way_when_the_link_ends_is_an_error_not_a_cancellation():
    """The library cancels it; the caller must not take that for its own cancellation."""
    device = strap()

    async def scenes():
        async with Radio() as radio:
            await radio.add(device)
            async with linked(radio, device) as ear:
                device.faults = Faults(delay_seconds=60)
                reading = asyncio.create_task(ear.client.read_gatt_char("2a38"))
                await asyncio.sleep(0.05)
                await radio.remove(device)
                with pytest.raises(BleakError, match="disconnected"):
                    await reading

    asyncio.run(scenes())


def test_an_answer_that_nobody_waits_for_is_not_taken_for_the_next_one():
    """A caller gives up reading one value and reads another at once."""

    async def scene(ear):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await ear.client.read_gatt_char("2a38")
        return await ear.client.read_gatt_char("2a37")

    assert on_air(strap(faults=Faults(delay_seconds=0.1)), scene) == b""


def test_a_device_that_is_not_there_is_not_found_and_one_that_went_silent_times_out():
    """``BleakDeviceNotFoundError`` for an address, ``TimeoutError`` for a device seen before; then it works again."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap())
            seen = await BleakScanner.find_device_by_address(
                device.address, timeout=30, backend=radio.scanner_backend
            )
            await device.hide()
            with pytest.raises(TimeoutError):
                await BleakClient(seen, backend=radio.client_backend, timeout=0.1).connect()
            with pytest.raises(BleakDeviceNotFoundError):
                await BleakClient(device.address, backend=radio.client_backend, timeout=0.1).connect()
            await device.advertise()
            async with BleakClient(seen, backend=radio.client_backend) as client:
                return client.name

    assert asyncio.run(scenes()) == "Virtual HR Strap"


def test_giving_up_while_connecting_leaves_the_radio_usable():
    """The device disappears between its advertisement and the connection; another one connects afterwards."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap("1"))
            other = await radio.add(strap("2"))
            await device.hide()
            central = radio.client_backend.central

            async def at_once(_address):
                return None

            waiting, central.wait_for = central.wait_for, at_once
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await central.connect(device.address)
            central.wait_for = waiting
            async with linked(radio, other) as ear:
                return await ear.client.read_gatt_char("2a25")

    assert asyncio.run(scenes()) == b"2"


def test_a_connection_can_be_given_up_at_any_moment():
    """While waiting, connecting, pairing or discovering: the device is free for the next attempt."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap(security=ENCRYPTED))
            for step in range(12):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.005 * step):
                        async with linked(radio, device, pair=True):
                            break
            async with linked(radio, device, pair=True) as ear:
                return await ear.client.read_gatt_char("2a38")

    assert asyncio.run(scenes()) == b"\x01"


def test_pairing_encrypts_and_the_bond_lasts():
    """Before it a protected value is refused; afterwards each new link is encrypted by itself."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap(security=ENCRYPTED))
            async with linked(radio, device) as ear:
                with pytest.raises(BleakGATTProtocolError) as refused:
                    await ear.listen("2a37")
                assert refused.value.code == 0x0F
                with pytest.raises(BleakGATTProtocolError):
                    await ear.client.read_gatt_char("2a38")
                await ear.client.pair()
                await ear.client.pair()
                assert await ear.client.read_gatt_char("2a38") == b"\x01"
            async with linked(radio, device, pair=True) as ear:
                await ear.listen("2a37")
                await ear.until(1)
            async with linked(radio, device) as ear:
                await ear.client.unpair()
                assert ear.gone.is_set()
            async with linked(radio, device) as ear:
                with pytest.raises(BleakGATTProtocolError):
                    await ear.client.read_gatt_char("2a38")

    asyncio.run(scenes())


@pytest.mark.parametrize(("typed", "paired"), [(SECRET, True), (SECRET + 1, False), (None, False)])
def test_a_passkey_must_be_the_one_that_the_device_shows(typed, paired):
    """Twenty rounds of the pairing protocol; a wrong or missing one fails, and the link is closed."""
    device = strap(security=PASSKEY)
    passkeys = {} if typed is None else {device.address: typed}

    async def scene(ear):
        return await ear.client.read_gatt_char("2a38")

    if paired:
        assert on_air(device, scene, passkeys=passkeys, pair=True) == b"\x01"
    else:
        with pytest.raises(BleakError, match="smp"):
            on_air(device, scene, passkeys=passkeys, pair=True)


def test_a_bond_that_the_device_forgot_is_an_error_until_it_is_made_anew():
    """As after a factory reset of the device."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap(security=ENCRYPTED))
            async with linked(radio, device, pair=True):
                pass
            await device.forget_bonds()
            with pytest.raises(BleakError, match="PIN_OR_KEY_MISSING"):
                async with linked(radio, device):
                    pass
            await radio.client_backend.central.forget(device.address)
            async with linked(radio, device, pair=True) as ear:
                return await ear.client.read_gatt_char("2a38")

    assert asyncio.run(scenes()) == b"\x01"


def test_a_bond_survives_that_the_device_is_switched_off():
    """Removed from the radio and put back."""

    async def scenes():
        async with Radio() as radio:
            device = await radio.add(strap(security=ENCRYPTED))
            async with linked(radio, device, pair=True):
                pass
            await radio.remove(device)
            await device.off_air()
            await radio.add(device)
            async with linked(radio, device) as ear:
                return await ear.client.read_gatt_char("2a38")

    assert asyncio.run(scenes()) == b"\x01"


def test_a_link_carries_five_hundred_notifications_a_second():
    """With a plain bleak client; the figure is about twice that on one idle core, so a busy one is allowed for."""
    device = HeartRateStrap(BEATS, per_second=None)

    async def scene(ear):
        await ear.listen("2a37")
        await ear.until(50)
        count, started = len(ear.heard), time.process_time()
        await ear.until(count + 500, seconds=60)
        return (len(ear.heard) - count) / (time.process_time() - started)

    assert on_air(device, scene) > 500


def test_a_name_that_does_not_fit_the_advertisement_is_refused():
    """31 bytes of advertising data and 31 of scan response."""
    with pytest.raises(ValueError, match="does not fit"):
        strap(name="x" * 60).advertisement()
