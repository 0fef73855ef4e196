"""Earning points: what happened, the nightly round, lists of staff, and awards that a person looks at."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from phr.bootstrap.core import Core
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.guidance.events import Evaluated, event_of
from phr.services.balance import Balance
from phr.services.points import Happened, Lists, Points, Reviews, Round
from phr.store.tables import GuidanceCourse, WorkItem
from phr.store.uow import UnitOfWork


class EarningPoints(Core):
    """Earning points."""

    @cached_property
    def points(self) -> Points:
        """Health points."""
        s = self.settings
        key = self.lasting_key("ledger-pseudonym")
        return Points(self.store, self.clock, s.tz, s.recipient, key, self._lot_holds)

    @cached_property
    def earning_round(self) -> Round:
        """What devices, check-ups and brushing earned."""
        return Round(self.points)

    @cached_property
    def points_reviews(self) -> Reviews:
        """Awards that a person looks at."""
        return Reviews(self.points, self._account_of)

    @cached_property
    def points_lists(self) -> Lists:
        """Lists of staff; the codes of classes outlive a rotation of the secrets."""
        return Lists(self.points, self.lasting_key("points-class"))

    @cached_property
    def _held_balance(self) -> Balance:
        ledger = cast("Any", self).ledger
        return Balance(self.store, self.clock, self.settings.tz, ledger, self.points.pseudonym)

    def _lot_holds(self, person: UUID, expiry: date) -> int | None:
        found = self._held_balance.held(person)
        return None if found is None else found.lots.get(expiry, 0)

    def _account_of(self, actor: str, request: str) -> tuple[UUID | None, str]:
        with self.store.begin(machine(self.settings.recipient, "session", request)) as uow:
            account = uow.accounts.by_subject(actor)
            uow.commit()
        return (None, "") if account is None else (account.person_id, account.display)

    def case_decided(self, uow: UnitOfWork, item: WorkItem, _outcome: str) -> None:
        """A decision to guide earns, in its own transaction."""
        today = day_at(self.clock.now(), self.settings.tz)
        thing = Happened("guidance_decided", today, "nurse", f"case:{item.item_id}", item.category)
        self.points.earn_in(uow, item.person_id, thing)

    def case_undone(self, uow: UnitOfWork, item: WorkItem, _outcome: str) -> None:
        """Taking the decision back takes the award back."""
        self._take_back(uow, item.person_id, f"case:{item.item_id}")

    def course_moved(self, uow: UnitOfWork, course: GuidanceCourse, before: str, after: str) -> None:
        """A completed course earns, and what staff measured at its evaluation; an end that is taken back earns nothing.

        The transaction goes on for the purpose points, so that consent to points decides, and comes back.
        """
        if "completed" not in (before, after):
            return
        things = self._completed(uow, course) if after == "completed" else []
        access = uow.access
        uow.switch(machine(access.recipient, "points", access.request, course.person_id, "points"))
        if before == "completed":
            self._take_back(uow, course.person_id, f"course:{course.course_id}")
        for thing in things:
            self.points.earn_in(uow, course.person_id, thing)
        uow.switch(access)

    def _completed(self, uow: UnitOfWork, course: GuidanceCourse) -> list[Happened]:
        today, evidence = day_at(self.clock.now(), self.settings.tz), f"course:{course.course_id}"
        things = [Happened("guidance_completed", today, "nurse", evidence, "guidance")]
        events = (event_of(row.body) for row in uow.courses.events(course.course_id))
        last = [one for one in events if isinstance(one, Evaluated)][-1:]
        if last and last[0].measured and last[0].result == "full":
            things.append(Happened("outcome", today, "staff", evidence, "guidance"))
        return things

    def _take_back(self, uow: UnitOfWork, person: UUID, evidence: str) -> None:
        for event in uow.points.of_person(person):
            if event.evidence == evidence and event.reverses is None:
                self.points.reverse_in(uow, person, event.event_key)
