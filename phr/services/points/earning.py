"""Points: an event earns by the year's rules, and the ledger is told through the outbox, in the same transaction."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.access import Access, machine, resident
from phr.domain.days import day_at
from phr.domain.ledger import Order, Posting
from phr.domain.points import Award, Event, NoAward, earned, issuance, load_rules, lot, lot_expiry, reversal
from phr.domain.points_rules import PointRules, fiscal_year, rules_of
from phr.ids import new_id
from phr.services.points.happened import Book, Happened
from phr.store.tables import PointsEvent, PointsReview
from phr.store.uow import Store, UnitOfWork

Holding = Callable[[UUID, date], int | None]
"""What a person's lot with this last day holds in the ledger now; None when the ledger does not say."""


_ON_THE_WAY: Final = timedelta(days=1)


def _unknown(_person: UUID, _expiry: date) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Written:
    """An event with the content of its letter to the ledger."""

    row: PointsEvent
    body: dict[str, Any]


class Points:
    """Health points of one city's people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        key: bytes,
        holding: Holding = _unknown,
    ) -> None:
        self.store = store
        self.clock = clock
        self.zone = zone
        self.recipient = recipient
        self._key = key
        self._holding = holding

    def pseudonym(self, person: UUID) -> str:
        """The person's name in the ledger: keyed, so that the ledger's operator cannot find the person."""
        return "p_" + hmac.new(self._key, person.bytes, sha256).hexdigest()[:24]

    def today(self) -> date:
        """The civil day of the city."""
        return day_at(self.clock.now(), self.zone)

    def earn(
        self, person: UUID, things: Sequence[Happened], *, request: str, by: Access | None = None
    ) -> list[Award | NoAward]:
        """What the things earn; nothing without consent to points. Each event counts once, however often it is told.

        by: who of the staff says so, for the trail; else it is the service itself.
        """
        access = machine(self.recipient, "points", request, person, "points")
        with self.store.begin(access if by is None else by.for_purpose("points").about(person)) as uow:
            found = [self.earn_in(uow, person, thing) for thing in things]
            uow.commit()
        return found

    def earn_in(self, uow: UnitOfWork, person: UUID, thing: Happened) -> Award | NoAward:
        """As ``earn``, in a transaction that is open for the purpose points; one after the other for one person."""
        uow.vitals.lock(person)
        asked = Request(str(person), self.recipient, "points", thing.category, thing.day)
        if not decide_rows(uow.consents.lines(person), asked, self.clock.now()).permit:
            return self._noted(uow, person, thing, NoAward("no-consent"))
        known = uow.people.get(person)
        book = Book(list(uow.points.of_person(person)), list(uow.earning.reviews([person])))
        return self.enter(uow, person, thing, book, None if known is None else known.birth_date)

    def verdict(self, person: UUID, thing: Happened, book: Book, born: date | None) -> Award | NoAward:
        """What a thing would earn, given the book; nothing is written."""
        rules = rules_of(fiscal_year(thing.day))
        if rules is None:
            return NoAward("no-rules-for-the-year")
        today = self.today()
        event = Event(
            thing.event,
            self.pseudonym(person),
            thing.day,
            min(thing.uploaded or today, today),
            thing.recording,
            thing.variant,
            thing.occasion,
            age_on(born, thing.day),
            today,
        )
        return earned(event, book.history(), rules)

    def enter(
        self,
        uow: UnitOfWork,
        person: UUID,
        thing: Happened,
        book: Book,
        born: date | None,
        pile: list[Written] | None = None,
    ) -> Award | NoAward:
        """Enters one thing in the book of a locked person: an award, one that waits for a person's look, or nothing.

        pile: where awards are put that ``write`` writes together.
        """
        verdict = self.verdict(person, thing, book, born)
        if isinstance(verdict, Award) and thing.signals:
            self.open_review(uow, person, thing, (verdict.reference, verdict.points), book, posted=False)
            verdict = NoAward("waits-for-a-look")
        self._noted(uow, person, thing, verdict)
        if isinstance(verdict, Award):
            made = self.written(person, thing, verdict)
            book.events.append(made.row)
            if pile is None:
                self.write(uow, [made])
            else:
                pile.append(made)
        return verdict

    def _noted(
        self, uow: UnitOfWork, person: UUID, thing: Happened, verdict: Award | NoAward
    ) -> Award | NoAward:
        """The decision in the trail: a word and a number, never a value."""
        reason = verdict.reason if isinstance(verdict, NoAward) else ""
        uow.audit.add(
            "points",
            thing.event,
            person,
            categories=thing.category,
            count=0 if isinstance(verdict, NoAward) else verdict.points,
            outcome="none" if reason else "ok",
            reason=reason,
        )
        return verdict

    def open_review(
        self,
        uow: UnitOfWork,
        person: UUID,
        thing: Happened,
        award: tuple[str, int],
        book: Book,
        *,
        posted: bool,
    ) -> bool:
        """Asks a person to look at an award (key, points); once for each. Tells whether it was new.

        While it is not posted there is no event and no letter of it, so that the ledger cannot know.
        """
        key, count = award
        if any(row.event_key == key for row in book.reviews):
            return False
        row = PointsReview(
            person_id=person,
            review_id=new_id(),
            category=thing.category,
            day=thing.day,
            event=thing.event,
            variant=thing.variant,
            occasion=thing.occasion,
            event_key=key,
            points=count,
            recording=thing.recording,
            evidence=thing.evidence,
            uploaded=thing.uploaded or self.today(),
            signals=list(thing.signals),
            posted=posted,
            recorded_by=thing.recorded_by,
            opened_at=self.clock.now(),
        )
        uow.earning.keep(row)
        book.reviews.append(row)
        uow.audit.add("points", f"hold {thing.event}", person, categories=thing.category, count=1)
        return True

    def write(self, uow: UnitOfWork, pile: Sequence[Written]) -> None:
        """Writes events and their letters to the ledger, in one transaction."""
        uow.points.add(*(one.row for one in pile))
        letters = [(one.row.person_id, one.row.outbox_id, one.row.event_key, one.body) for one in pile]
        uow.earning.post(letters, self.clock.now())

    def written(self, person: UUID, thing: Happened, award: Award) -> Written:
        """An award as it is written."""
        rules = load_rules(fiscal_year(thing.day))
        letter, now = new_id(), self.clock.now()
        row = PointsEvent(
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
        return Written(row, award.order.body())

    def reverse_in(self, uow: UnitOfWork, person: UUID, event_key: str, held: int | None = None) -> bool:
        """Takes an award back, as a new event and a new transaction; tells whether there was one to take.

        held: what its lot still holds in the ledger; without it the ledger is asked, and where it does not answer the
        award counts as unspent. What was spent becomes a claim that a person reviews.
        """
        row = uow.points.get(person, event_key)
        if row is None or uow.points.get(person, f"reversal:{event_key}") is not None:
            return False
        now = self.clock.now()
        rules = load_rules(fiscal_year(row.day))
        order = reversal(
            self._order_of(row, person, rules),
            self._held(row, person, rules) if held is None else held,
            rules,
        )
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

    def _held(self, row: PointsEvent, person: UUID, rules: PointRules) -> int:
        if self.clock.now() - row.at < _ON_THE_WAY:
            return row.points  # the ledger may not have it yet, and takes both in their order
        found = self._holding(person, lot_expiry(rules, day_at(row.at, self.zone)))
        return row.points if found is None else found

    def _order_of(self, row: PointsEvent, person: UUID, rules: PointRules) -> Order:
        """The order that an award was, from what was kept of it."""
        event = Event(row.event, self.pseudonym(person), row.day, day_at(row.at, self.zone), "device")
        posting = Posting(issuance(rules, row.event), lot(rules, event), row.points, rules.asset)
        return Order((posting,), {"rule": row.event, "rule_version": row.rule_version}, row.event_key)

    def history(self, person: UUID, *, actor: str, request: str) -> list[PointsEvent]:
        """A person's own events, oldest first."""
        with self.store.begin(resident(person, actor, request)) as uow:
            found = list(uow.points.of_person(person))
            uow.audit.add("read", "points", person, count=len(found))
            uow.commit()
        return found


def age_on(born: date | None, day: date) -> int | None:
    """Whole years on a day; the birthday itself counts.

    >>> age_on(date(1960, 11, 21), date(2026, 11, 21)), age_on(date(1960, 11, 22), date(2026, 11, 21))
    (66, 65)
    """
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
