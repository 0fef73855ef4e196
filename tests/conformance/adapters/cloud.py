"""The Google Health cloud: a connected account whose points are served in pages, newest first."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import ClassVar

import httpx

from ingest.cloud.endpoints import GOOGLE
from ingest.cloud.google_health import GoogleHealth
from ingest.cloud.sync import fresh, sync
from ingest.cloud.types import TYPES
from phr.services.connections import Syncing
from tests.conformance.adapter import Adapter
from tests.conformance.adapters.points import point
from tests.conformance.truth import TOKYO, Truth
from tests.phr.services.google_cloud import FakeGoogle, connected, join

KINDS = {"heart-rate": "8867-4", "steps": "55423-8", "weight": "29463-7"}
ASKED = re.compile(r"/dataTypes/([a-z-]+)/dataPoints$")
BOUND = re.compile(r'(>=|<) "([^"]+)"')
DAYS = timedelta(days=4)


class Held(FakeGoogle):
    """An account with points. written: a reading as the API writes it; spoilt: what becomes of each page."""

    def __init__(self, rows: list[Truth]) -> None:
        super().__init__()
        self.rows = sorted(rows, key=lambda row: -row.at)
        self.written = point
        self.spoilt = lambda body: body
        self.is_connected = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = ASKED.search(request.url.path)
        if asked is None or asked[1] not in KINDS or not self._may(request):
            return super().__call__(request)
        self.before_page()
        edges = dict(BOUND.findall(request.url.params["filter"]))
        low, high = (datetime.fromisoformat(edges[sign]).timestamp() for sign in (">=", "<"))
        found = [row for row in self.rows if row.code == KINDS[asked[1]] and low <= row.at < high]
        begin = int(request.url.params.get("pageToken", "0"))
        points = ",".join(self.written(row) for row in found[begin : begin + self.per_page])
        more = f',"nextPageToken":"{begin + self.per_page}"' if begin + self.per_page < len(found) else ""
        return httpx.Response(200, content=self.spoilt(f'{{"dataPoints":[{points}]{more}}}'.encode()))

    def _may(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.access


class GoogleCloud(Adapter):
    """Heart rates, steps and weights of the last days."""

    name = "google-health"
    kinds = ("8867-4", "55423-8", "29463-7")
    cannot: ClassVar = {
        "no consent": "nobody connects a cloud without consent to collect, so there is nothing to refuse; "
        "the case of the revoked grant holds that",
    }

    @cached_property  # one hour for all calls, also where an hour ends between two of them
    def first(self):
        return int(time.time() // 3600) * 3600 - 60 * 3600

    def write(self, place, *parts):
        held = Held([row for part in parts for row in part])
        if len(parts) > 1:
            held.per_page = max(2, len(parts[0]) // 3)
        return held

    def mute(self, place, rows):
        held = self.write(place, rows)
        held.written = lambda row: re.sub(r'"[a-zA-Z]*[oO]ffset":"-?\d+s",?', "", point(row))
        return held

    def collect(self, payload, zone=TOKYO, mark=""):
        payload.access["token"] = payload.user
        http = httpx.Client(transport=httpx.MockTransport(payload))
        client = GoogleHealth(GOOGLE, http, lambda: "token", sleep=lambda _seconds: None)
        last = max((row.at for row in payload.rows), default=time.time())
        now = datetime.fromtimestamp(last, UTC) + timedelta(hours=1)
        types = [TYPES[name] for name in KINDS]
        marks = fresh(types, now - DAYS)
        return [step.batch for step in sync(client, types, marks, zone=zone, now=now, stop=lambda: False)]

    def receive(self, system, person, payload, after=None):
        def receive_one(*args, **more):
            receipt = system.receive(*args, **more)
            if after is not None and receipt.stored:
                after()
            return receipt

        desk = join(system, payload, receive=receive_one)
        system.__dict__["syncing"] = Syncing(desk, receive_one, DAYS)
        if not payload.is_connected:
            connected(system, payload, person, system.register.patient_id(person))
            payload.is_connected = True
        return system.syncing.sync_one(person, request="test").refused

    def look_alikes(self, place):
        row = next(row for row in self.rows(3) if row.code == "29463-7")
        held = self.write(place, [row._replace(values=(("value", 64.05),))])
        yield "grams", held, [("29463-7", 64.05)]
        pounds = self.write(place, [row])
        pounds.written = lambda row: point(row).replace("weightGrams", "weightPounds")
        yield "a member of another unit", pounds, []

    def damaged(self, payload, damage):
        payload.spoilt = damage
        return payload
