"""The box beside the devices: values from the air, through its spool, as the batches that it posts to the service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from ingest.ble.collector import Delivery
from ingest.ble.gathered import Facts
from ingest.ble.settle import Device
from ingest.files import fhir_bundle
from ingest.gateway.bundle import bundle
from ingest.gateway.clock import BoxClock
from ingest.gateway.poster import Poster
from ingest.gateway.readings import sort_out
from ingest.gateway.spool import Spool
from phr.asgi import create_app
from tests.conformance.adapters.bluetooth import Bluetooth, Home
from tests.conformance.adapters.profiles import BloodPressure, Scale
from tests.conformance.truth import TOKYO
from tests.ingest.gateway.box import Said, settings_of
from tests.ingest.gateway.service import CARD, write_token

_WRITERS = {"85354-9": BloodPressure(), "29463-7": Scale()}


class Box(Home):
    """A home whose sessions go to a spool; the spool outlives the process."""

    folder: Path
    card = ""
    token = ""

    @property
    def device(self) -> Device:
        return Device("bathroom", "C0:00:00:00:00:09", {None: self.card or CARD}, label="cuff")

    def put(self, spool: Spool, number: int, zone) -> None:
        """One session into the spool, as the runner does it."""
        made, settled = self.session(number, zone, spool)
        delivery = Delivery(
            self.device, Facts(self.device.address), made, settled.quarantined, "left", None, settled, spool
        )
        clock = BoxClock(self.now, is_known=True, boot="boot", ticks=lambda: 0)
        spool.store(delivery, sort_out(delivery, [], clock), [], "boot")


class GatewayBox(Bluetooth):
    """A cuff and a scale at a box."""

    name, service = "gateway", "1810"
    kinds = ("85354-9", "29463-7")

    def values(self, row):
        return _WRITERS[row.code].values(row)

    def write(self, place, *parts):
        home = super().write(place, *parts)
        box = Box(home.service, home.sessions, home.features)
        box.folder = place
        return box

    def collect(self, payload, zone=TOKYO, mark=""):
        spool = Spool(payload.folder / uuid4().hex)
        for number in range(len(payload.sessions)):
            payload.put(spool, number, zone)
        posted = json.loads(bundle([row for _, row in spool.waiting(100_000)]))
        spool.close()
        for entry in posted["entry"]:
            entry["resource"]["subject"] = {"reference": "Patient/p1"}
        file = payload.folder / "posted.json"
        file.write_bytes(orjson.dumps(posted))
        return list(fhir_bundle.read(file, zone=zone))

    def look_alikes(self, place):
        for number, (what, home, expected) in enumerate(
            each for writer in _WRITERS.values() for each in writer.look_alikes(place)
        ):
            box = Box(home.service, home.sessions, home.features)
            box.folder = place / f"{number}"
            yield what, box, expected

    def receive(self, system, person, payload, after=None):
        self._enrol(system, person, payload)
        settings = settings_of(payload.folder)
        write_token(payload.folder, payload.token)
        spool = Spool(payload.folder / "spool")
        settle = spool.settle

        def settled(*args):
            if after is not None:
                after()
            settle(*args)

        spool.settle = settled
        poster = Poster(
            settings.server,
            spool,
            lambda _asked: None,
            Said(),
            now=lambda: payload.now,
            is_known=lambda: True,
        )
        try:
            asyncio.run(self._posted(system, payload, spool, poster))
            return spool.counts()["left-out"].get("no-consent", 0)
        finally:
            spool.close()

    async def _posted(self, system, payload, spool, poster):
        await poster.close()
        air = httpx.ASGITransport(create_app(system))
        async with httpx.AsyncClient(transport=air, base_url="http://127.0.0.1") as http:
            poster._http = http
            for number in range(len(payload.sessions)):
                payload.put(spool, number, TOKYO)
                assert await poster.drain(asyncio.Event())

    def _enrol(self, system, person, payload):
        """The resident's card and the box's token."""
        if payload.token:
            return
        patient = system.register.patient_id(person)
        payload.card = system.cards.issue(person, "", actor=patient, request="test").code
        name = f"box-{uuid4()}"
        system.accounts.put(name, "gateway", recipient=system.settings.recipient, request="test")
        payload.token = system.accounts.issue(name, "gateway", purpose="collect", request="test")
        payload.folder.mkdir(parents=True, exist_ok=True)
