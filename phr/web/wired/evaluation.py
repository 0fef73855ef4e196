"""What staff see of whether a programme helps."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.programme_report import COHORTS, DEVICES, OUTCOMES, for_others
from phr.errors import NotFound
from phr.services.evaluation.programmes import Overview, Plan
from phr.web.ports import Session
from phr.web.ports.evaluation import NewProgramme, ReportFile
from phr.web.sessions import held
from phr.web.views import evaluation as views
from phr.web.wired.parts import Area, together
from risk.programme.rules import Outcome, standard

if TYPE_CHECKING:
    from phr.services.evaluation.reports import Made

_MOST: Final = 1000
_WORK: Final = {"active-support": "intensive", "motivational-support": "motivational", "referral": "referral"}
"""Kinds of the work list that a programme may be for (words "kind"), and the kinds of cases behind them."""


class EvaluationArea(Area):
    """What staff see of whether a programme helps."""

    @together
    def programmes(self, session: Session) -> views.Programmes:
        """Every programme."""
        rows = tuple(_line(one) for one in self._system.programmes.listed(_access(session)))
        return views.Programmes(rows, OUTCOMES)

    @together
    def programme(self, session: Session, ident: str, page: int = 1) -> views.ProgrammePage:
        """One programme with its last report and a page of its members."""
        found = self._system.programmes.opened(_ident(ident), _access(session), page)
        made = found.reports[0] if found.reports else None
        plan = found.programme
        return views.ProgrammePage(
            ident=ident,
            name=plan.name,
            target=plan.target,
            starts=plan.starts,
            ends=plan.ends,
            primary=plan.primary_outcome,
            by_threshold=plan.by_threshold,
            counts=found.counts,
            unseen=found.unseen,
            members=tuple(_member(row, person) for row, person in found.members),
            loans=tuple(_loan(row, person) for row, person in found.loans),
            devices=DEVICES,
            cohorts=COHORTS,
            kinds=tuple(_WORK),
            report=None if made is None else _report(made),
            today=self._parts.today(),
            page=found.page,
            pages=found.pages,
        )

    def programme_make(self, session: Session, new: NewProgramme) -> str:
        """A new programme."""
        plan = Plan(new.name, new.target, new.starts, new.ends, new.primary, new.by_threshold, new.years)
        return str(self._system.programmes.make(plan, _access(session)))

    def programme_add(
        self, session: Session, ident: str, people: Sequence[str], kind: str, cohort: str
    ) -> tuple[int, int, int]:
        """Adds people by number, or those of the work list of one kind."""
        access = _access(session)
        if kind:
            rows = self._system.worklist.listed(access, limit=_MOST)
            people = [row.person.patient_id for row in rows if row.item.kind == _WORK.get(kind)]
        done = self._system.programmes.add(_ident(ident), people, cohort, access)
        return done.added, done.known, done.refused

    def programme_mark(self, session: Session, ident: str, number: str, what: str, on: date | None) -> None:
        """Notes that a member enrolled, completed or withdrew."""
        self._system.programmes.mark(_ident(ident), number, what, on, _access(session))

    def programme_lend(self, session: Session, ident: str, number: str, kind: str, serial: str) -> None:
        """Lends a device."""
        self._system.programmes.lend(_ident(ident), number, kind, serial, _access(session))

    def programme_loan_end(self, session: Session, ident: str, loan: str, how: str) -> None:
        """A device came back or is lost."""
        self._system.programmes.end_loan(_ident(ident), _ident(loan), how, _access(session))

    def programme_run(self, session: Session, ident: str) -> None:
        """Makes a new report."""
        self._system.programme_reports.run(_ident(ident), _access(session))

    def programme_file(self, session: Session, ident: str, name: str, locale: str) -> ReportFile:
        """A file of the last report, without small counts."""
        made = self._system.programme_reports.last(_ident(ident), _access(session))
        if made is None:
            raise NotFound("no report yet")
        if name == "report.pdf":
            return ReportFile(self._system.programme_reports.paper(made), "application/pdf")
        if name == "numbers.csv":
            return ReportFile(_table(made), "text/csv; charset=utf-8")
        from phr.services.evaluation.figure import forest  # noqa: PLC0415 - matplotlib is slow to load, and only figures need it

        return ReportFile(forest(made.content, locale).encode(), "image/svg+xml")


def _access(session: Session) -> Access:
    return held(session).access("guidance")


def _ident(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such programme") from None


def _line(one: Overview) -> views.ProgrammeLine:
    plan = one.programme
    return views.ProgrammeLine(
        str(plan.programme_id), plan.name, plan.starts, plan.ends, sum(one.counts.values()), one.unseen
    )


def _member(row: Any, person: Any) -> views.Member:
    days = (row.enrolled_on, row.completed_on, row.withdrew_on)
    return views.Member(person.patient_id, person.name, person.kana, row.cohort, row.day, *days)


def _loan(row: Any, person: Any) -> views.Loan:
    return views.Loan(str(row.loan_id), person.name, row.kind, row.day, row.returned_on, row.lost_on)


def _report(made: Any) -> views.Report:
    content: Mapping[str, Any] = made.content
    uptake, first, worn = content["uptake"], content["effects"][0], content["adherence"]
    shares = [(name, uptake[name]) for name in ("invited", "not_invited")]
    shares += [(str(year), one) for year, one in uptake["years"]]
    shares += [(name, uptake[name]) for name in ("completed", "withdrew")]
    return views.Report(
        made_at=made.made_at,
        ended=content["ended"],
        unused=content["unused"],
        shares=tuple(
            views.ShareLine(name, one["count"], one["of"], views.interval(one["share"], 100))
            for name, one in shares
        ),
        against_not_invited=views.interval(uptake["against_not_invited"], 100),
        against_years=views.interval(uptake["against_years"], 100),
        effects=tuple(_effect(one) for one in content["effects"]),
        changes=tuple(_change(one) for one in content["changes"]),
        worn=None if worn["quartiles"] is None else tuple(worn["quartiles"]),
        association=views.interval(worn["association"]),
        limits=tuple(content["limits"]),
        placebo=views.interval(first["placebo"]),
        if_lost_unchanged=first["if_lost_unchanged"],
        e_value=first["e_value_limit"],
    )


def _units(outcome: Outcome) -> dict[str, str]:
    return {"ja": outcome.unit, "en": outcome.unit_en}


def _effect(one: Mapping[str, Any]) -> views.EffectLine:
    outcome = standard().outcomes[one["outcome"]]
    primary = one["role"] == "primary"
    p = one["p"] if primary else one["p_holm"]
    found = views.interval(one["effect"])
    return views.EffectLine(outcome.code, primary, one["pairs"], found, p, outcome.decimals, _units(outcome))


def _change(one: Mapping[str, Any]) -> views.ChangeLine:
    outcome = standard().outcomes[one["outcome"]]
    return views.ChangeLine(
        outcome.code,
        one["group"],
        one["twice"],
        one["lost"],
        one["before"],
        one["after"],
        views.interval(one["change"]),
        outcome.decimals,
        _units(outcome),
    )


def _table(made: Made) -> bytes:
    """The numbers for a spreadsheet, with the mark that makes it read Japanese."""
    from phr.services.evaluation.paper import TABLE, table  # noqa: PLC0415 - comes with matplotlib

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(TABLE)
    writer.writerows(
        ["" if cell is None else cell for cell in row] for row in table(for_others(made.content))
    )
    return ("\ufeff" + out.getvalue()).encode()
