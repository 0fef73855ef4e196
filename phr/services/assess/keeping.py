"""Saves what the rules found: the RiskAssessment in its next version, and the case where there is new data for a nurse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from phr.domain.access import Access, machine
from phr.domain.days import begins, day_at
from phr.domain.documents import Described
from phr.domain.episodes import NEW, SAME, Episode, follow, read
from phr.domain.evidence import places
from phr.domain.standing import Result, stands
from phr.domain.worklist import CLOSED, OPEN, PRIORITIES, Case, opened, with_new_data
from phr.ids import new_id
from phr.services.assess.setting import Assessed, Finding, Setting
from phr.store.documents import Document
from phr.store.tables import WorkItem
from phr.store.uow import UnitOfWork

Held = Mapping[tuple[UUID, str], WorkItem]
_ASSESSMENT: Final = "RiskAssessment"


@dataclass(slots=True)
class _Changes:
    """Cases to which something happened, and those that only show something else."""

    moved: list[tuple[WorkItem, str]] = field(default_factory=list)
    seen: list[WorkItem] = field(default_factory=list)


class Keep:
    """Keeps findings of one purpose. What is written waits for whoever changes the person's consents, and they for it."""

    def __init__(self, setting: Setting, done: Assessed, purpose: str) -> None:
        self._setting = setting
        self._done = done
        self._purpose = purpose

    def __call__(self, uow: UnitOfWork, findings: Sequence[Finding], now: datetime) -> None:
        """Saves these findings, those that may stand, in the transaction of their reading."""
        if not findings:
            return
        people = sorted({one.person.person_id for one in findings})
        uow.blocks.lock(people)
        standing = self._standing(uow, findings, now)
        held = uow.case_blocks.of_people(people, lock=True) if self._purpose == "guidance" else {}
        documents = {
            one.id: one for found in uow.blocks.documents(people, _ASSESSMENT).values() for one in found
        }
        writes: list[Document] = []
        changes = _Changes()
        for finding in standing:
            self._done.raised.update(
                {
                    kind: self._done.raised.get(kind, 0) + 1
                    for kind in finding.kinds or (finding.rule_version,)
                }
            )
            present = documents.get(finding.identity)
            taken_back = present is not None and present.status != "final"
            if self._cases(changes, held, finding, now) or taken_back:
                writes += self._document(finding, present, now)
        uow.case_blocks.put(changes.moved, changes.seen, "assess", now)
        uow.blocks.put(writes)

    def _standing(self, uow: UnitOfWork, findings: Sequence[Finding], now: datetime) -> list[Finding]:
        """Those that nobody can read who may not read all that they rest on. What rests on one kind of data of one day lies
        behind the door of just that.
        """
        access, kept = uow.access, []
        grants: dict[UUID, Any] = {}
        for finding in findings:
            if finding.first == finding.own[1]:
                kept.append(finding)
                continue
            inputs = places(finding.evidence, finding.own, self._setting.zone)
            person = finding.person.person_id
            if person not in grants:
                uow.switch(consent_reader(access, person))
                grants[person] = uow.consents.lines(person)
            result = Result((access.recipient, self._purpose), finding.own, inputs)
            if stands(grants[person], result, now):
                kept.append(finding)
            else:
                self._done.withheld += 1
        if grants:
            uow.switch(access)
        return kept

    def _cases(self, changes: _Changes, held: Held, finding: Finding, now: datetime) -> bool:
        """Opens, renews or refreshes the cases; says whether the RiskAssessment is to be written."""
        write = not finding.kinds
        for kind in finding.kinds:
            item = held.get((finding.person.person_id, kind))
            mark, step = self._mark(finding, item, now)
            if step == SAME:
                continue
            write = True
            if item is None:
                case: Case | None = opened(mark)
                item = _new_item(finding, kind, now)
            else:
                case = with_new_data(
                    Case(item.state, item.holder, item.outcome, item.data_mark, item.version), mark
                )
            if case is not None:
                event = (
                    "opened"
                    if item.version == 0 or (item.state == CLOSED and case.state == OPEN)
                    else "renewed"
                )
                self._done.opened += event == "opened"
                if event == "opened":
                    item.opened_at = now
                item.state, item.holder, item.outcome = case.state, case.holder, case.outcome
                item.data_mark, item.version = case.data_mark, case.version
                _show(item, finding)
                changes.moved.append((item, event))
                continue
            if item.state != CLOSED:
                _show(item, finding)
            changes.seen.append(item)
        return write

    def _mark(self, finding: Finding, item: WorkItem | None, now: datetime) -> tuple[str, str]:
        """The mark of the data, and whether anything is to be done with the case."""
        if finding.signals is None:
            fresh = item is None or item.data_mark != finding.mark
            return finding.mark, NEW if fresh or not _shows(item, finding) else SAME
        zone = self._setting.zone
        before: Episode | None = None
        if item is not None:
            before = read(item.data_mark, day_at(item.updated_at, zone))
        episode, step = follow(before, finding.signals, day_at(now, zone))
        return episode.mark, step

    def _document(self, finding: Finding, present: Document | None, now: datetime) -> list[Document]:
        """The next version, where it says something else. Its form is proven valid by the tests, as that of Observations."""
        version = 1 if present is None else present.version + 1
        day, zone = finding.own[1], self._setting.zone
        coded = finding.resource.get("code", {}).get("coding", [])
        described = Described(
            type=_ASSESSMENT,
            id=finding.identity,
            subject="",
            category=None,
            day=day,
            codes=tuple(f"{one['system']}|{one['code']}" for one in coded),
            labels=(),
            status="final",
            low=begins(finding.first, zone),
            high=begins(day + timedelta(days=1), zone),
            resource=dict(finding.resource),
        )
        if present is not None and described.same_content(present.body):
            return []
        return [
            Document(
                person_id=finding.person.person_id,
                type=_ASSESSMENT,
                id=finding.identity,
                version=version,
                deleted=False,
                category=finding.own[0],
                day=day,
                codes=described.codes,
                labels=(),
                status="final",
                low=described.low,
                high=described.high,
                updated_at=now,
                body=described.stored_body(version, now),
            )
        ]


def consent_reader(access: Access, person: UUID) -> Access:
    """The service's own look at all the grants of one person."""
    return machine(access.recipient, "consent", access.request, person, part="assess")


def _shows(item: WorkItem | None, finding: Finding) -> bool:
    """Whether a case with this data already shows what the rules and the model of today say; a closed one is left alone."""
    if item is None:
        return False
    model = dict(item.basis).get("model", {}).get("version", "")
    now = finding.more.get("model", {}).get("version", "")
    return item.state == CLOSED or (item.rule_version == finding.rule_version and model == now)


def _show(item: WorkItem, finding: Finding) -> None:
    item.category, item.day = finding.own
    item.rule_version, item.rank = finding.rule_version, finding.rank
    item.reasons = [dict(one) for one in finding.lines]
    item.basis = {**finding.evidence.basis(), **finding.more}


def _new_item(finding: Finding, kind: str, now: datetime) -> WorkItem:
    return WorkItem(
        person_id=finding.person.person_id,
        item_id=new_id(),
        kind=kind,
        category=finding.own[0],
        day=finding.own[1],
        priority=PRIORITIES[kind.partition(":")[0]],
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
