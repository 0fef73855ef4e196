"""Bluetooth devices: the values that virtual devices send, taken from the air to the batches without the air."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ingest.ble import profiles
from ingest.ble.collector import batches
from ingest.ble.dedupe import SeenInMemory
from ingest.ble.devices import CATALOGUE, Advert
from ingest.ble.gathered import Collected, Facts, Received
from ingest.ble.interpret import interpreted
from ingest.ble.sensor import Sensor
from ingest.ble.settle import Device, commit, settle
from tests.conformance.adapter import Adapter
from tests.conformance.truth import NOBODY, TOKYO

LATER = 2 * 86_400
"""Seconds after the last reading in which the home collects; more than any two zones differ."""


@dataclass(slots=True)
class Home:
    """A device, the values of its sessions, what it answers when it is read, and what the home remembers."""

    service: str
    sessions: list[list[Received]]
    features: list[dict[str, bytes]]
    seen: SeenInMemory = field(default_factory=SeenInMemory)

    @property
    def device(self) -> Device:
        return Device("bathroom", "C0:00:00:00:00:09", {None: "mother"}, label=f"{NOBODY}s device")

    @property
    def now(self) -> int:
        arrivals = [value.at for session in self.sessions for value in session]
        return max(arrivals, default=0) + LATER * 1_000_000

    def session(self, number, zone, seen):
        """What one session brings: its batches, and what is remembered of it afterwards."""
        family = CATALOGUE.match(Advert(services=frozenset({self.service})))
        sensor = Sensor.known(self.features[number])
        arrivals, rejects = interpreted(self.sessions[number], family, profiles.decode, sensor)
        collected = Collected(Facts(self.device.address), arrivals, rejects, None, "left")
        settled = settle(collected, self.device, seen, zone=zone, now=self.now, session=str(number))
        return batches(collected, settled, self.device), settled


class Bluetooth(Adapter):
    """One profile. value: a reading as its characteristic and its bytes."""

    tells = "wall"
    most = 400
    service: str

    def values(self, row):
        """(characteristic, bytes) of a reading; a long one takes two."""
        raise AssertionError(row)

    def known(self, rows):
        """What the device answers when it is read."""
        return {}

    def write(self, place, *parts):
        sessions = [
            [Received(name, value, int(row.at * 1e6)) for row in rows for name, value in self.values(row)]
            for rows in parts
        ]
        return Home(self.service, sessions, [self.known(rows) for rows in parts])

    def collect(self, payload, zone=TOKYO, mark=""):
        seen, found = SeenInMemory(), []
        for number in range(len(payload.sessions)):
            made, settled = payload.session(number, zone, seen)
            commit(settled, payload.device, seen)
            found += made
        return found

    def receive(self, system, person, payload, after=None):
        refused = 0
        for number in range(len(payload.sessions)):
            made, settled = payload.session(number, TOKYO, payload.seen)
            for batch in made:
                receipt = system.receive(person, batch.series, request="test", rejects=batch.rejects)
                refused += receipt.refused
            if made and after is not None:
                after()
            commit(settled, payload.device, payload.seen)
        return refused

    def damaged(self, payload, damage):
        first = payload.sessions[0][0]
        payload.sessions[0][0] = replace(first, payload=damage(first.payload))
        return payload

    def alone(self, *values):
        """A payload of one session that brings just these values."""
        received = [Received(name, value, 1_718_000_000_000_000) for name, value in values]
        return Home(self.service, [received], [self.known(self.rows(1))])
