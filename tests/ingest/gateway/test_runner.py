"""The runner: a full disk makes a device wait and loses nothing; a new enrolment is taken over while it runs."""

from __future__ import annotations

import asyncio

from ingest.gateway import runner
from ingest.gateway.spool_file import SpoolFull
from tests.ingest.gateway.box import a_clock, a_delivery, a_gateway, some
from tests.ingest.gateway.service import CARD, Service

CUFF = '[box]\nquiet = 1\n[[device]]\nname = "cuff"\naddress = "C0:00:00:00:00:09"\n'


def test_a_delivery_that_finds_the_disk_full_is_stored_when_there_is_room(tmp_path):
    """Tried again with pauses, never in a loop; then posted."""
    failures = [SpoolFull("full")]

    async def collect(_devices, spool, *, stop, **_more):
        yield a_delivery(spool, some(3))
        await stop.wait()

    with Service() as service:
        gateway = a_gateway(tmp_path, service, CUFF, clock=a_clock(), collect=collect)
        store = gateway.spool.store

        def full_once(*given):
            if failures:
                raise failures.pop()
            store(*given)

        gateway.spool.store = full_once
        assert asyncio.run(gateway.once())
        assert len(service.stored) == 3
    assert any("full" in line for line in gateway.display.logged)


def test_a_new_enrolment_is_taken_over_while_the_box_runs(tmp_path, monkeypatch):
    """The collector begins anew with the new people."""
    monkeypatch.setattr(runner, "LOOK", 0.05)
    seen = []

    async def collect(devices, _spool, *, stop, **_more):
        seen.append(dict(devices[0].people))
        await stop.wait()
        return
        yield

    async def scene(gateway):
        running = asyncio.create_task(gateway.run())
        async with asyncio.timeout(60):
            while not seen:  # noqa: ASYNC110 - the collector of the test
                await asyncio.sleep(0.02)
            gateway.spool.bind("cuff", 2, CARD)
            while len(seen) < 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        gateway.stop()
        await running

    with Service() as service:
        asyncio.run(scene(a_gateway(tmp_path, service, CUFF, clock=a_clock(), collect=collect)))
    assert seen == [{}, {2: CARD}]
