"""What is recorded of a device beside its readings: who made it, and how its clock stood, as one FHIR Observation."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from ingest.ble.clock import Clock, east, local
from ingest.ble.gathered import Facts
from ingest.codes import MDC
from ingest.phd import SYSTEM_ID

_IDENTIFIERS: Final = "http://hl7.org/fhir/uv/phd/CodeSystem/ContinuaDeviceIdentifiers"
ABSOLUTE_TIME: Final = "67975"
"""MDC_ATTR_TIME_ABS: the clock of the device is a wall clock."""
ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
UCUM: Final = "http://unitsofmeasure.org"
CORRECTION: Final = "urn:phr:code"


def _stamp(wall: datetime, seconds_east: int) -> str:
    sign = "-" if seconds_east < 0 else "+"
    hours, minutes = divmod(abs(seconds_east) // 60, 60)
    return f"{wall.isoformat(timespec='seconds')}{sign}{hours:02}:{minutes:02}"


def device(facts: Facts) -> dict[str, Any]:
    """The Device resource, contained where it is used: it is this person's, and nobody searches for it."""
    resource: dict[str, Any] = {"resourceType": "Device", "id": "device"}
    if facts.system_id:
        resource["identifier"] = [
            {
                "type": {
                    "coding": [{"system": _IDENTIFIERS, "code": "SYSID"}],
                    "text": "IEEE 11073 System Identifier",
                },
                "system": SYSTEM_ID,
                "value": "-".join(facts.system_id[at : at + 2] for at in range(0, len(facts.system_id), 2)),
            }
        ]
    texts = {"manufacturer": facts.maker, "modelNumber": facts.model, "serialNumber": facts.serial}
    resource |= {element: text for element, text in texts.items() if text}
    if facts.firmware:
        resource["version"] = [{"type": {"text": "firmware"}, "value": facts.firmware}]
    return resource


def coincident_timestamp(facts: Facts, clock: Clock) -> bytes | None:
    """The HL7 Coincident Timestamp: what the device's clock showed at a moment of the gateway's clock.

    It carries the seconds that were added to the times of this session's readings, so that a reader can take
    them off again. None where nobody looked at the clock.
    """
    check = clock.check
    if check is None or not check.is_read:
        return None
    seconds_east = east(check.gateway, clock.zone)
    gateway = local(check.gateway, clock.zone)
    document: dict[str, Any] = {
        "resourceType": "Observation",
        "contained": [
            device(facts),
            {"resourceType": "Device", "id": "gateway", "type": {"text": "gateway"}},
        ],
        "status": "final",
        "code": {"coding": [{"system": MDC, "code": ABSOLUTE_TIME, "display": "MDC_ATTR_TIME_ABS"}]},
        "subject": {"reference": "#device"},
        "device": {"reference": "#gateway"},
        "effectiveDateTime": _stamp(gateway.replace(microsecond=0), seconds_east),
    }
    if check.device is None:
        document["dataAbsentReason"] = {"coding": [{"system": ABSENT, "code": "unknown"}]}
    else:
        document["valueDateTime"] = _stamp(check.device.replace(microsecond=0), seconds_east)
    if clock.state in ("follows", "own"):
        document["component"] = [_component("clock-correction", clock.drift)]
    document["note"] = [{"text": _words(clock)}]
    return orjson.dumps(document)


def _component(code: str, seconds: int) -> dict[str, Any]:
    return {
        "code": {"coding": [{"system": CORRECTION, "code": code}]},
        "valueQuantity": {"value": seconds, "unit": "s", "system": UCUM, "code": "s"},
    }


def _words(clock: Clock) -> str:
    write = clock.check.write if clock.check is not None else "none"
    done = {"none": "left alone", "accepted": "set", "ignored": "not set, because the device refused"}[write]
    return f"device clock: {clock.state}; {done}"
