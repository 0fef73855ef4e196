"""FHIR operations on Observations: $lastn, the newest of each code, and $stats, figures over a span of time."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from phr.api import negotiation, parameters
from phr.api.callers import Reading
from phr.api.fhir import Raw
from phr.api.interactions import Answer, Call, call_of, refuse_collecting, respond
from phr.api.scoped import require
from phr.api.searching import asker, searchset
from phr.domain.fhir.texts import parse
from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.elements import at
from phr.domain.fhirsearch.request import request as asked_for
from phr.domain.fhirsearch.statistics import COUNTS, SYSTEM, known
from phr.domain.query import moment_range
from phr.errors import Invalid, NotAllowed, NotFound
from phr.ids import person_id
from phr.services.observations import Figures, Span

router = APIRouter(prefix="/fhir")
_HOUR: Final = 3_600_000_000
_LONGEST: Final = 24 * 366 * 150  # hours
_MOST_CODES: Final = 20
_NUMBER: Final = re.compile(r"\d{1,7}(\.\d{1,3})?", re.ASCII)
_UCUM: Final = "http://unitsofmeasure.org"


@router.get("/Observation/$lastn")
def lastn_of(request: Request, who: Reading) -> Response:
    """The newest Observations of each code that a search finds."""
    return respond(request, lastn(call_of(request, who), request.url.query))


@router.get("/Observation/$stats")
def stats_of(request: Request, who: Reading) -> Response:
    """Figures over one person's Observations of a code."""
    given = parameters.pairs(request.url.query)
    return respond(request, stats(call_of(request, who), given))


@router.post("/Observation/$stats")
def stats_by_body(request: Request, who: Reading, body: Raw) -> Response:
    """The same, with the parameters as a resource."""
    negotiation.check_sent(request.headers)
    return respond(request, stats(call_of(request, who), _sent(parse(body))))


def lastn(call: Call, query: str) -> Answer:
    """At most ``max`` (else one) of each code, for one patient."""
    refuse_collecting(call.who)
    given = parameters.pairs(query)
    most = [value for name, value in given if name == "max"] or ["1"]
    if not most[-1].isascii() or not most[-1].isdigit() or not 1 <= int(most[-1][:5]) <= 1000:
        raise Invalid("expected a number from 1 to 1000", field="max")
    rest = [pair for pair in given if pair[0] != "max"]
    place = Place(call.system.settings.tz, call.base)
    asked = asked_for("Observation", rest, place)
    if asked.sort or asked.includes or asked.revincludes or asked.chains or asked.has:
        raise Invalid("not with this operation", field="_sort")
    found = call.system.fhir_search.latest(asked, asker(call), int(most[-1]))
    return Answer(200, searchset(call, asked, found, f"Observation/$lastn?{parameters.encoded(given)}"))


def stats(call: Call, given: parameters.Pairs) -> Answer:
    """Parameters: subject, code (with system), statistic, and duration in hours or date; one Observation per code."""
    refuse_collecting(call.who)
    require(call.who, "Observation", "s")
    if "?" in call.who.scope:
        raise NotAllowed("figures rest on every Observation of a code: the token's scopes hold only some")
    known_names = {
        "subject",
        "patient",
        "code",
        "system",
        "statistic",
        "duration",
        "date",
        "_format",
        "_pretty",
    }
    for name, _value in given:
        if name not in known_names:
            raise Invalid("unknown parameter", field=name[:64])
    patient, person = _whose(call, given)
    names = known([one for name, value in given if name == "statistic" for one in value.split(",")])
    systems = [value for name, value in given if name == "system"]
    codes = [_coding(one, systems) for name, value in given if name == "code" for one in value.split(",")]
    if not codes or len(codes) > _MOST_CODES:
        raise Invalid(f"name 1 to {_MOST_CODES} codes", field="code")
    span = _span(call, given)
    found = call.system.observations.statistics(person, codes, names, span, call.access(person))
    if all(one.used == 0 for one in found):
        found = []
    resources = [
        _observation(patient, coding, one, span)
        for coding, one in zip(codes, found, strict=False)
        if one.used
    ]
    shown = [{"name": "statistics", "resource": one} for one in resources]
    body = {"resourceType": "Parameters", **({"parameter": shown} if shown else {})}
    return Answer(200, orjson.dumps(body))


