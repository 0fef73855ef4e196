"""Families: guardians, a child's record, check-ins, and the tooth-brushing game, joined to what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from phr.bootstrap.core import Core
from phr.domain.agreeing import named_recipients
from phr.domain.days import day_at
from phr.domain.documents import Described
from phr.domain.queue import TOP, group_of
from phr.domain.worklist import CLOSED, CONTACTED, PRIORITIES, Case, opened, with_new_data
from phr.ids import new_id
from phr.services.consents import Consents
from phr.services.family import Brushing, CheckIns, Children, Guardians
from phr.store.tables import WorkItem
from phr.store.uow import UnitOfWork


class Family(Core):
    """What is done for children and by those who act for them."""

    @property
    def _consents(self) -> Consents:
        """Consents, with all that ends when one changes; the whole system has them."""
        return cast("Consents", cast("Any", self).consents)

    @cached_property
    def guardians(self) -> Guardians:
        """Who acts for whom."""

        def record(person: UUID, resource: dict[str, Any], *, actor: str, role: str, request: str) -> str:
            return self._consents.record(person, resource, actor=actor, role=role, request=request).consent_id

        def withdraw(person: UUID, consent: str, *, actor: str, role: str, request: str) -> None:
            """With a representation ends what the representative agreed to for the person."""
            held = self._consents.one(person, consent, actor=actor, role=role, request=request)
            self._consents.withdraw(person, consent, actor=actor, role=role, request=request)
            for performer in named_recipients(held.consent):
                self._consents.lapse(person, performer, actor=actor, role=role, request=request)

        s = self.settings
        return Guardians(self.store, self.clock, s.tz, s.recipient, record, withdraw)

    @cached_property
    def children(self) -> Children:
        """A child's record."""
        return Children(self.store, self.clock, self.settings.tz, self.receive)

    @cached_property
    def brushing(self) -> Brushing:
        """The tooth-brushing game."""
        s = self.settings
        return Brushing(self.store, self.clock, s.tz, s.recipient)

    @cached_property
    def check_ins(self) -> CheckIns:
        """Check-ins; an urgent answer is a case in its own transaction."""

        def keep(person: UUID, document: Described, *, actor: str, role: str, request: str) -> int:
            receipt = self.receive(person, [], documents=[document], request=request, actor=actor, role=role)
            return receipt.refused

        s = self.settings
        return CheckIns(self.store, self.clock, s.tz, s.recipient, keep, self._check_in_case)

    def _check_in_case(
        self, uow: UnitOfWork, person: UUID, check_in: UUID, urgency: str, why: Sequence[Mapping[str, str]]
    ) -> None:
        """A case of kind check-in, or the same one again with what is new. Words of harm are an alarm like any other:
        never held up by a capacity, and escalated when nobody answers.
        """
        now = self.clock.now()
        urgent = urgency == "now"
        kind = "alarm:check-in" if urgent else "check-in"
        mark = str(check_in)
        item = uow.worklist.of_kind(person, kind)
        event = "opened" if item is None else "answered-again"
        if item is None:
            item = WorkItem(
                person_id=person,
                item_id=new_id(),
                kind=kind,
                category="questionnaire",
                day=day_at(now, self.settings.tz),
                priority=PRIORITIES[group_of(kind)],
                state=opened(mark).state,
                reasons=[],
                basis={},
                data_mark=mark,
                rule_version="check-in",
                version=1,
                opened_at=now,
                updated_at=now,
            )
        else:
            before = Case(item.state, item.holder, item.outcome, item.data_mark, item.version, item.stage)
            after = with_new_data(before, mark) or before
            if (
                item.state == CLOSED or item.stage == CONTACTED
            ):  # the earlier one is answered; this one waits from now
                item.opened_at, item.escalated_at = now, None
            item.state, item.holder, item.outcome = after.state, after.holder, after.outcome
            item.version, item.data_mark = after.version, mark
        item.reasons = [dict(reason) for reason in why]
        item.basis = {"severity": "red" if urgent else "amber", "check_in": mark}
        item.rank = TOP if urgent else 0.0
        item.day = day_at(now, self.settings.tz)
        uow.worklist.put(item, event, "check-in", now)
