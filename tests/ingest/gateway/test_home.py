"""A home with a box: virtual devices on a virtual radio, the spool, and a service that answers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.ble.collector import Patience
from ingest.gateway.clock import BoxClock
from synthetic_data.ble.and_family import AndCuff
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from tests.ingest.ble.home import PATIENCE, TOKYO, on_radio
from tests.ingest.gateway.box import Said, a_gateway
from tests.ingest.gateway.service import CARD, OTHER, Service

pytestmark = pytest.mark.ble
WAITS = replace(PATIENCE, again=60.0)


def now():
    """The wall time of the city, for the devices."""
    return datetime.now(UTC).astimezone(TOKYO).replace(tzinfo=None)


def pressures(count, minutes=10):
    begun = now().replace(microsecond=0) - timedelta(minutes=minutes)
    return [BloodPressure(120 + i, 80, 93, 70, begun + timedelta(minutes=i), 1 + i % 2) for i in range(count)]


def a_device(device, text):
    return f'[[device]]\nname = "{device.kind}"\naddress = "{device.address}"\n{text}\n'


def once(folder, service, devices, text, patience=WAITS, quiet=5, **more):
    async def scene():
        async with on_radio(*devices) as radio:
            gateway = a_gateway(
                folder,
                service,
                f"[box]\nquiet = {quiet}\n" + text,
                patience=patience,
                backends={"client_backend": radio.client_backend, "scanner_backend": radio.scanner_backend},
                clock=more.pop("clock", BoxClock.start()),
                **more,
            )
            return await gateway.once(), gateway

    return asyncio.run(scene())


def test_a_cuff_of_two_people_reaches_the_record_of_each_and_only_once(tmp_path):
    """From the radio to the service; a cuff that tells everything again after a restart brings nothing new."""
    readings = pressures(4)
    people = f'[device.people]\n1 = "{CARD}"\n2 = "{OTHER}"'
    with Service() as service:
        for _ in range(2):
            device = OmronCuff(readings, now=now)
            sent, gateway = once(tmp_path, service, [device], a_device(device, people))
            assert sent
        assert [(card, value) for card, _, value in service.values()] == [
            (CARD, 120),
            (OTHER, 121),
            (CARD, 122),
            (OTHER, 123),
        ]
        assert sum(service.sizes) == 4
    counts = gateway.spool.counts()
    assert (counts["waiting"], counts["unsorted"]) == ({}, {"values": 0})
    assert gateway.spool.notes()[f"name:{device.kind}"] == device.name


def test_a_stream_and_a_cuff_arrive_with_the_cuff_first(tmp_path):
    """What may alarm goes before the heart rates."""
    cuff, strap = AndCuff(pressures(2), now=now), HeartRateStrap([Beat(75)], per_second=20)
    text = "".join(a_device(each, f'people = {{any = "{CARD}"}}') for each in (cuff, strap))
    patience = Patience(session=60, listen=0.3, again=60, first_retry=0.2, steps=PATIENCE.steps)
    with Service() as service:
        sent, _ = once(tmp_path, service, [cuff, strap], text, patience=patience, quiet=6)
        assert sent
        codes = [key[1] for key in service.order]
        assert codes[:2] == ["85354-9"] * 2
        assert codes.count("8867-4") > 10


def test_readings_that_the_box_placed_while_its_clock_was_wrong_are_corrected(tmp_path):
    """Three days slow, and offline: the strap's values are right once the service answers.

    A box without the time sets no device's clock; this cuff then keeps what it has, and tells it later.
    """
    slow = BoxClock.start()
    clock = BoxClock(slow.anchor - 3 * 86_400_000_000, False, slow.boot)
    cuff, strap = AndCuff(pressures(1), now=now), HeartRateStrap([Beat(75)], per_second=20)
    text = "".join(a_device(each, f'people = {{any = "{CARD}"}}') for each in (cuff, strap))
    patience = Patience(session=60, listen=0.3, again=60, first_retry=0.2, steps=PATIENCE.steps)
    said = Said()
    with Service() as service:
        service.is_mute = True
        sent, _ = once(tmp_path, service, [cuff, strap], text, patience=patience, clock=clock)
        assert not sent
        assert service.stored == {}
        assert cuff.unsent
        service.is_mute = False
        sent, gateway = once(tmp_path, service, [cuff], text, clock=clock, display=said)
        assert sent
        times = [datetime.fromisoformat(key[3]).timestamp() for key in service.order if key[1] == "8867-4"]
        assert len(times) > 5
        assert all(abs(each - time.time()) < 300 for each in times)
        (pressure,) = service.values()
        assert abs(datetime.fromisoformat(pressure[1]).timestamp() - time.time() + 600) < 300
    assert "the box's clock was wrong and is corrected" in said.logged
    assert gateway.clock.is_known
