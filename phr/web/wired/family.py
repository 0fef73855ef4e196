"""Families over the services: a guardian's pages, the child's own page, and the nurse's check-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.family import brushing as game_rules
from phr.domain.family import checkin as rules
from phr.domain.family import growth as growth_rules
from phr.domain.family import vaccination
from phr.domain.family.ages import months_on
from phr.errors import NotFound
from phr.services.family import Acting, Child, Game
from phr.services.family.children import CHECK_UPS, Facts
from phr.services.family.guardians import WRITES
from phr.web.ports import Session
from phr.web.ports.family import CheckInAnswers
from phr.web.sessions import WebSession, held
from phr.web.views.family import (
    AskedQuestion,
    BrushingPage,
    CheckInLine,
    CheckInPage,
    ChildLine,
    ChildPage,
    FamilyPage,
    Growth,
    GuardianLine,
    HelpLine,
    LogLine,
    Measured,
    Shot,
    StaffFamilies,
    StaffFamily,
    VaccineLine,
)
from phr.web.wired.growth_picture import picture
from phr.web.wired.parts import Area, together

_STEPS: Final = {"weight": 2.0, "height": 10.0}
_LOGGED: Final = 20
_CORRECTED: Final = 37


class FamilyArea(Area):
    """What a guardian sees and does for a child, and a nurse for families."""

    @together
    def family(self, session: Session) -> FamilyPage:
        """For whom one acts, and who acts for oneself."""
        one = held(session)
        acting = self._system.guardians.acting_for(one.person, actor=one.subject, request=one.request)
        sent = self._system.check_ins.waiting(one.person, actor=one.subject, request=one.request)
        names = {each.person.person_id: each.person.name for each in acting}
        guardians = self._system.guardians.of_person(one.person, actor=one.subject, request=one.request)
        listed = self._parts.directory.named((name for _row, name in guardians), request=one.request)
        return FamilyPage(
            tuple(self._line(each) for each in acting),
            tuple(
                CheckInLine(str(row.check_in_id), names.get(row.child_id, ""), row.sent_at, row.answered_at)
                for row in sent
            ),
            tuple(
                GuardianLine(
                    listed[name].display if name in listed else "",
                    row.kind,
                    day_at(row.starts_at, self._parts.zone),
                    day_at(row.ends_at - timedelta(microseconds=1), self._parts.zone),
                    ended=row.ends_at <= self._parts.now(),
                    may_enter=row.may_enter,
                )
                for row, name in guardians
            ),
        )

    @together
    def child(self, session: Session, child: str) -> ChildPage:
        """A child's record."""
        one = held(session)
        acting = self._acting(one, child)
        found = self._system.children.read(acting)
        today, born = self._parts.today(), acting.person.birth_date
        log = self._system.guardians.log(acting)
        listed = self._parts.directory.named((row.actor for row in log), request=one.request)
        return ChildPage(
            line=self._line(acting),
            born=born,
            today=today,
            growth=_growth(found, born),
            vaccines=_vaccines(found, born, acting.person.sex, today),
            schedule_version=vaccination.SCHEDULE.version,
            weeks=found.facts.weeks,
            check_ups={name: (found.facts.check_ups or {}).get(name) for name in CHECK_UPS},
            log=tuple(
                LogLine(
                    row.at, listed[row.actor].display if row.actor in listed else "", row.action in WRITES
                )
                for row in _by_request(log)[:_LOGGED]
            ),
            hidden=tuple(sorted(found.hidden)),
        )

    def add_measures(self, session: Session, child: str, day: date, values: Mapping[str, float]) -> None:
        """Store weight or height of a day."""
        self._system.children.add_measures(self._entering(held(session), child), day, values)

    def add_vaccination(self, session: Session, child: str, vaccine: str, day: date, lot: str) -> None:
        """Store a vaccination from the paper handbook."""
        self._system.children.add_vaccination(self._entering(held(session), child), vaccine, day, lot)

    def put_birth_record(
        self, session: Session, child: str, weeks: int | None, days: Mapping[str, date]
    ) -> None:
        """Store the weeks of pregnancy and the days of check-ups."""
        self._system.children.put_facts(self._entering(held(session), child), Facts(weeks, days))

    @together
    def brushing(self, session: Session, child: str) -> BrushingPage:
        """The game of a child; an empty child is the one who is signed in."""
        one = held(session)
        if not child:
            access = resident(one.person, one.subject, one.request)
            return _game(self._system.brushing.game(one.person, access), "/brushing", own=True)
        acting = self._acting(one, child)
        found = self._system.brushing.game(acting.person.person_id, acting.access)
        return _game(found, f"/family/{child}/brushing", own=False, may_enter=acting.may_enter)

    def brush(self, session: Session, child: str, day: date, time: str) -> None:
        """Note one brushing."""
        one = held(session)
        person = self._entering(one, child).person.person_id if child else one.person
        way = "guardian" if child else "own"
        self._system.brushing.brush(person, day, time, actor=one.subject, request=one.request, way=way)

    @together
    def check_in(self, session: Session, check_in: str) -> CheckInPage:
        """A check-in of one's own."""
        one = held(session)
        row = self._system.check_ins.one(
            one.person, _identity(check_in), actor=one.subject, request=one.request
        )
        page = _check_in(row)
        if row.answered_at is None:
            return page
        return CheckInPage(
            page.check_in, page.sent_at, (), page.note_longest, page.helps, outcome=row.urgency or "none"
        )

    def answer_check_in(self, session: Session, check_in: str, answers: CheckInAnswers) -> CheckInPage:
        """Answer it; the page says what comes of it."""
        one = held(session)
        identity = _identity(check_in)
        row = self._system.check_ins.one(one.person, identity, actor=one.subject, request=one.request)
        found = self._system.check_ins.answer(
            one.person,
            identity,
            answers.chosen,
            answers.note,
            call=answers.call,
            actor=one.subject,
            request=one.request,
        )
        page = _check_in(row)
        return CheckInPage(
            page.check_in,
            page.sent_at,
            (),
            page.note_longest,
            page.helps,
            outcome=found.urgency,
            reached=found.reached,
        )

    @together
    def staff_families(self, session: Session) -> StaffFamilies:
        """The families that the nurse may see, and their check-ins."""
        access = held(session).access("guidance")
        sent = self._system.check_ins.sent(access)
        today = self._parts.today()
        made = []
        for each in self._system.check_ins.families(access):
            rows = [
                row
                for row in sent
                if (row.person_id, row.child_id) == (each.guardian_id, each.child.person_id)
            ]
            last: Any = rows[0] if rows else None
            months = None if each.child.birth_date is None else months_on(each.child.birth_date, today)
            made.append(
                StaffFamily(
                    str(each.child.person_id),
                    each.child.name,
                    None if months is None else months // 12,
                    None if months is None else months % 12,
                    "" if each.guardian is None else str(each.guardian_id),
                    "" if each.guardian is None else each.guardian.name,
                    None if last is None else last.sent_at,
                    None if last is None else last.answered_at,
                    "" if last is None else last.urgency,
                )
            )
        return StaffFamilies(tuple(made))

    def send_check_in(self, session: Session, guardian: str, child: str) -> None:
        """Send a check-in."""
        access: Access = held(session).access("guidance")
        self._system.check_ins.send(_identity(guardian), _identity(child), access)

    def _acting(self, one: WebSession, child: str) -> Acting:
        return self._system.guardians.acting(
            one.own, _identity(child), actor=one.subject, request=one.request
        )

    def _entering(self, one: WebSession, child: str) -> Acting:
        return self._system.guardians.entering(
            one.own, _identity(child), actor=one.subject, request=one.request
        )

    def _line(self, acting: Acting) -> ChildLine:
        born = acting.person.birth_date
        months = None if born is None else months_on(born, self._parts.today())
        return ChildLine(
            str(acting.person.person_id),
            acting.person.name,
            acting.kind,
            day_at(acting.until - timedelta(microseconds=1), self._parts.zone),
            acting.may_enter,
            None if months is None else months // 12,
            None if months is None else months % 12,
        )


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such thing") from None


