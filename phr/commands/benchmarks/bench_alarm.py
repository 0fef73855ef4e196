"""Alarm: how long a sender waits for the answer to a value that must not wait, beside one that is as usual (R5-1, R5-2)."""

from __future__ import annotations

import http.client
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from phr.bootstrap import System
from phr.commands.benchmarks.bench_server import served
from phr.commands.benchmarks.bench_setting import (
    empty_system,
    machine,
    quantiles,
    resident,
)

_PEOPLE: Final = 150
_WARM: Final = 10
_TARGET_MS: Final = 100


def run() -> dict[str, Any]:
    """The figures. together: people whose value, red case and message carry the mark of one transaction."""
    with empty_system() as system:
        fired = [resident(system, f"bench-alarm-{number}")[0] for number in range(_PEOPLE)]
        calm = [resident(system, f"bench-calm-{number}")[0] for number in range(_PEOPLE)]
        for number in range(_WARM):
            resident(system, f"bench-warm-{number}")
        alarms, usual = _measured(system)
        together = system.alarms_in_one_transaction(fired)
        silent = system.alarms_in_one_transaction(calm)
    slow = quantiles(alarms)
    baseline = quantiles(usual)
    return {
        "name": "alarm",
        "machine": machine(),
        "figures": {
            "post_that_fires": slow,
            "target_p95_ms": _TARGET_MS,
            "within_target": slow["p95_ms"] < _TARGET_MS,
            "people": len(fired),
            "together": together,
            "false_alarms": silent,
        },
        "baseline": {"usual_post": baseline},
        "ratio": {"p95": round(slow["p95_ms"] / baseline["p95_ms"], 2)},
    }


def _measured(system: System) -> tuple[list[float], list[float]]:
    """Seconds of each request to a server in a process of its own; alarms and usual values by turns."""
    system.accounts.put("bench-nurse", "nurse", recipient=system.settings.recipient, request="bench")
    token = system.accounts.issue("bench-nurse", "token", purpose="collect", request="bench")
    with served(system) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for number in range(_WARM):
            _post(connection, token, f"bench-warm-{number}", 184, 111)
        alarms, usual = [], []
        for number in range(_PEOPLE):
            alarms.append(_post(connection, token, f"bench-alarm-{number}", 180, 110))
            usual.append(_post(connection, token, f"bench-calm-{number}", 122, 78))
    return alarms, usual


def _post(connection: http.client.HTTPConnection, token: str, patient: str, upper: int, lower: int) -> float:
    """Seconds until the whole answer is there; an alarm must stand in the answer itself."""
    body = blood_pressure(patient, upper, lower)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    began = time.perf_counter()
    connection.request("POST", "/fhir/Observation", body=body, headers=headers)
    answer = connection.getresponse()
    told = answer.read()
    took = time.perf_counter() - began
    if answer.status != 201 or (b"red: " in told) != (upper >= 180):
        raise RuntimeError(f"HTTP {answer.status}")
    return took


def blood_pressure(patient: str, upper: int, lower: int) -> bytes:
    """A blood pressure of half a minute ago."""

    def part(code: str, value: int) -> dict[str, Any]:
        coding = {"system": "http://loinc.org", "code": code}
        quantity = {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        return {"code": {"coding": [coding]}, "valueQuantity": quantity}

    return orjson.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vital-signs",
                        }
                    ]
                }
            ],
            "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": (datetime.now(UTC) - timedelta(seconds=30)).isoformat(timespec="seconds"),
            "component": [part("8480-6", upper), part("8462-4", lower)],
        }
    )
