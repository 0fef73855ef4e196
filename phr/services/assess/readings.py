"""Home blood pressure and glucose sensors: whole readings, decoded only for those who have enough days of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from ingest.series import LOW_CONFIDENCE, WRIST
from phr.domain.assessments import assessment, identity_of
from phr.domain.days import begins, offset_us
from phr.domain.evidence import Evidence, summary_name
from phr.domain.samples import joined
from phr.domain.targets import number_of
from phr.ids import observation_ids
from phr.services.assess.setting import Assessed, Finding, Setting, line
from phr.store.tables import Person
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk
from risk.cgm import SENSOR, TimeInRange, time_in_range
from risk.home_blood_pressure import EVENING, MORNING, HomePressure, Period, week
from risk.home_limits import standard
from risk.reasons import Reason

PRESSURE: Final = "85354-9"
_WEEK: Final = 7
_FORTNIGHT: Final = 14
_OLDER: Final = 65
_MOST: Final = 100  # readings named one by one; beyond it, their days are named
_MINUTES: Final = 15  # the longest usual interval of a sensor
_TYPED: Final = {
    f"{how}|{when}": label
    for how in ("manual", "paper", "proxy")
    for when, label in (("morning", MORNING), ("evening", EVENING))
}

Told = tuple[Chunk, str, str]
"""A day of samples with the key and the method of its source."""


class Readings:
    """Finds weeks of home blood pressure and fortnights of a glucose sensor that are beyond their limits."""

    def __init__(self, setting: Setting, done: Assessed) -> None:
        self._setting = setting
        self._done = done

    def __call__(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        """What was found in a block of people."""
        return self._pressures(uow, people, today) + self._sensors(uow, people, today)

    def _pressures(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        first = today - timedelta(days=_WEEK - 1)
        needed = int(standard().home_bp["minimum_days"])
        last = today
        told = _enough(uow, people, PRESSURE, (first, last), needed, needed)
        found = []
        for person in people:
            chunks = told.get(person.person_id, [])
            judged = None if not chunks else self._week(chunks, last)
            if judged is None or not judged.high or judged.grade is None:
                continue
            grades = [grade.key for grade in standard().grades]
            reached = grades[3 : grades.index(judged.grade.key) + 1]
            reasons = tuple(
                reason
                for reason, period in zip(judged.reasons, _periods(judged), strict=True)
                if period.grade is not None
            )
            evidence = _pressure_evidence(
                person, [chunk for chunk, _key, method in chunks if method != "passive"]
            )
            found.append(
                self._finding(
                    person,
                    "blood-pressure",
                    chunks,
                    evidence,
                    reasons,
                    frozenset(f"home-bp:{g}" for g in reached),
                )
            )
        return found

    def _week(self, chunks: Sequence[Told], last: date) -> HomePressure:
        columns = joined([chunk.columns for chunk, _key, _method in chunks])
        sizes = [len(chunk.columns) for chunk, _key, _method in chunks]
        passive = np.repeat([method == "passive" for _chunk, _key, method in chunks], sizes)
        wrist = (columns.quality & WRIST) > 0
        cuff = np.select([passive, wrist], ["none", "wrist"], "upper-arm")
        label = np.repeat([_TYPED.get(key, "") for _chunk, key, _method in chunks], sizes)
        offset = offset_us(int(columns.start[-1]), self._setting.zone) // 1_000_000
        return week(
            columns.start,
            columns.channels["systolic"],
            columns.channels["diastolic"],
            last=last,
            cuff=cuff,
            label=label,
            offset=offset,
        )

    def _sensors(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        last = today - timedelta(days=1)  # today is not over, and a part of a day is no day
        first = last - timedelta(days=_FORTNIGHT - 1)
        least = int(_FORTNIGHT * 1440 / _MINUTES * standard().cgm["minimum_share"] / 100)
        told = _enough(uow, people, SENSOR, (first, last), 1, least)
        found = []
        for person in people:
            chunks = told.get(person.person_id, [])
            if not chunks:
                continue
            judged = self._fortnight(person, chunks, first, last)
            missed = [name for name, holds in judged.met.items() if not holds]
            if not missed:
                continue
            reasons = tuple(reason for reason in judged.reasons if reason.label in missed)
            names = sorted(
                summary_name(chunk.slot.code, chunk.slot.day, chunk.slot.source_id)
                for chunk, _key, _method in chunks
            )
            evidence = Evidence(summaries=tuple(names))
            found.append(
                self._finding(
                    person, "glucose", chunks, evidence, reasons, frozenset(f"cgm:{name}" for name in missed)
                )
            )
        return found

    def _fortnight(self, person: Person, chunks: Sequence[Told], first: date, last: date) -> TimeInRange:
        columns = joined([chunk.columns for chunk, _key, _method in chunks])
        offset = offset_us(int(begins(last, self._setting.zone).timestamp()) * 1_000_000, self._setting.zone)
        sure = (columns.quality & LOW_CONFIDENCE) == 0
        older = person.birth_date is not None and person.birth_date <= last.replace(
            year=last.year - _OLDER, day=min(last.day, 28)
        )
        return time_in_range(
            columns.start[sure],
            columns.channels["value"][sure],
            first=first,
            last=last,
            offset=offset // 1_000_000,
            older=older,
        )

    def _finding(
        self,
        person: Person,
        category: str,
        chunks: Sequence[Told],
        evidence: Evidence,
        reasons: tuple[Reason, ...],
        raised: frozenset[str],
    ) -> Finding:
        days = [chunk.slot.day for chunk, _key, _method in chunks]
        kind, rule = f"trend:{category}", f"home-{standard().version}"
        identity = identity_of(person.person_id, kind)
        resource = assessment(
            identity,
            patient=person.patient_id,
            purpose="guidance",
            recipient=self._setting.recipient,
            rule=rule,
            days=(min(days), max(days)),
            evidence=evidence,
            notes=[reason.ja for reason in reasons],
        )
        return Finding(
            person=person,
            own=(category, max(days)),
            first=min(days),
            identity=identity,
            resource=resource,
            evidence=evidence,
            lines=tuple(line(reason) for reason in reasons),
            kinds=(kind,),
            rule_version=rule,
            signals=raised,
        )


def _enough(
    uow: UnitOfWork, people: Sequence[Person], code: str, days: tuple[date, date], least: int, samples: int
) -> dict[UUID, list[Told]]:
    """The readings of those who have enough days and samples; nobody else's are decoded."""
    counted = uow.blocks.counted_days([person.person_id for person in people], code, *days)
    having = sorted(
        person for person, (number, total) in counted.items() if number >= least and total >= samples
    )
    if not having:
        return {}
    told = uow.blocks.chunks(having, code, *days)
    for person, chunks in told.items():
        uow.audit.add(
            "assess",
            "Observation",
            person,
            categories=chunks[0][0].category,
            count=sum(len(chunk.columns) for chunk, _key, _method in chunks),
        )
    return told


def _periods(judged: HomePressure) -> list[Period]:
    """The periods that have a line."""
    return [period for period in (judged.morning, judged.evening) if period.systolic is not None]


def _pressure_evidence(person: Person, chunks: Sequence[Chunk]) -> Evidence:
    """The readings one by one; where they are too many, their days."""
    if sum(len(chunk.columns) for chunk in chunks) > _MOST:
        return Evidence(
            summaries=tuple(
                summary_name(chunk.slot.code, chunk.slot.day, chunk.slot.source_id) for chunk in chunks
            )
        )
    return Evidence(
        observations=tuple(
            identity
            for chunk in chunks
            for identity in observation_ids(
                person.person_id, number_of((PRESSURE, None)), chunk.slot.source_id, chunk.columns.start
            )
        )
    )