def _by_request(rows: Sequence[Any]) -> list[Any]:
    """One row of each request, the writing one when there is one; newest first."""
    found: dict[str, Any] = {}
    for row in rows:
        if row.request_id not in found or row.action in WRITES:
            found[row.request_id] = row
    return list(found.values())


def _growth(found: Child, born: date | None) -> Growth:
    reference = growth_rules.REFERENCE
    sex = found.acting.person.sex
    weeks = found.facts.weeks if found.facts.weeks is not None and found.facts.weeks < _CORRECTED else None
    if born is None:
        return Growth((), {}, "", "no-sex")
    curves = {name: reference.curves.get((name, sex)) for name in growth_rules.MEASURES}
    by_day: dict[date, dict[str, float]] = {}
    for name, rows in found.measures.items():
        for day, value in rows:
            by_day.setdefault(day, {})[name] = value
    shown = []
    for day, values in sorted(by_day.items(), reverse=True):
        since = growth_rules.counted_from(born, weeks, day)
        places = {
            name: _place(curve, since, day, values.get(name), reference.percentiles)
            for name, curve in curves.items()
        }
        months = months_on(born, day)
        shown.append(
            Measured(
                day,
                months // 12,
                months % 12,
                values.get("weight"),
                values.get("height"),
                places["weight"],
                places["height"],
            )
        )
    drawn = {}
    for name, rows in found.measures.items():
        curve = curves[name]
        points = [(_months(growth_rules.counted_from(born, weeks, day), day), value) for day, value in rows]
        drawn[name] = picture(points, () if curve is None else curve.drawn(), _STEPS[name]) if rows else ""
    without = "no-sex" if curves["weight"] is None else ""
    return Growth(tuple(shown), drawn, "" if without else reference.citation, without, weeks)


