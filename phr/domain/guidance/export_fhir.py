"""A report as an eCheckup-style FHIR R4 document: Composition, Patient, Coverage, CarePlan, Goals, Encounters, Observations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.guidance.codes import codes
from phr.domain.guidance.report import Act, Report, Value

_TYPES: Final = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes"
_CATEGORIES: Final = "urn:oid:2.16.840.1.113883.2.2.1.6.1001"
_PROGRAMMES: Final = "urn:oid:1.2.392.200119.6.1002"
_PROGRAMME: Final = "100"  # 特定保健指導 in the list of programmes
_SECTIONS: Final = "urn:oid:1.2.392.200119.6.1010"
_INSURERS: Final = "urn:oid:1.2.392.200119.6.101"
_INSTITUTIONS: Final = "urn:oid:1.2.392.200119.6.102"
_MEMBERS: Final = "urn:phr:insured"
_UCUM: Final = "http://unitsofmeasure.org"
_COVERAGE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PLACES: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ACT: Final = {"5": "VR", "6": "VR", "2": "VR", "4": "VR"}


def bundle(report: Report, at: datetime) -> dict[str, Any]:
    """The document of one report; its identifier is that of the course and its version counts up."""
    made = _Document(report)
    entries = list(made.entries())
    stamp = at.astimezone(UTC).isoformat(timespec="seconds")
    composition = made.composition(stamp)
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.course}"},
        "meta": {"versionId": str(report.version)},
        "type": "document",
        "timestamp": stamp,
        "entry": [made.entry("composition", composition), *entries],
    }


class _Document:
    """The parts of one document, which point at each other by ids that the course and their place give."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._sections: dict[str, list[str]] = {}

    def _id(self, name: str) -> str:
        return str(uuid5(UUID(str(self._report.course)), name))

    def _ref(self, name: str) -> dict[str, str]:
        return {"reference": f"urn:uuid:{self._id(name)}"}

    def entry(self, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        """A resource at its place in the bundle."""
        return {"fullUrl": f"urn:uuid:{self._id(name)}", "resource": {**resource, "id": self._id(name)}}

    def entries(self) -> Iterator[dict[str, Any]]:
        """Everything but the composition, in order; the sections are known when it is used up."""
        yield self.entry("patient", self._patient())
        yield self.entry(
            "institution", _organisation(_INSTITUTIONS, self._report.institution, "保健指導機関")
        )
        yield self.entry("insurer", _organisation(_INSURERS, self._report.subject.insurer_no, "保険者"))
        yield self.entry("coverage", self._coverage())
        yield self._in("90010", "level", self._observation(Value("level", self._report.level), None))
        for number, (area, text) in enumerate(self._report.goals):
            yield self._in("90030", f"goal-{number}", self._goal(area, text))
        if self._report.goals:
            yield self._in("90030", "plan", self._plan())
        for number, act in enumerate(self._report.acts):
            yield self._in(act.section, f"encounter-{number}", self._encounter(act))
            for place, value in enumerate(act.values):
                name = f"item-{number}-{place}"
                yield self._in(act.section, name, self._observation(value, (act, f"encounter-{number}")))

    def _in(self, section: str, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        self._sections.setdefault(section, []).append(name)
        return self.entry(name, resource)

    def composition(self, stamp: str) -> dict[str, Any]:
        """What the document is and what its sections hold."""
        report = self._report
        ended = report.ended or report.begun
        return {
            "resourceType": "Composition",
            "status": "final",
            "meta": {"versionId": str(report.version)},
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.course}"},
            "type": _coded(_TYPES, "53576-5"),
            "category": [_coded(_CATEGORIES, report.code)],
            "subject": self._ref("patient"),
            "date": stamp,
            "author": [self._ref("institution")],
            "title": "特定保健指導の報告",
            "custodian": self._ref("institution"),
            "event": [
                {
                    "code": [_coded(_PROGRAMMES, _PROGRAMME)],
                    "period": {"start": report.begun.isoformat(), "end": ended.isoformat()},
                }
            ],
            "section": [
                {
                    "title": codes().section[code],
                    "code": _coded(_SECTIONS, code),
                    "entry": [self._ref(name) for name in names],
                }
                for code, names in sorted(self._sections.items())
            ],
        }

    def _patient(self) -> dict[str, Any]:
        subject = self._report.subject
        card = f"{subject.insurer_no}:{subject.symbol}:{subject.number}:{subject.branch}"
        made = {
            "resourceType": "Patient",
            "identifier": [{"system": _MEMBERS, "value": card}],
            "name": [{"text": subject.kana.replace("\u3000", " ")}],
            "gender": "male" if subject.sex == "1" else "female",
            "birthDate": subject.born.isoformat(),
        }
        return {**made, "address": [{"postalCode": subject.postal}]} if subject.postal else made

    def _coverage(self) -> dict[str, Any]:
        return {
            "resourceType": "Coverage",
            "status": "active",
            "type": _coded(_COVERAGE, "PUBLICPOL"),
            "subscriberId": self._report.subject.number,
            "beneficiary": self._ref("patient"),
            "payor": [self._ref("insurer")],
        }

    def _goal(self, area: str, text: str) -> dict[str, Any]:
        return {
            "resourceType": "Goal",
            "lifecycleStatus": "completed" if self._report.ended else "active",
            "category": [_coded(codes().local_url, area)],
            "description": {"text": text},
            "subject": self._ref("patient"),
            "startDate": self._report.begun.isoformat(),
        }

    def _plan(self) -> dict[str, Any]:
        return {
            "resourceType": "CarePlan",
            "status": "completed" if self._report.ended else "active",
            "intent": "plan",
            "title": "行動計画",
            "subject": self._ref("patient"),
            "period": {"start": self._report.begun.isoformat()},
            "goal": [self._ref(f"goal-{number}") for number in range(len(self._report.goals))],
        }

    def _encounter(self, act: Act) -> dict[str, Any]:
        lists = codes().lists
        return {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": _PLACES, "code": _ACT.get(act.form, "AMB")},
            "type": [_coded(f"urn:oid:{lists['form']}", act.form)],
            "subject": self._ref("patient"),
            "participant": [{"type": [_coded(f"urn:oid:{lists['licence']}", act.licence)]}],
            "period": {"start": act.day.isoformat(), "end": act.day.isoformat()},
            "serviceProvider": self._ref("institution"),
        }

    def _observation(self, value: Value, of: tuple[Act, str] | None) -> dict[str, Any]:
        item = codes().item[value.item]
        code, oid = codes().code_of(value.item)
        system = codes().local_url if item.system == "local" else f"urn:oid:{oid}"
        made: dict[str, Any] = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": system, "code": code, "display": item.name}]},
            "subject": self._ref("patient"),
            "effectiveDateTime": (self._report.begun if of is None else of[0].day).isoformat(),
        }
        if of is not None:
            made["encounter"] = self._ref(of[1])
        if item.list:
            made["valueCodeableConcept"] = _coded(f"urn:oid:{item.list}", value.text)
        else:
            number: int | float = float(value.text) if "." in value.text else int(value.text)
            quantity = {"value": number, "unit": item.unit, "system": _UCUM, "code": item.unit}
            made["valueQuantity"] = quantity
        return made


def _organisation(system: str, number: str, name: str) -> dict[str, Any]:
    identifier = {"system": system, "value": number}
    return {"resourceType": "Organization", "identifier": [identifier], "name": name}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
