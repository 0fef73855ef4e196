"""Post: heart rates over HTTP, singly and by the batch, until durable and searchable; and conditional creates that race."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote

import orjson

from phr.bootstrap import System
from phr.commands.benchmarks.bench_server import Client, Server, load, served
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident

_JAPAN: Final = timezone(timedelta(hours=9))
_SECONDS: Final = 4.0
_BATCHES: Final = (20, 100, 500)
_PEOPLE: Final = 8
_RACING: Final = 8
_IDENTIFIERS: Final = 24
_SYSTEM: Final = "urn:bench:delivery"
_TARGET: Final = 5_000
_CODING: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


def run() -> dict[str, Any]:
    """The figures. Everything is in: consent, plausibility, alarms, summaries and audit."""
    with empty_system() as system:
        people = [f"bench-post-{number}" for number in range(_PEOPLE)]
        for patient in people:
            resident(system, patient)
        system.accounts.put("bench-nurse", "nurse", recipient=system.settings.recipient, request="bench")
        token = system.accounts.issue("bench-nurse", "token", purpose="collect", request="bench")
        reading = system.accounts.issue("bench-nurse", "token", purpose="guidance", request="bench")
        with served(system) as server:
            figures: dict[str, Any] = {"one_client": _posts(server, token, people, 1)}
            figures["eight_clients"] = _posts(server, token, people, len(people))
            figures["conditional_creates"] = _races(server, token, reading, people[0])
        figures["target_batch_of_100_per_s"] = _TARGET
        baseline = _baseline(system, people[0])
    hundred = figures["one_client"]["batch_of_100"]["handled_per_s"]
    return {
        "name": "post",
        "machine": {**machine(), "load_1_5_15_min": [round(one, 1) for one in os.getloadavg()]},
        "figures": figures,
        "baseline": baseline,
        "ratio": {
            "batch_of_100": round(hundred / baseline["jsonb_by_100_per_s"], 2),
            "single": round(
                figures["one_client"]["single"]["handled_per_s"] / baseline["jsonb_singly_per_s"], 2
            ),
        },
    }


def _posts(server: Server, token: str, people: list[str], clients: int) -> dict[str, Any]:
    """Singly and by the batch; each client sends for a person of its own, moments that nobody sent before."""
    found = {}
    for size in (1, *_BATCHES):
        streams = [_bodies(patient, size, clients) for patient in people[:clients]]
        work = _single(streams) if size == 1 else _batch(streams, size)
        name = "single" if size == 1 else f"batch_of_{size}"
        found[name] = load(server, token, clients, _SECONDS, work)
    return found


def _bodies(patient: str, size: int, run: int) -> Iterator[list[bytes]]:
    """Endless deliveries of so many heart rates, five seconds apart, in days of their own for each kind of run."""
    first = datetime.now(UTC) - timedelta(days=40 * (size % 7 + 1) + 400 * run)
    for turn in itertools.count():
        moments = [first + timedelta(seconds=5 * (turn * size + n)) for n in range(size)]
        yield [heart_rate(patient, moment, 62 + n % 30) for n, moment in enumerate(moments)]


def heart_rate(patient: str, moment: datetime, beats: int) -> bytes:
    """A heart rate as a watch tells it."""
    return orjson.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [{"coding": [{"system": _CODING, "code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": moment.astimezone(_JAPAN).isoformat(timespec="seconds"),
            "valueQuantity": {
                "value": beats,
                "unit": "/min",
                "system": "http://unitsofmeasure.org",
                "code": "/min",
            },
            "device": {"display": "Pixel Watch 4"},
        }
    )


def _single(streams: list[Iterator[list[bytes]]]) -> Callable[[Client, int], int]:
    def work(client: Client, number: int) -> int:
        status, _ = client("POST", "/fhir/Observation", next(streams[number])[0])
        if status != 201:
            raise RuntimeError(f"HTTP {status}")
        return 1

    return work


def _batch(streams: list[Iterator[list[bytes]]], size: int) -> Callable[[Client, int], int]:
    def work(client: Client, number: int) -> int:
        status, told = client("POST", "/fhir", bundle(next(streams[number])))
        if status != 200 or told.count(b'"status":"201"') != size:
            raise RuntimeError(f"HTTP {status}")
        return size

    return work


def bundle(bodies: list[bytes], condition: str = "") -> bytes:
    """A batch that creates each of them."""
    request = {"method": "POST", "url": "Observation", **({"ifNoneExist": condition} if condition else {})}
    tail = b',"request":' + orjson.dumps(request) + b"}"
    entries = b",".join(b'{"resource":' + body + tail for body in bodies)
    return b'{"resourceType":"Bundle","type":"batch","entry":[' + entries + b"]}"


def _races(server: Server, token: str, reading: str, patient: str) -> dict[str, Any]:
    """Eight clients create the same Observations at once, each only if there is none with its identifier."""
    moment = datetime.now(UTC) - timedelta(days=3)
    gate = threading.Barrier(_RACING)
    wrong: list[int] = []

    def race() -> None:
        client = Client(server.port, token)
        for number in range(_IDENTIFIERS):
            body = orjson.loads(heart_rate(patient, moment + timedelta(minutes=number), 70))
            sent = orjson.dumps({**body, "identifier": [{"system": _SYSTEM, "value": str(number)}]})
            condition = f"identifier={_SYSTEM}|{number}"
            gate.wait(60)
            if number % 2:
                status, _ = client("POST", "/fhir", bundle([sent], condition))
            else:
                status, _ = client("POST", "/fhir/Observation", sent, {"If-None-Exist": condition})
            if status not in {200, 201}:
                wrong.append(status)

    threads = [threading.Thread(target=race) for _ in range(_RACING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [_held(server, reading, patient, number) for number in range(_IDENTIFIERS)]
    return {
        "clients": _RACING,
        "identifiers": _IDENTIFIERS,
        "stored": sum(held),
        "duplicates": sum(max(0, one - 1) for one in held),
        "missing": sum(one == 0 for one in held),
        "refused": len(wrong),
    }


def _held(server: Server, reading: str, patient: str, number: int) -> int:
    """How many Observations carry an identifier, as a search finds them."""
    path = f"/fhir/Observation?patient={patient}&identifier={quote(f'{_SYSTEM}|{number}')}"
    status, body = Client(server.port, reading)("GET", path)
    if status != 200:
        raise RuntimeError(f"HTTP {status}")
    return len(orjson.loads(body).get("entry", []))


def _baseline(system: System, patient: str) -> dict[str, Any]:
    """Rows a second of the same bodies as JSONB in a plain table of the same server, singly and by the hundred."""
    stream = _bodies(patient, 2_000, 9)
    return {
        "jsonb_singly_per_s": round(system.baseline_jsonb(next(stream), 1), 1),
        "jsonb_by_100_per_s": round(system.baseline_jsonb(next(stream), 100), 1),
    }