def _months(since: date, day: date) -> float:
    return max(0.0, (day - since).days / 30.4375)


def _place(
    curve: growth_rules.Curve | None,
    since: date,
    day: date,
    value: float | None,
    percentiles: tuple[int, ...],
) -> tuple[int | None, int | None] | None:
    band = None if curve is None or value is None else growth_rules.band_on(curve, since, day)
    if band is None or value is None:
        return None
    found = growth_rules.place(band, value, percentiles)
    return found.above, found.below


def _vaccines(found: Child, born: date | None, sex: str, today: date) -> tuple[VaccineLine, ...]:
    if born is None:
        return ()
    given: dict[str, list[date]] = {}
    for one in found.vaccinations:
        given.setdefault(one.vaccine, []).append(one.day)
    return tuple(
        VaccineLine(
            line.vaccine.key,
            {"ja": line.vaccine.ja, "en": line.vaccine.en},
            line.state,
            line.dose,
            len(line.vaccine.doses),
            tuple(
                Shot(one.day, one.official, one.lot)
                for one in sorted(found.vaccinations, key=lambda shot: shot.day)
                if one.vaccine == line.vaccine.key
            ),
            line.first,
            line.last,
            line.vaccine.confirmed,
        )
        for line in vaccination.due(born, sex, given, today)
    )


def _game(game: Game, action: str, *, own: bool, may_enter: bool = True) -> BrushingPage:
    return BrushingPage(
        action,
        own,
        game.today,
        game.today - timedelta(days=1),
        game.morning,
        game.evening,
        tuple(game.week),
        game.streak.days,
        game.streak.ever,
        game.streak.stickers,
        game.streak.next_sticker,
        game.in_class,
        game.class_times,
        game_rules.RULES.timer_seconds[0],
        may_enter,
    )


def _check_in(row: Any) -> CheckInPage:
    form = rules.FORM
    return CheckInPage(
        str(row.check_in_id),
        row.sent_at,
        tuple(
            AskedQuestion(
                question.key,
                {"ja": question.ja, "en": question.en},
                tuple((answer.key, {"ja": answer.ja, "en": answer.en}) for answer in question.answers),
            )
            for question in form.questions
        ),
        form.note_longest,
        tuple(HelpLine(each.number, {"ja": each.ja, "en": each.en}) for each in form.telephones),
    )
