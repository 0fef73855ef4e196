"""The nurse's pages: the work list and a case, for the purpose guidance, each read audited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.worklist import CLOSED
from phr.errors import Invalid, NotFound, Refused
from phr.services.directory import Listed
from phr.services.worklist import Opened, Row
from phr.web import charts
from phr.web.ports import Contact, Session
from phr.web.sessions import WebSession, held
from phr.web.views.parts import Reason, Side
from phr.web.views.staff import Case, Event, Permission, WorkList, WorkRow
from phr.web.wired import vitals
from phr.web.wired.examined import check_up, told
from phr.web.wired.parts import Area
from phr.web.wired.resident import age_on
from phr.web.wired.vitals import KINDS
from risk.errors import BadInput
from risk.limits import standard
from risk.reasons import alarm_text

_KINDS: Final = {"intensive": "active-support", "motivational": "motivational-support"}
_SPEAKS: Final = {
    "referral": frozenset({"referral"}),
    "intensive": frozenset({"path", "risk"}),
    "motivational": frozenset({"path", "risk"}),
}
_STATES: Final = {"open": "new", "claimed": "claimed", "closed": "closed"}
_DEADLINES: Final = {"alarm": 12, "referral": 21 * 24}
"""Hours: a red value within half a day; advice to see a doctor within three weeks."""
_ROWS: Final = 25
_LINES: Final = 3  # reasons in the list; the case shows all
_MOST: Final = 500
_CAPACITY: Final = 60  # open cases that one nurse can follow; shown, never enforced
_WEEKS: Final = 25
_UNDO: Final = timedelta(hours=24)
_DECISIONS: Final = {
    "active-support": "guided",
    "motivational-support": "guided",
    "refer": "referred",
    "watch": "no-action",
    "no-action": "no-action",
}
_CLOSES: Final = {
    "goal-reached": "contacted",
    "under-treatment": "already-treated",
    "declined": "declined",
    "moved": "no-action",
    "not-needed": "no-action",
}
_CODED: Final = re.compile(r"\[([a-z-]{1,40})\] ?(.*)", re.DOTALL)
_PLACES: Final = {
    "85354-9": "home-blood-pressure",
    "59408-5": "spo2",
    "2339-0": "glucose",
    "99504-3": "glucose",
    "8310-5": "temperature",
}
_SIDES: Final[dict[str, Side]] = {">=": "at-or-above", ">": "above", "<=": "at-or-below", "<": "below"}
_CHARTED: Final = ("blood-pressure", "weight", "steps")


class Staff(Area):
    """Cases of the nurse's organisation."""

    def work_list(self, session: Session, kind: str, page: int) -> WorkList:
        """Open cases, red first."""
        one = held(session)
        rows = self._system.worklist.listed(_guidance(one), limit=_MOST)
        names = self._parts.directory.named((row.item.holder or "" for row in rows), request=one.request)
        shown = [row for row in rows if not kind or _kind(row.item.kind) == kind]
        pages = max(1, -(-len(shown) // _ROWS))
        page = min(page, pages)
        part = shown[(page - 1) * _ROWS : page * _ROWS]
        return WorkList(
            now=self._parts.now(),
            rows=tuple(self._row(row, one, names) for row in part),
            counts=Counter(_kind(row.item.kind) for row in rows),
            kind=kind,
            page=page,
            pages=pages,
            held=sum(row.item.holder == one.subject for row in rows),
            capacity=_CAPACITY,
            rule_versions=tuple(sorted({row.item.rule_version for row in rows if row.item.rule_version})),
        )

    def _row(self, row: Row, one: WebSession, names: Mapping[str, Listed]) -> WorkRow:
        item, person = row.item, row.person
        holder = names.get(item.holder or "")
        today = self._parts.today()
        return WorkRow(
            case=str(item.item_id),
            kind=_kind(item.kind),
            name=person.name or person.patient_id,
            kana=person.kana,
            age=age_on(person.birth_date, today),
            district=person.district,
            reasons=tuple(_reasons(item)[:_LINES]),
            state=_STATES[item.state],
            holder=(item.holder or "") if holder is None else holder.display or holder.subject,
            mine=item.holder == one.subject,
            waiting_hours=int((self._parts.now() - item.opened_at).total_seconds() // 3600),
            deadline_hours=_DEADLINES.get(_kind(item.kind)),
            version=item.version,
        )

    def claim(self, session: Session, case: str, version: int) -> None:
        """Take the case."""
        self._system.worklist.claim(_id(case), _guidance(held(session)), version)

    def case(self, session: Session, case: str) -> Case:
        """One case: what may be seen, and what may not."""
        one = held(session)
        access = _guidance(one)
        opened = self._system.worklist.open(_id(case), access)
        item, person = opened.item, opened.person
        names = self._parts.directory.named(
            {item.holder or "", *(event.actor for event in opened.events)}, request=one.request
        )
        shown = {subject: listed.display or subject for subject, listed in names.items()}
        about = access.about(person.person_id)
        permissions = self._parts.permissions.of(person.person_id, about)
        examined = check_up(self._parts.checkups.of(person.person_id, about))
        reasons = tuple(_reasons(item))
        return Case(
            case=case,
            kind=_kind(item.kind),
            name=person.name or person.patient_id,
            kana=person.kana,
            sex="M" if person.sex == "male" else "F" if person.sex == "female" else "",
            born=person.birth_date,
            age=age_on(person.birth_date, self._parts.today()),
            district=person.district,
            phone=self._phone(person.patient_id, about),
            state=self._state(opened),
            holder=shown.get(item.holder or "", item.holder or ""),
            mine=item.holder == one.subject,
            version=item.version,
            referral=() if examined is None else examined.referral,
            reasons=reasons,
            charts=tuple(self._charts(person.person_id, about)),
            permissions=tuple(
                Permission(
                    category,
                    "permitted" if found.permitted else "not-shared",
                    None if found.until is None else day_at(found.until, self._parts.zone),
                )
                for category, found in permissions.items()
            ),
            check_up=examined,
            events=tuple(self._events(opened, one, shown)),
            points=None,
        )

    def _state(self, opened: Opened) -> str:
        contacted = any(event.event.startswith("contact:") for event in opened.events)
        return "contacted" if opened.item.state == "claimed" and contacted else _STATES[opened.item.state]

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

    def _charts(self, person: UUID, access: Access) -> list[charts.Chart]:
        """Weekly means of half a year, of what may be seen."""
        today = self._parts.today()
        first = today - timedelta(days=7 * _WEEKS - 1)
        codes = [code for vital in _CHARTED for code in KINDS[vital].codes if vital != "blood-pressure"]
        rows = self._parts.charts.days(person, codes, first, today, access)
        chunks = self._parts.charts.samples(person, [vitals.BLOOD_PRESSURE], first, today, access)
        days, columns = vitals.pressure_columns(vitals.readings(chunks, self._parts.zone))
        made = [charts.weekly_chart("c-blood-pressure", "blood-pressure", first, _WEEKS, days, columns)]
        for vital in _CHARTED[1:]:
            on, values = vitals.columns_of(vitals.daily(KINDS[vital], rows))
            made.append(charts.weekly_chart(f"c-{vital}", vital, first, _WEEKS, on, {"value": values}))
        return [chart for chart in made if chart is not None]

    def _events(self, opened: Opened, one: WebSession, names: dict[str, str]) -> list[Event]:
        """Contacts and decisions, newest first; the last decision of one's own can be taken back for a day."""
        now, item = self._parts.now(), opened.item
        made = []
        for event in reversed(opened.events):
            what, outcome, memo = _told(event.event, event.note)
            if not what:
                continue
            last = event.version == item.version and item.state == CLOSED and item.holder == one.subject
            until = event.at + _UNDO
            made.append(
                Event(
                    str(event.version),
                    event.at,
                    what,
                    outcome,
                    names.get(event.actor, event.actor),
                    memo,
                    until if last and now < until else None,
                )
            )
        return made

    def record_contact(self, session: Session, case: str, contact: Contact) -> None:
        """Record a contact; only the holder may."""
        way = f"phone-{contact.outcome}" if contact.way == "phone" else contact.way
        note = f"[{contact.outcome}] {contact.memo}"
        self._system.worklist.contact(_id(case), _guidance(held(session)), way, note)

    def decide_case(self, session: Session, case: str, version: int, decision: str, reason: str) -> None:
        """Record a decision with its reason; a decision to guide earns points in the same transaction."""
        self._close(session, case, version, _DECISIONS, "decision", decision, reason)

    def close_case(self, session: Session, case: str, version: int, outcome: str, reason: str) -> None:
        """Close with an outcome and a reason."""
        self._close(session, case, version, _CLOSES, "close", outcome, reason)

    def _close(
        self,
        session: Session,
        case: str,
        version: int,
        outcomes: dict[str, str],
        field: str,
        chosen: str,
        reason: str,
    ) -> None:
        if chosen not in outcomes:
            raise Invalid("not one of the choices", field=field)
        note = f"[{field}-{chosen}] {reason}"
        access = _guidance(held(session))
        self._system.worklist.close(_id(case), access, outcomes[chosen], note, version)

    def undo(self, session: Session, case: str, event: str) -> None:
        """Take back one's own last decision within a day."""
        one = held(session)
        access = _guidance(one)
        opened = self._system.worklist.open(_id(case), access)
        last = opened.events[-1]
        if str(last.version) != event or self._parts.now() >= last.at + _UNDO:
            raise Refused("it can no longer be taken back")
        self._system.worklist.undo(_id(case), access)


def _guidance(one: WebSession) -> Access:
    return one.access("guidance")


def _id(case: str) -> UUID:
    try:
        return UUID(case)
    except ValueError:
        raise NotFound("no such case") from None


def _kind(kind: str) -> str:
    return "alarm" if kind.startswith("alarm") else _KINDS.get(kind, kind)


def _reasons(item: Any) -> list[Reason]:
    """Why a case is there: a reading against its limits, or the lines of the rules that speak of this kind of case."""
    kinds = _SPEAKS.get(item.kind)
    return [
        _alarm(reason, item.day) if "code" in reason else _line(reason, item.day)
        for reason in item.reasons
        if kinds is None or reason.get("kind") in kinds
    ]


def _line(reason: dict[str, Any], day: date) -> Reason:
    return told(str(reason["ja"]), str(reason["en"]), next(iter(reason.get("items", [])), ""), day)


def _alarm(reason: dict[str, Any], day: date) -> Reason:
    """A reading with the limits that it passed; without a name for it, the text of the alarm."""
    limits = standard().alarm
    names = [str(name).rpartition(".")[2] for name in reason.get("limits", [])]
    named = [limits[name] for name in names if name in limits]
    values: dict[str, float] = reason["values"]
    at = vitals.moment(int(reason["at"]) + int(reason["offset"]) * 1_000_000).date()
    by_item = {limit.item: limit.value for limit in named}
    side = _SIDES[named[0].op] if named else "at-or-above"
    if reason["code"] == vitals.BLOOD_PRESSURE and "systolic" in values and not {"pulse"} & set(by_item):
        pair = (values["systolic"], values["diastolic"])
        bounds = (by_item.get("systolic"), by_item.get("diastolic"))
        return Reason("home-blood-pressure", pair, bounds, side, at, "home")
    if reason["code"] in _PLACES and "value" in values:
        bound = next((limit.value for limit in named), None)
        return Reason(_PLACES[reason["code"]], (values["value"],), (bound,), side, at, "device")
    pulse = values.get("pulse", values.get("value"))
    if pulse is not None:
        bound = next((limit.value for limit in named), None)
        return Reason("heart-rate", (pulse,), (bound,), side, at, "device")
    return _alarm_words(reason, day)


def _alarm_words(reason: dict[str, Any], day: date) -> Reason:
    try:
        return told(alarm_text(reason["text"], "ja"), alarm_text(reason["text"], "en"), "", day)
    except BadInput:
        return told("", "", "", day)


def _told(event: str, note: str) -> tuple[str, str, str]:
    """What happened, with which outcome and memo, from the event and its note."""
    code, memo = "", note
    match = _CODED.fullmatch(note)
    if match is not None:
        code, memo = match.group(1), match.group(2)
    if event == "claimed":
        return "claim", "", memo
    if event == "undone":
        return "undo", "", memo
    if event.startswith("closed:"):
        field, _, chosen = code.partition("-")
        return ("decision" if field == "decision" else "close"), chosen, memo
    if event.startswith("contact:"):
        way = event.removeprefix("contact:").partition("-")[0]
        return way, code, memo
    return "", "", memo
