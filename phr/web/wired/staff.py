"""The nurse's pages: the work list and a case, for the purpose guidance, each read audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from phr.domain import queue
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.worklist import UNDO_WITHIN
from phr.errors import NotFound
from phr.services.permissions import Permission as Permitted
from phr.services.worklist import Colleague, Opened, Queued, Row
from phr.services.worklist.rows import waiting
from phr.web import charts
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.guidance import CaseGuidance
from phr.web.views.staff import Also, Case, Event, Neighbour, Permission, Purpose, WorkList, WorkRow
from phr.web.wired import vitals
from phr.web.wired.examined import check_up
from phr.web.wired.goals import age_on
from phr.web.wired.guidance import case_guidance
from phr.web.wired.parts import Area, together
from phr.web.wired.staff_words import STATES, case_id, guidance, happened, kind_of, reasons
from phr.web.wired.vitals import KINDS

_ROWS: Final = 25
_LINES: Final = 3  # reasons in the list; the case shows all
_MOST: Final = 500
_WEEKS: Final = 25
_PURPOSES: Final = ("guidance", "risk", "points", "collect")
_CHARTED: Final = ("blood-pressure", "weight", "steps")


class Staff(Area):
    """Cases of the nurse's organisation."""

    @together
    def work_list(self, session: Session, kind: str, page: int, *, whole: bool = False) -> WorkList:
        """Open cases, red first; of the free ones as many as she can take, unless the whole list is asked for."""
        one = held(session)
        access = guidance(one)
        line = self._system.worklist.queue(access, limit=_MOST)
        team = {member.subject: member for member in self._system.planning.team(access)}
        me = team.get(one.subject)
        capacity = queue.standard().capacity if me is None else me.capacity
        cases = [waiting(case) for case in line]
        wanted = [whole or fits for fits in queue.suggested(cases, one.subject, capacity)]
        storms = queue.storms(cases, queue.standard())
        again = _folded(storms, wanted, whole=whole)
        folded = _rows_of(line, wanted, kind)
        places = list(folded)
        pages = max(1, -(-len(places) // _ROWS))
        page = min(page, pages)
        rows = self._work_rows(
            line, folded, places[(page - 1) * _ROWS : page * _ROWS], again, one, team.values()
        )
        return WorkList(
            now=self._parts.now(),
            rows=tuple(rows),
            counts=Counter(kind_of(case.kind) for case in line),
            kind=kind,
            page=page,
            pages=pages,
            held=sum(case.holder == one.subject for case in line),
            capacity=capacity,
            rule_versions=tuple(sorted({case.rule_version for case in line if case.rule_version})),
            hidden=wanted.count(False),
            whole=whole,
            storms=tuple((storm.device, len(storm.places)) for storm in storms),
            covered=tuple(member.display for member in team.values() if self._covered(member, one.subject)),
            lead=me is not None and me.lead,
        )

    def _work_rows(
        self,
        line: Sequence[Queued],
        folded: Mapping[int, Sequence[int]],
        part: Sequence[int],
        again: Mapping[int, tuple[str, int]],
        one: WebSession,
        team: Collection[Colleague],
    ) -> Iterator[WorkRow]:
        """The rows of one page, each with the person's other cases; nothing of anybody else is read."""
        of_person: dict[UUID, list[int]] = {line[place].person_id: [] for place in part}
        for place, case in enumerate(line):
            if case.person_id in of_person:
                of_person[case.person_id].append(place)
        found = self._system.worklist.shown(
            [line[place] for places in of_person.values() for place in places], guidance(one)
        )
        rows = {place: found.get(line[place].item_id) for places in of_person.values() for place in places}
        shown = self._called({row.item.holder or "" for row in found.values()}, team, one)
        for place in part:
            row = rows[place]
            if row is None:  # gone since, or whose it is may not be known
                continue
            others = ((other, rows[other]) for other in of_person[row.item.person_id] if other != place)
            also = tuple(
                _also(case.item, shown, told=other in folded[place])
                for other, case in others
                if case is not None
            )
            yield replace(self._row(row, one, shown, again.get(place)), also=also)

    def _called(self, subjects: set[str], team: Collection[Colleague], one: WebSession) -> dict[str, str]:
        """What these are called; only who is no colleague is looked up."""
        known = {member.subject: member.display for member in team}
        others = self._parts.directory.named(subjects - known.keys(), request=one.request)
        return known | {subject: listed.display or subject for subject, listed in others.items()}

    def _covered(self, member: Colleague, me: str) -> bool:
        """Whether somebody stands in for this colleague today."""
        today = self._parts.today()
        if member.substitute != me or member.away_from is None or member.away_until is None:
            return False
        return member.away_from <= today <= member.away_until

    def _row(
        self, row: Row, one: WebSession, shown: Mapping[str, str], again: tuple[str, int] | None
    ) -> WorkRow:
        item, person = row.item, row.person
        longest = queue.deadline(item.kind, queue.standard())
        return WorkRow(
            case=str(item.item_id),
            kind=kind_of(item.kind),
            name=person.name or person.patient_id,
            kana=person.kana,
            age=age_on(person.birth_date, self._parts.today()),
            district=person.district,
            reasons=tuple(reasons(item)[:_LINES]),
            state=_shown_state(item.state, item.stage),
            holder=shown.get(item.holder or "", item.holder or ""),
            mine=item.holder == one.subject,
            waiting_hours=max(0, int((self._parts.now() - item.opened_at).total_seconds() // 3600)),
            deadline_hours=None if longest is None else int(longest.total_seconds() // 3600),
            version=item.version,
            blocked=person.guarded,
            escalated=item.escalated_at is not None,
            again=again,
        )

    def case(self, session: Session, case: str) -> Case:
        """One case: what may be seen, and what may not. That she looked is written down before the rest is read."""
        one = held(session)
        opened = self._system.worklist.open(case_id(case), guidance(one))
        return self._case(one, case, opened)

    @together
    def _case(self, one: WebSession, case: str, opened: Opened) -> Case:
        access = guidance(one)
        item, person = opened.item, opened.person
        team = self._system.planning.team(access)
        shown = self._called({item.holder or "", *(event.actor for event in opened.events)}, team, one)
        address, household = self._system.finding.address(person.person_id, access)
        unlikely = len(self._system.confirmations.pending(person.person_id, access))
        apart = len(self._system.set_apart.listed(person.person_id, access))
        about = access.about(
            person.person_id
        )  # what has the same reason stands together: a change costs a round trip
        examined = check_up(self._parts.checkups.of(person.person_id, about))
        guidance_now = case_guidance(self._parts, item, person, about)
        phone = self._phone(person.patient_id, about)
        drawn = tuple(self._charts(person.person_id, about, guidance_now))
        across = self._parts.permissions.across(person.person_id, about, _PURPOSES)
        return Case(
            case=case,
            kind=kind_of(item.kind),
            name=person.name or person.patient_id,
            kana=person.kana,
            sex="M" if person.sex == "male" else "F" if person.sex == "female" else "",
            born=person.birth_date,
            age=age_on(person.birth_date, self._parts.today()),
            district=person.district,
            phone=phone,
            state=_shown_state(item.state, item.stage),
            holder=shown.get(item.holder or "", item.holder or ""),
            mine=opened.mine,
            version=item.version,
            referral=() if examined is None else examined.referral,
            reasons=tuple(reasons(item)),
            charts=drawn,
            permissions=self._shared(across["guidance"]),
            purposes=tuple(_purpose(purpose, found, self._parts.zone) for purpose, found in across.items()),
            check_up=examined,
            events=tuple(self._events(opened, shown)),
            points=None,  # they stand in the section of guidance
            guidance=guidance_now,
            blocked=person.guarded and not address,
            address=address,
            household=tuple(self.neighbour(other) for other in household),
            escalated=item.escalated_at,
            colleagues=tuple(
                (member.subject, member.display) for member in team if member.subject != item.holder
            ),
            lead=any(member.lead for member in team if member.subject == one.subject),
            unlikely=unlikely,
            apart=apart,
            others=tuple(
                (str(other.item_id), kind_of(other.kind), _shown_state(other.state, other.stage))
                for other in opened.others
            ),
        )

    def _shared(self, found: Mapping[str, Any]) -> tuple[Permission, ...]:
        """What is shared for guidance, by category, and until when."""
        return tuple(
            Permission(
                category,
                "permitted" if one.permitted else "not-shared",
                None if one.until is None else day_at(one.until, self._parts.zone),
            )
            for category, one in found.items()
        )

    def neighbour(self, person: Any) -> Neighbour:
        """Somebody at the same address."""
        return Neighbour(person.name or person.patient_id, age_on(person.birth_date, self._parts.today()))

    def _phone(self, patient: str, access: Access) -> str:
        """The first telephone number of the Patient."""
        try:
            resource = orjson.loads(self._system.identities.patient(patient, access))
        except NotFound:
            return ""
        numbers = [
            str(one.get("value", "")) for one in resource.get("telecom", []) if one.get("system") == "phone"
        ]
        return next(iter(numbers), "")

    def _charts(self, person: UUID, access: Access, guided: CaseGuidance | None = None) -> list[charts.Chart]:
        """Weekly means of half a year, of what may be seen."""
        today = self._parts.today()
        period = None if guided is None else guided.period
        first = today - timedelta(days=7 * _WEEKS - 1)
        codes = [code for vital in _CHARTED for code in KINDS[vital].codes if vital != "blood-pressure"]
        rows = self._parts.charts.days(person, codes, first, today, access)
        chunks = self._parts.charts.samples(person, [vitals.BLOOD_PRESSURE], first, today, access)
        days, columns = vitals.pressure_columns(vitals.readings(chunks, self._parts.zone))
        made = [
            charts.weekly_chart(
                "c-blood-pressure", "blood-pressure", first, _WEEKS, days, columns, period=period
            )
        ]
        for vital in _CHARTED[1:]:
            on, values = vitals.columns_of(vitals.daily(KINDS[vital], rows))
            made.append(
                charts.weekly_chart(f"c-{vital}", vital, first, _WEEKS, on, {"value": values}, period=period)
            )
        return [chart for chart in made if chart is not None]

    def _events(self, opened: Opened, names: dict[str, str]) -> list[Event]:
        """Contacts and decisions, newest first; the last move of one's own can be taken back for a day."""
        made = []
        for event in reversed(opened.events):
            what, outcome, memo = happened(event.event, event.note)
            if not what:
                continue
            until = event.at + UNDO_WITHIN if event.version == opened.undo else None
            who = names.get(event.actor, event.actor)
            made.append(Event(str(event.version), event.at, what, outcome, who, memo, until))
        return made


def _rows_of(line: Sequence[Queued], wanted: Sequence[bool], kind: str) -> dict[int, list[int]]:
    """The places of the list with a row of their own, and those told in the same row: of one person and kind."""
    places = [
        place for place, case in enumerate(line) if wanted[place] and (not kind or kind_of(case.kind) == kind)
    ]
    owners = [(line[place].person_id, kind_of(line[place].kind)) for place in places]
    return {
        places[first]: [places[later] for later in rest] for first, rest in queue.together(owners).items()
    }


def _also(item: Any, shown: Mapping[str, str], *, told: bool) -> Also:
    """Another case of a person in a row; told: it has no row of its own, so its reasons are here."""
    return Also(
        str(item.item_id),
        kind_of(item.kind),
        _shown_state(item.state, item.stage),
        shown.get(item.holder or "", item.holder or ""),
        tuple(reasons(item)[:_LINES]) if told else (),
    )


def _purpose(purpose: str, found: Mapping[str, Permitted], zone: ZoneInfo) -> Purpose:
    """What one purpose may see, and until when the first of it ends."""
    open_ones = {category: one for category, one in found.items() if one.permitted}
    ends = [one.until for one in open_ones.values() if one.until is not None]
    return Purpose(purpose, tuple(open_ones), day_at(min(ends), zone) if ends else None)


def _shown_state(state: str, stage: str) -> str:
    """The state as the pages name it: what was done counts more than in whose hands it is."""
    if state == "closed" or stage == "new":
        return STATES[state]
    if stage == "contacted":
        return "contacted"
    return "claimed" if state == "claimed" else "seen"


def _folded(storms: list[queue.Storm], wanted: list[bool], *, whole: bool) -> dict[int, tuple[str, int]]:
    """Takes all but the first ones of a storm out of the short list; the last of those that stay says how many there are."""
    shown = queue.standard().storm_shown
    said: dict[int, tuple[str, int]] = {}
    for storm in storms:
        rest = storm.places[shown:]
        if whole or not rest:
            continue
        said[storm.places[shown - 1]] = (storm.device, len(rest))
        for place in rest:
            wanted[place] = False
    return said
