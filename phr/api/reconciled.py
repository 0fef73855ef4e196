"""FHIR operation ``Observation/$reconciled``: days of one vital with overlaps of devices resolved, and their Provenance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request, Response

from ingest.codes import HL7_CATEGORY, VITALS
from phr.api import parameters
from phr.api.callers import Reading, access_about, system_of
from phr.api.problems import FHIR_JSON
from phr.api.scoped import admits, require
from phr.domain.days import begins
from phr.domain.documents import instant
from phr.domain.reconcile import KINDS
from phr.errors import Invalid, OutOfScope
from phr.ids import person_id
from phr.services.reconciled import DayView, Share

router = APIRouter(prefix="/fhir")
ANSWERED_FOR: Final = "urn:phr:extension:answered-for"
_SOURCE: Final = "urn:phr:source"
_SPACE: Final = UUID("6f3a1a7e-0f0d-4f39-9b0a-5d2c1c1f8a01")


@router.get("/Observation/$reconciled")
def reconciled(request: Request, who: Reading) -> Response:
    """Days of one vital: an Observation a day and a Provenance that names who answered for which time."""
    require(who, "Observation", "s")
    given = parameters.pairs(request.url.query)
    parameters.check(given, frozenset({"patient", "subject", "code", "start", "end", "_format"}))
    named = parameters.patients(given) or ((who.subject,) if who.role == "resident" else ())
    if len(named) != 1:
        raise Invalid("name one patient", field="patient")
    system = system_of(request)
    patient, code = named[0], _only(given, "code").removeprefix("http://loinc.org|")
    if code not in KINDS:
        raise Invalid("is not reconciled", field="code")
    person = person_id(patient)
    days = system.reconciled(
        person, code, _day(given, "start"), _day(given, "end"), access_about(request, who, person)
    )
    now, zone = system.clock.now(), system.settings.tz
    entries = [
        entry for day in days for entry in _entries(day, code, patient, now, zone, system.settings.recipient)
    ]
    days_of = (one["resource"] for one in entries if one["resource"]["resourceType"] == "Observation")
    if not all(admits(who, "Observation", "s", one) for one in days_of):
        raise OutOfScope("the token has no scope for this code")
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": instant(now)}
    body = orjson.dumps({**bundle, "entry": entries} if entries else bundle)
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=FHIR_JSON)


def _only(given: parameters.Pairs, name: str) -> str:
    values = [value for key, value in given if key == name]
    if len(values) != 1:
        raise Invalid("is needed once", field=name)
    return values[0]


def _day(given: parameters.Pairs, name: str) -> date:
    try:
        return date.fromisoformat(_only(given, name))
    except ValueError as error:
        raise Invalid("expected a date such as 2026-11-21", field=name) from error


def _entries(
    view: DayView, code: str, patient: str, now: datetime, zone: ZoneInfo, city: str
) -> list[dict[str, Any]]:
    url = f"urn:uuid:{uuid5(_SPACE, f'{patient}/{code}/{view.day}')}"
    return [
        {"fullUrl": url, "resource": _observation(view, code, patient, zone)},
        {
            "fullUrl": f"urn:uuid:{uuid5(_SPACE, url)}",
            "resource": _provenance(view, url, now, city),
        },
    ]


def _observation(view: DayView, code: str, patient: str, zone: ZoneInfo) -> dict[str, Any]:
    """The day as one Observation: a sum, or the mean of heart rates."""
    vital = VITALS[code]
    channel = vital.channel("value")
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": HL7_CATEGORY, "code": vital.fhir_category}]}],
        "code": {"coding": [{"system": one.system, "code": one.code} for one in vital.codings]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectivePeriod": {
            "start": instant(begins(view.day, zone)),
            "end": instant(begins(view.day + timedelta(days=1), zone) - timedelta(seconds=1)),
        },
        "valueQuantity": {
            "value": round(view.value, channel.decimals),
            "unit": channel.unit,
            "system": "http://unitsofmeasure.org",
            "code": channel.ucum,
        },
        "method": {"text": "reconciled: one source for each moment, overlaps counted once"},
    }


def _provenance(view: DayView, target: str, now: datetime, city: str) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": instant(now),
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                            "code": "assembler",
                        }
                    ]
                },
                "who": {"reference": city},
            }
        ],
        "entity": [_entity(share) for share in view.shares],
    }


def _entity(share: Share) -> dict[str, Any]:
    """A source with the times it answers for."""
    what: dict[str, Any] = {"identifier": {"system": _SOURCE, "value": str(share.source)}}
    if share.label:
        what["display"] = share.label
    return {
        "extension": [
            {"url": ANSWERED_FOR, "valuePeriod": {"start": _at(one.start), "end": _at(one.end)}}
            for one in share.stretches
        ],
        "role": "source",
        "what": what,
    }


def _at(us: int) -> str:
    return instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
