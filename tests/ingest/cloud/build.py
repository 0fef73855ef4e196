"""Builders of the cloud collector's tests: a clock that only waits when told, pages, a client of a mock cloud."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from ingest.cloud.endpoints import Endpoints
from ingest.cloud.google_health import GoogleHealth
from ingest.cloud.plan import Window

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 9, 26, 3, 0, tzinfo=UTC)
CLOUD = Endpoints(
    "https://cloud.test/authorize",
    "https://cloud.test/token",
    "https://cloud.test/revoke",
    "https://cloud.test",
    "https://cloud.test/keys",
)
SOURCE = {
    "recordingMethod": "PASSIVELY_MEASURED",
    "device": {"displayName": "W"},
    "platform": "FITBIT",
}
SAMPLES = Path(__file__).resolve().parents[3] / ".." / "shared" / "samples" / "google-health"


def sample(name):
    """A published payload, when the samples are here."""
    file = SAMPLES / name
    if not file.exists():
        pytest.skip("sample payloads are not here")
    return json.loads(file.read_text("utf-8"))


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self):
        self.seconds = 1000.0
        self.slept = []

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


class Wallet:
    """Gives the tokens t1, t2 ..., and counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return f"t{self.asked}"


def client(answer, *, wallet=None, clock=None, **more):
    """A client whose cloud answers with what the function says."""
    clock = clock or Clock()
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return GoogleHealth(CLOUD, http, wallet or Wallet(), clock=clock, sleep=clock.sleep, **more)


def answering(*answers):
    """Gives the answers in turn, the last one again and again; the requests are kept in ``.asked``."""
    turns = list(answers)

    def answer(request):
        answer.asked.append(request)
        found = turns.pop(0) if len(turns) > 1 else turns[0]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    answer.asked = []
    return answer


def beat(moment, bpm="60", source=SOURCE):
    """A heart rate at a moment."""
    time = {"physicalTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "utcOffset": "32400s"}
    return {"dataSource": source, "heartRate": {"sampleTime": time, "beatsPerMinute": bpm}}


def page(*points, token=None):
    """A page of points."""
    return {"dataPoints": list(points)} | ({} if token is None else {"nextPageToken": token})


def problem(status, reason="", **headers):
    """An error as the API writes it."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    body = {"error": {"code": status, "message": "secret words", "status": "X", "details": details}}
    return httpx.Response(status, json=body, headers=headers)


def window(start=NOW - timedelta(days=1), end=NOW, reason="recent", *, by_day=False):
    """A day of windows."""
    return Window(start, end, reason, NOW, by_day)


def day(text):
    """The midnight that stands for a civil day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(step_or_page):
    """The starts of all rows of a batch, by code."""
    return {series.code: sorted(series.start.tolist()) for series in step_or_page.batch.series}


def public_value(key):
    """An ``EcdsaPublicKey`` message of a P-256 key, as Tink writes it: coordinates of 33 bytes."""
    numbers = key.public_key().public_numbers()
    x, y = (b"\0" + number.to_bytes(32) for number in (numbers.x, numbers.y))
    message = b"\x12\x06\x08\x03\x10\x02\x18\x02" + b"\x1a\x21" + x + b"\x22\x21" + y
    return base64.b64encode(message).decode()


def keyset(*keys, **changes):
    """A Tink keyset of (id, private key) pairs."""
    rows = [
        {
            "keyData": {
                "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
                "value": public_value(key),
                "keyMaterialType": "ASYMMETRIC_PUBLIC",
            },
            "status": "ENABLED",
            "keyId": number,
            "outputPrefixType": "TINK",
        }
        | changes
        for number, key in keys
    ]
    return json.dumps({"primaryKeyId": keys[0][0] if keys else 0, "key": rows})
