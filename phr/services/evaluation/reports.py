"""The report of a programme: reads what consent allows at that moment, judges it, keeps the sums, and sets them on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.programme_report import COHORTS, DEVICES, for_others, places, reach
from phr.errors import Invalid, NotFound
from phr.services.evaluation import collect
from phr.store.tables import LentDevice, Programme, ProgrammeReport
from phr.store.uow import Store, UnitOfWork
from phr.typeset import Press
from risk.errors import BadInput
from risk.programme.evaluate import evaluate
from risk.programme.people import read
from risk.programme.rules import standard
from risk.programme.uptake import Year


@dataclass(frozen=True, slots=True)
class Made:
    """A kept report: when it was made and what it says."""

    report_id: UUID
    made_at: datetime
    content: Mapping[str, Any]


class Reports:
    """Reports of one organisation's programmes. ``access`` is for the purpose guidance."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, press: Press) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._press = press

    def run(self, programme: UUID, access: Access) -> Made:
        """A new report. Who has withdrawn consent is not in it; only their number is."""
        now = self._clock.now()
        with self._store.begin(access) as uow:
            found = uow.programmes.get(programme)
            if found is None:
                raise NotFound("no such programme")
            content = self._content(uow, found, now)
            report = ProgrammeReport(
                report_id=uuid4(),
                programme_id=programme,
                recipient=access.recipient,
                made_by=access.actor,
                made_at=now,
                content=content,
            )
            made = Made(report.report_id, now, content)
            uow.programmes.put(report)
            uow.audit.add("programme-report", "programme", count=content["people"])
            uow.commit()
        return made

    def last(self, programme: UUID, access: Access) -> Made | None:
        """The newest report, or None. Raises NotFound when there is no such programme."""
        with self._store.begin(access) as uow:
            if uow.programmes.get(programme) is None:
                raise NotFound("no such programme")
            rows = uow.programmes.reports(programme)
            made = Made(rows[0].report_id, rows[0].made_at, rows[0].content) if rows else None
            uow.audit.add("read", "programme-report", count=len(rows[:1]))
            uow.commit()
        return made

    def paper(self, made: Made) -> bytes:
        """The report as PDF, for others: without small counts."""
        from phr.services.evaluation.paper import data  # noqa: PLC0415 - matplotlib is slow to load, and only paper needs it

        content = for_others(made.content)
        on = day_at(made.made_at, self._zone)
        return self._press.pdf("programme-report", data(content, on), made.made_at)

    def _content(self, uow: UnitOfWork, programme: Programme, now: datetime) -> dict[str, Any]:
        members = uow.programmes.members(programme.programme_id)
        people, left_out = collect.enrolment(members, programme.starts)
        since, until = reach(programme.starts, programme.ends)
        codes = sorted({place.code for place in places()})
        channels = sorted({place.channel for place in places()})
        rows = uow.programmes.measured(programme.programme_id, codes, channels, since, until)
        seen = {row[0] for row in rows}
        for member, _person in members:
            read_of = int(member.person_id in seen)
            uow.audit.add(
                "read", "programme-measures", member.person_id, categories="guidance", count=read_of
            )
        table = collect.measures(collect.text_ids(rows), programme.starts, programme.ends)
        years = [Year(one["year"], one["invited"], one["took_part"]) for one in programme.years_before]
        try:
            found = evaluate(
                read(people, table, standard()),
                standard(),
                primary=programme.primary_outcome,
                years=years,
                by_threshold=programme.by_threshold,
            )
        except BadInput as error:
            raise Invalid(error.problem, field=error.field) from error
        loans = [loan for loan, _person in uow.programmes.loans(programme.programme_id)]
        return {
            **found.as_json(),
            "programme": _described(programme),
            "made_on": day_at(now, self._zone).isoformat(),
            "ended": programme.ends < day_at(now, self._zone),
            "cohorts": {name: sum(member.cohort == name for member, _ in members) for name in COHORTS},
            "devices": {kind: _lent([loan for loan in loans if loan.kind == kind]) for kind in DEVICES},
            "unused": max(0, int(programme.members) - len(members)) + left_out,
            "unused_devices": max(0, int(programme.devices) - len(loans)),
        }


def _described(programme: Programme) -> dict[str, Any]:
    days: dict[str, date] = {"starts": programme.starts, "ends": programme.ends}
    return {
        "name": programme.name,
        "target": programme.target,
        **{name: day.isoformat() for name, day in days.items()},
    }


def _lent(loans: list[LentDevice]) -> dict[str, int]:
    returned = sum(loan.returned_on is not None for loan in loans)
    lost = sum(loan.lost_on is not None for loan in loans)
    return {"lent": len(loans), "returned": returned, "lost": lost, "out": len(loans) - returned - lost}
