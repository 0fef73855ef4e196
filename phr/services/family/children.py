"""A child's record under a guardian: growth, vaccinations, birth facts and check-ups; entries are marked as the family's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import MANUAL, Series, Source
from phr.clock import Clock, micros
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import MOTHER_CHILD, Described, describe, instant, parse
from phr.domain.family.vaccination import SCHEDULE
from phr.errors import Invalid
from phr.ids import new_id
from phr.services.family.guardians import Acting
from phr.store.uow import Store

WEIGHT: Final = "29463-7"
HEIGHT: Final = "8302-2"
_CODES: Final = {"weight": WEIGHT, "height": HEIGHT}
_VACCINES: Final = "urn:phr:vaccine"
_FIRST: Final = date(1900, 1, 1)
CHECK_UPS: Final = ("1-month", "3-4-month", "9-10-month", "18-month", "3-year")
"""The infants' check-ups whose days the record keeps."""
_WEEKS: Final = (20, 45)

Receive = Callable[..., Any]
"""Takes a delivery: person, series, documents, request, actor, role; gives a receipt."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The mother-child record: weeks of pregnancy, and the days of the infants' check-ups."""

    weeks: int | None = None
    check_ups: Mapping[str, date] | None = None


@dataclass(frozen=True, slots=True)
class Vaccination:
    """One vaccination. official: the city's own record; else reported by the family from the paper handbook."""

    vaccine: str
    day: date
    official: bool
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Child:
    """A child's record as one guardian sees it. hidden: kinds of data of the page that this guardian does not see."""

    acting: Acting
    measures: Mapping[str, Sequence[tuple[date, float]]]
    vaccinations: Sequence[Vaccination]
    facts: Facts
    hidden: frozenset[str]


