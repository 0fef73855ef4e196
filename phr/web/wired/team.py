"""The nurses' pages beside the list: plans, hand-over, search, numbers, the own list as a table, and values in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from phr.domain import queue
from phr.services.confirmations import Pending
from phr.services.set_apart import Apart
from phr.services.worklist import Found
from phr.web.ports import Session
from phr.web.ports.team import Away
from phr.web.sessions import WebSession, held
from phr.web.views.staff import Neighbour
from phr.web.views.team import ApartValue, Count, Doubt, Doubts, Hit, Member, Search, Statistics, Team
from phr.web.wired.goals import age_on
from phr.web.wired.parts import Area, together
from phr.web.wired.staff_words import case_id, guidance, kind_of, reasons
from phr.web.words import ITEMS, WORDS

_FISCAL: Final = 4  # the Japanese fiscal year begins in April
_VITALS: Final = {
    "85354-9": "blood-pressure",
    "29463-7": "weight",
    "2339-0": "glucose",
    "99504-3": "glucose",
    "8310-5": "temperature",
    "59408-5": "spo2",
    "8867-4": "heart-rate",
    "40443-4": "resting-heart-rate",
    "55423-8": "steps",
    "93832-4": "sleep",
}
_SHOWN: Final = ("systolic", "diastolic", "value")


class TeamArea(Area):
    """What nurses do beside the list."""

    @together
    def team(self, session: Session) -> Team:
        """The nurses of the organisation with their plans."""
        one = held(session)
        members = self._system.planning.team(guidance(one))
        hands = self._system.planning.held(guidance(one))
        return Team(
            tuple(
                Member(
                    m.subject,
                    m.display,
                    m.lead,
                    m.protected,
                    m.capacity,
                    hands.get(m.subject, 0),
                    m.substitute,
                    m.away_from,
                    m.away_until,
                )
                for m in members
            ),
            one.subject,
            any(m.lead for m in members if m.subject == one.subject),
            self._parts.today(),
        )

    def set_capacity(self, session: Session, nurse: str, capacity: int) -> None:
        """Set how many cases a nurse follows."""
        self._system.planning.set_capacity(nurse, capacity, guidance(held(session)))

    def set_away(self, session: Session, away: Away) -> None:
        """Plan a substitution."""
        self._system.planning.set_away(away.nurse, away.substitute, away.span, guidance(held(session)))

    def hand_over(self, session: Session, nurse: str, colleague: str) -> int:
        """Hand all open cases of a nurse to a colleague."""
        return self._system.worklist.hand_over(nurse, colleague, guidance(held(session)))

    @together
    def search(self, session: Session, name: str, born: str, address: str) -> Search:
        """People by kana, birth date or address."""
        found = self._system.finding(name, born, address, guidance(held(session)))
        return Search(name, born, address, tuple(self._hit(one) for one in found))

    def _hit(self, found: Found) -> Hit:
        person, today = found.person, self._parts.today()
        return Hit(
            person.name or person.patient_id,
            person.kana,
            person.birth_date,
            age_on(person.birth_date, today),
            person.district,
            found.address,
            found.blocked,
            tuple(
                Neighbour(one.name or one.patient_id, age_on(one.birth_date, today))
                for one in found.household
            ),
            tuple((str(case.item_id), kind_of(case.kind), case.state) for case in found.cases),
        )

    @together
    def statistics(self, session: Session, first: date | None, last: date | None) -> Statistics:
        """Numbers of a time; of the fiscal year so far when no day is given."""
        today = self._parts.today()
        began = date(today.year - (today.month < _FISCAL), _FISCAL, 1)
        first, last = first or began, last or today
        lines = self._system.numbers(first, last, guidance(held(session)))
        return Statistics(
            first,
            last,
            tuple(
                Count(
                    kind_of(one.kind),
                    one.opened,
                    one.contacts,
                    one.closed,
                    one.escalated,
                    tuple(one.outcomes.items()),
                    one.median_hours,
                )
                for one in lines
            ),
        )

    @together
    def own_list(self, session: Session) -> Sequence[Sequence[object]]:
        """The caller's own open cases as rows of a table."""
        one = held(session)
        rows = self._system.worklist.own(guidance(one))
        policy = queue.standard()
        table: list[Sequence[object]] = [
            ["区分", "氏名", "かな", "生年月日", "地区", "支援措置", "理由", "開始日時", "期限", "連絡"]
        ]
        for row in rows:
            item, person = row.item, row.person
            longest = queue.deadline(item.kind, policy)
            until = None if longest is None else item.opened_at + longest
            table.append(
                [
                    WORDS["kind"].get(kind_of(item.kind), item.kind),
                    person.name,
                    person.kana,
                    person.birth_date,
                    person.district,
                    "あり" if person.guarded else "",
                    "、".join(_plain(reason) for reason in reasons(item)),
                    item.opened_at.astimezone(self._parts.zone).strftime("%Y-%m-%d %H:%M"),
                    "" if until is None else until.astimezone(self._parts.zone).strftime("%Y-%m-%d %H:%M"),
                    "連絡ずみ" if item.stage == "contacted" else "",
                ]
            )
        return table

    @together
    def doubts_of(self, session: Session, case: str) -> Doubts:
        """The values in doubt of the person of a case."""
        one = held(session)
        access = guidance(one)
        opened = self._system.worklist.open(case_id(case), access)
        person = opened.person
        return Doubts(
            tuple(_doubt(value) for value in self._system.confirmations.pending(person.person_id, access)),
            tuple(_apart(value) for value in self._system.set_apart.listed(person.person_id, access)),
            case,
            person.name or person.patient_id,
        )

    @together
    def my_doubts(self, session: Session) -> Doubts:
        """The resident's own values in doubt."""
        one = held(session)
        person, access = one.person, one.access()
        return Doubts(tuple(_doubt(value) for value in self._system.confirmations.pending(person, access)))

    def say(self, session: Session, case: str, ident: str, reason: str) -> None:
        """Confirm a value in doubt, or with a reason set it aside."""
        one = held(session)
        person, access = (self._person(one, case), guidance(one)) if case else (one.person, one.access())
        if reason:
            self._system.confirmations.reject(person, ident, reason, access)
        else:
            self._system.confirmations.confirm(person, ident, access)

    def discard(self, session: Session, case: str, ident: str, note: str) -> None:
        """Discard a value in quarantine."""
        one = held(session)
        self._system.set_apart.discard(self._person(one, case), ident, note, guidance(one))

    def judge_again(self, session: Session, case: str, ident: str, note: str) -> bool:
        """Send a value in quarantine through the door again."""
        one = held(session)
        return self._system.set_apart.judge_again(self._person(one, case), ident, note, guidance(one))

    def _person(self, one: WebSession, case: str) -> UUID:
        return self._system.worklist.open(case_id(case), guidance(one)).person.person_id


def _doubt(value: Pending) -> Doubt:
    shown = tuple(value.values[name] for name in _SHOWN if name in value.values)
    return Doubt(value.ident, value.at, _VITALS.get(value.code, ""), shown)


def _apart(value: Apart) -> ApartValue:
    shown = _first(value.values)
    return ApartValue(
        value.ident,
        _VITALS.get(value.code, ""),
        value.category,
        value.day,
        value.reason.rpartition(":")[2],
        shown,
        value.vouch,
    )


def _first(values: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(values[name] for name in _SHOWN if name in values)
    return named or tuple(values.values())[:3]


def _plain(reason: Any) -> str:
    """A reason in one line of plain Japanese, as the page shows it."""
    if reason.text:
        return str(reason.text["ja"])
    name = ITEMS[reason.item].name if reason.item in ITEMS else reason.item
    numbers = "/".join(f"{value:g}" for value in reason.values)
    bounds = "/".join(f"{limit:g}" for limit in reason.limits if limit is not None)
    return f"{name} {numbers}（基準 {bounds}）" if bounds else f"{name} {numbers}"
