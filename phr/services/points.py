"""Points: an event earns by the year's rules, and the ledger is told through the outbox, in the same transaction."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.access import machine, resident
from phr.domain.days import day_at
from phr.domain.ledger import Order, Posting
from phr.domain.points import Award, Earned, Event, NoAward, earned, issuance, load_rules, lot, reversal
from phr.domain.points_rules import PointRules, RulesError, fiscal_year
from phr.ids import new_id
from phr.store.tables import PointsEvent
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that may earn points: its name in the rules, the day, how it was recorded, and its evidence.

    category: the kind of data that the evidence is of; consent to points must cover it.
    """

    event: str
    day: date
    recording: str
    evidence: str
    category: str
    variant: str = ""
    occasion: str = ""


class Points:
    """Health points of one city's people."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._key = key

    def pseudonym(self, person: UUID) -> str:
        """The person's name in the ledger: keyed, so that the ledger's operator cannot find the person."""
        return "p_" + hmac.new(self._key, person.bytes, sha256).hexdigest()[:24]

    def earn(self, person: UUID, things: Sequence[Happened], *, request: str) -> list[Award | NoAward]:
        """What the things earn; nothing without consent to points. Each event counts once, however often it is told."""
        with self._store.begin(machine(self._recipient, "points", request, person, "points")) as uow:
            uow.vitals.lock(person)
            found = [self.earn_in(uow, person, thing) for thing in things]
            uow.commit()
        return found

    def earn_in(self, uow: UnitOfWork, person: UUID, thing: Happened) -> Award | NoAward:
        """As ``earn``, in a transaction that is open for the purpose points."""
        now = self._clock.now()
        rules = rules_of(fiscal_year(thing.day))
        verdict = (
            NoAward("no-rules-for-the-year")
            if rules is None
            else self._verdict(uow, person, thing, rules, now)
        )
        reason = verdict.reason if isinstance(verdict, NoAward) else ""
        count = verdict.points if isinstance(verdict, Award) else 0
        outcome = "none" if reason else "ok"
        uow.audit.add(
            "points",
            thing.event,
            person,
            categories=thing.category,
            count=count,
            outcome=outcome,
            reason=reason,
        )
        if isinstance(verdict, Award) and rules is not None:
            self._keep(uow, person, thing, verdict, rules, now)
        return verdict

    def _verdict(
        self, uow: UnitOfWork, person: UUID, thing: Happened, rules: PointRules, now: datetime
    ) -> Award | NoAward:
        asked = Request(str(person), self._recipient, "points", thing.category, thing.day)
        if not decide_rows(uow.consents.lines(person), asked, now).permit:
            return NoAward("no-consent")
        past = uow.points.of_person(person)
        reversed_keys = {row.reverses for row in past if row.reverses}
        history = [
            Earned(row.event, row.day, row.points, row.variant, row.occasion, row.event_key in reversed_keys)
            for row in past
            if row.reverses is None
        ]
        today = day_at(now, self._zone)
        event = Event(
            thing.event,
            self.pseudonym(person),
            thing.day,
            today,
            thing.recording,
            thing.variant,
            thing.occasion,
        )
        return earned(event, history, rules)

    def _keep(
        self, uow: UnitOfWork, person: UUID, thing: Happened, award: Award, rules: PointRules, now: datetime
    ) -> None:
        letter = new_id()
        uow.points.add(
            PointsEvent(
                person_id=person,
                event_key=award.reference,
                category=thing.category,
                day=thing.day,
                event=thing.event,
                variant=thing.variant,
                occasion=thing.occasion,
                points=award.points,
                rule_version=f"fy{rules.fiscal_year}-{rules.version}",
                evidence=thing.evidence,
                outbox_id=letter,
                reverses=None,
                at=now,
            )
        )
        uow.outbox.post(person, letter, "ledger", award.idempotency_key, award.order.body(), now)

    def reverse_in(self, uow: UnitOfWork, person: UUID, event_key: str, held: int) -> bool:
        """Takes an award back, as a new event and a new transaction; tells whether there was one to take.

        held: what its lot still holds in the ledger; what was spent becomes a claim that a person reviews.
        """
        row = uow.points.get(person, event_key)
        if row is None or uow.points.get(person, f"reversal:{event_key}") is not None:
            return False
        now = self._clock.now()
        rules = load_rules(fiscal_year(row.day))
        order = reversal(self._order_of(row, person, rules), held, rules)
        letter = new_id()
        uow.points.add(
            PointsEvent(
                person_id=person,
                event_key=f"reversal:{event_key}",
                category=row.category,
                day=row.day,
                event=row.event,
                variant=row.variant,
                occasion=row.occasion,
                points=-row.points,
                rule_version=row.rule_version,
                evidence=row.evidence,
                outbox_id=letter,
                reverses=event_key,
                at=now,
            )
        )
        uow.outbox.post(person, letter, "ledger", f"reversal:{event_key}", order.body(), now)
        uow.audit.add("points", f"reverse {row.event}", person, categories=row.category, count=row.points)
        return True

    def _order_of(self, row: PointsEvent, person: UUID, rules: PointRules) -> Order:
        """The order that an award was, from what was kept of it."""
        event = Event(row.event, self.pseudonym(person), row.day, day_at(row.at, self._zone), "device")
        posting = Posting(issuance(rules, row.event), lot(rules, event), row.points, rules.asset)
        return Order((posting,), {"rule": row.event, "rule_version": row.rule_version}, row.event_key)

    def history(self, person: UUID, *, actor: str, request: str) -> list[PointsEvent]:
        """A person's own events, oldest first."""
        with self._store.begin(resident(person, actor, request)) as uow:
            found = list(uow.points.of_person(person))
            uow.audit.add("read", "points", person, count=len(found))
            uow.commit()
        return found


def rules_of(year: int) -> PointRules | None:
    """The rules of a fiscal year, or None: a year without rules earns nothing."""
    try:
        return load_rules(year)
    except RulesError:
        return None