class Children:
    """Reads through the door for the purpose family, and writes as a delivery of the family."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, receive: Receive) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._receive = receive

    def read(self, acting: Acting) -> Child:
        """What the guardian sees of the child."""
        person, today = acting.person.person_id, day_at(self._clock.now(), self._zone)
        born = acting.person.birth_date or _FIRST
        with self._store.begin(acting.access) as uow:
            chunks = uow.vitals.chunks(person, [WEIGHT, HEIGHT], born, today)
            shots = uow.documents.of_person(person, "Immunization")
            papers = uow.documents.of_person(person, "QuestionnaireResponse")
            uow.audit.add("read", "Observation", person, categories="body", count=len(chunks))
            uow.audit.add("read", "Immunization", person, categories="child", count=len(shots))
            uow.commit()
        measures: dict[str, list[tuple[date, float]]] = {"weight": [], "height": []}
        for chunk in chunks:
            name = "weight" if chunk.slot.code == WEIGHT else "height"
            values = chunk.columns.channels["value"]
            measures[name] += [(chunk.slot.day, float(value)) for value in values if np.isfinite(value)]
        record = next((parse(one.body.encode()) for one in papers if one.category == "child"), None)
        found = [_vaccination(parse(one.body.encode())) for one in shots]
        return Child(
            acting,
            {name: sorted(rows) for name, rows in measures.items()},
            [one for one in found if one is not None],
            Facts() if record is None else _facts(record),
            frozenset({"child", "body"}) - acting.seen,
        )

    def add_measures(self, acting: Acting, day: date, values: Mapping[str, float]) -> None:
        """Weight and height of a day, as the family read them. Raises Invalid with the field."""
        self._checked_day(acting, day)
        if not values:
            raise Invalid("write at least one value", field="weight")
        noon = datetime.combine(day, time(12), self._zone)
        at = min(noon, self._clock.now().astimezone(self._zone))
        offset = at.utcoffset() or timedelta()
        for name, value in values.items():
            series = Series(
                _CODES[name],
                Source("family", "家族が入力", "PHR", "", "manual"),
                np.array([micros(at) // 1_000_000 * 1_000_000], np.int64),
                {"value": np.array([value], np.float64)},
                np.array([int(offset.total_seconds())], np.int32),
                np.full(1, MANUAL, np.uint8),
            )
            self._deliver(acting, name, series=[series])

    def add_vaccination(self, acting: Acting, vaccine: str, day: date, lot: str = "") -> None:
        """A vaccination from the paper handbook, marked as reported by the family."""
        self._checked_day(acting, day)
        if len(lot) > _LOT or not lot.isprintable():
            raise Invalid("is too long or not plain text", field="lot")
        self._deliver(
            acting, "vaccine", documents=[self._immunization(acting.person.patient_id, vaccine, day, lot)]
        )

    def official_vaccination(
        self, person: UUID, patient: str, vaccine: str, day: date, lot: str = "", *, request: str
    ) -> None:
        """A vaccination of the city's own register."""
        document = self._immunization(patient, vaccine, day, lot, official=True)
        _stored(self._receive(person, [], documents=[document], request=request), "vaccine")

    def put_facts(self, acting: Acting, facts: Facts) -> None:
        """The mother-child record in its next version."""
        items: list[dict[str, Any]] = []
        if facts.weeks is not None:
            if not _WEEKS[0] <= facts.weeks <= _WEEKS[1]:
                raise Invalid("are not weeks of a pregnancy", field="weeks")
            items.append({"linkId": "weeks", "answer": [{"valueInteger": facts.weeks}]})
        for name, day in (facts.check_ups or {}).items():
            if name not in CHECK_UPS:
                raise Invalid("is no check-up of this record", field="check_up")
            self._checked_day(acting, day, name)
            items.append({"linkId": name, "answer": [{"valueDate": day.isoformat()}]})
        if not items:
            raise Invalid("write at least one fact", field="weeks")
        patient = acting.person.patient_id
        resource = {
            "resourceType": "QuestionnaireResponse",
            "id": f"mother-child-{acting.person.person_id}",
            "questionnaire": f"{MOTHER_CHILD}|1",
            "status": "completed",
            "subject": {"reference": f"Patient/{patient}"},
            "source": {"reference": acting.access.recipient},
            "authored": instant(self._clock.now()),
            "item": items,
        }
        self._deliver(acting, "weeks", documents=[self._described(resource)])

    def _immunization(
        self, patient: str, vaccine: str, day: date, lot: str, *, official: bool = False
    ) -> Described:
        names = {one.key: one.ja for one in SCHEDULE.vaccines}
        if vaccine not in names:
            raise Invalid("is no vaccine of the schedule", field="vaccine")
        resource = {
            "resourceType": "Immunization",
            "id": f"{patient[:36]}-{vaccine}-{day:%Y%m%d}"[:64],
            "status": "completed",
            "vaccineCode": {"coding": [{"system": _VACCINES, "code": vaccine}], "text": names[vaccine]},
            "patient": {"reference": f"Patient/{patient}"},
            "occurrenceDateTime": day.isoformat(),
            "primarySource": official,
        }
        if not official:
            resource["reportOrigin"] = {"text": "patient-reported"}
        if lot:
            resource["lotNumber"] = lot
        return self._described(resource)

    def _described(self, resource: dict[str, Any]) -> Described:
        return describe(resource, self._zone, lambda: str(new_id()))

    def _checked_day(self, acting: Acting, day: date, field: str = "day") -> None:
        born = acting.person.birth_date
        if day > day_at(self._clock.now(), self._zone) or (born is not None and day < born):
            raise Invalid("is not a day of this child's life", field=field)

    def _deliver(self, acting: Acting, field: str, **what: Any) -> None:
        access: Access = acting.access
        what.setdefault("series", [])
        receipt = self._receive(
            acting.person.person_id,
            what.pop("series"),
            request=access.request,
            actor=access.actor,
            role="resident",
            **what,
        )
        _stored(receipt, field)


_LOT: Final = 40


def _stored(receipt: Any, field: str) -> None:
    """Says what kept an entry out."""
    if receipt.refused:
        raise Invalid("collecting is not consented", field="consent")
    if receipt.quarantined:
        raise Invalid("cannot be true", field=field)


def _vaccination(resource: Mapping[str, Any]) -> Vaccination | None:
    """What the page needs of an Immunization; None for one that was taken back or that is of another list."""
    codes = [
        str(one.get("code"))
        for one in resource.get("vaccineCode", {}).get("coding", [])
        if one.get("system") == _VACCINES
    ]
    day = str(resource.get("occurrenceDateTime", ""))[:10]
    if resource.get("status") != "completed" or not codes or len(day) != len("2026-01-01"):
        return None
    return Vaccination(
        codes[0],
        date.fromisoformat(day),
        bool(resource.get("primarySource")),
        str(resource.get("lotNumber", "")),
    )


def _facts(resource: Mapping[str, Any]) -> Facts:
    weeks, days = None, {}
    for item in resource.get("item", []):
        answer = (item.get("answer") or [{}])[0]
        if item.get("linkId") == "weeks" and isinstance(answer.get("valueInteger"), int):
            weeks = answer["valueInteger"]
        elif item.get("linkId") in CHECK_UPS and "valueDate" in answer:
            days[item["linkId"]] = date.fromisoformat(answer["valueDate"])
    return Facts(weeks, days)
