"""Assess: official stratification of each check-up under the guidance purpose; cases and RiskAssessments with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.documents import describe
from phr.domain.targets import number_of
from phr.domain.worklist import OPEN, PRIORITIES, Case, opened, with_new_data
from phr.ids import new_id, observation_ids
from phr.store.documents import Document
from phr.store.tables import Person, WorkItem
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk
from risk.checkup import MISSING, read
from risk.explain import Result, result
from risk.judge import judge

_CODE: Final = "checkup"
_CATEGORY: Final = "checkup"
_BLOCK: Final = 500
_ASSESSMENTS: Final = UUID("3a1d6a6e-6a54-54c1-8f2f-2a9b64a9d001")
_LEVELS: Final = {1: "intensive", 2: "motivational"}
_YEARS: Final = 3


@dataclass(slots=True)
class Assessed:
    """What an assessment did."""

    people: int = 0
    checkups: int = 0
    flagged: int = 0
    opened: int = 0
    unreadable: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Input:
    person: Person
    chunk: Chunk
    row: int
    answers: dict[str, Any]


class Assess:
    """Assesses the people of one city who share their check-ups for guidance."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, glucose_rule: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._glucose = glucose_rule

    def __call__(self, *, request: str) -> Assessed:
        """Assesses everybody whose grants allow it, a block of people in each transaction."""
        done = Assessed()
        after = UUID(int=0)
        while True:
            people = self._people(after, request)
            if not people:
                return done
            self._block(people, request, done)
            after = people[-1].person_id

    def _people(self, after: UUID, request: str) -> Sequence[Person]:
        with self._store.begin(machine(self._recipient, "guidance", request, part="assess")) as uow:
            people = uow.people.all(after, _BLOCK)
            uow.commit()
        return people

    def _block(self, people: Sequence[Person], request: str, done: Assessed) -> None:
        now = self._clock.now()
        today = day_at(now, self._zone)
        access = machine(self._recipient, "guidance", request, part="assess")
        with self._store.begin(access) as uow:
            inputs = self._inputs(uow, people, today)
            done.people += len(people)
            done.checkups += len(inputs)
            if inputs:
                self._judge(uow, inputs, now, done)
            uow.commit()

    def _inputs(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[_Input]:
        """The newest check-up of each person, as the columns that the rules read."""
        since = today - timedelta(days=366 * _YEARS)
        newest = uow.vitals.newest([person.person_id for person in people], _CODE, since, today)
        found = []
        for person in people:
            chunk = newest.get(person.person_id)
            if chunk is None:
                continue
            row = len(chunk.columns) - 1
            answers: dict[str, Any] = {
                name: None if np.isnan(column[row]) else float(column[row])
                for name, column in chunk.columns.channels.items()
            }
            answers["sex"] = {"male": "M", "female": "F"}.get(person.sex, "")
            answers["birth_date"] = "" if person.birth_date is None else person.birth_date.isoformat()
            answers["checkup_date"] = chunk.slot.day.isoformat()
            found.append(_Input(person, chunk, row, answers))
        return found

    def _judge(self, uow: UnitOfWork, inputs: list[_Input], now: datetime, done: Assessed) -> None:
        """The whole block in columns; only people who are flagged are explained one by one.

        A value that cannot be used is left out and named in the result, so that it does not stop a city.
        """
        names = sorted({name for one in inputs for name in one.answers})
        panel = read(
            {name: [one.answers.get(name) for one in inputs] for name in names}, len(inputs), bad=MISSING
        )
        judged = judge(panel, glucose_rule=self._glucose)
        flagged = np.isin(judged.level, list(_LEVELS))
        for finding in judged.findings:
            flagged |= finding.grade > 0
        for one in inputs:
            uow.audit.add("assess", "Observation", one.person.person_id, categories=_CATEGORY, count=1)
        for row in np.flatnonzero(flagged).tolist():
            found = result(judged, row)
            done.flagged += 1
            done.opened += self._flag(uow, inputs[row], found, now)
            self._keep_assessment(uow, inputs[row], found, now)

    def _flag(self, uow: UnitOfWork, one: _Input, result: Result, now: datetime) -> int:
        """Opens or renews the case of each kind that the result asks for; gives how many were opened."""
        opened_now = 0
        for kind in _kinds(result):
            mark = f"{one.chunk.slot.day}:{one.chunk.version}"
            item = uow.worklist.of_kind(one.person.person_id, kind)
            if item is None:
                case: Case | None = opened(mark)
                item = _new_item(one, kind, now)
            else:
                case = with_new_data(
                    Case(item.state, item.holder, item.outcome, item.data_mark, item.version), mark
                )
            if case is None:
                continue
            event = (
                "opened" if item.version == 0 or (item.state != OPEN and case.state == OPEN) else "renewed"
            )
            opened_now += event == "opened"
            item.state, item.holder, item.outcome = case.state, case.holder, case.outcome
            item.data_mark, item.version = case.data_mark, case.version
            item.day, item.rule_version = one.chunk.slot.day, result.rule_version
            item.reasons = [
                {"kind": r.kind, "label": r.label, "ja": r.ja, "en": r.en, "items": list(r.items)}
                for r in result.reasons
            ]
            item.basis = {"observations": _basis(one, result), "level": result.level, "metabo": result.metabo}
            uow.worklist.put(item, event, "assess", now)
        return opened_now

    def _keep_assessment(self, uow: UnitOfWork, one: _Input, result: Result, now: datetime) -> None:
        """The judgement as a RiskAssessment whose basis names the exact Observations."""
        identity = str(
            uuid5(_ASSESSMENTS, f"{one.person.person_id}:{one.chunk.slot.day}:{result.rule_version}")
        )
        resource = _risk_assessment(identity, one, result, self._recipient)
        described = describe(resource, self._zone, lambda: identity)
        present = uow.documents.get("RiskAssessment", identity)
        if present is not None and described.same_content(present.body):
            return
        version = 1 if present is None else present.version + 1
        uow.documents.put(
            Document(
                person_id=one.person.person_id,
                type="RiskAssessment",
                id=identity,
                version=version,
                deleted=False,
                category=_CATEGORY,
                day=one.chunk.slot.day,
                codes=described.codes,
                labels=(),
                status="final",
                low=described.low,
                high=described.high,
                updated_at=now,
                body=described.stored_body(version, now),
            )
        )


def _kinds(result: Result) -> list[str]:
    kinds = ["referral"] if result.referral else []
    if result.level in _LEVELS:
        kinds.append(_LEVELS[result.level])
    return kinds


def _new_item(one: _Input, kind: str, now: datetime) -> WorkItem:
    return WorkItem(
        person_id=one.person.person_id,
        item_id=new_id(),
        kind=kind,
        category=_CATEGORY,
        day=one.chunk.slot.day,
        priority=PRIORITIES[kind],
        state=OPEN,
        reasons=[],
        basis={},
        data_mark="",
        rule_version="",
        holder=None,
        outcome=None,
        version=0,
        opened_at=now,
        updated_at=now,
    )


def _basis(one: _Input, result: Result) -> list[str]:
    """The ids of the Observations that carried the values used."""
    start = one.chunk.columns.start[one.row : one.row + 1]
    names = [name for name in result.used if name in one.chunk.columns.channels]
    return [
        observation_ids(one.person.person_id, number_of((_CODE, name)), one.chunk.slot.source_id, start)[0]
        for name in names
        if not np.isnan(one.chunk.columns.channels[name][one.row])
    ]


def _risk_assessment(identity: str, one: _Input, result: Result, recipient: str) -> dict[str, Any]:
    start = datetime.fromtimestamp(int(one.chunk.columns.start[one.row]) / 1_000_000, UTC)
    level = "NA" if result.level is None else str(result.level)
    return {
        "resourceType": "RiskAssessment",
        "id": identity,
        "status": "final",
        "method": {"coding": [{"system": "urn:phr:rule", "code": result.rule_version}]},
        "code": {"coding": [{"system": "urn:oid:1.2.392.200119.6.1005", "code": "9N506000000000011"}]},
        "subject": {"reference": f"Patient/{one.person.patient_id}"},
        "occurrenceDateTime": start.isoformat(),
        "performer": {"reference": recipient},
        "basis": [{"reference": f"Observation/{each}"} for each in _basis(one, result)],
        "prediction": [
            {"outcome": {"coding": [{"system": "urn:oid:1.2.392.200119.6.3001", "code": level}]}},
            {
                "outcome": {
                    "coding": [
                        {"system": "urn:oid:1.2.392.200119.6.1008", "code": str(result.metabo or "NA")}
                    ]
                }
            },
        ],
        "note": [{"text": reason.ja} for reason in result.reasons],
    }