def _whose(call: Call, given: parameters.Pairs) -> tuple[str, UUID]:
    named = parameters.patients(given)
    if call.who.role == "resident" and call.who.person is not None:
        if named and call.who.subject not in named:
            raise NotFound("no such patient")
        return call.who.subject, call.who.person
    if len(named) != 1:
        raise Invalid("name one patient", field="subject")
    return named[0], person_id(named[0])


def _coding(text: str, systems: list[str]) -> tuple[str | None, str]:
    """``[system|]code``, with the system that is named beside it."""
    system, bar, code = text.rpartition("|")
    if not code or len(text) > 200:
        raise Invalid("expected [system|]code", field="code")
    return (system if bar else systems[-1] if systems else None), code


def _span(call: Call, given: parameters.Pairs) -> Span:
    """The last so many hours, or what ge and lt of date name; all time without either."""
    hours = [value for name, value in given if name == "duration"]
    if hours:
        if _NUMBER.fullmatch(hours[-1]) is None or not 0 < float(hours[-1]) <= _LONGEST:
            raise Invalid("expected a number of hours", field="duration")
        now = int(call.system.clock.now().timestamp() * 1_000_000)
        return Span(now - int(float(hours[-1]) * _HOUR), now + 1)
    low: int | None = None
    high: int | None = None
    for value in [value for name, value in given if name == "date"]:
        first, after = moment_range(value[2:], "date", call.system.settings.tz)
        if value[:2] == "ge":
            low = first
        elif value[:2] in ("lt", "le"):
            high = first if value[:2] == "lt" else after
        else:
            raise Invalid("expected ge, lt or le and a time", field="date")
    return Span(low, high)


def _observation(patient: str, coding: tuple[str | None, str], one: Figures, span: Span) -> dict[str, Any]:
    """The statistics of a code as one Observation, each a component."""
    components = []
    for name, value in one.values.items():
        part: dict[str, Any] = {"code": {"coding": [{"system": SYSTEM, "code": name}]}}
        if value is None:
            reason = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
            part["dataAbsentReason"] = {"coding": [{"system": reason, "code": "unknown"}]}
        elif name in COUNTS:
            part["valueQuantity"] = {"value": int(value), "system": _UCUM, "code": "1"}
        else:
            unit = {
                "unit": one.unit,
                "system": _UCUM,
                "code": f"({one.ucum})2" if name == "variance" else one.ucum,
            }
            part["valueQuantity"] = {"value": round(value, 6), **(unit if one.ucum else {})}
        components.append(part)
    system = {} if coding[0] is None else {"system": coding[0]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{**system, "code": coding[1]}]},
        "subject": {"reference": f"Patient/{patient}"},
        **_effective(span),
        "component": components,
    }


def _effective(span: Span) -> dict[str, Any]:
    ends = {"start": span.low, "end": span.high}
    period = {name: parameters.instant_of(us) for name, us in ends.items() if us is not None}
    return {"effectivePeriod": period} if period else {}


def _sent(resource: dict[str, Any]) -> parameters.Pairs:
    """The parameters of a Parameters resource. Raises Invalid."""
    if resource.get("resourceType") != "Parameters":
        raise Invalid("must be Parameters", field="resourceType")
    found: list[tuple[str, str]] = []
    for one in at(resource, (("parameter", "", ""),)):
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise Invalid("expected a name", field="Parameters.parameter")
        found += _values(name, one)
    return found


def _values(name: str, one: dict[str, Any]) -> parameters.Pairs:
    period, coding = one.get("valuePeriod"), one.get("valueCoding")
    if name == "period" and isinstance(period, dict):
        ends = (("ge", period.get("start")), ("le", period.get("end")))
        return [("date", f"{prefix}{end}") for prefix, end in ends if isinstance(end, str)]
    if name == "coding" and isinstance(coding, dict):
        return [("code", f"{coding.get('system', '')}|{coding.get('code', '')}".lstrip("|"))]
    for key in ("valueUri", "valueString", "valueCode", "valueDecimal", "valueInteger"):
        if key in one:
            return [(name, str(one[key]))]
    raise Invalid("expected a value", field=f"Parameters.{name[:40]}")
